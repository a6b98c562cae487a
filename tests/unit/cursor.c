/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cursor: each byte becomes work exactly once, and of the right kind. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "engine/cursor.h"
#include "fake-sides.h"

#define UNUSED __attribute__ ((unused))

static struct cursor cursor;
static struct stripes *stripes;

static struct stripes *
whole_disk (bool in_order)
{
  struct ranges todo;
  struct stripes *s;

  assert_int_equal (ranges_init (&todo, 1), 0);
  assert_true (ranges_set (&todo, 0, FAKE_SIZE, 0));
  s = in_order ? stripes_new_in_order (&todo, 1, copy.plan.unit)
               : stripes_new (&todo, 1, copy.plan.unit, copy.plan.steal_min);
  assert_non_null (s);
  ranges_free (&todo);
  return s;
}

static void
begin (bool compares)
{
  fake_start_engine ();
  stripes = whole_disk (false);
  cursor = (struct cursor) {
    .plan = &copy.plan,
    .zero_way = &lane.zero_way,
    .unflushed = &lane.unflushed,
    .extents = { extents[SOURCE], extents[DESTINATION] },
    .request_max = 64 * KiB,
  };
  cursor_begin (&cursor, stripes, NULL, false, compares);
}

static int
end (void **state)
{
  stripes_free (stripes);
  stripes = NULL;
  return fake_teardown (state);
}

/* Sides that tell their extents. */
static void
tell (enum side side)
{
  fake[side].base.caps.extents_max = GiB;
}

/* Answers all questions about extents. */
static void
answer (void)
{
  struct io *io;

  cursor_ask (&cursor);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    while (fake[side].n_flying > 0)
      fake_finish (side, 0, 0);
  while ((io = lane_take_ready (&lane)) != NULL)
    extents_answer (extents[conn_side (io->conn)], io, conn_retire (io));
}

/* The next work, after all answers that it needs. */
static struct work
next (void)
{
  struct work work;

  while ((work = cursor_next (&cursor)).kind == AWAIT_EXTENTS)
    answer ();
  return work;
}

static void
expect (enum work_kind kind, uint64_t start, uint64_t end)
{
  const struct work work = next ();

  assert_int_equal (work.kind, kind);
  assert_int_equal (work.range.start, start);
  assert_int_equal (work.range.end, end);
  cursor_advance (&cursor, &work);
}

/* All work up to to is of this kind, without a gap.  Returns how many pieces.
 */
static unsigned
expect_only (enum work_kind kind, uint64_t to)
{
  unsigned n = 0;

  while (cursor.at < to) {
    const uint64_t at = cursor.at;
    const struct work work = next ();

    assert_int_equal (work.kind, kind);
    assert_int_equal (work.range.start, at);
    assert_true (work.range.end > at && work.range.end <= to);
    cursor_advance (&cursor, &work);
    n++;
  }
  return n;
}

static void
disk_without_extents_is_copied_in_whole_requests (void **state UNUSED)
{
  begin (false);
  assert_int_equal (expect_only (COPY, FAKE_SIZE), FAKE_SIZE / (64 * KiB));
  assert_int_equal (next ().kind, NO_WORK);
  assert_int_equal (next ().kind, NO_WORK);
}

static void
work_that_is_left_comes_again (void **state UNUSED)
{
  struct work first, second;

  begin (false);
  first = next ();
  second = next ();
  assert_memory_equal (&first.range, &second.range, sizeof first.range);
  cursor.request_max = 32 * KiB; /* or less of it, when the tuning changes */
  second = next ();
  assert_int_equal (second.range.start, first.range.start);
  assert_int_equal (range_length (second.range), 32 * KiB);
}

static void
nothing_is_decided_before_the_source_has_answered (void **state UNUSED)
{
  tell (SOURCE);
  begin (false);
  assert_int_equal (cursor_next (&cursor).kind, AWAIT_EXTENTS);
  assert_int_equal (cursor_next (&cursor).kind, AWAIT_EXTENTS);
  answer ();
  assert_int_equal (cursor_next (&cursor).kind, COPY);
}

static void
zero_extents_are_zeroed_and_not_read (void **state UNUSED)
{
  tell (SOURCE);
  copy.plan.claim = 64 * KiB;
  memset (fake[SOURCE].disk + 64 * KiB, 0, 256 * KiB);
  begin (false);
  expect (COPY, 0, 64 * KiB);
  expect (ZERO, 64 * KiB, 320 * KiB); /* larger than a claim */
  expect_only (COPY, FAKE_SIZE);
  assert_int_equal (next ().kind, NO_WORK);
}

static void
zeroes_are_cut_to_what_one_request_takes (void **state UNUSED)
{
  tell (SOURCE);
  memset (fake[SOURCE].disk, 0, 256 * KiB);
  copy.plan.zero.request_max = 128 * KiB;
  begin (false);
  expect (ZERO, 0, 128 * KiB);
  expect (ZERO, 128 * KiB, 256 * KiB);
  expect_only (COPY, FAKE_SIZE);
}

static void
short_zero_extents_are_read_as_data (void **state UNUSED)
{
  tell (SOURCE);
  memset (fake[SOURCE].disk, 0, 4096); /* less than the gap */
  memset (fake[SOURCE].disk + 8 * KiB, 0, 4096);
  begin (false);
  assert_int_equal (expect_only (COPY, FAKE_SIZE), FAKE_SIZE / (64 * KiB));
}

static void
zeroes_are_skipped_where_the_destination_is_known_to_be_zero (
  void **state UNUSED)
{
  tell (SOURCE);
  memset (fake[SOURCE].disk, 0, 128 * KiB);
  copy.plan.zero.known = IS_ZERO_YES;
  begin (false);
  expect (SKIP, 0, 128 * KiB);
  assert_true (next ().already_zero);
}

static void
destination_is_asked_before_it_is_zeroed (void **state UNUSED)
{
  tell (SOURCE);
  tell (DESTINATION);
  copy.plan.zero.known = IS_ZERO_AUTO;
  copy.plan.zero.ask_destination = true;
  memset (fake[SOURCE].disk, 0, 256 * KiB);
  memset (fake[DESTINATION].disk, 0, 128 * KiB);
  begin (false);
  expect (SKIP, 0, 128 * KiB);
  expect (ZERO, 128 * KiB, 256 * KiB);
  assert_false (next ().already_zero);
  expect_only (COPY, FAKE_SIZE);
}

static void
data_shows_whether_the_destination_is_zero (void **state UNUSED)
{
  tell (SOURCE);
  tell (DESTINATION);
  copy.plan.zero.known = IS_ZERO_AUTO;
  copy.plan.zero.ask_destination = true;
  memset (fake[DESTINATION].disk, 0, 96 * KiB);
  begin (false);
  assert_true (next ().already_zero);
  expect (COPY, 0, 64 * KiB);
  assert_false (next ().already_zero); /* only a part of it is zero */
}

static void
comparing_reads_sides_that_have_data (void **state UNUSED)
{
  struct work work;

  tell (SOURCE);
  tell (DESTINATION);
  memset (fake[SOURCE].disk, 0, 128 * KiB);
  memset (fake[DESTINATION].disk, 0, 64 * KiB);
  memset (fake[DESTINATION].disk + 128 * KiB, 0, 64 * KiB);
  begin (true);
  expect (HOLE, 0, 64 * KiB);
  work = next ();
  assert_int_equal (work.sides, READ_SIDE (DESTINATION));
  expect (COMPARE, 64 * KiB, 128 * KiB);
  work = next ();
  assert_int_equal (work.sides, READ_SIDE (SOURCE));
  expect (COMPARE, 128 * KiB, 192 * KiB);
  work = next ();
  assert_int_equal (work.sides, READ_BOTH);
  expect_only (COMPARE, FAKE_SIZE);
  assert_int_equal (next ().kind, NO_WORK);
}

static void
lost_ranges_come_first_and_then_the_stripe_goes_on (void **state UNUSED)
{
  struct work work;

  begin (false);
  expect (COPY, 0, 64 * KiB);
  expect (COPY, 64 * KiB, 128 * KiB); /* all of the claim */
  unflushed_note (&lane.unflushed, range_of (0, 128 * KiB));
  assert_true (unflushed_lost (&lane.unflushed, 0));

  work = next ();
  assert_true (work.again);
  assert_int_equal (cursor_in_stripe (&cursor), 128 * KiB);
  expect (COPY, 0, 64 * KiB);
  assert_true (next ().again);
  expect (COPY, 64 * KiB, 128 * KiB);
  assert_false (next ().again);
  expect (COPY, 128 * KiB, 192 * KiB);
  assert_int_equal (cursor_in_stripe (&cursor), 192 * KiB);
  expect_only (COPY, FAKE_SIZE);
  assert_int_equal (next ().kind, NO_WORK);
}

/* Also after the end of the disk. */
static void
lost_ranges_are_work_after_all_else_is_done (void **state UNUSED)
{
  begin (false);
  expect_only (COPY, FAKE_SIZE);
  assert_int_equal (next ().kind, NO_WORK);
  unflushed_note (&lane.unflushed, range_of (4096, 8192));
  assert_true (unflushed_lost (&lane.unflushed, 0));
  assert_true (next ().again);
  expect (COPY, 4096, 8192);
  assert_int_equal (next ().kind, NO_WORK);
}

static void
updating_reads_what_both_sides_need (void **state UNUSED)
{
  struct work work;

  tell (SOURCE);
  tell (DESTINATION);
  copy.plan.updates = true;
  memset (fake[SOURCE].disk, 0, 128 * KiB);
  memset (fake[DESTINATION].disk, 0, 64 * KiB);
  memset (fake[DESTINATION].disk + 128 * KiB, 0, 64 * KiB);
  begin (false);
  expect (SKIP, 0, 64 * KiB);
  assert_int_equal (next ().sides, READ_SIDE (DESTINATION));
  expect (UPDATE, 64 * KiB, 128 * KiB);
  work = next ();
  assert_int_equal (work.sides, READ_SIDE (SOURCE));
  assert_true (work.already_zero);
  expect (COPY, 128 * KiB, 192 * KiB);
  assert_int_equal (next ().sides, READ_BOTH);
  expect_only (UPDATE, FAKE_SIZE);
  assert_int_equal (next ().kind, NO_WORK);
}

static void
digest_without_room_holds_the_next_claim_back (void **state UNUSED)
{
  const struct blkhash_shape shape = {
    .kind = DIGEST_SHA256, .block = 4096, .size = FAKE_SIZE, .claim = 4096
  };
  struct blkhash *b = blkhash_new (&shape, 1);
  struct work work;

  if (b == NULL) /* there are no digests in this build */
    skip ();
  copy.plan.claim = copy.plan.unit = 4096;
  begin (false);
  stripes_free (stripes);
  stripes = whole_disk (true);
  cursor_begin (&cursor, stripes, blkhash_feed (b, 0), true, false);
  while ((work = next ()).kind == COPY)
    cursor_advance (&cursor, &work);
  assert_int_equal (work.kind, AWAIT_DIGEST);
  assert_true (cursor.at > 0 && cursor.at < FAKE_SIZE);
  unflushed_note (&lane.unflushed, range_of (0, 4096));
  assert_true (unflushed_lost (&lane.unflushed, 0));
  expect (COPY, 0, 4096); /* needs no room in the digest */
  assert_int_equal (next ().kind, AWAIT_DIGEST);
  blkhash_free (b);
}

#define ON_CURSOR(f) cmocka_unit_test_setup_teardown (f, fake_setup, end)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ON_CURSOR (disk_without_extents_is_copied_in_whole_requests),
    ON_CURSOR (work_that_is_left_comes_again),
    ON_CURSOR (nothing_is_decided_before_the_source_has_answered),
    ON_CURSOR (zero_extents_are_zeroed_and_not_read),
    ON_CURSOR (zeroes_are_cut_to_what_one_request_takes),
    ON_CURSOR (short_zero_extents_are_read_as_data),
    ON_CURSOR (zeroes_are_skipped_where_the_destination_is_known_to_be_zero),
    ON_CURSOR (destination_is_asked_before_it_is_zeroed),
    ON_CURSOR (data_shows_whether_the_destination_is_zero),
    ON_CURSOR (comparing_reads_sides_that_have_data),
    ON_CURSOR (updating_reads_what_both_sides_need),
    ON_CURSOR (lost_ranges_come_first_and_then_the_stripe_goes_on),
    ON_CURSOR (lost_ranges_are_work_after_all_else_is_done),
    ON_CURSOR (digest_without_room_holds_the_next_claim_back),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
