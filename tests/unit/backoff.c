/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Delays grow, stay within bounds, and spread. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "backoff.h"

#define UNUSED __attribute__ ((unused))

static uint64_t
longest (unsigned failures, uint64_t first, uint64_t most)
{
  uint64_t wait = 0;

  for (uint64_t dice = 0; dice < 5000; dice++) {
    const uint64_t w = backoff_wait (failures, first, most, dice);

    wait = w > wait ? w : wait;
  }
  return wait;
}

static void
each_wait_is_twice_as_long_up_to_the_most (void **state UNUSED)
{
  assert_int_equal (longest (1, 1000, 60000), 1000);
  assert_int_equal (longest (2, 1000, 60000), 2000);
  assert_int_equal (longest (3, 1000, 60000), 4000);
  assert_int_equal (longest (4, 1000, 5000), 5000);
  assert_int_equal (longest (1000000000, 1000, 5000), 5000);
  assert_int_equal (longest (1, 1000, 10), 10);
}

static void
dice_decide_over_half_of_it (void **state UNUSED)
{
  for (uint64_t dice = 0; dice < 5000; dice++)
    assert_in_range (backoff_wait (1, 1000, 1000, dice), 500, 1000);
  assert_in_range (backoff_wait (3, 1000, 60000, UINT64_MAX), 2000, 4000);
  assert_int_not_equal (backoff_wait (1, 1000, 1000, 1),
                        backoff_wait (1, 1000, 1000, 2));
}

static void
no_wait_stays_none (void **state UNUSED)
{
  assert_int_equal (backoff_wait (1, 0, 1000, UINT64_MAX), 0);
  assert_int_equal (backoff_wait (4000000000, 0, 1000, 7), 0);
}

static void
nothing_overflows (void **state UNUSED)
{
  assert_true (backoff_wait (64, UINT64_MAX, UINT64_MAX, UINT64_MAX)
               >= UINT64_MAX / 2);
  assert_true (backoff_wait (100, 3, UINT64_MAX, 0) >= UINT64_MAX / 2);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (each_wait_is_twice_as_long_up_to_the_most),
    cmocka_unit_test (dice_decide_over_half_of_it),
    cmocka_unit_test (no_wait_stays_none),
    cmocka_unit_test (nothing_overflows),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
