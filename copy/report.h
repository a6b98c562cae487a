/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says what will be done, or what was done, in words for people. */

#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#include "crew.h"
#include "map.h"
#include "options.h"
#include "plan.h"

/* For --plan (to the log) and --verbose. */
void report_plan (const struct plan *p, const struct endpoint *source,
                  const struct endpoint *destination);

/* For --verbose, while the workers run. */
void report_pace (const struct pace *p);
void report_growth (unsigned workers, uint64_t trip);

/* One line at the end.  elapsed is in ns. */
void report_copied (const struct totals *t, uint64_t elapsed);

/* The same of a comparison. */
void report_compared (const struct totals *t, uint64_t elapsed);

/* A line for each of the first differences, and one for all of them: not for
 * --verbose, but the outcome.
 */
void report_differences (const struct differences *d, const struct totals *t,
                         const struct endpoint *destination);

/* The same where a signal ended it before. */
void report_interrupted (const struct totals *t, int signal_number,
                         uint64_t elapsed);

/* What the map that was opened means for this copy. */
void report_map (const struct options *o, const struct map *m);

/* What is to be relied on after a copy that did not come to its end. */
void report_incomplete (const struct options *o, struct map *m, uint64_t size);

#endif /* REPORT_H */
