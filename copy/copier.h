/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One copy, from opening both sides to closing them: runs the steps in order,
 * and owns what they work on.
 */

#ifndef COPIER_H
#define COPIER_H

#include "base/stop.h"
#include "output/events.h"
#include "output/report.h"
#include "plan/plan.h"

struct options;

/* For all that is done after a second signal: servers are given twice the time
 * after a failure.
 */
#define COPIER_PATIENCE (8 * NS_PER_S)

/* Copies, compares, or only looks, as the options say.  Returns the exit
 * status; what went wrong has then been said.
 */
int copier_run (const struct options *o, const struct machine *machine,
                struct events *events, struct report *report,
                struct stop *stop);

#endif /* COPIER_H */
