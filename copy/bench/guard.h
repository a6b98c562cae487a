/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process that ends the command that is measured, with its process group, if
 * we are killed before we can do it.
 */

#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <sys/types.h>

/* Tells the guard which process group runs now; 0: none.  The first call starts
 * the guard.  If that fails, there is none.
 */
void guard_set (pid_t group);

/* Ends the guard. */
void guard_end (void);

#endif /* BENCH_GUARD_H */
