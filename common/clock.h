/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monotonic time in nanoseconds: for deadlines and durations, never a date. */

#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US UINT64_C (1000)
#define NS_PER_MS UINT64_C (1000000)
#define NS_PER_S UINT64_C (1000000000)

uint64_t clock_now (void);

/* The earlier of two deadlines, where 0 means that there is none. */
uint64_t clock_earlier (uint64_t a, uint64_t b);

/* Milliseconds until deadline, rounded up, for poll(2): 0 when it has passed,
 * -1 when deadline is 0 (which means there is none), INT_MAX at most.
 */
int clock_poll_timeout (uint64_t deadline, uint64_t now);

/* Whether a wait that began at since and is over now took more than a second
 * longer than wait_ms: then this process was stopped, by Ctrl-Z for one, and
 * others may have done what it waited for.  Never where wait_ms is -1.
 */
bool clock_overslept (uint64_t since, int wait_ms, uint64_t now);

#endif /* CLOCK_H */
