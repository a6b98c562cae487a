/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan and the summary, in words for people. */

#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdint.h>

#include "endpoint/endpoint.h"
#include "engine/counters.h"
#include "engine/differences.h"
#include "engine/scan.h"
#include "engine/tuner.h"
#include "plan/plan.h"
#include "resume/map.h"

/* Prints both sides and the plan, for --plan and --verbose. */
void summary_plan (const struct copy *c, const struct endpoint *source,
                   const struct endpoint *destination);

/* Prints what the scan found, for --plan. */
void summary_scan (const struct plan *p, const struct scan_result *f);

/* Print what the tuner changes while the workers run, for --verbose. */
void summary_tuning (const struct tuning *p);
void summary_growth (unsigned workers, uint64_t rtt);

/* Prints one line at the end of a copy.  elapsed is in ns; @changed says
 * whether the destination was changed.
 */
void summary_copied (const struct totals *t, uint64_t elapsed, bool changed);

/* Prints one line at the end of a comparison.  elapsed is in ns. */
void summary_compared (const struct totals *t, uint64_t elapsed);

/* Prints a line for each of the first ranges that differ, and one line for all
 * of them.  They are errors, so --quiet does not hide them.
 */
void summary_differences (const struct differences *d, const struct totals *t,
                          const struct endpoint *destination);

/* Prints one line at the end of a run that a signal ended. */
void summary_interrupted (const struct totals *t, int signal_number,
                          uint64_t elapsed);

/* Prints what the map that was opened means for this copy. */
void summary_map (const struct map *m);

/* Prints how much is safe after a copy that did not finish because of the
 * error number err (0: because of a signal), and whether the same command can
 * resume it.
 */
void summary_incomplete (struct map *m, uint64_t size, int err);

/* Prints the first ranges of the source that could not be read, as errors. */
void summary_unreadable (const struct copy *c, const struct endpoint *source);

#endif /* SUMMARY_H */
