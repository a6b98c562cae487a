/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic at its edges: zero, alignment, the end of 64 bits. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arith.h"

#define UNUSED __attribute__ ((unused))

static void
units_are_powers_of_1024 (void **state UNUSED)
{
  assert_int_equal (KiB, 1024);
  assert_int_equal (MiB, 1024 * KiB);
  assert_int_equal (GiB, 1024 * MiB);
  assert_int_equal (TiB, 1024 * GiB);
  assert_int_equal (TiB, UINT64_C (1099511627776));
}

static void
min_and_max_compare_without_sign (void **state UNUSED)
{
  assert_int_equal (min_u64 (1, 2), 1);
  assert_int_equal (min_u64 (2, 1), 1);
  assert_int_equal (min_u64 (UINT64_MAX, 3), 3);
  assert_int_equal (max_u64 (1, 2), 2);
  assert_int_equal (max_u64 (2, 1), 2);
  assert_int_equal (max_u64 (UINT64_MAX, 3), UINT64_MAX);
  assert_int_equal (max_u64 (UINT64_C (1) << 63, 1), UINT64_C (1) << 63);
}

static void
powers_of_2_are_recognised (void **state UNUSED)
{
  unsigned bit;

  assert_false (is_power_of_2 (0));
  for (bit = 0; bit < 64; ++bit) {
    assert_true (is_power_of_2 (UINT64_C (1) << bit));
    if (bit >= 2) {
      assert_false (is_power_of_2 ((UINT64_C (1) << bit) - 1));
      assert_false (is_power_of_2 ((UINT64_C (1) << bit) + 1));
    }
  }
  assert_false (is_power_of_2 (UINT64_MAX));
}

static void
alignment_agrees_with_division (void **state UNUSED)
{
  uint64_t align, n;

  for (align = 1; align <= 64; align *= 2)
    for (n = 0; n < 300; ++n) {
      assert_int_equal (align_down (n, align), n / align * align);
      assert_int_equal (align_up (n, align), (n + align - 1) / align * align);
    }
  assert_int_equal (align_up (5 * TiB + 1, 4 * GiB), 5 * TiB + 4 * GiB);
}

static void
aligning_up_never_wraps (void **state UNUSED)
{
  const uint64_t last = UINT64_MAX - 511; /* the last multiple of 512 */

  assert_int_equal (align_down (UINT64_MAX, 512), last);
  assert_int_equal (align_up (last - 1, 512), last);
  assert_int_equal (align_up (last, 512), last);
  assert_int_equal (align_up (last + 1, 512), last);
  assert_int_equal (align_up (UINT64_MAX, 512), last);
  assert_int_equal (align_up (UINT64_MAX, 1), UINT64_MAX);
  assert_int_equal (align_up (UINT64_MAX, UINT64_C (1) << 63),
                    UINT64_C (1) << 63);
}

static void
sums_stop_at_the_end (void **state UNUSED)
{
  assert_int_equal (add_saturated (0, 0), 0);
  assert_int_equal (add_saturated (2, 3), 5);
  assert_int_equal (add_saturated (UINT64_MAX - 1, 1), UINT64_MAX);
  assert_int_equal (add_saturated (UINT64_MAX, 1), UINT64_MAX);
  assert_int_equal (add_saturated (1, UINT64_MAX), UINT64_MAX);
  assert_int_equal (add_saturated (UINT64_MAX, UINT64_MAX), UINT64_MAX);
  assert_int_equal (mul_saturated (UINT64_MAX, 0), 0);
  assert_int_equal (mul_saturated (UINT64_MAX / 3, 3), UINT64_MAX);
  assert_int_equal (mul_saturated (UINT64_MAX / 3, 4), UINT64_MAX);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (units_are_powers_of_1024),
    cmocka_unit_test (min_and_max_compare_without_sign),
    cmocka_unit_test (powers_of_2_are_recognised),
    cmocka_unit_test (alignment_agrees_with_division),
    cmocka_unit_test (aligning_up_never_wraps),
    cmocka_unit_test (sums_stop_at_the_end),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
