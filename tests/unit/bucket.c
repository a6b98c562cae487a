/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The token bucket in simulated time: how many bytes pass in any second with
 * any load, and the effect of a new rate.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "bucket.h"
#include "clock.h"

#define UNUSED __attribute__ ((unused))

#define SLACK (25 * NS_PER_MS)
#define START (1000 * NS_PER_S)

/* A sender that always has data: it sends pieces of this many bytes, as many as
 * it can when it wakes up.
 */
struct crowd {
  uint64_t bytes;
  uint64_t late_max; /* ns: it wakes up late by less than this */
};

#define PASSAGES_MAX 200000
static struct {
  uint64_t when, sum;
} passages[PASSAGES_MAX];
static unsigned n_passages;

static struct bucket bucket;
static uint64_t now, sum;
static unsigned short dice[3];

static int
start_afresh (void **state UNUSED)
{
  now = START;
  sum = 0;
  n_passages = 0;
  memcpy (dice, (unsigned short[3]) { 0x330e, 2026, 11 }, sizeof dice);
  return 0;
}

static void
run (const struct crowd *c, uint64_t until)
{
  for (;;) {
    const uint64_t due = max_u64 (now, bucket_deadline (&bucket));
    const uint64_t when = due
      + (c->late_max ? nrand48 (dice) % c->late_max : 0);

    if (when >= until)
      break;
    now = when;
    assert_true (now >= bucket_deadline (&bucket));
    while (bucket_take (&bucket, c->bytes, now)) {
      sum += c->bytes;
      assert_true (n_passages < PASSAGES_MAX);
      passages[n_passages].when = now;
      passages[n_passages++].sum = sum;
    }
  }
  now = until;
}

/* Computes the most and the fewest bytes in any second, from each piece on. */
static void
look_at_seconds (uint64_t bytes, uint64_t *least, uint64_t *most)
{
  unsigned to = 0;

  *least = UINT64_MAX;
  *most = 0;
  for (unsigned from = 0; from < n_passages; from++) {
    const uint64_t before = passages[from].sum - bytes;
    uint64_t n;

    while (to < n_passages
           && passages[to].when < passages[from].when + NS_PER_S)
      to++;
    if (to == n_passages)
      break;
    n = passages[to - 1].sum - before;
    *least = min_u64 (*least, n);
    *most = max_u64 (*most, n);
  }
}

static void
any_second_is_within_5_percent (void **state UNUSED)
{
  static const uint64_t rates[] = {
    100 * 1000, MiB, 10 * 1000 * 1000, 123456789, GiB, 40 * GiB,
  };

  for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
    const uint64_t rate = rates[i];
    const struct crowd crowds[] = {
      { rate / 64, 0 },
      { rate / 128, 0 },
      { rate / 1000, 0 },
      { rate / 64, 5 * NS_PER_MS },
      { rate / 100, 20 * NS_PER_MS },
    };

    for (unsigned j = 0; j < sizeof crowds / sizeof crowds[0]; j++) {
      uint64_t least, most;

      start_afresh (NULL);
      bucket_init (&bucket, rate, SLACK, now);
      run (&crowds[j], now + 10 * NS_PER_S);
      look_at_seconds (crowds[j].bytes, &least, &most);
      assert_in_range (most, rate * 0.95, rate * 1.05);
      assert_in_range (least, rate * 0.95, rate * 1.05);
    }
  }
}

static void
small_passages_are_not_rounded_to_nothing (void **state UNUSED)
{
  bucket_init (&bucket, 3 * NS_PER_S, SLACK, now);
  for (unsigned i = 0; i < 3000; i++) {
    now = max_u64 (now, bucket_deadline (&bucket));
    assert_true (bucket_take (&bucket, 1, now));
  }
  assert_int_equal (bucket_deadline (&bucket), START + 1000);
}

static void
early_data_waits (void **state UNUSED)
{
  bucket_init (&bucket, MiB, SLACK, now);
  assert_true (bucket_take (&bucket, 2 * MiB, now));
  assert_int_equal (bucket_deadline (&bucket), now + 2 * NS_PER_S);
  assert_false (bucket_take (&bucket, 1, now));
  assert_false (bucket_take (&bucket, 1, now + 2 * NS_PER_S - 1));
  assert_true (bucket_take (&bucket, 1, now + 2 * NS_PER_S));
}

static void
only_a_short_time_is_saved_up (void **state UNUSED)
{
  uint64_t passed = 0;

  bucket_init (&bucket, 1000 * KiB, SLACK, now);
  now += 3600 * NS_PER_S;
  while (bucket_take (&bucket, KiB, now))
    passed++;
  assert_in_range (passed, 25, 26);
}

static void
a_new_rate_holds_at_once (void **state UNUSED)
{
  const struct crowd crowd = { 16 * KiB, 0 };

  bucket_init (&bucket, MiB, SLACK, now);
  run (&crowd, now + NS_PER_S);
  assert_in_range (sum, MiB - 16 * KiB, MiB + 16 * KiB);

  bucket_set_rate (&bucket, 100 * MiB, now);
  sum = 0;
  run (&crowd, now + NS_PER_S);
  assert_in_range (sum, 99 * MiB, 101 * MiB);

  bucket_set_rate (&bucket, MiB, now);
  sum = 0;
  run (&crowd, now + NS_PER_S);
  assert_in_range (sum, MiB - 16 * KiB, MiB + 16 * KiB);
}

static void
a_debt_stays_a_number_of_bytes (void **state UNUSED)
{
  bucket_init (&bucket, MiB, SLACK, now);
  assert_true (bucket_take (&bucket, 8 * MiB, now));
  now += NS_PER_S;
  bucket_set_rate (&bucket, 7 * MiB, now);
  assert_int_equal (bucket_deadline (&bucket), now + NS_PER_S);
  bucket_set_rate (&bucket, 1, now);
  assert_int_equal (bucket_deadline (&bucket), now + 7 * MiB * NS_PER_S);
  bucket_set_rate (&bucket, 7 * MiB, now);
  assert_int_equal (bucket_deadline (&bucket), now + NS_PER_S);
}

static void
without_a_rate_all_passes (void **state UNUSED)
{
  bucket_init (&bucket, 0, SLACK, now);
  for (unsigned i = 0; i < 100; i++)
    assert_true (bucket_take (&bucket, BUCKET_BYTES_MAX, now));
  assert_int_equal (bucket_deadline (&bucket), 0);

  bucket_set_rate (&bucket, MiB, now);
  assert_true (bucket_take (&bucket, MiB, now));
  assert_false (bucket_take (&bucket, MiB, now));
  bucket_set_rate (&bucket, 0, now);
  assert_true (bucket_take (&bucket, MiB, now));
}

static void
the_largest_and_the_slowest_do_not_overflow (void **state UNUSED)
{
  bucket_init (&bucket, 1, SLACK, now);
  assert_true (bucket_take (&bucket, BUCKET_BYTES_MAX, now));
  assert_true (bucket_deadline (&bucket) - now
               > UINT64_C (200) * 365 * 86400 * NS_PER_S);
  bucket_set_rate (&bucket, UINT64_MAX, now);
  assert_in_range (bucket_deadline (&bucket), now, now + 1);
}

/* The process was stopped between reading the time and changing the rate. */
static void
an_old_time_leaves_at_most_one_request_to_pay (void **state UNUSED)
{
  bucket_init (&bucket, GiB, SLACK, now);
  assert_true (bucket_take (&bucket, MiB, now + 3600 * NS_PER_S));
  bucket_set_rate (&bucket, GiB, now);
  assert_in_range (bucket_deadline (&bucket), now,
                   now + BUCKET_BYTES_MAX / GiB * NS_PER_S);
}

#define AFRESH(f) cmocka_unit_test_setup (f, start_afresh)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    AFRESH (any_second_is_within_5_percent),
    AFRESH (small_passages_are_not_rounded_to_nothing),
    AFRESH (early_data_waits),
    AFRESH (only_a_short_time_is_saved_up),
    AFRESH (a_new_rate_holds_at_once),
    AFRESH (a_debt_stays_a_number_of_bytes),
    AFRESH (without_a_rate_all_passes),
    AFRESH (the_largest_and_the_slowest_do_not_overflow),
    AFRESH (an_old_time_leaves_at_most_one_request_to_pay),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
