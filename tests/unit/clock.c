/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The clock: it never goes back, and deadlines become poll timeouts. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>

#include "clock.h"

#define UNUSED __attribute__ ((unused))

static void
time_never_goes_back (void **state UNUSED)
{
  uint64_t first = clock_now (), before = first, now;
  unsigned i;

  assert_true (first > 0);
  for (i = 0; i < 10000; ++i) {
    now = clock_now ();
    assert_true (now >= before);
    before = now;
  }
  /* Ten thousand calls take more than a nanosecond, and less than a minute:
   * the unit is right.
   */
  assert_true (before > first);
  assert_true (before - first < 60 * NS_PER_S);
}

static void
no_deadline_waits_forever (void **state UNUSED)
{
  assert_int_equal (clock_poll_timeout (0, 0), -1);
  assert_int_equal (clock_poll_timeout (0, 12345), -1);
}

static void
deadline_that_has_passed_does_not_wait (void **state UNUSED)
{
  assert_int_equal (clock_poll_timeout (1, 1), 0);
  assert_int_equal (clock_poll_timeout (1, 2), 0);
  assert_int_equal (clock_poll_timeout (5 * NS_PER_S, UINT64_MAX), 0);
}

static void
timeout_is_rounded_up (void **state UNUSED)
{
  const uint64_t now = 7 * NS_PER_S + 13;

  assert_int_equal (clock_poll_timeout (now + 1, now), 1);
  assert_int_equal (clock_poll_timeout (now + NS_PER_MS - 1, now), 1);
  assert_int_equal (clock_poll_timeout (now + NS_PER_MS, now), 1);
  assert_int_equal (clock_poll_timeout (now + NS_PER_MS + 1, now), 2);
  assert_int_equal (clock_poll_timeout (now + 3 * NS_PER_S, now), 3000);
}

static void
timeout_that_poll_cannot_hold_is_cut (void **state UNUSED)
{
  const uint64_t most = (uint64_t) INT_MAX * NS_PER_MS;

  assert_int_equal (clock_poll_timeout (most - NS_PER_MS + 1, 1), INT_MAX - 1);
  assert_int_equal (clock_poll_timeout (most + 1, 1), INT_MAX);
  assert_int_equal (clock_poll_timeout (most + 2, 1), INT_MAX);
  assert_int_equal (clock_poll_timeout (UINT64_MAX, 0), INT_MAX);
  assert_int_equal (clock_poll_timeout (UINT64_MAX, UINT64_MAX - 1), 1);
}

static void
oversleeping_is_more_than_a_second (void **state UNUSED)
{
  const uint64_t since = 5 * NS_PER_S;

  assert_false (clock_overslept (since, 0, since));
  assert_false (clock_overslept (since, 100, since + NS_PER_S));
  assert_true (clock_overslept (since, 0, since + NS_PER_S));
  assert_true (clock_overslept (since, 2000, since + 3 * NS_PER_S));
  assert_false (clock_overslept (since, -1, since + 900 * NS_PER_S));
  assert_false (clock_overslept (since, INT_MAX, since + NS_PER_S));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (time_never_goes_back),
    cmocka_unit_test (no_deadline_waits_forever),
    cmocka_unit_test (deadline_that_has_passed_does_not_wait),
    cmocka_unit_test (timeout_is_rounded_up),
    cmocka_unit_test (oversleeping_is_more_than_a_second),
    cmocka_unit_test (timeout_that_poll_cannot_hold_is_cut),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
