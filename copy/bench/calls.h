/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the system calls of one copy. */

#ifndef CALLS_H
#define CALLS_H

#include "bench/bench.h"

/* Makes a copy under strace, or else under perf, and sets p->calls.  The copy
 * is slow, so it is not timed.  If neither works, p->calls stays uncounted.
 */
void calls_count (struct bench *b, struct program *p);

#endif /* CALLS_H */
