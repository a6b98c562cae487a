/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of copy/bench/statistics.c. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/statistics.h"

static struct summary
summary (const double *values, size_t n)
{
  struct summary s;

  assert_int_equal (statistics_summarise (values, n, &s), 0);
  return s;
}

#define SUMMARY(...)                                                           \
  summary ((const double[]) { __VA_ARGS__ },                                   \
           sizeof (const double[]) { __VA_ARGS__ } / sizeof (double))

static void
test_median (void **state)
{
  (void) state;
  assert_true (SUMMARY (3, 1, 2).median == 2);
  assert_true (SUMMARY (4, 1, 3, 2).median == 2.5);
  assert_true (SUMMARY (7).median == 7);
  assert_true (summary (NULL, 0).median == 0);
}

static void
test_spread (void **state)
{
  const struct summary s = SUMMARY (12, 10, 9);

  (void) state;
  assert_true (s.least == 9 && s.most == 12 && s.spread == 30 && s.n == 3);
  assert_true (SUMMARY (5).spread == 0);
  assert_true (SUMMARY (0, 0).spread == 0);
}

static enum verdict
compare (struct summary a, struct summary b)
{
  return statistics_compare (&a, &b, 20).verdict;
}

static void
test_verdict (void **state)
{
  (void) state;
  assert_int_equal (compare (SUMMARY (1, 2), SUMMARY (5, 6, 7)), VERDICT_FEW);
  assert_int_equal (compare (SUMMARY (1, 2, 3), SUMMARY (5, 6, 7)),
                    VERDICT_APART);
  assert_int_equal (compare (SUMMARY (5, 6, 7), SUMMARY (1, 2, 3)),
                    VERDICT_APART);
  assert_int_equal (compare (SUMMARY (10, 10, 11), SUMMARY (10, 11, 11)),
                    VERDICT_SIMILAR);
  assert_int_equal (compare (SUMMARY (10, 10, 11), SUMMARY (9, 11, 15)),
                    VERDICT_NOISY);
  assert_int_equal (compare (SUMMARY (8, 10, 12), SUMMARY (10, 10, 11)),
                    VERDICT_NOISY);
}

static void
test_comparison (void **state)
{
  const struct summary a = SUMMARY (1, 2, 3), b = SUMMARY (4, 5, 6, 5);
  const struct summary c = SUMMARY (1, 2, 3, 2), none = summary (NULL, 0);

  (void) state;
  assert_true (statistics_compare (&a, &b, 20).ratio == 0.4);
  assert_true (statistics_compare (&a, &b, 20).barely_any);
  assert_false (statistics_compare (&c, &b, 20).barely_any);
  assert_true (statistics_compare (&a, &none, 20).ratio == 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_median),
    cmocka_unit_test (test_spread),
    cmocka_unit_test (test_verdict),
    cmocka_unit_test (test_comparison),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
