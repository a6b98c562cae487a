/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows how far the copy is: a bar on a terminal, plain lines elsewhere, or
 * N/100 to a descriptor.  It is drawn by the main thread from counters, and
 * drops what the reader is too slow for.
 *
 * Where there are two phases, the bar and the lines are about the present one,
 * while N/100 is about both together: it never falls.
 */

#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "crew.h"
#include "options.h"

/* How many looks back the rate is taken over. */
#define PROGRESS_SAMPLES 64

struct progress {
  bool on;
  int fd;
  enum { PROGRESS_BAR, PROGRESS_LINES, PROGRESS_PERCENT } style;
  uint64_t interval;            /* ns between two showings */
  uint64_t next;                /* clock_now time */
  struct { uint64_t when, done, data; } samples[PROGRESS_SAMPLES];
  unsigned n_samples;           /* at least 1 */
  uint64_t next_sample;
  enum phase phase;             /* that they are of */
  bool bar_stands;              /* the cursor is behind a bar */
};

/* Scripts that read N/100 are shown a first line at once: 0/100, or what has
 * been done by earlier runs.  begun is what there is before the first byte.
 */
void progress_init (struct progress *p, const struct options *o,
                    const struct totals *begun, uint64_t now);

/* When progress_show wants to be called again; clock_now time. */
uint64_t progress_due (const struct progress *p);

/* Called at least each time it is due. */
void progress_show (struct progress *p, const struct totals *t, uint64_t now);

/* Ends the bar's line, so that other lines can follow.  finished says that all
 * is done and flushed: only then is 100 % shown.
 */
void progress_end (struct progress *p, const struct totals *t, bool finished,
                   uint64_t now);

/* One line that tells the same, for SIGUSR1. */
void progress_say (struct progress *p, const struct totals *t, uint64_t now);

#endif /* PROGRESS_H */
