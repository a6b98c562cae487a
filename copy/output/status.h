/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says how the copy goes: to people by its progress, to programs by its events,
 * both from one estimator, so that they never disagree.
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
#include "plan/plan.h"

struct options;

/* The first four are set by whoever makes one, and borrowed. */
struct status {
  const struct options *options;
  const struct plan *plan;
  const struct endpoint *sides[2];
  struct events *events;

  bool warned_of_retries[2]; /* by side */
  struct estimator estimator;
  struct progress progress;
};

/* begun is what earlier runs have done; found is NULL where nobody looked. */
void status_start (struct status *t, const struct totals *begun,
                   const struct scan_result *found, uint64_t now);

/* When status_tick wants to be called again; clock_now time, 0 for never. */
uint64_t status_deadline (const struct status *t);

/* Says what is due, or at once all there is to say. */
void status_tick (struct status *t, const struct totals *so_far, bool at_once);

/* Says what the workers have told. */
void status_notices (struct status *t, struct mailbox *mailbox);

/* The last word.  good: all is done, is flushed, and does not differ. */
void status_end (struct status *t, const struct totals *done, bool good);

#endif /* STATUS_H */
