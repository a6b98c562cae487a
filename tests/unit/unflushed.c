/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unflushed writes: a write is durable only after a flush that was sent after
 * its reply.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "arith.h"
#include "engine/unflushed.h"

#define UNUSED __attribute__ ((unused))

static struct unflushed d;

static int
start (void **state UNUSED)
{
  return unflushed_init (&d, true);
}

static int
start_without_flushes (void **state UNUSED)
{
  return unflushed_init (&d, false);
}

static int
end (void **state UNUSED)
{
  unflushed_free (&d);
  unflushed_free (&d);
  return 0;
}

static void
expect_again (uint64_t start, uint64_t end)
{
  struct range range = { 0 };

  assert_true (unflushed_has_again (&d));
  assert_true (unflushed_take (&d, &range));
  assert_int_equal (range.start, start);
  assert_int_equal (range.end, end);
}

static void
expect_nothing_again (void)
{
  struct range range;

  assert_false (unflushed_has_again (&d));
  assert_false (unflushed_take (&d, &range));
}

static void
writes_are_lost_with_the_connection (void **state UNUSED)
{
  assert_true (unflushed_is_empty (&d));
  unflushed_note (&d, range_of (100, 200));
  unflushed_note (&d, range_of (300, 400));
  unflushed_note (&d, range_of (200, 300));
  unflushed_note (&d, range_of (1000, 1001));
  assert_false (unflushed_is_empty (&d));
  expect_nothing_again ();
  assert_true (unflushed_lost (&d, 0));
  assert_true (unflushed_is_empty (&d));
  expect_again (100, 400);
  expect_again (1000, 1001);
  expect_nothing_again ();
}

static void
flush_covers_earlier_writes (void **state UNUSED)
{
  unflushed_note (&d, range_of (0, 100));
  unflushed_flush_begins (&d);
  unflushed_note (&d, range_of (100, 200));
  assert_int_equal (ranges_count (&d.covered), 1);
  assert_int_equal (ranges_at (&d.covered, 0)->end, 100);
  unflushed_flush_ends (&d);
  assert_false (unflushed_is_empty (&d));
  assert_true (unflushed_lost (&d, 0));
  expect_again (100, 200);
  expect_nothing_again ();
}

static void
flush_without_an_answer_covers_nothing (void **state UNUSED)
{
  unflushed_note (&d, range_of (0, 100));
  unflushed_flush_begins (&d);
  unflushed_note (&d, range_of (200, 300));
  assert_true (unflushed_lost (&d, 0));
  expect_again (0, 100);
  expect_again (200, 300);
  expect_nothing_again ();
}

static void
a_range_lost_twice_is_done_a_third_time (void **state UNUSED)
{
  unflushed_note (&d, range_of (0, 100));
  unflushed_note (&d, range_of (200, 300));
  assert_true (unflushed_lost (&d, 0));
  expect_again (0, 100);
  unflushed_note (&d, range_of (0, 50));
  assert_true (unflushed_lost (&d, 0));
  expect_again (0, 50);
  expect_again (200, 300);
}

static void
note (unsigned n)
{
  while (n-- > 0)
    unflushed_note (&d, range_of (1000 * n, 1000 * n + 10));
}

static void
loss_makes_flushes_come_sooner_and_flushes_later (void **state UNUSED)
{
  note (100);
  assert_false (unflushed_wants_flush (&d));
  assert_true (unflushed_allows (&d, UINT64_MAX - 101));
  assert_true (unflushed_lost (&d, 300));
  note (99);
  assert_false (unflushed_wants_flush (&d));
  assert_true (unflushed_allows (&d, 0));
  assert_false (unflushed_allows (&d, 1));
  note (1);
  assert_true (unflushed_wants_flush (&d));
  assert_false (unflushed_allows (&d, 0));
  unflushed_flush_begins (&d);
  assert_false (unflushed_wants_flush (&d));
  unflushed_flush_ends (&d);
  note (199);
  assert_false (unflushed_wants_flush (&d));
  note (1);
  assert_true (unflushed_wants_flush (&d));
}

static void
one_write_is_always_allowed (void **state UNUSED)
{
  for (int i = 0; i < 100; i++) {
    unflushed_note (&d, range_of (0, 1));
    assert_true (unflushed_lost (&d, 0));
    assert_true (unflushed_allows (&d, 0));
  }
}

/* A server that crashes after every 37 writes still gets all data. */
static void
crashes_come_to_an_end (void **state UNUSED)
{
  struct range lost;
  uint64_t at = 0, done = 0, e, writes = 0, crashes = 0;

  while (done < 2000) {
    e = 2000;
    if (unflushed_take (&d, &lost)) {
      at = lost.start;
      e = lost.end;
    }
    while (at < e) {
      if (++writes % 37 == 0) {
        assert_true (unflushed_lost (&d, 0));
        assert_true (++crashes < 500);
        if (at < e) /* ranges that are not written yet are still to do */
          ranges_set (&d.again, at, e, 0);
        break;
      }
      unflushed_note (&d, range_of (at, at + 1));
      at++;
      if (unflushed_wants_flush (&d)) {
        unflushed_flush_begins (&d);
        done += ranges_bytes (&d.covered);
        unflushed_flush_ends (&d);
      }
    }
    if (at == 2000 && !unflushed_has_again (&d)) {
      unflushed_flush_begins (&d);
      done += ranges_bytes (&d.covered);
      unflushed_flush_ends (&d);
    }
  }
  assert_int_equal (done, 2000);
  assert_true (crashes > 20);
}

static void
too_many_pieces_want_a_flush_and_are_never_forgotten (void **state UNUSED)
{
  uint64_t i = 0;

  while (!unflushed_wants_flush (&d))
    unflushed_note (&d, range_of (10 * i, 10 * i + 1)), i++;
  assert_true (i > 1000);
  assert_false (unflushed_is_full (&d));
  while (!unflushed_is_full (&d))
    unflushed_note (&d, range_of (10 * i, 10 * i + 1)), i++;
  unflushed_note (&d, range_of (10 * i, 10 * i + 1));
  assert_false (unflushed_lost (&d, 0));
}

/* Otherwise nothing would be written any more. */
static void
a_destination_without_flush_never_waits_for_one (void **state UNUSED)
{
  note (100);
  assert_true (unflushed_lost (&d, 300));
  assert_true (unflushed_allows (&d, UINT64_MAX - 1));
  assert_true (unflushed_has_again (&d));
  for (uint64_t i = 0; i < 1000 * 1000; i++) {
    assert_false (unflushed_is_full (&d));
    unflushed_note (&d, range_of (10 * i, 10 * i + 1));
  }
  assert_false (unflushed_lost (&d, 0));
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, start, end)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (writes_are_lost_with_the_connection),
    TEST (flush_covers_earlier_writes),
    TEST (flush_without_an_answer_covers_nothing),
    TEST (a_range_lost_twice_is_done_a_third_time),
    TEST (loss_makes_flushes_come_sooner_and_flushes_later),
    TEST (one_write_is_always_allowed),
    TEST (crashes_come_to_an_end),
    TEST (too_many_pieces_want_a_flush_and_are_never_forgotten),
    cmocka_unit_test_setup_teardown (
      a_destination_without_flush_never_waits_for_one, start_without_flushes,
      end),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
