/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing delays with jitter.  Pure but for the dice: the caller waits. */

#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/* How long to wait after so many failures in a row (1, 2, ...): first, then
 * twice as long each time, never more than most.  Of that, dice (any random
 * bits) decides over the second half: those who failed together come back one
 * by one.
 */
uint64_t backoff_wait (unsigned failures, uint64_t first, uint64_t most,
                       uint64_t dice);

/* Random bits; where the kernel has none yet, the time. */
uint64_t backoff_dice (void);

#endif /* BACKOFF_H */
