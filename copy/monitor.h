/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the main thread does while the workers copy: it reports progress,
 * handles signals and servers that exit, tunes requests, and saves the map.
 */

#ifndef MONITOR_H
#define MONITOR_H

#include "checkpoint.h"
#include "engine/workers.h"
#include "output/status.h"

/* Runs until all workers have ended. */
void monitor_run (const struct copy *copy, struct workers *workers,
                  struct status *status, struct checkpoint *checkpoint);

/* The time, in ms, in which a server is expected to exit after its connections
 * were lost.
 */
#define WATCH_DEATH_MS 1000

#endif /* MONITOR_H */
