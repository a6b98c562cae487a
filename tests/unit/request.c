/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests: each range gets through its states, whatever its ios end with. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake-sides.h"

#define UNUSED __attribute__ ((unused))

static struct error error; /* of the last step that failed */

static void
start (enum work_kind kind, uint64_t at, uint64_t to)
{
  const struct work work = {
    .kind = kind,
    .range = { at, to },
    .sides = kind == COMPARE || kind == UPDATE ? READ_BOTH : READ_SIDE (SOURCE),
  };

  assert_true (lane_has_room (&lane, &work));
  request_start (&lane, &work);
}

/* Steps the requests of all ios that are over.  Returns how many steps have
 * failed; the first error is in error.
 */
static unsigned
step (void)
{
  unsigned failed = 0;
  struct io *io;

  while ((io = lane_take_ready (&lane)) != NULL) {
    struct error e = { 0 };

    if (request_step (&lane, io, conn_retire (io), &e) == -1) {
      if (failed++ == 0)
        error = e;
    }
  }
  return failed;
}

/* Ends the oldest io in flight of a side, and steps its request. */
static unsigned
finish (enum side side, int err)
{
  fake_finish (side, 0, err);
  return step ();
}

/* Ends everything that is in flight, or put off, until nothing is left.
 * Returns how many steps have failed.
 */
static unsigned
finish_all (void)
{
  unsigned failed = 0;

  while (!lane_is_empty (&lane)) {
    for (enum side side = SOURCE; side <= DESTINATION; side++)
      while (fake[side].n_flying > 0)
        failed += finish (side, 0);
    requests_resume (&lane, UINT64_MAX);
  }
  return failed;
}

static void
expect_copied (uint64_t start, uint64_t end)
{
  assert_memory_equal (fake[SOURCE].disk + start,
                       fake[DESTINATION].disk + start, end - start);
}

static const struct io *
flying (enum side side, unsigned number)
{
  assert_true (number < fake[side].n_flying);
  return fake[side].flying[number];
}

static void
data_is_read_then_written (void **state UNUSED)
{
  fake_start_engine ();
  start (COPY, 0, 64 * KiB);
  assert_int_equal (fake[SOURCE].n_flying, 1);
  assert_int_equal (flying (SOURCE, 0)->verb, IO_READ);
  assert_true (lane_awaits (&lane, SOURCE));
  assert_false (lane_awaits (&lane, DESTINATION));

  assert_int_equal (finish (SOURCE, 0), 0);
  assert_int_equal (fake[DESTINATION].n_flying, 1);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_WRITE);
  assert_true (lane_awaits (&lane, DESTINATION));
  assert_false (lane_has_unflushed (&lane));

  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_true (lane_is_empty (&lane));
  assert_true (lane_has_unflushed (&lane));
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.data), 64 * KiB);
  assert_int_equal (counter_get (&stats.read_bytes), 64 * KiB);
  assert_int_equal (counter_get (&stats.came), counter_get (&stats.went));
}

static void
zeroes_in_data_are_zeroed (void **state UNUSED)
{
  fake_start_engine ();
  memset (fake[SOURCE].disk + 16 * KiB, 0, 32 * KiB);
  start (COPY, 0, 64 * KiB);
  finish (SOURCE, 0);
  assert_int_equal (fake[DESTINATION].n_flying, 3);
  assert_int_equal (flying (DESTINATION, 1)->verb, IO_ZERO);
  assert_int_equal (flying (DESTINATION, 1)->offset, 16 * KiB);
  assert_int_equal (flying (DESTINATION, 1)->length, 32 * KiB);
  fake_finish (DESTINATION, 2, 0); /* in any order */
  fake_finish (DESTINATION, 0, 0);
  fake_finish (DESTINATION, 0, 0);
  assert_int_equal (step (), 0);
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.data), 32 * KiB);
  assert_int_equal (counter_get (&stats.zero), 32 * KiB);
  assert_int_equal (counter_get (&stats.zero_unread), 0);
}

static void
zeroes_that_are_there_already_are_skipped (void **state UNUSED)
{
  const struct work work = {
    .kind = COPY,
    .range = { 0, 64 * KiB },
    .sides = READ_SIDE (SOURCE),
    .already_zero = true,
  };

  fake_start_engine ();
  memset (fake[DESTINATION].disk, 0, 64 * KiB);
  memset (fake[SOURCE].disk, 0, 32 * KiB);
  request_start (&lane, &work);
  finish (SOURCE, 0);
  assert_int_equal (fake[DESTINATION].n_flying, 1);
  assert_int_equal (finish (DESTINATION, 0), 0);
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.skipped), 32 * KiB);
  assert_int_equal (counter_get (&stats.data), 32 * KiB);
}

static void
more_segments_than_requests_wait_for_each_other (void **state UNUSED)
{
  fake_start_engine ();
  for (unsigned at = 0; at < 64 * KiB; at += 8 * KiB)
    memset (fake[SOURCE].disk + at, 0, 4 * KiB);
  start (COPY, 0, 64 * KiB);
  finish (SOURCE, 0);
  assert_int_equal (fake[DESTINATION].n_flying, copy.plan.requests);
  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_int_equal (fake[DESTINATION].n_flying, copy.plan.requests);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 64 * KiB);
}

static void
zeroing_without_reading (void **state UNUSED)
{
  fake_start_engine ();
  memset (fake[SOURCE].disk, 0, 512 * KiB);
  start (ZERO, 0, 512 * KiB);
  assert_int_equal (fake[SOURCE].n_flying, 0);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_ZERO);
  assert_int_equal (finish (DESTINATION, 0), 0);
  expect_copied (0, 512 * KiB);
  assert_int_equal (counter_get (&stats.zero), 512 * KiB);
  assert_int_equal (counter_get (&stats.zero_unread), 512 * KiB);
}

static void
refused_zeroes_are_written (void **state UNUSED)
{
  fake_start_engine ();
  memset (fake[SOURCE].disk, 0, FAKE_SIZE);
  start (ZERO, 0, 128 * KiB);
  assert_int_equal (finish (DESTINATION, ENOTSUP), 0);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_WRITE);
  assert_int_equal (flying (DESTINATION, 0)->length, 64 * KiB);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 128 * KiB);

  /* Nothing else is asked for what this server cannot do. */
  start (ZERO, 128 * KiB, 192 * KiB);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_WRITE);
  assert_int_equal (lane.window.bytes, 64 * KiB);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 192 * KiB);
}

static void
zeroes_refused_in_one_range_are_written_there_only (void **state UNUSED)
{
  fake_start_engine ();
  start (ZERO, 0, 64 * KiB);
  assert_int_equal (finish (DESTINATION, EBUSY), 0);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_WRITE);
  assert_int_equal (finish_all (), 0);
  start (ZERO, 64 * KiB, 128 * KiB);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_ZERO);
  assert_int_equal (finish_all (), 0);
}

static void
work_without_ios_is_accounted_for (void **state UNUSED)
{
  fake_start_engine ();
  start (SKIP, 0, 4096);
  start (HOLE, 4096, 16384);
  assert_true (lane_is_empty (&lane));
  assert_int_equal (counter_get (&stats.skipped), 4096);
  assert_int_equal (counter_get (&stats.holes), 12288);
  assert_true (lane_has_unflushed (&lane));
}

static void
failed_read_is_retried_after_a_while (void **state UNUSED)
{
  const uint64_t before = clock_now ();
  struct notice n;

  fake_start_engine ();
  start (COPY, 0, 64 * KiB);
  assert_int_equal (finish (SOURCE, EIO), 0);
  assert_false (lane_is_empty (&lane));
  assert_int_equal (lane.window.requests, 0); /* others can go on */
  assert_true (mailbox_take (lane.mailbox, &n));
  assert_int_equal (n.kind, NOTICE_RETRY);
  assert_int_equal (n.side, SOURCE);
  assert_int_equal (n.attempt, 1);
  assert_int_equal (n.err, EIO);
  assert_true (requests_deadline (&lane) >= before);

  requests_resume (&lane, 1); /* it is not due */
  assert_int_equal (fake[SOURCE].n_flying, 0);
  requests_resume (&lane, UINT64_MAX);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.retries), 1);
}

static void
failed_write_is_retried_as_a_whole (void **state UNUSED)
{
  fake_start_engine ();
  memset (fake[SOURCE].disk, 0, 16 * KiB);
  start (COPY, 0, 64 * KiB);
  finish (SOURCE, 0);
  assert_int_equal (fake[DESTINATION].n_flying, 2);
  assert_int_equal (finish (DESTINATION, EIO), 0);
  assert_int_equal (fake[DESTINATION].n_flying, 1); /* is waited for */
  assert_int_equal (finish (DESTINATION, 0), 0);
  requests_resume (&lane, UINT64_MAX);
  assert_int_equal (fake[DESTINATION].n_flying, 2);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.data), 48 * KiB);
  assert_int_equal (counter_get (&stats.zero), 16 * KiB);
}

static void
bad_sector_of_the_source_costs_only_itself (void **state UNUSED)
{
  const uint64_t bad = 40 * KiB;

  fake_start_engine ();
  fake[SOURCE].bad_at = bad + 100;
  fake[SOURCE].bad_to = bad + 101;
  start (COPY, 0, 64 * KiB);
  assert_int_equal (finish_all (), 1);
  assert_int_equal (error.number, EIO);
  assert_string_equal (error.place.side, "source");
  assert_string_equal (error.place.op, "read");
  assert_int_equal (error.place.offset, bad);
  assert_int_equal (error.place.length, 512);
  expect_copied (0, bad);
  expect_copied (bad + 512, 64 * KiB);
  assert_int_equal (fake[DESTINATION].disk[bad], 0xff);
  assert_true (lane_owes (&lane));
}

static void
bad_sector_of_the_destination_costs_only_itself (void **state UNUSED)
{
  const uint64_t bad = 8 * KiB;

  fake_start_engine ();
  fake[DESTINATION].bad_at = bad;
  fake[DESTINATION].bad_to = bad + 1;
  start (COPY, 0, 64 * KiB);
  assert_int_equal (finish_all (), 1);
  assert_string_equal (error.place.side, "destination");
  assert_int_equal (error.place.offset, bad);
  assert_int_equal (error.place.length, 512);
  expect_copied (0, bad);
  expect_copied (bad + 512, 64 * KiB);
}

static void
reply_that_does_not_match_ends_the_copy (void **state UNUSED)
{
  fake_start_engine ();
  copy.plan.retry.tries = 0;
  start (COPY, 0, 64 * KiB);
  assert_int_equal (finish (SOURCE, EPROTO), 1);
  assert_int_equal (error.number, EPROTO);
  assert_int_equal (error.place.length, 64 * KiB); /* no place is looked for */
  assert_true (lane_is_empty (&lane));
}

static void
refused_io_comes_back_like_any_other (void **state UNUSED)
{
  fake_start_engine ();
  copy.plan.retry.tries = 0;
  fake[SOURCE].refuses = EINVAL;
  start (COPY, 0, 64 * KiB);
  assert_true (lane_has_ready (&lane));
  assert_int_equal (step () + finish_all (), 1);
  assert_int_equal (error.number, EINVAL);
}

static void
comparing_counts_differences (void **state UNUSED)
{
  copy.plan.compares = true;
  fake_start_engine ();
  memcpy (fake[DESTINATION].disk, fake[SOURCE].disk, FAKE_SIZE);
  fake[DESTINATION].disk[5000] ^= 1;
  start (COMPARE, 0, 64 * KiB);
  assert_int_equal (lane.window.bytes, 128 * KiB);
  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_int_equal (counter_get (&stats.compared), 0); /* one is missing */
  assert_int_equal (finish (SOURCE, 0), 0);
  assert_int_equal (counter_get (&stats.compared), 64 * KiB);
  assert_int_equal (counter_get (&stats.differing), 512);
  assert_int_equal (counter_get (&stats.data), 0);
  assert_true (lane_is_empty (&lane));
}

/* Begins an update of sides that are equal, except where @differs says so. */
static void
start_update (uint64_t differs)
{
  copy.plan.updates = true;
  copy.plan.update = (struct update_plan) { .grain = 4096, .merge = 8192 };
  fake_start_engine ();
  memcpy (fake[DESTINATION].disk, fake[SOURCE].disk, FAKE_SIZE);
  fake[DESTINATION].disk[differs] ^= 1;
  start (UPDATE, 0, 64 * KiB);
}

static void
updating_writes_blocks_that_differ (void **state UNUSED)
{
  start_update (5000);
  assert_int_equal (lane.window.bytes, 128 * KiB);
  assert_int_equal (finish (SOURCE, 0), 0);
  assert_int_equal (fake[DESTINATION].n_flying, 1); /* its read */
  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_int_equal (fake[DESTINATION].n_flying, 1);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_WRITE);
  assert_int_equal (flying (DESTINATION, 0)->offset, 4096);
  assert_int_equal (flying (DESTINATION, 0)->length, 4096);
  assert_true (lane_wants_flush (&lane));
  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_true (lane_is_empty (&lane));
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.data), 4096);
  assert_int_equal (counter_get (&stats.same), 60 * KiB);
  assert_int_equal (counter_get (&stats.came), counter_get (&stats.went));
}

static void
updating_what_is_the_same_needs_no_flush (void **state UNUSED)
{
  start_update (FAKE_SIZE - 1);
  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_int_equal (finish (SOURCE, 0), 0);
  assert_true (lane_is_empty (&lane));
  assert_int_equal (counter_get (&stats.same), 64 * KiB);
  assert_int_equal (counter_get (&stats.writes), 0);
  assert_true (lane_has_unflushed (&lane)); /* to be read again after a loss */
  assert_false (lane_wants_flush (&lane));
  copy.plan.flush_always = true;
  assert_true (lane_wants_flush (&lane));
}

static void
zeroes_of_the_source_alone_are_updated (void **state UNUSED)
{
  const struct work work = {
    .kind = UPDATE,
    .range = { 0, 64 * KiB },
    .sides = READ_SIDE (DESTINATION),
  };

  copy.plan.updates = true;
  copy.plan.update = (struct update_plan) { .grain = 4096, .merge = 4096 };
  fake_start_engine ();
  memset (fake[SOURCE].disk, 0, 64 * KiB);
  memset (fake[DESTINATION].disk, 0, 64 * KiB);
  fake[DESTINATION].disk[20000] = 1;
  request_start (&lane, &work);
  assert_int_equal (fake[SOURCE].n_flying, 0);
  assert_int_equal (finish (DESTINATION, 0), 0);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_ZERO);
  assert_int_equal (flying (DESTINATION, 0)->offset, 16384);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.zero), 4096);
  assert_int_equal (counter_get (&stats.read_bytes), 0);
}

static void
update_reads_again_after_its_destination_was_lost (void **state UNUSED)
{
  start_update (5000);
  finish (SOURCE, 0);
  finish (DESTINATION, 0);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_WRITE);

  /* Its server has lost something else, which was the same before. */
  fake[DESTINATION].disk[30000] ^= 1;
  fake[DESTINATION].n_flying = 0;
  requests_lost (&lane, DESTINATION);
  assert_int_equal (lane.window.bytes, 0);
  requests_resume (&lane, 0);
  assert_int_equal (flying (DESTINATION, 0)->verb, IO_READ);
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 64 * KiB);
  assert_int_equal (counter_get (&stats.data), 8192);
}

static void
bad_sector_of_an_update_costs_only_itself (void **state UNUSED)
{
  start_update (5000);
  fake[DESTINATION].disk[60000] ^= 1;
  fake[DESTINATION].disk[20490] = 0xff;
  fake[SOURCE].bad_at = 20480;
  fake[SOURCE].bad_to = 20992;
  assert_int_equal (finish_all (), 1);
  assert_int_equal (error.place.offset, 20480);
  assert_int_equal (error.place.length, 512);
  expect_copied (0, 20480);
  expect_copied (20992, 64 * KiB);
  assert_int_equal (fake[DESTINATION].disk[20490], 0xff);
}

static void
full_window_has_no_room (void **state UNUSED)
{
  const struct work work = {
    .kind = COPY,
    .range = { 256 * KiB, 320 * KiB },
    .sides = READ_SIDE (SOURCE),
  };

  fake_start_engine ();
  for (unsigned i = 0; i < copy.plan.requests; i++)
    start (COPY, i * 64 * KiB, (i + 1) * 64 * KiB);
  assert_false (lane_has_room (&lane, &work));
  assert_int_equal (counter_get (&stats.refused), 1);
  while (fake[SOURCE].n_flying > 0)
    finish (SOURCE, 0);
  finish (DESTINATION, 0);
  assert_true (lane_has_room (&lane, &work));
  assert_int_equal (finish_all (), 0);
}

static void
requests_that_are_put_off_are_not_free (void **state UNUSED)
{
  const struct work work = {
    .kind = COPY,
    .range = { 256 * KiB, 320 * KiB },
    .sides = READ_SIDE (SOURCE),
  };

  fake_start_engine ();
  for (unsigned i = 0; i < copy.plan.requests; i++)
    start (COPY, i * 64 * KiB, (i + 1) * 64 * KiB);
  while (fake[SOURCE].n_flying > 0)
    finish (SOURCE, EIO);
  assert_int_equal (lane.window.requests, 0);
  assert_false (lane_has_room (&lane, &work));
  assert_int_equal (finish_all (), 0);
  assert_true (lane_has_room (&lane, &work));
}

static void
discarded_requests_are_owed (void **state UNUSED)
{
  fake_start_engine ();
  start (COPY, 0, 64 * KiB);
  finish (SOURCE, EIO);
  assert_false (lane_owes (&lane));
  requests_discard (&lane);
  assert_true (lane_is_empty (&lane));
  assert_true (lane_owes (&lane));
}

static void
short_read_of_a_stream_is_its_end (void **state UNUSED)
{
  fake[SOURCE].base.caps.stream = true;
  copy.plan.open_ended = true;
  fake_start_engine ();
  start (COPY, 0, 64 * KiB);
  start (COPY, 64 * KiB, 128 * KiB);
  fake[SOURCE].flying[0]->length = 1000;
  fake[SOURCE].flying[1]->length = 0;
  assert_int_equal (finish (SOURCE, 0), 0);
  assert_true (lane_has_ended (&lane));
  assert_int_equal (finish_all (), 0);
  expect_copied (0, 1000);
  assert_int_equal (fake[DESTINATION].disk[1000], 0xff);
  assert_int_equal (counter_get (&stats.end), 1000);
  assert_int_equal (counter_get (&stats.data), 1000);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ON_FAKE (data_is_read_then_written),
    ON_FAKE (zeroes_in_data_are_zeroed),
    ON_FAKE (zeroes_that_are_there_already_are_skipped),
    ON_FAKE (more_segments_than_requests_wait_for_each_other),
    ON_FAKE (zeroing_without_reading),
    ON_FAKE (refused_zeroes_are_written),
    ON_FAKE (zeroes_refused_in_one_range_are_written_there_only),
    ON_FAKE (work_without_ios_is_accounted_for),
    ON_FAKE (failed_read_is_retried_after_a_while),
    ON_FAKE (failed_write_is_retried_as_a_whole),
    ON_FAKE (bad_sector_of_the_source_costs_only_itself),
    ON_FAKE (bad_sector_of_the_destination_costs_only_itself),
    ON_FAKE (reply_that_does_not_match_ends_the_copy),
    ON_FAKE (refused_io_comes_back_like_any_other),
    ON_FAKE (comparing_counts_differences),
    ON_FAKE (updating_writes_blocks_that_differ),
    ON_FAKE (updating_what_is_the_same_needs_no_flush),
    ON_FAKE (zeroes_of_the_source_alone_are_updated),
    ON_FAKE (update_reads_again_after_its_destination_was_lost),
    ON_FAKE (bad_sector_of_an_update_costs_only_itself),
    ON_FAKE (full_window_has_no_room),
    ON_FAKE (requests_that_are_put_off_are_not_free),
    ON_FAKE (discarded_requests_are_owed),
    ON_FAKE (short_read_of_a_stream_is_its_end),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
