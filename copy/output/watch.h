/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports one copy to the programs that watch it: to Prometheus, by the file of
 * --metrics-file, and to the service manager that started this process.  The
 * main thread calls all of it, with the estimates that progress and events
 * show.
 */

#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "output/estimate.h"
#include "output/metrics-file.h"
#include "output/service.h"

struct options;

struct watch {
  struct service service;
  struct metrics_file file;
  char *label; /* owned; NULL: no metrics are written */
  struct metrics_disk disk;
  uint64_t interval; /* ns between two writes of the file */
  uint64_t next;     /* clock_now time of the next one; 0: never */
};

/* Opens the file that the options name and writes that the copy is opening its
 * sides.  With --plan the file stays as it is.  The caller has set w->service.
 * -1 with the error set.
 */
int watch_open (struct watch *w, const struct options *o, struct error *e);

/* Returns whether any of them is used. */
bool watch_wanted (const struct watch *w);

/* Reports that both sides are open. */
void watch_ready (struct watch *w, const struct options *o);

/* Returns when watch_tick must be called next; clock_now time, 0: never. */
uint64_t watch_deadline (const struct watch *w);

/* Writes the metrics and reports to the service manager, if that is due.
 * @phase is copy, flush, verify or compare.
 */
void watch_tick (struct watch *w, const struct estimate *v, const char *phase,
                 uint64_t now);

/* Notes the last estimate of a copy, for watch_end. */
void watch_note (struct watch *w, const struct estimate *v);

/* Reports that the process is about to end. */
void watch_stopping (struct watch *w);

/* Reports how the run ended.  @totals has its counts, and @why its error, or
 * "".
 */
void watch_end (struct watch *w, int exit_status, const struct totals *totals,
                const char *why);

void watch_close (struct watch *w);

#endif /* WATCH_H */
