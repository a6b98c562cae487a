/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pair of connections: nothing is lost with one of them. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "fake-sides.h"

#define UNUSED __attribute__ ((unused))

static void
start (uint64_t at, uint64_t to)
{
  request_start (&lane,
                 &(struct work) { .kind = COPY,
                                  .range = { at, to },
                                  .sides = READ_SIDE (SOURCE) });
}

/* Ends everything in flight on a side, and steps the requests. */
static void
finish_side (enum side side)
{
  struct io *io;

  while (fake[side].n_flying > 0)
    fake_finish (side, 0, 0);
  while ((io = lane_take_ready (&lane)) != NULL) {
    struct error e = { 0 };

    assert_int_equal (request_step (&lane, io, conn_retire (io), &e), 0);
  }
}

static void
copy_range (uint64_t at, uint64_t to)
{
  start (at, to);
  finish_side (SOURCE);
  finish_side (DESTINATION);
  assert_true (lane_is_empty (&lane));
}

/* Sends a flush, which is answered. */
static void
flush (void)
{
  struct io *io;

  lane_flush (&lane);
  fake_finish (DESTINATION, 0, 0);
  io = lane_take_ready (&lane);
  assert_int_equal (io->verb, IO_FLUSH);
  lane_flushed (&lane);
}

static int
lose (enum side side, struct error *e)
{
  struct error why = { 0 };

  error_set (&why, ENOTCONN, "it is gone");
  return pair_lose (&pair, side, &why, e);
}

static void
lose_well (enum side side)
{
  struct error e = { 0 };

  assert_int_equal (lose (side, &e), 0);
  assert_false (error_is_set (&e));
}

/* Reconnects the connections that are due. */
static void
mend (void)
{
  struct error e = { 0 };

  assert_int_equal (pair_mend (&pair, UINT64_MAX / 2, &e), 0);
  assert_false (error_is_set (&e));
}

static void
expect_again (uint64_t start, uint64_t end)
{
  struct range lost = { 0 };

  assert_true (unflushed_take (&lane.unflushed, &lost));
  assert_int_equal (lost.start, start);
  assert_int_equal (lost.end, end);
}

static void
expect_notice (int kind, enum side side, unsigned attempt)
{
  struct notice n;

  assert_true (mailbox_take (lane.mailbox, &n));
  assert_int_equal (n.kind, kind);
  assert_int_equal (n.side, side);
  if (kind == NOTICE_LOST)
    assert_int_equal (n.attempt, attempt);
}

static void
writes_without_a_flush_are_copied_again (void **state UNUSED)
{
  fake_start_engine ();
  copy_range (0, 64 * KiB);
  flush ();
  copy_range (128 * KiB, 192 * KiB);

  lose_well (DESTINATION);
  assert_true (lane_has_lost (&lane));
  assert_false (lane_has_unflushed (&lane));
  expect_again (128 * KiB, 192 * KiB);
  assert_false (lane_has_lost (&lane));
}

static void
flush_in_flight_is_lost_with_its_writes (void **state UNUSED)
{
  fake_start_engine ();
  copy_range (0, 64 * KiB);
  lane_flush (&lane);
  fake[DESTINATION].n_flying = 0; /* it is never answered */
  copy_range (64 * KiB, 128 * KiB);
  lose_well (DESTINATION);
  assert_false (lane_is_flushing (&lane));
  expect_again (0, 128 * KiB);
}

static void
lost_source_takes_nothing_of_the_destination (void **state UNUSED)
{
  fake_start_engine ();
  copy_range (0, 64 * KiB);
  lose_well (SOURCE);
  assert_false (lane_has_lost (&lane));
  assert_true (lane_has_unflushed (&lane));
  expect_notice (NOTICE_LOST, SOURCE, 1);
}

static void
connection_comes_back_after_its_wait (void **state UNUSED)
{
  struct error e = { 0 };

  fake_start_engine ();
  start (0, 64 * KiB);
  lose_well (SOURCE);
  assert_false (pair_is_up (&pair));
  assert_null (pair.connections[SOURCE].conn);
  assert_true (pair_deadline (&pair) > 0);
  expect_notice (NOTICE_LOST, SOURCE, 1);

  assert_int_equal (pair_mend (&pair, 1, &e), 0); /* it is not due */
  assert_int_equal (fake[SOURCE].n_conns, 1);
  requests_resume (&lane, UINT64_MAX);
  assert_int_equal (fake[SOURCE].n_flying, 0);

  mend ();
  assert_true (pair_is_up (&pair));
  assert_int_equal (fake[SOURCE].n_conns, 2);
  assert_int_equal (pair_deadline (&pair), 0);
  expect_notice (NOTICE_BACK, SOURCE, 0);
  requests_resume (&lane, UINT64_MAX);
  finish_side (SOURCE);
  assert_false (lane_awaits (&lane, SOURCE));
  finish_side (DESTINATION);
  assert_true (lane_is_empty (&lane));
  assert_memory_equal (fake[SOURCE].disk, fake[DESTINATION].disk, 64 * KiB);
}

static void
writes_in_flight_are_sent_again (void **state UNUSED)
{
  fake_start_engine ();
  start (0, 64 * KiB);
  finish_side (SOURCE);
  assert_true (lane_awaits (&lane, DESTINATION));
  lose_well (DESTINATION);
  assert_false (lane_awaits (&lane, DESTINATION));
  assert_false (lane_is_empty (&lane));
  mend ();
  requests_resume (&lane, UINT64_MAX);
  assert_int_equal (fake[SOURCE].n_flying, 0); /* the buffer still has it */
  finish_side (DESTINATION);
  assert_true (lane_is_empty (&lane));
  assert_memory_equal (fake[SOURCE].disk, fake[DESTINATION].disk, 64 * KiB);
}

static void
while_it_connects_nothing_is_started (void **state UNUSED)
{
  struct error e = { 0 };

  fake_start_engine ();
  start (0, 64 * KiB);
  lose_well (SOURCE);
  fake[SOURCE].connecting = true;
  assert_int_equal (pair_mend (&pair, pair.connections[SOURCE].due, &e), 0);
  assert_int_equal (pair.connections[SOURCE].state, CONNECTION_CONNECTING);
  assert_false (pair_is_up (&pair));
  requests_resume (&lane, UINT64_MAX);
  assert_int_equal (fake[SOURCE].n_flying, 0);
  fake[SOURCE].connecting = false;
  mend ();
  assert_true (pair_is_up (&pair));
}

static void
connection_that_does_not_come_up_counts_as_lost (void **state UNUSED)
{
  struct error e = { 0 };

  fake_start_engine ();
  lose_well (SOURCE);
  expect_notice (NOTICE_LOST, SOURCE, 1);
  fake[SOURCE].connecting = true;
  assert_int_equal (pair_mend (&pair, pair.connections[SOURCE].due, &e), 0);
  mend (); /* its patience is over */
  expect_notice (NOTICE_LOST, SOURCE, 2);
  assert_int_equal (pair.connections[SOURCE].state, CONNECTION_AWAY);
}

static void
last_failure_ends_the_copy (void **state UNUSED)
{
  struct error e = { 0 };

  fake_start_engine ();
  for (unsigned i = 0; i < copy.plan.retry.tries; i++) {
    lose_well (SOURCE);
    mend ();
  }
  assert_int_equal (lose (SOURCE, &e), -1);
  assert_string_equal (e.text, "it is gone");
}

/* Failures count in a row only. */
static void
connection_that_works_may_be_lost_again (void **state UNUSED)
{
  fake_start_engine ();
  for (unsigned i = 0; i < 5 * copy.plan.retry.tries; i++) {
    lose_well (SOURCE);
    mend ();
    connection_works (&pair.connections[SOURCE]);
  }
}

static void
side_that_cannot_reconnect_ends_the_copy (void **state UNUSED)
{
  struct error e = { 0 };

  fake[DESTINATION].base.caps.reconnects = false;
  fake_start_engine ();
  assert_int_equal (lose (DESTINATION, &e), -1);
  assert_string_equal (e.text, "it is gone");
}

static void
data_of_a_stream_cannot_be_copied_again (void **state UNUSED)
{
  struct error e = { 0 };

  fake[SOURCE].base.caps.stream = true;
  fake_start_engine ();
  lose_well (DESTINATION); /* nothing was written */
  mend ();
  copy_range (0, 64 * KiB);
  assert_int_equal (lose (DESTINATION, &e), -1);
  assert_int_equal (e.number, ENOTCONN);
  assert_non_null (strstr (e.text, "it came from a stream"));
}

static void
other_export_ends_the_copy (void **state UNUSED)
{
  struct error e = { 0 };

  fake_start_engine ();
  lose_well (DESTINATION);
  fake[DESTINATION].differs = true;
  assert_int_equal (pair_mend (&pair, UINT64_MAX / 2, &e), -1);
  assert_string_equal (e.text, "it differs");
  assert_false (pair_is_up (&pair));
}

static void
loss_at_the_end_changes_nothing (void **state UNUSED)
{
  struct error e = { 0 };
  struct notice n;

  fake[DESTINATION].base.caps.reconnects = false;
  fake_start_engine ();
  copy_range (0, 64 * KiB);
  stop_wind_down (copy.stop, SIGTERM);
  assert_int_equal (lose (DESTINATION, &e), 0);
  assert_false (error_is_set (&e));
  assert_false (mailbox_take (lane.mailbox, &n));
}

/* Its io must not be retired: the conn is freed. */
static void
ready_ios_of_a_lost_conn_are_dropped (void **state UNUSED)
{
  fake_start_engine ();
  start (0, 64 * KiB);
  start (64 * KiB, 128 * KiB);
  fake_finish (SOURCE, 1, 0);
  assert_true (lane_has_ready (&lane));
  lose_well (SOURCE);
  assert_false (lane_has_ready (&lane));
  mend ();
  requests_resume (&lane, UINT64_MAX);
  assert_int_equal (fake[SOURCE].n_flying, 2);
}

static void
zeroes_of_before_a_loss_are_not_trusted (void **state UNUSED)
{
  fake_start_engine ();
  memset (fake[SOURCE].disk, 0, 32 * KiB);
  request_start (&lane,
                 &(struct work) { .kind = COPY,
                                  .range = { 0, 64 * KiB },
                                  .sides = READ_SIDE (SOURCE),
                                  .already_zero = true });
  lose_well (DESTINATION);
  mend ();
  finish_side (SOURCE);
  finish_side (DESTINATION);
  assert_memory_equal (fake[SOURCE].disk, fake[DESTINATION].disk, 64 * KiB);
  assert_int_equal (counter_get (&stats.skipped), 0);
}

static void
extents_of_a_lost_side_are_asked_again (void **state UNUSED)
{
  enum extent_value value;
  uint64_t end;

  fake[SOURCE].base.caps.extents_max = GiB;
  fake_start_engine ();
  extents_aim (extents[SOURCE], range_of (0, FAKE_SIZE));
  extents_ask (extents[SOURCE]);
  assert_int_equal (fake[SOURCE].n_flying, 1);
  lose_well (SOURCE);
  extents_ask (extents[SOURCE]);
  assert_int_equal (fake[SOURCE].n_flying, 0);
  assert_int_equal (extents_peek (extents[SOURCE], 0, &end, &value),
                    EXTENTS_WAIT);
  mend ();
  extents_ask (extents[SOURCE]);
  assert_int_equal (fake[SOURCE].n_flying, 1);
}

/* Else the loop would not sleep until the source is back. */
static void
silent_extents_are_given_up_while_the_other_side_is_lost (void **state UNUSED)
{
  enum extent_value value;
  struct error e = { 0 };
  uint64_t end, due;

  copy.endpoints[DESTINATION]->caps.extents_max = FAKE_SIZE;
  fake_start_engine ();
  extents_aim (extents[DESTINATION], range_of (0, FAKE_SIZE));
  assert_int_equal (extents_lookup (extents[DESTINATION], 0, &end, &value),
                    EXTENTS_WAIT);
  lose_well (SOURCE);
  fake[SOURCE].connecting = true;
  due = extents_deadline (extents[DESTINATION]);
  assert_true (due > 0);
  assert_int_equal (pair_mend (&pair, due, &e), 0);
  assert_true (pair_deadline (&pair) > due);
  assert_int_equal (extents_lookup (extents[DESTINATION], 0, &end, &value),
                    EXTENTS_KNOWN);
  assert_int_equal (value, EXTENT_DATA);
}

static void
dispatch_that_fails_is_a_loss (void **state UNUSED)
{
  const struct pollfd fds[2] = { [DESTINATION] = { .revents = POLLIN } };
  struct error e = { 0 };

  fake_start_engine ();
  fake[SOURCE].hangs_up = fake[DESTINATION].hangs_up = true;
  assert_int_equal (pair_dispatch (&pair, fds, &e), 0);
  assert_true (connection_is_up (&pair.connections[SOURCE]));
  assert_false (connection_is_up (&pair.connections[DESTINATION]));
  expect_notice (NOTICE_LOST, DESTINATION, 1);
}

static void
stopped_process_starts_all_waits_again (void **state UNUSED)
{
  uint64_t due;

  fake_start_engine ();
  lose_well (SOURCE);
  fake[SOURCE].connecting = true;
  mend ();
  due = pair.connections[SOURCE].due;
  pair_restart (&pair, 1234, 77);
  assert_int_equal (pair.connections[SOURCE].due, due + 77);
  assert_int_equal (pair.connections[DESTINATION].moved, 1234);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ON_FAKE (writes_without_a_flush_are_copied_again),
    ON_FAKE (flush_in_flight_is_lost_with_its_writes),
    ON_FAKE (lost_source_takes_nothing_of_the_destination),
    ON_FAKE (connection_comes_back_after_its_wait),
    ON_FAKE (writes_in_flight_are_sent_again),
    ON_FAKE (while_it_connects_nothing_is_started),
    ON_FAKE (connection_that_does_not_come_up_counts_as_lost),
    ON_FAKE (last_failure_ends_the_copy),
    ON_FAKE (connection_that_works_may_be_lost_again),
    ON_FAKE (side_that_cannot_reconnect_ends_the_copy),
    ON_FAKE (data_of_a_stream_cannot_be_copied_again),
    ON_FAKE (other_export_ends_the_copy),
    ON_FAKE (loss_at_the_end_changes_nothing),
    ON_FAKE (ready_ios_of_a_lost_conn_are_dropped),
    ON_FAKE (zeroes_of_before_a_loss_are_not_trusted),
    ON_FAKE (extents_of_a_lost_side_are_asked_again),
    ON_FAKE (silent_extents_are_given_up_while_the_other_side_is_lost),
    ON_FAKE (dispatch_that_fails_is_a_loss),
    ON_FAKE (stopped_process_starts_all_waits_again),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
