/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monotonic time in nanoseconds, for deadlines and durations; it is not a date.
 */

#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US UINT64_C (1000)
#define NS_PER_MS UINT64_C (1000000)
#define NS_PER_S UINT64_C (1000000000)

uint64_t clock_now (void);

/* Returns the earlier of two deadlines; 0 means no deadline. */
uint64_t clock_earlier (uint64_t a, uint64_t b);

/* Returns the milliseconds until the deadline for poll(2), rounded up: 0 if it
 * has passed, -1 if @deadline is 0 (no deadline), at most INT_MAX.
 */
int clock_poll_timeout (uint64_t deadline, uint64_t now);

/* Returns whether a wait that began at @since took more than a second longer
 * than @wait_ms.  Then this process was stopped, for example by Ctrl-Z, and the
 * other side may have done what it waited for.  Always false if @wait_ms is -1.
 */
bool clock_overslept (uint64_t since, int wait_ms, uint64_t now);

#endif /* CLOCK_H */
