/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tuner against models of links and servers: where it comes to rest, how
 * soon, and that it leaves again when the link changes.  No clock, no server.
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
#include "clock.h"
#include "tuner.h"

#define UNUSED __attribute__ ((unused))

#define WORKERS 2

/* A link with a rate and a round trip; and a server that works more slowly at
 * some paces than at others.  All workers together move what the link takes:
 * no more than its rate, and no more than what is in flight in a round trip.
 */
struct model {
  double rate;                  /* bytes a second */
  uint64_t trip;                /* ns */
  double factor[PACES_MAX];     /* of the rate; 0 counts as 1 */
  double noise;                 /* 0.2: a fifth up or down */
  unsigned threads;             /* requests of one connection that the server
                                   works on at a time; 0: of all */
  unsigned connect;             /* round trips until a further worker is
                                   connected; the first one always is */
  bool idle;                    /* something else holds the copy up */
  bool limited;                 /* a limit on the rate does */
};

static struct plan plan;
static struct tuner tuner;
static unsigned connected, wanted, looks;
static uint64_t began, asked;   /* for the first workers, and for the last */
static uint64_t now, refused, limited;
static double moved;
static uint64_t spent[PACES_MAX];       /* ns at each pace */
static unsigned short dice[3];

/* The paces are the plan's own. */
static void
start_with (unsigned processors, uint64_t queue_size)
{
  const struct options o = {
    .connections = 2 * WORKERS, .requests = 64,
    .queue_size = queue_size, .sparse = 4096,
  };
  const struct caps side = {
    .size = TiB, .block_min = 1, .block_preferred = 4096,
    .block_max = 32 * MiB, .can_multi_conn = true, .can_flush = true,
  };
  struct error e = { 0 };

  assert_int_equal (plan_make (&plan, &o, "S", &side, "D", &side, processors,
                               &e), 0);
  assert_int_equal (plan.workers, processors);
  assert_int_equal (plan.workers_max, 2 * WORKERS);
  now = began = asked = NS_PER_S;
  connected = 1;
  wanted = plan.workers;
  refused = limited = looks = 0;
  moved = 0;
  memcpy (dice, (unsigned short[3]) { 0x330e, 2026, 11 }, sizeof dice);
  tuner_init (&tuner, &plan, now);
}

static int
start_afresh (void **state UNUSED)
{
  start_with (WORKERS, 64 * MiB);
  return 0;
}

/* What the model delivers at a pace, once answers come. */
static double
delivers (const struct model *m, unsigned pace)
{
  const struct pace *p = &plan.paces[pace];
  const double at_work = m->threads == 0 ? p->queue_size
    : min_u64 (p->queue_size, m->threads * p->request_size);
  const double in_flight = connected * at_work;
  const double factor = m->factor[pace];
  double rate = m->rate * (factor > 0 ? factor : 1);

  if (m->trip > 0 && rate > in_flight * NS_PER_S / m->trip)
    rate = in_flight * NS_PER_S / m->trip;
  return rate * (1 + m->noise * (2 * erand48 (dice) - 1));
}

/* Even next door an answer takes some time. */
static unsigned
look (const struct model *m)
{
  const struct delivered d = {
    .workers = connected, .moved = moved, .refused = refused,
    .limited = limited,
    .trip = moved > 0 ? max_u64 (m->trip, 300 * NS_PER_US) : 0,
  };
  const unsigned pace = tuner_look (&tuner, &d, now);

  looks++;
  if (tuner.far && wanted < plan.workers_max) {
    wanted = plan.workers_max;
    asked = now;
  }
  return pace;
}

static void
connect_workers (const struct model *m)
{
  if (now >= asked + m->connect * m->trip)
    connected = wanted;
}

static void
run (const struct model *m, uint64_t time)
{
  const uint64_t end = now + time;

  memset (spent, 0, sizeof spent);
  while (now < end) {
    const uint64_t step = tuner_due (&tuner) - now;

    if (now >= began + m->trip)
      moved += delivers (m, tuner.pace) * step / NS_PER_S;
    spent[tuner.pace] += step;
    refused += !m->idle;
    limited += m->limited;
    now += step;
    connect_workers (m);
    assert_true (look (m) < plan.n_paces);
    assert_true (tuner_due (&tuner) > now);
  }
}

/* Until answers are those of a pace that is higher than the first. */
static void
run_until_it_has_risen (const struct model *m)
{
  while (now < 2 * NS_PER_S && (tuner.pace == plan.first_pace || !tuner.risen))
    run (m, NS_PER_MS);
  assert_true (now < 2 * NS_PER_S);
}

/* At least this part of the last run was at the pace. */
#define ASSERT_MOSTLY(pace, time, part)                                 \
  assert_true (spent[pace] >= (uint64_t) ((time) * (part)))

static void
near_link_keeps_the_pace_it_begins_with (void **state UNUSED)
{
  const struct model m = { .rate = 3e9, .factor = { 0.9 } };

  run (&m, 10 * NS_PER_S);
  run (&m, 60 * NS_PER_S);
  ASSERT_MOSTLY (plan.first_pace, 60 * NS_PER_S, 0.9);
}

/* As qemu-nbd does with a fresh qcow2. */
static void
server_that_dislikes_large_requests_gets_small_ones (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .factor = { 1, .5, .4, .4, .4, .4 } };

  run (&m, 200 * NS_PER_MS);
  assert_int_equal (tuner.home, 0);
  run (&m, 60 * NS_PER_S);
  ASSERT_MOSTLY (0, 60 * NS_PER_S, 0.9);
}

/* Whatever it was that made small requests look good. */
static void
near_link_comes_back_to_large_requests (void **state UNUSED)
{
  const struct model odd = { .rate = 1e9, .factor = { 1, .5 } };
  const struct model usual = { .rate = 3e9, .factor = { .8, 1 } };

  run (&odd, 500 * NS_PER_MS);
  assert_int_equal (tuner.home, 0);
  run (&usual, 10 * NS_PER_S);
  assert_int_equal (tuner.home, plan.first_pace);
}

/* 20 ms each way of a read and of a write: 64 MiB and more would fit. */
static void
slow_link_is_filled_within_a_second (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .trip = 40 * NS_PER_MS };

  run (&m, NS_PER_S);
  assert_true (delivers (&m, tuner.home) > 0.8e9);
  run (&m, 60 * NS_PER_S);
  assert_true (delivers (&m, tuner.home) > 0.8e9);
}

/* A copy of a second or two has no time to try pace after pace. */
static void
longest_link_is_filled_in_six_round_trips (void **state UNUSED)
{
  const struct model m = { .rate = 400e6, .trip = 200 * NS_PER_MS };

  run (&m, 6 * m.trip);
  assert_true (delivers (&m, tuner.home) > 0.8 * m.rate);
}

/* A handshake takes some round trips more, and only the first worker had its
 * own by now; whether there are others to be asked for, or not.
 */
static void
workers_that_connect_late_do_not_end_the_rise (void **state UNUSED)
{
  const struct model m
    = { .rate = 1e9, .trip = 100 * NS_PER_MS, .connect = 8 };

  for (unsigned processors = 1; processors <= 2 * WORKERS; processors++) {
    start_with (processors, 64 * MiB);
    run (&m, 2 * NS_PER_S);
    assert_int_equal (connected, 2 * WORKERS);
    assert_true (delivers (&m, tuner.home) > 0.8 * m.rate);
  }
}

/* A stream that is slow to begin, or all that was not to be read. */
static void
late_beginning_does_not_make_a_near_link_a_long_one (void **state UNUSED)
{
  const struct model slow_server = { .rate = 200e6, .trip = 6 * NS_PER_MS };

  began = now + NS_PER_S;
  run (&slow_server, 20 * NS_PER_S);
  assert_false (tuner.far);
}

/* A little of data, and then nothing for long. */
static void
long_link_that_was_taken_for_a_near_one_is_risen_on (void **state UNUSED)
{
  const struct model little = { .rate = 30e6, .trip = 100 * NS_PER_MS };
  const struct model m = { .rate = 1e9, .trip = 100 * NS_PER_MS };

  run (&little, NS_PER_S);
  assert_false (tuner.far);
  run (&m, 3 * NS_PER_S);
  assert_true (delivers (&m, tuner.home) > 0.8 * m.rate);
}

/* The machine had something else to do in the very round trip that is looked
 * at.
 */
static void
hiccup_does_not_end_the_rise (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .trip = 40 * NS_PER_MS };
  const struct model busy = { .rate = 50e6, .trip = 40 * NS_PER_MS };

  run_until_it_has_risen (&m);
  run (&busy, 50 * NS_PER_MS);
  run (&m, 300 * NS_PER_MS);
  assert_true (delivers (&m, tuner.home) > 0.8e9);
}

static void
loss_of_all_connections_does_not_end_the_rise (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .trip = 40 * NS_PER_MS };
  const struct model lost = { .trip = 40 * NS_PER_MS };

  run_until_it_has_risen (&m);
  run (&lost, 400 * NS_PER_MS);
  run (&m, 300 * NS_PER_MS);
  assert_true (delivers (&m, tuner.home) > 0.8 * m.rate);
}

static void
long_link_gets_more_workers_and_a_near_one_none (void **state UNUSED)
{
  const struct model near = { .rate = 3e9, .noise = 0.3 };
  const struct model slow_server = { .rate = 50e6 };
  const struct model far = { .rate = 1e9, .trip = 20 * NS_PER_MS };

  run (&near, 60 * NS_PER_S);
  assert_int_equal (tuner.workers, WORKERS);
  run (&slow_server, 60 * NS_PER_S);
  assert_int_equal (tuner.workers, WORKERS);
  assert_true (tuner.home <= plan.first_pace);
  run (&far, 10 * NS_PER_S);
  assert_int_equal (tuner.workers, 2 * WORKERS);
}

/* As nbdkit is: 16 MiB of each connection are worked on.  What goes beyond that
 * only waits, and is given back.
 */
static void
server_with_few_threads_is_not_given_more_than_they_do (void **state UNUSED)
{
  const struct model m
    = { .rate = 4e9, .trip = 100 * NS_PER_MS, .threads = 16 };
  const double most = delivers (&m, plan.n_paces - 1) * 2 * WORKERS;

  run (&m, 2 * NS_PER_S);
  assert_true (delivers (&m, tuner.home) > 0.8 * most);
  run (&m, 60 * NS_PER_S);
  assert_true (delivers (&m, tuner.home) > 0.8 * most);
  assert_true (tuner.home < plan.n_paces - 1);
}

/* A narrow link is full with little. */
static void
narrow_link_is_not_given_what_buys_nothing (void **state UNUSED)
{
  const struct model m = { .rate = 100e6, .trip = 20 * NS_PER_MS };

  run (&m, 20 * NS_PER_S);
  run (&m, 60 * NS_PER_S);
  ASSERT_MOSTLY (plan.first_pace, 60 * NS_PER_S, 0.8);
}

static void
link_that_changes_is_followed_both_ways (void **state UNUSED)
{
  const struct model far = { .rate = 1e9, .trip = 40 * NS_PER_MS };
  const struct model near = { .rate = 3e9 };

  run (&far, 3 * NS_PER_S);
  assert_true (delivers (&far, tuner.home) > 0.8e9);
  run (&near, 30 * NS_PER_S);
  assert_true (tuner.home <= plan.first_pace);
  run (&far, 30 * NS_PER_S);
  assert_true (delivers (&far, tuner.home) > 0.8e9);
}

/* Where the rate jumps about by a third with whatever else the machine does,
 * that must not be taken for a success.
 */
static void
noise_is_no_reason_to_leave (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .noise = 0.33 };

  run (&m, 10 * NS_PER_S);
  run (&m, 120 * NS_PER_S);
  assert_true (spent[4] + spent[5] < 2 * NS_PER_S);
  ASSERT_MOSTLY (plan.first_pace, 120 * NS_PER_S, 0.6);
}

/* Two copies on one link, each of which has as much of it as it has of what is
 * in flight there.  Neither starves, and they do not drive each other up for
 * ever: the link is full with twice of what fits.
 */
static void
two_copies_share_a_link (void **state UNUSED)
{
  const double rate = 500e6, trip = 40 * NS_PER_MS;
  struct tuner both[2];
  double done[2] = { 0 }, at_half[2] = { 0 };

  for (unsigned i = 0; i < 2; i++)
    tuner_init (&both[i], &plan, now);
  for (unsigned step = 0; step < 60000; step++) {
    double windows[2], all;

    for (unsigned i = 0; i < 2; i++)
      windows[i] = WORKERS * plan.paces[both[i].pace].queue_size;
    all = windows[0] + windows[1];
    for (unsigned i = 0; i < 2; i++) {
      struct delivered d
        = { .workers = WORKERS, .refused = step, .trip = trip };
      double share = windows[i] * NS_PER_S / trip;

      if (all * NS_PER_S / trip > rate)
        share = rate * windows[i] / all;
      d.moved = done[i] += share / 1000;
      if (step == 30000)
        at_half[i] = done[i];
      if (now >= tuner_due (&both[i]))
        tuner_look (&both[i], &d, now);
    }
    now += NS_PER_MS;
  }
  for (unsigned i = 0; i < 2; i++) {
    assert_true (done[i] - at_half[i] > 0.25 * rate * 30);
    assert_true (WORKERS * plan.paces[both[i].home].queue_size
                 <= 4 * rate * trip / NS_PER_S);
  }
}

/* Where extents or the servers hold the copy up, windows say nothing. */
static void
nothing_is_concluded_while_windows_have_room (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .trip = 40 * NS_PER_MS, .idle = true };

  run (&m, 30 * NS_PER_S);
  assert_int_equal (tuner.pace, plan.first_pace);
}

static void
nothing_is_concluded_while_a_limit_holds_the_copy_up (void **state UNUSED)
{
  struct model m = { .rate = 400e6, .trip = 100 * NS_PER_MS, .limited = true };

  run (&m, 30 * NS_PER_S);
  assert_int_equal (tuner.pace, plan.first_pace);
  assert_true (spent[plan.first_pace] >= 30 * NS_PER_S);

  assert_true (looks < 30 * 30);
  m.limited = false;            /* it is lifted: now the window is in the way */
  run (&m, 5 * NS_PER_S);
  assert_true (tuner.home > plan.first_pace);
}

static void
limit_during_a_rise_is_not_looked_at_all_the_time (void **state UNUSED)
{
  struct model m = { .rate = 1e9, .trip = 20 * NS_PER_MS };

  run_until_it_has_risen (&m);
  m.limited = true;
  looks = 0;
  run (&m, 30 * NS_PER_S);
  assert_true (looks < 10 * 30);
}

static void
one_pace_and_no_more_workers_are_nothing_to_find (void **state UNUSED)
{
  start_with (2 * WORKERS, 2 * MiB);
  assert_int_equal (plan.n_paces, 1);
  assert_int_equal (tuner_due (&tuner), 0);
  assert_int_equal (tuner_look (&tuner, &(struct delivered) { 4, 1, 1, 0, 1 },
                                now + NS_PER_S), 0);
}

/* The window is the user's; more of them are not. */
static void
long_link_gets_more_workers_with_one_pace_too (void **state UNUSED)
{
  const struct model far = { .rate = 1e9, .trip = 40 * NS_PER_MS };

  start_with (WORKERS, 2 * MiB);
  assert_int_equal (plan.n_paces, 1);
  run (&far, 2 * NS_PER_S);
  assert_int_equal (tuner.workers, 2 * WORKERS);
  run (&far, 30 * NS_PER_S);
  assert_int_equal (tuner.pace, 0);
}

static void
nothing_moves_and_nothing_happens (void **state UNUSED)
{
  const struct model m = { 0 };

  run (&m, 30 * NS_PER_S);
  assert_int_equal (tuner.pace, plan.first_pace);
  assert_true (tuner_due (&tuner) - now >= 100 * NS_PER_MS);
}

#define AFRESH(f) cmocka_unit_test_setup (f, start_afresh)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    AFRESH (near_link_keeps_the_pace_it_begins_with),
    AFRESH (server_that_dislikes_large_requests_gets_small_ones),
    AFRESH (near_link_comes_back_to_large_requests),
    AFRESH (slow_link_is_filled_within_a_second),
    AFRESH (longest_link_is_filled_in_six_round_trips),
    AFRESH (workers_that_connect_late_do_not_end_the_rise),
    AFRESH (late_beginning_does_not_make_a_near_link_a_long_one),
    AFRESH (long_link_that_was_taken_for_a_near_one_is_risen_on),
    AFRESH (hiccup_does_not_end_the_rise),
    AFRESH (loss_of_all_connections_does_not_end_the_rise),
    AFRESH (long_link_gets_more_workers_and_a_near_one_none),
    AFRESH (server_with_few_threads_is_not_given_more_than_they_do),
    AFRESH (narrow_link_is_not_given_what_buys_nothing),
    AFRESH (link_that_changes_is_followed_both_ways),
    AFRESH (noise_is_no_reason_to_leave),
    AFRESH (two_copies_share_a_link),
    AFRESH (nothing_is_concluded_while_windows_have_room),
    AFRESH (nothing_is_concluded_while_a_limit_holds_the_copy_up),
    AFRESH (limit_during_a_rise_is_not_looked_at_all_the_time),
    AFRESH (one_pace_and_no_more_workers_are_nothing_to_find),
    AFRESH (long_link_gets_more_workers_with_one_pace_too),
    AFRESH (nothing_moves_and_nothing_happens),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
