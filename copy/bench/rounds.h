/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the copies: in each round every program makes one, and each round
 * begins with another program.
 */

#ifndef ROUNDS_H
#define ROUNDS_H

#include "bench/bench.h"

/* Makes all rounds, and then counts system calls if that is wanted.  A program
 * that fails, is too slow, or copies wrongly is left out.  Stops early if a
 * signal comes, and sets b->interrupted.  Returns 0, or -1 with the error set
 * when nothing can be measured, for example because --before failed.
 */
int rounds_run (struct bench *b, struct error *e);

#endif /* ROUNDS_H */
