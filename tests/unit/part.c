/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a list of copies is divided among hosts. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arith.h"
#include "batch/part.h"

#define UNUSED __attribute__ ((unused))
#define MAX 1000

static uint64_t parts[MAX];

static void
divide (const uint64_t *sizes, size_t n, uint64_t count)
{
  assert_int_equal (part_divide (parts, sizes, n, count), 0);
  for (size_t i = 0; i < n; i++)
    assert_in_range (parts[i], 1, count);
}

static void
copies_of_unknown_size_are_dealt_out_in_turn (void **state UNUSED)
{
  static const uint64_t sizes[] = { PART_SIZE_UNKNOWN, PART_SIZE_UNKNOWN,
                                    PART_SIZE_UNKNOWN, PART_SIZE_UNKNOWN,
                                    PART_SIZE_UNKNOWN };

  divide (sizes, 5, 2);
  for (size_t i = 0; i < 5; i++)
    assert_int_equal (parts[i], i % 2 + 1);
}

static void
a_large_copy_has_a_part_of_its_own (void **state UNUSED)
{
  static const uint64_t sizes[] = {
    GiB, GiB, 4096 * GiB, GiB, PART_SIZE_UNKNOWN, GiB
  };

  divide (sizes, 4, 2);
  assert_int_equal (parts[2], 1);
  assert_int_equal (parts[0], 2);
  assert_int_equal (parts[1], 2);
  assert_int_equal (parts[3], 2);

  /* The unknown one counts as the mean of the others, and so comes second. */
  divide (sizes, 6, 3);
  assert_int_equal (parts[4], 2);
}

static void
parts_differ_by_no_more_than_one_copy (void **state UNUSED)
{
  uint64_t sizes[MAX], loads[7] = { 0 }, least, most;

  for (size_t i = 0; i < MAX; i++)
    sizes[i] = (i * 7919 % 64) * GiB;
  divide (sizes, MAX, 7);
  for (size_t i = 0; i < MAX; i++)
    loads[parts[i] - 1] += sizes[i];
  least = most = loads[0];
  for (size_t i = 1; i < 7; i++) {
    least = min_u64 (least, loads[i]);
    most = max_u64 (most, loads[i]);
  }
  assert_in_range (most - least, 0, 63 * GiB);
}

static void
extremes_are_divided_too (void **state UNUSED)
{
  static const uint64_t huge[] = { UINT64_MAX - 1, UINT64_MAX - 1, 0 };

  divide (huge, 3, UINT32_MAX);
  assert_int_equal (parts[0], 1);
  assert_int_equal (parts[1], 2);
  assert_int_equal (parts[2], 3);
  divide (huge, 0, 3);
  divide (huge, 3, 1);
  assert_int_equal (parts[2], 1);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (copies_of_unknown_size_are_dealt_out_in_turn),
    cmocka_unit_test (a_large_copy_has_a_part_of_its_own),
    cmocka_unit_test (parts_differ_by_no_more_than_one_copy),
    cmocka_unit_test (extremes_are_divided_too),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
