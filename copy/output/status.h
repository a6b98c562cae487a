/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status of a running copy: progress for people and events for programs.
 * Both, and the reports of watch.h, come from one estimator, so that they
 * agree.
 */

#ifndef STATUS_H
#define STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "engine/mailbox.h"
#include "engine/scan.h"
#include "engine/workers.h"
#include "output/estimate.h"
#include "output/events.h"
#include "output/progress.h"
#include "output/watch.h"
#include "plan/plan.h"

struct options;

/* The caller sets the first six fields, which are borrowed. */
struct status {
  const struct options *options;
  const struct plan *plan;
  const struct endpoint *sides[2];
  struct events *events;
  struct watch *watch;
  struct unreadable *unreadable; /* NULL: nothing is salvaged */

  bool warned_of_retries[2]; /* by side */
  uint64_t told_unreadable;  /* bytes in the last event */
  uint64_t unreadable_due;   /* clock_now time of the next event */
  struct estimator estimator;
  struct progress progress;
};

/* Starts the status.  @begun counts what earlier runs copied.  @found is NULL
 * if there was no scan.
 */
void status_start (struct status *t, const struct totals *begun,
                   const struct scan_result *found, uint64_t now);

/* Returns when status_tick must be called next; clock_now time, 0: never. */
uint64_t status_deadline (const struct status *t);

/* Shows progress and emits events that are due, or all of them if @at_once. */
void status_tick (struct status *t, const struct totals *so_far, bool at_once);

/* Reports the notices of the workers. */
void status_notices (struct status *t, struct mailbox *mailbox);

/* Shows the last progress.  @good says that everything is done and flushed, and
 * does not differ.
 */
void status_end (struct status *t, const struct totals *done, bool good);

#endif /* STATUS_H */
