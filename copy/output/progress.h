/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows how far the copy is: a bar on a terminal, plain lines elsewhere, or
 * N/100 to a descriptor.  It is drawn by the main thread from counters, and
 * drops what the reader is too slow for.
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
  uint64_t interval; /* ns between two showings */
  uint64_t next;     /* clock_now time */
  bool bar_stands;   /* the cursor is behind a bar */
};

/* Scripts that read N/100 are shown at once where it begins. */
void progress_init (struct progress *p, const struct options *o,
                    const struct estimate *v, uint64_t now);

/* When progress_show wants to be called again; clock_now time, 0: never. */
uint64_t progress_deadline (const struct progress *p);

/* Shows it where that is due. */
void progress_show (struct progress *p, const struct estimate *v, uint64_t now);

/* Ends the bar's line, so that other lines can follow.  Where all is done and
 * flushed, the view says 100 %, and that is shown; else v is NULL.
 */
void progress_end (struct progress *p, const struct estimate *v);

/* One line that tells the same, for SIGUSR1. */
void progress_say (struct progress *p, const struct estimate *v);

#endif /* PROGRESS_H */
