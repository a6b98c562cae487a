/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress for people: a bar on a terminal, lines elsewhere, or N/100 to a
 * descriptor.  The main thread draws it from the counters, and drops lines that
 * the reader is too slow for.
 */

#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "output/estimate.h"

struct options;

struct progress {
  bool on;
  int fd;
  enum { PROGRESS_BAR, PROGRESS_LINES, PROGRESS_PERCENT } style;
  uint64_t interval; /* ns between two updates */
  uint64_t next;     /* clock_now time */
  bool bar_shown;    /* the cursor is at the end of a bar */
};

/* Initialises the progress.  For scripts that read N/100, the first line is
 * printed at once.
 */
void progress_init (struct progress *p, const struct options *o,
                    const struct estimate *v, uint64_t now);

/* Returns when progress_show must be called next; clock_now time, 0: never. */
uint64_t progress_deadline (const struct progress *p);

/* Shows the progress if it is due. */
void progress_show (struct progress *p, const struct estimate *v, uint64_t now);

/* Ends the line of the bar, so that other lines can follow.  @v is the estimate
 * at 100 %, which is shown first, or NULL if the copy did not finish.
 */
void progress_end (struct progress *p, const struct estimate *v);

/* Prints one line with the same content, for SIGUSR1. */
void progress_say (struct progress *p, const struct estimate *v);

#endif /* PROGRESS_H */
