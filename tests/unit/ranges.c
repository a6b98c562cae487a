/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges: by example, and against a plain array by the thousand. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ranges.h"

#define UNUSED __attribute__ ((unused))

static void
assert_ranges (const struct ranges *r, const struct ranges_entry *expected,
               size_t n)
{
  size_t i;

  assert_int_equal (ranges_count (r), n);
  for (i = 0; i < n; ++i) {
    assert_int_equal (ranges_at (r, i)->start, expected[i].start);
    assert_int_equal (ranges_at (r, i)->end, expected[i].end);
    assert_int_equal (ranges_at (r, i)->value, expected[i].value);
  }
}

#define ASSERT_RANGES(r, ...)                                                  \
  assert_ranges ((r), (const struct ranges_entry[]) { __VA_ARGS__ },           \
                 sizeof ((const struct ranges_entry[]) { __VA_ARGS__ })        \
                   / sizeof (struct ranges_entry))

static void
new_set_is_empty (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 1), 0);
  assert_int_equal (ranges_count (&r), 0);
  assert_int_equal (ranges_bytes (&r), 0);
  assert_null (ranges_find (&r, 0));
  assert_null (ranges_next (&r, 0));
  assert_true (ranges_cut (&r, 0, UINT64_MAX));
  ranges_forget_below (&r, 100);
  assert_int_equal (ranges_count (&r), 0);
  ranges_free (&r);
}

static void
neighbours_that_touch_merge_only_with_the_same_value (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_true (ranges_set (&r, 10, 20, 1));
  assert_true (ranges_set (&r, 20, 30, 1));
  ASSERT_RANGES (&r, { 10, 30, 1 });
  assert_true (ranges_set (&r, 30, 40, 2));
  ASSERT_RANGES (&r, { 10, 30, 1 }, { 30, 40, 2 });
  assert_true (ranges_set (&r, 0, 10, 1));
  ASSERT_RANGES (&r, { 0, 30, 1 }, { 30, 40, 2 });
  assert_true (ranges_set (&r, 41, 50, 2));
  ASSERT_RANGES (&r, { 0, 30, 1 }, { 30, 40, 2 }, { 41, 50, 2 });
  assert_true (ranges_set (&r, 40, 41, 2));
  ASSERT_RANGES (&r, { 0, 30, 1 }, { 30, 50, 2 });
  assert_true (ranges_set (&r, 30, 50, 1));
  ASSERT_RANGES (&r, { 0, 50, 1 });
  ranges_free (&r);
}

static void
setting_over_something_cuts_it (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_true (ranges_set (&r, 10, 40, 1));
  assert_true (ranges_set (&r, 20, 30, 2));
  ASSERT_RANGES (&r, { 10, 20, 1 }, { 20, 30, 2 }, { 30, 40, 1 });
  assert_true (ranges_set (&r, 15, 35, 3));
  ASSERT_RANGES (&r, { 10, 15, 1 }, { 15, 35, 3 }, { 35, 40, 1 });
  assert_true (ranges_set (&r, 5, 15, 3));
  ASSERT_RANGES (&r, { 5, 35, 3 }, { 35, 40, 1 });
  assert_true (ranges_set (&r, 0, 100, 7));
  ASSERT_RANGES (&r, { 0, 100, 7 });
  ranges_free (&r);
}

static void
empty_range_changes_nothing (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_true (ranges_set (&r, 10, 20, 1));
  assert_true (ranges_set (&r, 15, 15, 2));
  assert_true (ranges_set (&r, 20, 20, 1));
  assert_true (ranges_cut (&r, 15, 15));
  ASSERT_RANGES (&r, { 10, 20, 1 });
  ranges_free (&r);
}

static void
cutting_leaves_the_rest_outside (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_true (ranges_set (&r, 10, 20, 1));
  assert_true (ranges_set (&r, 20, 30, 2));
  assert_true (ranges_set (&r, 40, 50, 3));
  assert_true (ranges_cut (&r, 30, 40));
  ASSERT_RANGES (&r, { 10, 20, 1 }, { 20, 30, 2 }, { 40, 50, 3 });
  assert_true (ranges_cut (&r, 15, 45));
  ASSERT_RANGES (&r, { 10, 15, 1 }, { 45, 50, 3 });
  assert_true (ranges_cut (&r, 12, 13));
  ASSERT_RANGES (&r, { 10, 12, 1 }, { 13, 15, 1 }, { 45, 50, 3 });
  assert_true (ranges_cut (&r, 0, 12));
  ASSERT_RANGES (&r, { 13, 15, 1 }, { 45, 50, 3 });
  assert_int_equal (ranges_bytes (&r), 7);
  ranges_free (&r);
}

static void
full_set_says_so_and_stays_as_it_was (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 3), 0);
  assert_true (ranges_set (&r, 0, 10, 1));
  assert_true (ranges_set (&r, 20, 30, 1));
  assert_false (ranges_set (&r, 5, 6, 2)); /* one range would become three */
  ASSERT_RANGES (&r, { 0, 10, 1 }, { 20, 30, 1 });
  assert_true (ranges_set (&r, 40, 50, 1));
  assert_false (ranges_set (&r, 60, 70, 1));
  assert_false (ranges_cut (&r, 22, 25));
  ASSERT_RANGES (&r, { 0, 10, 1 }, { 20, 30, 1 }, { 40, 50, 1 });

  /* Changes that need no slot still work. */
  assert_true (ranges_set (&r, 10, 20, 1));
  ASSERT_RANGES (&r, { 0, 30, 1 }, { 40, 50, 1 });
  assert_true (ranges_cut (&r, 22, 25));
  ASSERT_RANGES (&r, { 0, 22, 1 }, { 25, 30, 1 }, { 40, 50, 1 });
  assert_true (ranges_cut (&r, 0, 2));
  ranges_free (&r);
}

static void
forgetting_slides_along_for_ever (void **state UNUSED)
{
  struct ranges r;
  uint64_t at;

  assert_int_equal (ranges_init (&r, 3), 0);
  for (at = 0; at < 1000; at += 10) {
    ranges_forget_below (&r, at < 20 ? 0 : at - 15);
    assert_true (ranges_set (&r, at, at + 10, (uint32_t) (at / 10 % 2)));
  }
  ASSERT_RANGES (&r, { 975, 980, 1 }, { 980, 990, 0 }, { 990, 1000, 1 });
  ranges_forget_below (&r, 980);
  ASSERT_RANGES (&r, { 980, 990, 0 }, { 990, 1000, 1 });
  ranges_forget_below (&r, UINT64_MAX);
  assert_int_equal (ranges_count (&r), 0);
  ranges_free (&r);
}

static void
looking_up_knows_holds_from_follows (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_true (ranges_set (&r, 10, 20, 1));
  assert_true (ranges_set (&r, 20, 30, 2));
  assert_true (ranges_set (&r, 40, 50, 3));
  assert_null (ranges_find (&r, 9));
  assert_int_equal (ranges_find (&r, 10)->value, 1);
  assert_int_equal (ranges_find (&r, 19)->value, 1);
  assert_int_equal (ranges_find (&r, 20)->value, 2);
  assert_null (ranges_find (&r, 30));
  assert_int_equal (ranges_find (&r, 49)->value, 3);
  assert_null (ranges_find (&r, 50));
  assert_int_equal (ranges_next (&r, 0)->value, 1);
  assert_int_equal (ranges_next (&r, 19)->value, 1);
  assert_int_equal (ranges_next (&r, 20)->value, 2);
  assert_int_equal (ranges_next (&r, 30)->value, 3);
  assert_null (ranges_next (&r, 50));
  ranges_free (&r);
}

static void
offsets_reach_to_the_end_of_64_bits (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_true (ranges_set (&r, UINT64_MAX - 10, UINT64_MAX, 1));
  assert_true (ranges_set (&r, 0, UINT64_MAX - 10, 2));
  assert_int_equal (ranges_bytes (&r), UINT64_MAX);
  assert_int_equal (ranges_find (&r, UINT64_MAX - 1)->value, 1);
  assert_null (ranges_find (&r, UINT64_MAX));
  assert_null (ranges_next (&r, UINT64_MAX));
  assert_true (ranges_cut (&r, 5, UINT64_MAX));
  ASSERT_RANGES (&r, { 0, 5, 2 });
  ranges_free (&r);
}

static void
clearing_and_freeing_leave_nothing (void **state UNUSED)
{
  struct ranges r = { .v = NULL };

  ranges_free (&r);
  assert_int_equal (ranges_init (&r, 2), 0);
  assert_true (ranges_set (&r, 1, 2, 3));
  ranges_clear (&r);
  assert_int_equal (ranges_count (&r), 0);
  assert_null (ranges_find (&r, 1));
  assert_true (ranges_set (&r, 4, 5, 6));
  ASSERT_RANGES (&r, { 4, 5, 6 });
  ranges_free (&r);
  ranges_free (&r);
  assert_null (r.v);
}

static void
impossible_capacity_is_refused (void **state UNUSED)
{
  struct ranges r;

  errno = 0;
  assert_int_equal (ranges_init (&r, SIZE_MAX), -1);
  assert_int_equal (errno, ENOMEM);
  errno = 0;
  assert_int_equal (ranges_init (&r, SIZE_MAX / 2), -1);
  assert_int_equal (errno, ENOMEM);
  ranges_free (&r);
}

/* ------------------------------------------------- against a plain array */

#define SPACE 64    /* offsets in the model */
#define NOTHING 255 /* no range here */

static void
check_model (const struct ranges *r, const unsigned char *model, size_t max)
{
  const struct ranges_entry *at;
  uint64_t bytes = 0, i, next;
  size_t n = 0;

  for (i = 0; i < SPACE; ++i) {
    if (model[i] != NOTHING) {
      bytes++;
      n += i == 0 || model[i] != model[i - 1];
    }

    at = ranges_find (r, i);
    if (model[i] == NOTHING)
      assert_null (at);
    else {
      assert_non_null (at);
      assert_true (at->start <= i && i < at->end);
      assert_int_equal (at->value, model[i]);
    }

    for (next = i; next < SPACE && model[next] == NOTHING; ++next)
      ;
    at = ranges_next (r, i);
    if (next == SPACE)
      assert_null (at);
    else {
      assert_non_null (at);
      assert_true (at->start <= next && next < at->end);
      assert_true (next == i || at->start == next);
    }
  }
  /* There are as many ranges as runs, so all adjacent ranges are merged. */
  assert_int_equal (ranges_count (r), n);
  assert_int_equal (ranges_bytes (r), bytes);
  assert_true (n <= max);
  for (i = 0; i < n; ++i) {
    assert_true (ranges_at (r, i)->start < ranges_at (r, i)->end);
    if (i > 0)
      assert_true (ranges_at (r, i - 1)->end <= ranges_at (r, i)->start);
  }
}

static size_t
count_runs (const unsigned char *model)
{
  size_t i, n = 0;

  for (i = 0; i < SPACE; ++i)
    n += model[i] != NOTHING && (i == 0 || model[i] != model[i - 1]);
  return n;
}

/* For one seed: a set of some capacity, and changes, most of them short. */
static void
run_seed (unsigned seed)
{
  unsigned short dice[3] = { 0x330e, (unsigned short) seed, 77 };
  size_t max = 1 + (size_t) nrand48 (dice) % 20;
  unsigned char model[SPACE], after[SPACE];
  unsigned step, from, to, value, verb;
  struct ranges r;
  bool done;

  memset (model, NOTHING, sizeof model);
  assert_int_equal (ranges_init (&r, max), 0);
  for (step = 0; step < 200; ++step) {
    verb = (unsigned) nrand48 (dice) % 16;
    from = (unsigned) nrand48 (dice) % (SPACE + 1);
    to = from + (unsigned) nrand48 (dice) % (verb % 2 ? 8 : SPACE);
    to = to > SPACE ? SPACE : to;
    value = (unsigned) nrand48 (dice) % 3;

    memcpy (after, model, sizeof model);
    if (verb == 0) {
      /* Rarely far, so that there is something to remove. */
      from = from % (step % 8 ? 8 : SPACE);
      memset (after, NOTHING, from);
      ranges_forget_below (&r, from);
      done = true;
    }
    else if (verb < 5) {
      memset (after + from, NOTHING, to - from);
      done = ranges_cut (&r, from, to);
    }
    else {
      memset (after + from, (int) value, to - from);
      done = ranges_set (&r, from, to, value);
    }

    /* Refused exactly if it would not fit. */
    assert_int_equal (done, count_runs (after) <= max);
    if (done)
      memcpy (model, after, sizeof model);
    check_model (&r, model, max);
  }
  ranges_free (&r);
}

static unsigned current_seed;

static void
set_behaves_like_an_array (void **state UNUSED)
{
  for (current_seed = 1; current_seed <= 300; ++current_seed)
    run_seed (current_seed);
  current_seed = 0;
}

/* An assertion leaves by longjmp, so the seed is printed here. */
static int
print_seed (void **state UNUSED)
{
  if (current_seed != 0)
    print_error ("failed with seed %u\n", current_seed);
  return 0;
}

static void
counts_what_two_sets_share (void **state UNUSED)
{
  struct ranges a, b;

  assert_int_equal (ranges_init (&a, 8), 0);
  assert_int_equal (ranges_init (&b, 8), 0);
  assert_int_equal (ranges_bytes_in_both (&a, &b), 0);
  assert_true (ranges_set (&a, 0, 10, 0) && ranges_set (&a, 20, 30, 0)
               && ranges_set (&a, 40, 50, 0));
  assert_int_equal (ranges_bytes_in_both (&a, &b), 0);
  assert_true (ranges_set (&b, 5, 25, 1) && ranges_set (&b, 30, 40, 0)
               && ranges_set (&b, 49, 99, 0));
  assert_int_equal (ranges_bytes_in_both (&a, &b), 5 + 5 + 1);
  assert_int_equal (ranges_bytes_in_both (&b, &a), 5 + 5 + 1);
  assert_int_equal (ranges_bytes_in_both (&a, &a), 30);
  ranges_free (&a);
  ranges_free (&b);
}

static void
finds_the_last_range_before_an_offset (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 8), 0);
  assert_null (ranges_previous (&r, UINT64_MAX));
  assert_true (ranges_set (&r, 10, 20, 0) && ranges_set (&r, 30, 40, 0));
  assert_null (ranges_previous (&r, 0));
  assert_null (ranges_previous (&r, 10));
  assert_int_equal (ranges_previous (&r, 11)->start, 10);
  assert_int_equal (ranges_previous (&r, 20)->start, 10);
  assert_int_equal (ranges_previous (&r, 30)->start, 10);
  assert_int_equal (ranges_previous (&r, 31)->start, 30);
  assert_int_equal (ranges_previous (&r, UINT64_MAX)->start, 30);
  ranges_free (&r);
}

static void
covering_joins_the_nearest_ranges_of_a_full_set (void **state UNUSED)
{
  struct ranges r;

  assert_int_equal (ranges_init (&r, 2), 0);
  ranges_cover (&r, 100, 200);
  ranges_cover (&r, 1000, 1100);
  ranges_cover (&r, 200, 300); /* touches one */
  ASSERT_RANGES (&r, { 100, 300, 0 }, { 1000, 1100, 0 });
  ranges_cover (&r, 400, 500); /* nearer to the first */
  ASSERT_RANGES (&r, { 100, 500, 0 }, { 1000, 1100, 0 });
  ranges_cover (&r, 800, 900); /* nearer to the second */
  ASSERT_RANGES (&r, { 100, 500, 0 }, { 800, 1100, 0 });
  ranges_cover (&r, 0, 10); /* before all */
  ASSERT_RANGES (&r, { 0, 500, 0 }, { 800, 1100, 0 });
  ranges_cover (&r, 5000, 5001); /* after all */
  ASSERT_RANGES (&r, { 0, 500, 0 }, { 800, 5001, 0 });
  ranges_free (&r);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (new_set_is_empty),
    cmocka_unit_test (neighbours_that_touch_merge_only_with_the_same_value),
    cmocka_unit_test (setting_over_something_cuts_it),
    cmocka_unit_test (empty_range_changes_nothing),
    cmocka_unit_test (cutting_leaves_the_rest_outside),
    cmocka_unit_test (full_set_says_so_and_stays_as_it_was),
    cmocka_unit_test (forgetting_slides_along_for_ever),
    cmocka_unit_test (looking_up_knows_holds_from_follows),
    cmocka_unit_test (offsets_reach_to_the_end_of_64_bits),
    cmocka_unit_test (clearing_and_freeing_leave_nothing),
    cmocka_unit_test (impossible_capacity_is_refused),
    cmocka_unit_test (counts_what_two_sets_share),
    cmocka_unit_test (finds_the_last_range_before_an_offset),
    cmocka_unit_test (covering_joins_the_nearest_ranges_of_a_full_set),
    cmocka_unit_test_teardown (set_behaves_like_an_array, print_seed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
