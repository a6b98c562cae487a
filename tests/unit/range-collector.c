/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges that come in any order, and more of them than there is room for. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "range-collector.h"

#define UNUSED __attribute__ ((unused))

#define SIZE 4096

static void
ranges_are_sorted_and_joined (void **state UNUSED)
{
  struct range_collector c;

  assert_int_equal (range_collector_init (&c, 16), 0);
  range_collector_sort (&c);
  assert_int_equal (c.n, 0);
  range_collector_add (&c, range_of (20, 30));
  range_collector_add (&c, range_of (0, 5));
  range_collector_add (&c, range_of (5, 7));   /* touches the last one */
  range_collector_add (&c, range_of (30, 31)); /* touches another one */
  range_collector_add (&c, range_of (UINT64_MAX - 1, UINT64_MAX));
  range_collector_add (&c, range_of (22, 23));
  range_collector_sort (&c);
  assert_int_equal (c.n, 3);
  assert_int_equal (c.v[0].start, 0);
  assert_int_equal (c.v[0].end, 7);
  assert_int_equal (c.v[1].start, 20);
  assert_int_equal (c.v[1].end, 31);
  assert_int_equal (c.v[2].start, UINT64_MAX - 1);
  assert_int_equal (range_collector_bytes (&c), 7 + 11 + 1);
  assert_false (c.widened);
  range_collector_free (&c);
}

/* Returns how many bytes are collected, after checking that everything that was
 * added is, that ranges are apart from each other, and that there are not too
 * many.
 */
static uint64_t
check (struct range_collector *c, const bool added[SIZE])
{
  bool found[SIZE] = { false };
  uint64_t bytes = 0;

  range_collector_sort (c);
  assert_true (c->n <= c->max);
  for (size_t i = 0; i < c->n; i++) {
    assert_true (c->v[i].start < c->v[i].end);
    assert_true (i == 0 || c->v[i - 1].end < c->v[i].start);
    for (uint64_t at = c->v[i].start; at < c->v[i].end; at++)
      found[at] = true;
  }
  for (unsigned i = 0; i < SIZE; i++) {
    assert_true (found[i] || !added[i]);
    bytes += found[i];
  }
  assert_int_equal (range_collector_bytes (c), bytes);
  return bytes;
}

/* Whatever the order: exact while there is room, and never less than that. */
static void
nothing_that_was_added_is_missing (void **state UNUSED)
{
  unsigned n_widened = 0;

  srand (7);
  for (unsigned round = 0; round < 500; round++) {
    const unsigned n = rand () % 400;
    bool added[SIZE] = { false };
    struct range_collector c;
    uint64_t bytes = 0, found;

    assert_int_equal (range_collector_init (&c, 4 + rand () % 300), 0);
    for (unsigned i = 0; i < n; i++) {
      const uint64_t start = rand () % (SIZE - 20);
      const uint64_t end = start + 1 + rand () % 20;

      range_collector_add (&c, range_of (start, end));
      memset (added + start, true, end - start);
    }
    for (unsigned i = 0; i < SIZE; i++)
      bytes += added[i];
    found = check (&c, added);
    assert_true (found == bytes || c.widened);
    n_widened += c.widened;
    range_collector_free (&c);
  }
  assert_true (n_widened > 50 && n_widened < 450);
}

/* The gaps that are joined are the small ones. */
static void
a_large_gap_stays_while_small_ones_are_joined (void **state UNUSED)
{
  struct range_collector c;

  assert_int_equal (range_collector_init (&c, 1024), 0);
  for (uint64_t i = 0; i < 100000; i++)
    range_collector_add (&c, range_of (1024 * i, 1024 * i + 512));
  range_collector_add (
    &c, range_of (UINT64_C (1) << 40, (UINT64_C (1) << 40) + 512));
  range_collector_sort (&c);
  assert_true (c.widened && c.n <= 1024);
  assert_int_equal (c.v[0].start, 0);
  assert_int_equal (c.v[c.n - 1].start, UINT64_C (1) << 40);
  assert_true (range_collector_bytes (&c) <= 1024 * 100000 + 512);
  range_collector_free (&c);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (ranges_are_sorted_and_joined),
    cmocka_unit_test (nothing_that_was_added_is_missing),
    cmocka_unit_test (a_large_gap_stays_while_small_ones_are_joined),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
