/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bucket of several processes, in simulated time: how many bytes of all of
 * them pass in any second, who gets them, and the effect of a new rate.
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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "shared-bucket.h"

#define UNUSED __attribute__ ((unused))

#define SLACK (25 * NS_PER_MS)
#define START (1000 * NS_PER_S)

/* A copy that always has data. */
struct taker {
  uint64_t bytes; /* of each request */
  uint64_t from;  /* ns after the start; it asks for nothing before */
  uint64_t until; /* ns after the start; 0: it never stops */
  uint64_t next;  /* time at which it asks again */
  uint64_t sum;   /* bytes it was given */
};

#define PASSAGES_MAX 200000
static struct {
  uint64_t when, sum;
} passages[PASSAGES_MAX];
static unsigned n_passages;

static struct shared_bucket bucket;
static uint64_t sum;
static unsigned short dice[3];

static int
start_afresh (void **state UNUSED)
{
  sum = 0;
  n_passages = 0;
  memcpy (dice, (unsigned short[3]) { 0x330e, 2026, 11 }, sizeof dice);
  return 0;
}

/* Lets a taker ask at its time.  It wakes up late by less than 3 ms. */
static void
ask (struct taker *t)
{
  const uint64_t now = t->next;
  uint64_t due;

  while ((due = shared_bucket_take (&bucket, t->bytes, SLACK, now)) == 0) {
    t->sum += t->bytes;
    sum += t->bytes;
    assert_true (n_passages < PASSAGES_MAX);
    passages[n_passages].when = now;
    passages[n_passages++].sum = sum;
  }
  assert_true (due > now);
  t->next = due + nrand48 (dice) % (3 * NS_PER_MS);
}

static void
run (struct taker *takers, unsigned n, uint64_t ns)
{
  for (unsigned i = 0; i < n; i++)
    takers[i].next = START + takers[i].from;
  for (;;) {
    struct taker *first = NULL;

    for (unsigned i = 0; i < n; i++) {
      struct taker *t = &takers[i];
      const bool stopped = t->until && t->next >= START + t->until;

      if (!stopped && (first == NULL || t->next < first->next))
        first = t;
    }
    if (first == NULL || first->next >= START + ns)
      return;
    ask (first);
  }
}

/* Computes the most bytes in any second, from each passage on. */
static uint64_t
most_in_a_second (void)
{
  uint64_t most = 0;
  unsigned to = 0;

  for (unsigned from = 0; from < n_passages; from++) {
    const uint64_t before = from ? passages[from - 1].sum : 0;

    while (to < n_passages
           && passages[to].when < passages[from].when + NS_PER_S)
      to++;
    most = max_u64 (most, passages[to - 1].sum - before);
  }
  return most;
}

static void
all_together_are_within_5_percent (void **state UNUSED)
{
  static const uint64_t rates[] = { 300 * 1000, MiB, 123456789, 40 * GiB };

  for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
    const uint64_t rate = rates[i];
    struct taker takers[] = {
      { .bytes = rate / 64 },
      { .bytes = rate / 100, .from = NS_PER_S },
      { .bytes = rate / 1000, .until = 4 * NS_PER_S },
      { .bytes = rate / 128, .from = 3 * NS_PER_S, .until = 7 * NS_PER_S },
    };

    start_afresh (NULL);
    shared_bucket_init (&bucket, rate, START);
    run (takers, 4, 10 * NS_PER_S);
    assert_in_range (most_in_a_second (), rate * 0.95, rate * 1.05);
    assert_in_range (sum, 9.9 * rate, 10.1 * rate);
  }
}

/* Copies that ask in the same way get the same, more or less. */
static void
equal_copies_share_alike (void **state UNUSED)
{
  struct taker takers[8] = { 0 };

  for (unsigned i = 0; i < 8; i++)
    takers[i].bytes = MiB / 64;
  shared_bucket_init (&bucket, MiB, START);
  run (takers, 8, 80 * NS_PER_S);
  for (unsigned i = 0; i < 8; i++)
    assert_in_range (takers[i].sum, 7 * MiB, 13 * MiB);
}

static void
stalled_copy_leaves_all_to_the_others (void **state UNUSED)
{
  struct taker takers[] = {
    { .bytes = MiB / 64, .until = NS_PER_S },
    { .bytes = MiB / 64 },
  };

  shared_bucket_init (&bucket, MiB, START);
  run (takers, 2, 11 * NS_PER_S);
  assert_in_range (takers[1].sum, 10 * MiB, 11 * MiB);
}

static void
idle_time_is_saved_up_to_the_slack (void **state UNUSED)
{
  uint64_t now = START;
  unsigned n = 0;

  shared_bucket_init (&bucket, 1000 * KiB, now);
  now += 3600 * NS_PER_S;
  while (shared_bucket_take (&bucket, KiB, SLACK, now) == 0)
    n++;
  assert_int_equal (n, 26); /* 25 ms, and the one that is paid for later */
}

static void
debt_keeps_its_bytes_at_a_new_rate (void **state UNUSED)
{
  uint64_t now = START;

  shared_bucket_init (&bucket, MiB, now);
  assert_int_equal (shared_bucket_take (&bucket, 8 * MiB, SLACK, now), 0);
  now += NS_PER_S;
  shared_bucket_set_rate (&bucket, 7 * MiB, now);
  assert_int_equal (shared_bucket_rate (&bucket), 7 * MiB);
  assert_int_equal (shared_bucket_take (&bucket, 1, SLACK, now),
                    now + NS_PER_S);
  shared_bucket_set_rate (&bucket, 1, now);
  assert_int_equal (shared_bucket_take (&bucket, 1, SLACK, now),
                    now + 7 * MiB * NS_PER_S);
  shared_bucket_set_rate (&bucket, 0, now);
  assert_int_equal (shared_bucket_take (&bucket, GiB, SLACK, now), 0);
  shared_bucket_set_rate (&bucket, MiB, now);
  assert_int_equal (shared_bucket_take (&bucket, MiB, SLACK, now + 1), 0);
}

/* Whoever has read the time and the old rate must fail to charge by it. */
static void
new_rate_changes_the_time (void **state UNUSED)
{
  uint64_t before;

  shared_bucket_init (&bucket, MiB, START);
  before = atomic_load (&bucket.paid);
  shared_bucket_set_rate (&bucket, 2 * MiB, START);
  assert_int_not_equal (atomic_load (&bucket.paid), before);
  before = atomic_load (&bucket.paid);
  shared_bucket_set_rate (&bucket, 3 * MiB, START);
  assert_int_not_equal (atomic_load (&bucket.paid), before);
}

static void
extremes_do_not_overflow (void **state UNUSED)
{
  uint64_t now = START;

  shared_bucket_init (&bucket, 1, now);
  assert_int_equal (
    shared_bucket_take (&bucket, SHARED_BUCKET_BYTES_MAX, SLACK, now), 0);
  assert_int_equal (shared_bucket_take (&bucket, 1, SLACK, now) - now,
                    SHARED_BUCKET_BYTES_MAX * NS_PER_S);
  shared_bucket_set_rate (&bucket, UINT64_MAX, now);
  assert_int_equal (
    shared_bucket_take (&bucket, SHARED_BUCKET_BYTES_MAX, SLACK, now + 2), 0);
}

/* The process was stopped between reading the time and changing the rate. */
static void
old_time_leaves_at_most_one_request_to_pay (void **state UNUSED)
{
  shared_bucket_init (&bucket, GiB, START);
  assert_int_equal (
    shared_bucket_take (&bucket, MiB, SLACK, START + 3600 * NS_PER_S), 0);
  shared_bucket_set_rate (&bucket, GiB, START);
  assert_in_range (atomic_load (&bucket.paid), START,
                   START + SHARED_BUCKET_BYTES_MAX / GiB * NS_PER_S);
}

/* -- processes ------------------------------------------------------------ */

#define PROCESSES 4
#define TAKES 50000

static void
take_many (struct shared_bucket *b)
{
  for (unsigned i = 0; i < TAKES; i++)
    if (shared_bucket_take (b, 1, UINT64_MAX, UINT64_MAX / 2) != 0)
      _exit (1);
  _exit (0);
}

/* Each request is charged once, whatever runs at the same time. */
static void
processes_lose_nothing (void **state UNUSED)
{
  struct shared_bucket *b = mmap (NULL, sizeof *b, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int status;

  assert_ptr_not_equal (b, MAP_FAILED);
  shared_bucket_init (b, NS_PER_S, START);
  for (unsigned i = 0; i < PROCESSES; i++)
    if (fork () == 0)
      take_many (b);
  for (unsigned i = 0; i < PROCESSES; i++) {
    assert_int_not_equal (wait (&status), -1);
    assert_int_equal (status, 0);
  }
  assert_int_equal (atomic_load (&b->paid), START + PROCESSES * TAKES);
  munmap (b, sizeof *b);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup (all_together_are_within_5_percent, start_afresh),
    cmocka_unit_test_setup (equal_copies_share_alike, start_afresh),
    cmocka_unit_test_setup (stalled_copy_leaves_all_to_the_others,
                            start_afresh),
    cmocka_unit_test (idle_time_is_saved_up_to_the_slack),
    cmocka_unit_test (debt_keeps_its_bytes_at_a_new_rate),
    cmocka_unit_test (new_rate_changes_the_time),
    cmocka_unit_test (extremes_do_not_overflow),
    cmocka_unit_test (old_time_leaves_at_most_one_request_to_pay),
    cmocka_unit_test (processes_lose_nothing),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
