/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines of text that show the progress of a batch.  Pure: they depend on
 * the overview and on the size of the window only.
 */

#ifndef VIEW_TEXT_H
#define VIEW_TEXT_H

#include <stddef.h>

#include "batch/overview.h"

/* The cells of a window, at least 1 of each. */
struct window_size {
  size_t width, height;
};

/* Returns a line for each running copy and one for all, as many as fit into the
 * window, each of them narrower than it.  Lines end with "\n", but for the last
 * one.  If not all copies fit, a line has the number of the others.  Allocated;
 * NULL when memory runs out.
 */
char *view_text (const struct overview *o, const struct overview_sums *s,
                 struct window_size window);

/* Returns the line for all copies, whole.  Allocated; NULL when memory runs
 * out.
 */
char *view_text_of_all (const struct overview_sums *s);

/* Returns how many cells of a terminal a line needs.  Text is UTF-8. */
size_t view_text_width (const char *line, size_t length);

#endif /* VIEW_TEXT_H */
