/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows people the progress of a batch: on a terminal lines that are redrawn in
 * place, elsewhere one line after each interval, or N/100 to a descriptor.
 *
 * Lines of the log appear above the drawing: it is erased before each of them
 * and drawn again soon.
 */

#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch/overview.h"
#include "error.h"

struct options;

enum view_style { VIEW_NONE, VIEW_TERMINAL, VIEW_LINES, VIEW_PERCENT };

struct view {
  enum view_style style;
  int fd;
  bool owned;        /* we close it */
  uint64_t interval; /* ns between two updates */
  uint64_t next;     /* clock_now time; 0: never */
  char *drawn;       /* owned: what the terminal shows; NULL: nothing */
};

/* Starts the view that the options ask for; nothing is shown yet.  0, or -1
 * with the error set.
 */
int view_open (struct view *v, const struct options *o, struct error *e);

/* Returns when view_tick must be called next; clock_now time, 0: never. */
uint64_t view_deadline (const struct view *v);

/* Shows the progress if that is due. */
void view_tick (struct view *v, const struct overview *o,
                const struct overview_sums *s, uint64_t now);

/* Forgets the drawing, because others have written to the terminal since: the
 * next one begins below.
 */
void view_forget (struct view *v);

/* Shows the line for all a last time, and ends the view. */
void view_end (struct view *v, const struct overview_sums *s);

#endif /* VIEW_H */
