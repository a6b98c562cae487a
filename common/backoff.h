/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing delays with jitter.  Pure except for backoff_dice: the caller waits.
 */

#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>

/* Returns how long to wait after @failures failures in a row (1, 2, ...):
 * @first, then twice as long each time, at most @most.  @dice, which is random
 * bits, chooses a time in the second half of that, so that workers that failed
 * together do not all return at once.
 */
uint64_t backoff_wait (unsigned failures, uint64_t first, uint64_t most,
                       uint64_t dice);

/* Returns random bits, or the time if the kernel has none yet. */
uint64_t backoff_dice (void);

#endif /* BACKOFF_H */
