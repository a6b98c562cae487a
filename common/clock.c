/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Monotonic time: see clock.h. */

#include <config.h>

#include <limits.h>
#include <stdint.h>
#include <time.h>

#include "clock.h"

uint64_t
clock_now (void)
{
  struct timespec ts;

  /* cannot fail: the clock exists on every Linux, and ts is valid */
  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint64_t) ts.tv_sec * NS_PER_S + (uint64_t) ts.tv_nsec;
}

uint64_t
clock_earlier (uint64_t a, uint64_t b)
{
  return a == 0 ? b : b == 0 ? a : a < b ? a : b;
}

int
clock_poll_timeout (uint64_t deadline, uint64_t now)
{
  uint64_t ms;

  if (deadline == 0)
    return -1;
  if (deadline <= now)
    return 0;

  /* Rounds up: a poll that returned a little too early would be called with 0
   * again and again until the deadline has passed.
   */
  ms = (deadline - now) / NS_PER_MS + ((deadline - now) % NS_PER_MS != 0);
  return ms > INT_MAX ? INT_MAX : (int) ms;
}

bool
clock_overslept (uint64_t since, int wait_ms, uint64_t now)
{
  return wait_ms != -1
    && now >= since + (uint64_t) wait_ms * NS_PER_MS + NS_PER_S;
}
