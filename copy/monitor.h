/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the main thread does while the workers work: tells how it goes, heeds
 * signals and servers that die, seeks the best pace, saves the map.
 */

#ifndef MONITOR_H
#define MONITOR_H

#include "checkpoint.h"
#include "engine/workers.h"
#include "output/status.h"

/* Comes back once all workers have ended. */
void monitor_run (const struct copy *copy, struct workers *workers,
                  struct status *status, struct checkpoint *checkpoint);

/* How long a server can be later to die than its connections. */
#define WATCH_DEATH_MS 1000

#endif /* MONITOR_H */
