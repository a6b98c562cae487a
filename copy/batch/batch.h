/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch: runs the copies of a manifest, at most --jobs at a time.
 *
 * Each copy is a process of this program, so that a failure in one does not
 * affect the others.  The copies share the processors and the memory that a
 * single copy would use.
 */

#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>

#include "output/service.h"
#include "plan/plan.h"

struct options;

/* Runs all copies of o->manifest and waits for them, also after a signal, which
 * is passed on to them.  Reports the progress to @service.  Returns the exit
 * status, which is the worst of theirs.
 */
int batch_run (const struct options *o, const struct machine *machine,
               struct service *service);

/* Writes to the metrics file that a run with --manifest was refused, because
 * its command line could not be parsed.  If --manifest was not parsed, the
 * metrics of an earlier run show that this is a batch.  Returns false, with
 * nothing written, if the run is a single copy.
 */
bool batch_refused (const struct options *o);

#endif /* BATCH_H */
