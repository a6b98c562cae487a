/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The estimate of a copy's progress: percent, rates, time left, stalls. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arith.h"
#include "clock.h"
#include "output/estimate.h"

#define UNUSED __attribute__ ((unused))

#define START (100 * NS_PER_S)

static void
percent_ends_below_100_until_all_is_flushed (void **state UNUSED)
{
  struct totals t = { .total = 1000, .phases = 1 };
  struct estimator o;

  estimator_init (&o, &t, START);
  estimator_note (&o, &t, START);
  assert_int_equal (estimator_estimate (&o, false, START).percent, 0);
  t.data = 300;
  t.zero = 200;
  t.skipped = 100;
  t.resumed = 100;
  estimator_note (&o, &t, START);
  assert_int_equal (estimator_estimate (&o, false, START).percent, 70);
  t.data = 600;
  estimator_note (&o, &t, START);
  assert_int_equal (estimator_estimate (&o, false, START).percent, 99);
  assert_int_equal (estimator_estimate (&o, true, START).percent, 100);
}

static void
the_size_of_a_stream_is_unknown (void **state UNUSED)
{
  struct totals t = { .open_ended = true, .phases = 1 };
  struct estimator o;
  struct estimate v;

  estimator_init (&o, &t, START);
  estimator_note (&o, &t, START);
  v = estimator_estimate (&o, false, START + NS_PER_S);
  assert_int_equal (v.percent, -1);
  assert_int_equal (v.percent_of_all, -1);
  assert_false (v.left_known);
  assert_true (v.left < 0);
  assert_int_equal (estimator_estimate (&o, true, START).percent, 100);
}

/* Nearly everything is zeroes, and done at once: data is left. */
static void
time_left_is_that_of_the_data (void **state UNUSED)
{
  struct totals t = { .total = 1000 * MiB, .phases = 1 };
  struct estimator o;
  struct estimate v;

  estimator_init (&o, &t, START);
  estimator_know (&o, 100 * MiB);
  t.skipped = 900 * MiB;
  estimator_note (&o, &t, START);
  v = estimator_estimate (&o, false, START);
  assert_true (v.left_known);
  assert_int_equal (v.data_left, 100 * MiB);
  assert_true (v.left < 0); /* no rate yet */

  /* Half of the data turns out to be zeroes. */
  t.read_bytes = 20 * MiB;
  t.data = t.zero = 10 * MiB;
  estimator_note (&o, &t, START + 2 * NS_PER_S);
  v = estimator_estimate (&o, false, START + 2 * NS_PER_S);
  assert_int_equal (v.data_left, 80 * MiB);
  assert_true (v.left > 7.9 && v.left < 8.1);
  assert_true (v.data_rate > 4.9 * MiB && v.data_rate < 5.1 * MiB);

  v = estimator_estimate (&o, true, START + 2 * NS_PER_S);
  assert_int_equal (v.data_left, 0);
  assert_true (v.left >= 0 && v.left <= 0);
}

/* Without the source's extents all bytes count alike.  So do holes if nothing
 * else is left.
 */
static void
time_left_can_be_that_of_all_bytes (void **state UNUSED)
{
  struct totals t = { .total = 1000 * MiB, .phases = 1 };
  struct estimator o;
  struct estimate v;

  estimator_init (&o, &t, START);
  v = estimator_estimate (&o, false, START);
  assert_true (v.left < 0); /* no rate yet */
  t.data = t.read_bytes = 200 * MiB;
  estimator_note (&o, &t, START + 2 * NS_PER_S);
  v = estimator_estimate (&o, false, START + 2 * NS_PER_S);
  assert_false (v.left_known);
  assert_true (v.left > 7.9 && v.left < 8.1);

  estimator_know (&o, 200 * MiB);
  v = estimator_estimate (&o, false, START + 2 * NS_PER_S);
  assert_int_equal (v.data_left, 0);
  assert_true (v.left > 7.9 && v.left < 8.1);

  t.open_ended = true;
  estimator_note (&o, &t, START + 2 * NS_PER_S);
  v = estimator_estimate (&o, false, START + 2 * NS_PER_S);
  assert_true (v.left < 0);
}

static void
rate_is_that_of_the_last_ten_seconds (void **state UNUSED)
{
  struct totals t = { .total = GiB, .phases = 1 };
  struct estimator o;
  struct estimate v;
  uint64_t now = START;

  estimator_init (&o, &t, now);
  for (unsigned i = 0; i < 200; i++) { /* 20 s: fast, then nothing */
    now += NS_PER_S / 10;
    if (i < 50)
      t.data += MiB;
    estimator_note (&o, &t, now);
  }
  v = estimator_estimate (&o, false, now);
  assert_true (v.data_rate >= 0 && v.data_rate <= 0);
  assert_true (v.left < 0);
}

/* Bytes of an earlier run do not count for the rate of this one. */
static void
resumed_bytes_are_done_but_not_fast (void **state UNUSED)
{
  struct totals t = { .total = 1000, .phases = 1, .resumed = 500 };
  struct estimator o;
  struct estimate v;

  estimator_init (&o, &t, START);
  v = estimator_estimate (&o, false, START);
  assert_int_equal (v.percent, 50);
  t.data = 100;
  estimator_note (&o, &t, START + NS_PER_S);
  v = estimator_estimate (&o, false, START + NS_PER_S);
  assert_int_equal (v.percent, 60);
  assert_true (v.done_rate > 99 && v.done_rate < 101);
}

static void
each_phase_has_its_own_percent (void **state UNUSED)
{
  struct totals t = { .total = 1000, .phases = 2 };
  struct estimator o;
  struct estimate v;

  estimator_init (&o, &t, START);
  estimator_know (&o, 1000);
  t.data = 1000;
  estimator_note (&o, &t, START + NS_PER_S);
  v = estimator_estimate (&o, false, START + NS_PER_S);
  assert_int_equal (v.percent, 99);
  assert_int_equal (v.percent_of_all, 50);

  t.phase = PHASE_COMPARE;
  t.began = START + NS_PER_S;
  t.compared = 250;
  estimator_note (&o, &t, START + 2 * NS_PER_S);
  v = estimator_estimate (&o, false, START + 2 * NS_PER_S);
  assert_int_equal (v.percent, 25);
  assert_int_equal (v.percent_of_all, 62);
  assert_int_equal (v.data_left, 750);
  assert_true (v.left > 2.9 && v.left < 3.1);

  t.compared_besides = 2000; /* of which nobody knows how much is data */
  t.compared = 1000;
  estimator_note (&o, &t, START + 3 * NS_PER_S);
  v = estimator_estimate (&o, false, START + 3 * NS_PER_S);
  assert_int_equal (v.percent, 33);
  assert_int_equal (v.percent_of_all, 66);
  assert_false (v.left_known);
  assert_true (v.left > 3.9 && v.left < 4.1);
}

static void
a_stall_is_reported_after_a_second (void **state UNUSED)
{
  struct totals t = { .total = 1000, .phases = 1, .reads = 4, .inflight = 4 };
  struct estimator o;

  estimator_init (&o, &t, START);
  estimator_note (&o, &t, START);
  estimator_note (&o, &t, START + NS_PER_S / 2);
  assert_int_equal (
    estimator_estimate (&o, false, START + NS_PER_S / 2).stalled, 0);
  estimator_note (&o, &t, START + 3 * NS_PER_S);
  assert_int_equal (
    estimator_estimate (&o, false, START + 3 * NS_PER_S).stalled, 3 * NS_PER_S);
  assert_int_equal (estimator_estimate (&o, false, START).inflight, 4);
  t.data = 1;
  estimator_note (&o, &t, START + 4 * NS_PER_S);
  assert_int_equal (
    estimator_estimate (&o, false, START + 4 * NS_PER_S).stalled, 0);
}

/* A simulated copy that zeroes, which began this many seconds ago. */
static unsigned passed;

static void
start_copy (struct estimator *o, const struct totals *t, uint64_t source_data)
{
  passed = 0;
  estimator_init (o, t, START);
  estimator_know (o, source_data);
}

/* Copies at a rate for a while. */
static struct estimate
look_after (struct estimator *o, struct totals *t, unsigned seconds,
            uint64_t data, uint64_t zero)
{
  for (; seconds > 0; seconds--) {
    t->data += data;
    t->read_bytes += data;
    t->zero += zero;
    t->zero_unread += zero;
    estimator_note (o, t, START + ++passed * NS_PER_S);
  }
  return estimator_estimate (o, false, START + passed * NS_PER_S);
}

/* All data is copied, and the rest of a large disk is left to zero. */
static void
zeroing_has_its_own_rate (void **state UNUSED)
{
  struct totals t = { .total = 1000 * GiB, .phases = 1 };
  struct estimator o;
  struct estimate v;

  start_copy (&o, &t, 10 * GiB);
  v = look_after (&o, &t, 10, GiB, 0);
  assert_int_equal (v.percent, 1);
  assert_int_equal (v.zero_left, 0); /* nothing is known of any */

  t.zeroes = 4; /* in flight */
  v = look_after (&o, &t, 1, 0, 0);
  assert_int_equal (v.zero_left, 990 * GiB);
  assert_true (v.left < 0); /* no rate yet */

  v = look_after (&o, &t, 89, 0, GiB);
  assert_true (v.data_rate >= 0 && v.data_rate <= 0);
  assert_true (v.zero_rate > 0.95 * GiB && v.zero_rate < 1.05 * GiB);
  assert_int_equal (v.zero_left, 901 * GiB);
  assert_true (v.left > 860 && v.left < 940);
  assert_in_range (v.percent, 8, 10);
}

/* A few bytes can take most of the time: many small holes, or a slow server. */
static void
percent_is_of_the_time_where_zeroing_is_slow (void **state UNUSED)
{
  struct totals t = { .total = 1000 * GiB, .phases = 1, .zeroes = 1 };
  struct estimator o;
  struct estimate v;
  int last;

  start_copy (&o, &t, 990 * GiB);
  v = look_after (&o, &t, 99, 10 * GiB, 10 * MiB);
  assert_int_equal (v.data_left, 0);
  assert_in_range (v.percent, 8, 12); /* not 99 */
  assert_true (v.left > 900 && v.left < 950);
  last = v.percent;
  for (unsigned i = 0; i < 9; i++) {
    v = look_after (&o, &t, 90, 0, 10 * MiB);
    assert_in_range (v.percent, last + 8, last + 10);
    last = v.percent;
  }
  assert_in_range (last, 80, 98);
}

/* Not even if zeroing gets slower. */
static void
percent_never_falls (void **state UNUSED)
{
  struct totals t = { .total = 1000 * GiB, .phases = 1, .zeroes = 1 };
  struct estimator o;
  struct estimate v;
  int last = 0;

  start_copy (&o, &t, 500 * GiB);
  for (unsigned i = 0; i < 100; i++) {
    v = look_after (&o, &t, 1, 5 * GiB, i < 50 ? GiB : MiB);
    assert_true (v.percent >= last);
    last = v.percent;
  }
  assert_in_range (last, 9, 12);
}

/* One request of gigabytes is answered per minute. */
static void
rate_of_large_zero_requests_is_known (void **state UNUSED)
{
  struct totals t = { .total = 400 * GiB, .phases = 1, .zeroes = 1 };
  struct estimator o;
  struct estimate v;

  start_copy (&o, &t, 0);
  for (unsigned i = 0; i < 5; i++) {
    look_after (&o, &t, 59, 0, 0);
    v = look_after (&o, &t, 1, 0, 4 * GiB);
  }
  assert_int_equal (v.zero_left, 380 * GiB);
  assert_true (v.left > 5600 && v.left < 5800);
  v = look_after (&o, &t, 30, 0, 0);
  assert_true (v.left > 5600 && v.left < 6400);
  assert_int_equal (v.percent, 5);
}

/* Ranges that the destination has as zeroes already take no time. */
static void
holes_that_are_skipped_are_not_to_be_zeroed (void **state UNUSED)
{
  struct totals t = { .total = 1000 * GiB, .phases = 1, .zeroes = 1 };
  struct estimator o;
  struct estimate v;

  start_copy (&o, &t, 100 * GiB);
  t.skipped = 500 * GiB;
  v = look_after (&o, &t, 10, GiB, 0);
  assert_int_equal (v.zero_left, 0);
  assert_true (v.left > 89 && v.left < 91);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (percent_ends_below_100_until_all_is_flushed),
    cmocka_unit_test (the_size_of_a_stream_is_unknown),
    cmocka_unit_test (time_left_is_that_of_the_data),
    cmocka_unit_test (time_left_can_be_that_of_all_bytes),
    cmocka_unit_test (rate_is_that_of_the_last_ten_seconds),
    cmocka_unit_test (resumed_bytes_are_done_but_not_fast),
    cmocka_unit_test (each_phase_has_its_own_percent),
    cmocka_unit_test (a_stall_is_reported_after_a_second),
    cmocka_unit_test (zeroing_has_its_own_rate),
    cmocka_unit_test (percent_is_of_the_time_where_zeroing_is_slow),
    cmocka_unit_test (percent_never_falls),
    cmocka_unit_test (rate_of_large_zero_requests_is_known),
    cmocka_unit_test (holes_that_are_skipped_are_not_to_be_zeroed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
