/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copies of a manifest, so many at a time.
 *
 * Each is this program once more, a process of its own: what fails in one stays
 * in one.  They share the processors and the memory that one copy alone would
 * have.
 */

#ifndef BATCH_H
#define BATCH_H

#include "plan/plan.h"

struct options;

/* Makes all copies that o->manifest names, and waits for those it has begun,
 * also after a signal, which is handed on to them.  Returns the exit status:
 * the worst of theirs.
 */
int batch_run (const struct options *o, const struct machine *machine);

#endif /* BATCH_H */
