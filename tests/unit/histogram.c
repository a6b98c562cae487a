/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Histograms of small, large and many values. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "histogram.h"

#define UNUSED __attribute__ ((unused))

static uint64_t
percentile (const struct histogram *h, unsigned percent)
{
  uint64_t sums[HISTOGRAM_BUCKETS] = { 0 };

  histogram_sum (sums, h);
  return histogram_percentile (sums, percent);
}

static void
nothing_has_no_percentile (void **state UNUSED)
{
  const struct histogram h = { 0 };

  assert_int_equal (percentile (&h, 50), 0);
  assert_int_equal (percentile (&h, 99), 0);
}

static void
values_are_exact_to_an_eighth (void **state UNUSED)
{
  static const uint64_t values[] = {
    0,  1,    7,         8,          9,         15,         16,
    17, 1000, 123456789, UINT32_MAX, INT64_MAX, UINT64_MAX,
  };

  for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
    struct histogram h = { 0 };
    const uint64_t value = values[i];
    uint64_t told;

    histogram_add (&h, value);
    told = percentile (&h, 50);
    assert_in_range (told, value - value / 8,
                     value > UINT64_MAX / 8 * 7 ? UINT64_MAX
                                                : value + value / 8);
    assert_int_equal (percentile (&h, 99), told);
  }
}

static void
the_tail_is_not_the_middle (void **state UNUSED)
{
  struct histogram h = { 0 };

  for (unsigned i = 0; i < 98; i++)
    histogram_add (&h, 4);
  histogram_add (&h, 7);
  histogram_add (&h, 1000000);
  assert_int_equal (percentile (&h, 0), 4);
  assert_int_equal (percentile (&h, 50), 4);
  assert_int_equal (percentile (&h, 98), 4);
  assert_int_equal (percentile (&h, 99), 7);
  assert_in_range (percentile (&h, 100), 875000, 1125000);
}

static void
several_are_added_up (void **state UNUSED)
{
  uint64_t sums[HISTOGRAM_BUCKETS] = { 0 };
  struct histogram a = { 0 }, b = { 0 };

  histogram_add (&a, 1);
  histogram_add (&b, 3);
  histogram_add (&b, 5);
  histogram_sum (sums, &a);
  histogram_sum (sums, &b);
  assert_int_equal (histogram_percentile (sums, 33), 1);
  assert_int_equal (histogram_percentile (sums, 50), 3);
  assert_int_equal (histogram_percentile (sums, 99), 5);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (nothing_has_no_percentile),
    cmocka_unit_test (values_are_exact_to_an_eighth),
    cmocka_unit_test (the_tail_is_not_the_middle),
    cmocka_unit_test (several_are_added_up),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
