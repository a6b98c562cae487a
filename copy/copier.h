/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one copy, from opening both sides to closing them, and owns everything
 * that its steps work on.
 */

#ifndef COPIER_H
#define COPIER_H

#include "base/stop.h"
#include "output/events.h"
#include "output/report.h"
#include "output/watch.h"
#include "plan/plan.h"

struct options;

/* The time limit for everything after a second signal.  It is longer than twice
 * the time that a server gets after a failure.
 */
#define COPIER_PATIENCE (8 * NS_PER_S)

/* Copies, compares, or only plans, as the options say.  Returns the exit
 * status; errors have been reported by then.
 */
int copier_run (const struct options *o, const struct machine *machine,
                struct events *events, struct watch *watch,
                struct report *report, struct stop *stop);

#endif /* COPIER_H */
