/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tuner with models of links, servers and machines: the rate that it
 * reaches, the bytes in flight, the time that it needs, and its reaction when
 * the link changes.  Without a clock and without servers.
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
#include "engine/tuner.h"
#include "options/options.h"
#include "rtt.h"

#define UNUSED __attribute__ ((unused))

#define WORKERS 2
#define WORKERS_MAX_HERE (2 * WORKERS)
#define IN_FLIGHT 64           /* requests of one worker, at most */
#define NEAR (150 * NS_PER_US) /* latency of a near server */
#define TRIPS_SPAN(took) max_u64 (4 * NS_PER_S, 40 * (took)) /* as loop.c */

/* -- the model ------------------------------------------------------------ */

/* One side: the link to a server, and the server. */
struct model_side {
  uint64_t trip;    /* ns of latency; 0: a near server */
  double rate;      /* bytes per second of all connections; 0: as
                                   many as wanted */
  double burst;     /* bytes that first pass at any rate */
  unsigned threads; /* requests of one connection that the server
                                   works on at a time; 0: as many as come */
};

struct model {
  struct model_side sides[2];
  double rate;              /* bytes a second that the processors can do;
                                   0: as many as wanted */
  double factor[SIZES_MAX]; /* of that, by size; 0 counts as 1 */
  double noise;             /* 0.2: a fifth up or down */
  double touch;             /* ns of the processors for each byte that is in
                                   flight for the first time */
  uint64_t first;           /* ns that each answer takes longer until so
                                   many bytes have come */
  double first_bytes;
  double quick;     /* the part of the replies that take no time */
  unsigned connect; /* round trips until a further worker is
                                   connected; the first one always is */
  bool idle;        /* something else delays the copy */
  bool limited;     /* a rate limit delays the copy */
};

/* A request in flight: it waits for a thread of the server, for the delay, for
 * the link, and for the processors, on either side.
 */
struct trip {
  uint64_t time;  /* when the present stage is over */
  uint64_t asked; /* when it was sent to this side */
  uint64_t length;
  unsigned worker, side;
  enum { WAITING, DELAYED, SENT, DONE } stage;
};

struct model_worker {
  uint64_t bytes; /* in flight */
  unsigned requests;
  unsigned at_work[2]; /* of each server's threads */
  struct rtt trips[2];
  uint64_t trip[2], last[2]; /* the shortest latencies, and the last ones */
};

static struct plan plan;
static struct tuner tuner;
static struct model_worker workers[WORKERS_MAX_HERE];
static struct trip trips[WORKERS_MAX_HERE * IN_FLIGHT];
static unsigned n_trips;
static double sent[2]; /* bytes that went through each link */
static uint64_t link_free[2], processors_free; /* clock_now time */
static double touched;
static uint64_t busy_time; /* ns of the processors */
static unsigned connected, wanted, looks;
static uint64_t now, asked;       /* asked: when the last workers were */
static uint64_t spent[SIZES_MAX]; /* ns of the last run at each size */
static uint64_t moved, written, refused, limited, in_flight, most_in_flight;
static unsigned short dice[3];

static void
start_with (unsigned processors, uint64_t queue_size)
{
  const struct options o = {
    .connections = WORKERS_MAX_HERE,
    .requests = IN_FLIGHT,
    .queue_size = queue_size,
    .sparse = 4096,
  };
  const struct caps side = {
    .size = TiB,
    .block_min = 1,
    .block_preferred = 4096,
    .block_max = 32 * MiB,
    .can_multi_conn = true,
    .can_flush = true,
  };
  const struct plan_side sides[2] = { { "S", &side }, { "D", &side } };
  const struct machine machine = { processors, UINT64_MAX };
  struct error e = { 0 };

  assert_int_equal (plan_make (&plan, &o, sides, &machine, &e), 0);
  assert_int_equal (plan.workers, processors);
  assert_int_equal (plan.workers_max, WORKERS_MAX_HERE);
  now = asked = NS_PER_S;
  connected = 1;
  wanted = plan.workers;
  n_trips = looks = 0;
  memset (workers, 0, sizeof workers);
  sent[0] = sent[1] = touched = busy_time = 0;
  link_free[0] = link_free[1] = processors_free = 0;
  moved = written = refused = limited = in_flight = most_in_flight = 0;
  memcpy (dice, (unsigned short[3]) { 0x330e, 2026, 11 }, sizeof dice);
  tuner_init (&tuner, &plan, now);
}

static int
start_afresh (void **state UNUSED)
{
  start_with (WORKERS, 64 * MiB);
  return 0;
}

static double
factor_of (const struct model *m, uint64_t length)
{
  unsigned i = 0;

  while (i + 1 < plan.n_sizes && plan.sizes[i] < length)
    i++;
  return m->factor[i] > 0 ? m->factor[i] : 1;
}

/* Returns the time at which a shared resource has processed these bytes;
 * *free_at is the time at which it is free again.
 */
static uint64_t
use (uint64_t *free_at, double ns)
{
  *free_at = max_u64 (*free_at, now) + ns;
  return *free_at;
}

static uint64_t
through_link (const struct model_side *s, unsigned side, uint64_t length)
{
  sent[side] += length;
  if (s->rate == 0 || sent[side] <= s->burst)
    return now;
  return use (&link_free[side], length * 1e9 / s->rate);
}

static uint64_t
through_processors (const struct model *m, const struct trip *t)
{
  double ns = m->rate == 0
    ? 0
    : t->length * 1e9 / m->rate / 2 / factor_of (m, t->length);

  ns *= 1 + m->noise * (2 * erand48 (dice) - 1);
  if (in_flight > touched) {
    ns += (in_flight - touched) * m->touch;
    touched = in_flight;
  }
  busy_time += ns;
  return use (&processors_free, ns);
}

/* Starts the request, if the server has a free thread. */
static void
try_to_begin (const struct model *m, struct trip *t)
{
  const struct model_side *s = &m->sides[t->side];
  unsigned *at_work = &workers[t->worker].at_work[t->side];

  if (s->threads > 0 && *at_work == s->threads)
    return;
  ++*at_work;
  t->stage = DELAYED;
  t->time = now + max_u64 (erand48 (dice) < m->quick ? 0 : s->trip, NEAR)
    + (moved < m->first_bytes ? m->first : 0);
}

static void
send (const struct model *m, struct trip *t, unsigned side)
{
  t->side = side;
  t->stage = WAITING;
  t->asked = now;
  t->time = UINT64_MAX;
  try_to_begin (m, t);
}

/* Starts waiting requests in order. */
static void
let_next_begin (const struct model *m, unsigned worker, unsigned side)
{
  struct trip *next = NULL;

  for (unsigned i = 0; i < n_trips; i++) {
    struct trip *t = &trips[i];

    if (t->stage == WAITING && t->worker == worker && t->side == side
        && (next == NULL || t->asked < next->asked))
      next = t;
  }
  if (next)
    try_to_begin (m, next);
}

static void
ask (const struct model *m, unsigned worker, uint64_t length)
{
  struct trip *t = &trips[n_trips++];

  *t = (struct trip) { .worker = worker, .length = length };
  workers[worker].bytes += length;
  workers[worker].requests++;
  in_flight += length;
  most_in_flight = max_u64 (most_in_flight, in_flight);
  send (m, t, 0);
}

static void
fill (const struct model *m, unsigned worker)
{
  struct model_worker *w = &workers[worker];
  const uint64_t size = tuner.pace.request_size;
  const uint64_t window = worker < tuner.pace.workers
    ? tuner.pace.window
    : min_u64 (tuner.pace.window, tuner_first (&plan).window);

  if (m->idle || m->limited) {
    if (w->requests == 0)
      ask (m, worker, size);
    refused += m->limited;
    limited += m->limited;
    return;
  }
  while (w->requests < IN_FLIGHT
         && (w->requests == 0 || w->bytes + size <= window))
    ask (m, worker, size);
  refused++;
}

static void
answer (const struct model *m, unsigned i)
{
  struct trip *t = &trips[i];
  struct model_worker *w = &workers[t->worker];
  const unsigned side = t->side, worker = t->worker;

  w->at_work[side]--;
  w->last[side] = now - t->asked;
  w->trip[side] = rtt_note (&w->trips[side], now - t->asked, now,
                            TRIPS_SPAN (now - t->asked));
  if (side == 0) {
    moved += t->length;
    send (m, t, 1);
  }
  else {
    written += t->length;
    w->bytes -= t->length;
    w->requests--;
    in_flight -= t->length;
    *t = trips[--n_trips];
    fill (m, worker);
  }
  let_next_begin (m, worker, side);
}

/* Ends the request's current stage. */
static void
step (const struct model *m, unsigned i)
{
  struct trip *t = &trips[i];

  switch (t->stage) {
  case DELAYED:
    t->stage = SENT;
    t->time = through_link (&m->sides[t->side], t->side, t->length);
    break;
  case SENT:
    t->stage = DONE;
    t->time = through_processors (m, t);
    break;
  case DONE:
    answer (m, i);
    break;
  case WAITING:
    break; /* takes no time */
  }
}

static uint64_t
quickest (unsigned side)
{
  uint64_t trip = 0;

  for (unsigned i = 0; i < connected; i++)
    trip = clock_earlier (trip, workers[i].trip[side]);
  return trip;
}

/* Not far from the median. */
static uint64_t
last_answer (unsigned side)
{
  uint64_t least = UINT64_MAX, second = UINT64_MAX;

  for (unsigned i = 0; i < connected; i++) {
    const uint64_t last = workers[i].last[side];

    second = min_u64 (second, last > least ? last : least);
    least = min_u64 (least, last);
  }
  return connected > 1 ? second : least;
}

static void
look (void)
{
  const struct delivered d = {
    .workers = connected,
    .came = moved,
    .went = written,
    .refused = refused,
    .idle = now - busy_time,
    .limited = limited,
    .rtt = { quickest (0), quickest (1) },
    .last_rtt = { last_answer (0), last_answer (1) },
  };
  const struct tuning pace = tuner_tick (&tuner, &d, now);

  looks++;
  assert_true (pace.window <= plan.window_max);
  assert_true (pace.request_size <= pace.window);
  assert_true (tuner_deadline (&tuner) > now);
  if (tuner.far && wanted < plan.workers_max) {
    wanted = plan.workers_max;
    asked = now;
  }
}

static void
connect_workers (const struct model *m)
{
  const uint64_t time = m->connect * (m->sides[0].trip + m->sides[1].trip);

  if (connected < wanted && now >= asked + time)
    connected = wanted;
}

static unsigned
first_trip (void)
{
  unsigned first = 0;

  for (unsigned i = 1; i < n_trips; i++)
    if (trips[i].time < trips[first].time)
      first = i;
  return first;
}

static unsigned
size_index (void)
{
  unsigned i = 0;

  while (plan.sizes[i] != tuner.pace.request_size)
    i++;
  return i;
}

/* Runs the model for this many ns.  Returns the bytes written per second. */
static double
run (const struct model *m, uint64_t time)
{
  const uint64_t end = now + time, before = written;

  most_in_flight = in_flight;
  memset (spent, 0, sizeof spent);
  while (now < end) {
    const uint64_t last = now;
    uint64_t next;
    unsigned i;

    connect_workers (m);
    for (i = 0; i < connected; i++)
      fill (m, i);
    i = first_trip ();
    next = min_u64 (n_trips > 0 ? trips[i].time : UINT64_MAX,
                    tuner_deadline (&tuner));
    now = min_u64 (end, max_u64 (now, next));
    spent[size_index ()] += now - last;
    if (n_trips > 0 && trips[i].time <= now)
      step (m, i);
    if (tuner_deadline (&tuner) <= now)
      look ();
  }
  return (double) (written - before) * NS_PER_S / time;
}

/* Lets time pass while nothing runs, as when a machine is suspended. */
static void
stop_for (uint64_t time)
{
  now += time;
  for (unsigned i = 0; i < n_trips; i++)
    if (trips[i].stage != WAITING)
      trips[i].time = max_u64 (trips[i].time, now);
}

/* Makes a link with the same delay on both sides, and processors of this rate.
 */
static struct model
link_of (uint64_t trip, double rate)
{
  return (struct model) {
    .sides = { { .trip = trip / 2 }, { .trip = trip / 2 } }, .rate = rate
  };
}

#define MS NS_PER_MS

/* Returns the sum of all current windows. */
static uint64_t
all_windows (void)
{
  return connected * tuner.pace.window;
}

static uint64_t
first_window (void)
{
  return tuner_first (&plan).window;
}

static bool
is_at_first_pace (void)
{
  const struct tuning first = tuner_first (&plan);

  return tuner.pace.request_size == first.request_size
    && tuner.pace.window == first.window;
}

/* Checks that at least this part of the last run used that size. */
#define ASSERT_MOSTLY(size, time, part)                                        \
  assert_true (spent[size] >= (uint64_t) ((time) * (part)))

/* -- near servers --------------------------------------------------------- */

static void
near_link_keeps_the_pace_it_begins_with (void **state UNUSED)
{
  const struct model m = { .rate = 3e9, .factor = { 0.9 } };

  run (&m, 5 * NS_PER_S);
  assert_true (run (&m, 20 * NS_PER_S) > 0.97 * m.rate);
  ASSERT_MOSTLY (plan.near_size, 20 * NS_PER_S, 0.9);
  assert_true (most_in_flight <= WORKERS * first_window ());
}

/* As with qemu-nbd and a new qcow2. */
static void
server_that_dislikes_large_requests_gets_small_ones (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .factor = { 1, .5, .4, .4 } };

  run (&m, 200 * MS);
  assert_int_equal (tuner.size, 0);
  assert_true (run (&m, 20 * NS_PER_S) > 0.9 * m.rate);
  ASSERT_MOSTLY (0, 20 * NS_PER_S, 0.9);
}

/* After small requests looked good for any reason. */
static void
near_link_comes_back_to_larger_requests (void **state UNUSED)
{
  const struct model odd = { .rate = 1e9, .factor = { 1, .5 } };
  const struct model usual = { .rate = 3e9, .factor = { .8, 1 } };

  run (&odd, 500 * MS);
  assert_int_equal (tuner.size, 0);
  run (&usual, 10 * NS_PER_S);
  assert_int_equal (tuner.size, plan.near_size);
}

/* A stream that begins slowly, or a beginning that need not be read. */
static void
late_beginning_does_not_make_a_near_link_a_long_one (void **state UNUSED)
{
  const struct model slow_server = { .sides = { { .trip = 2 * MS },
                                                { .rate = 200e6 } } };

  now += NS_PER_S;
  look ();
  run (&slow_server, 20 * NS_PER_S);
  assert_false (tuner.far);
  assert_true (all_windows () <= WORKERS * first_window ());
}

/* If the rate varies by a third because of other work of the machine, that must
 * not count as a success.
 */
static void
noise_is_no_reason_to_leave (void **state UNUSED)
{
  const struct model m = { .rate = 1e9, .noise = 0.33 };

  run (&m, 5 * NS_PER_S);
  run (&m, 60 * NS_PER_S);
  ASSERT_MOSTLY (plan.near_size, 60 * NS_PER_S, 0.9);
  assert_true (most_in_flight <= WORKERS * first_window ());
}

/* -- long links ----------------------------------------------------------- */

static void
slow_link_is_filled_within_half_a_second (void **state UNUSED)
{
  const struct model m = link_of (40 * MS, 1e9);

  run (&m, 500 * MS);
  assert_true (run (&m, NS_PER_S) > 0.95e9);
  assert_true (run (&m, 20 * NS_PER_S) > 0.97e9);
}

/* A copy of a second or two has no time to try several settings. */
static void
longest_link_is_filled_in_four_round_trips (void **state UNUSED)
{
  const struct model m = link_of (200 * MS, 400e6);

  run (&m, 4 * 200 * MS);
  assert_true (run (&m, NS_PER_S) > 0.9 * m.rate);
}

/* The whole delay is on one side; the other side replies at once. */
static void
link_with_one_long_side_is_filled (void **state UNUSED)
{
  for (unsigned side = 0; side < 2; side++) {
    struct model m = { .rate = 1e9 };

    start_with (WORKERS, 64 * MiB);
    m.sides[side].trip = 40 * MS;
    run (&m, 600 * MS);
    assert_true (run (&m, 2 * NS_PER_S) > 0.9 * m.rate);
  }
}

/* A handshake takes more round trips, and only the first worker has finished
 * its handshake; with and without further workers.
 */
static void
workers_that_connect_late_do_not_end_the_rise (void **state UNUSED)
{
  struct model m = link_of (100 * MS, 1e9);

  m.connect = 8;
  for (unsigned processors = 1; processors <= WORKERS_MAX_HERE; processors++) {
    start_with (processors, 64 * MiB);
    run (&m, 2 * NS_PER_S);
    assert_int_equal (connected, WORKERS_MAX_HERE);
    assert_true (run (&m, NS_PER_S) > 0.8 * m.rate);
  }
}

/* A little data, and then nothing for a long time. */
static void
long_link_that_was_taken_for_a_near_one_is_risen_on (void **state UNUSED)
{
  struct model m = link_of (100 * MS, 1e9);

  m.idle = true;
  run (&m, NS_PER_S);
  assert_false (tuner.far);
  m.idle = false;
  run (&m, NS_PER_S);
  assert_true (run (&m, NS_PER_S) > 0.8 * m.rate);
}

static void
long_link_gets_more_workers_and_a_near_one_none (void **state UNUSED)
{
  const struct model near = { .rate = 3e9, .noise = 0.3 };
  const struct model slow_server = { .sides = { { .rate = 50e6 } } };
  const struct model far = link_of (20 * MS, 1e9);

  run (&near, 20 * NS_PER_S);
  assert_int_equal (connected, WORKERS);
  start_with (WORKERS, 64 * MiB);
  run (&slow_server, 60 * NS_PER_S);
  assert_int_equal (connected, WORKERS);
  assert_true (tuner.pace.window <= first_window ());
  start_with (WORKERS, 64 * MiB);
  run (&far, NS_PER_S);
  assert_int_equal (connected, WORKERS_MAX_HERE);
}

/* More than the link holds only waits in the servers. */
static void
link_is_not_given_much_more_than_it_holds (void **state UNUSED)
{
  const struct model m = link_of (40 * MS, 500e6);

  run (&m, 20 * NS_PER_S);
  assert_true (all_windows () <= 1.8 * m.rate * 40 / 1000);
  ASSERT_MOSTLY (plan.far_size, 20 * NS_PER_S, 0.8);
}

/* A narrow link is filled by a few requests, also if it begins with a burst. */
static void
narrow_link_gets_no_useless_requests (void **state UNUSED)
{
  struct model m = link_of (20 * MS, 0);

  for (unsigned side = 0; side < 2; side++) {
    m.sides[side].rate = 200e6;
    m.sides[side].burst = 20e6;
  }
  run (&m, 20 * NS_PER_S);
  assert_true (most_in_flight <= 44 * MiB);
  assert_true (run (&m, 20 * NS_PER_S) > 0.97 * 200e6);
  assert_true (most_in_flight <= WORKERS_MAX_HERE * 6 * MiB);
}

/* -- servers that work on few requests ------------------------------------ */

/* These servers only work on the requests of one round trip, so that only
 * larger requests deliver more.  If a server works on enough requests, larger
 * ones are not tried for long.
 */
static void
larger_requests_if_their_number_is_limited (void **state UNUSED)
{
  for (unsigned threads = 4; threads <= 64; threads *= 4) {
    struct model m = link_of (100 * MS, 1.2e9);
    double usual;

    start_with (WORKERS, 64 * MiB);
    m.sides[0].threads = m.sides[1].threads = threads;
    usual = WORKERS_MAX_HERE * threads * MiB / 50e-3;
    run (&m, 3 * NS_PER_S);
    assert_true (run (&m, 10 * NS_PER_S)
                 > (usual < 0.5e9 ? 2 * usual : 0.85e9));
    if (threads == 4)
      ASSERT_MOSTLY (3, 10 * NS_PER_S, 0.8);
    else
      ASSERT_MOSTLY (plan.far_size, 10 * NS_PER_S, 0.6);
  }
}

/* -- causes other than the link ------------------------------------------- */

/* As when each page is touched for the first time. */
static void
slow_first_answers_do_not_keep_the_window_small (void **state UNUSED)
{
  struct model m = link_of (40 * MS, 1e9);

  m.first = 250 * MS;
  m.first_bytes = 20e6;
  run (&m, NS_PER_S);
  assert_true (run (&m, NS_PER_S) > 0.95 * m.rate);
}

static void
page_faults_do_not_keep_the_window_small (void **state UNUSED)
{
  struct model m = link_of (40 * MS, 1e9);

  m.touch = 15000.0 / 4096;
  run (&m, NS_PER_S);
  assert_true (run (&m, NS_PER_S) > 0.95 * m.rate);
}

static void
machine_that_stops_goes_on_as_before (void **state UNUSED)
{
  const struct model m = link_of (40 * MS, 1e9);

  for (unsigned i = 0; i < 20; i++) {
    start_with (WORKERS, 64 * MiB);
    run (&m, i * 50 * MS);
    stop_for (300 * MS);
    run (&m, i < 10 ? 500 * MS : 100 * MS);
    assert_true (run (&m, 500 * MS) > 0.9 * m.rate);
  }
}

/* The machine was busy in exactly the measured round. */
static void
hiccup_does_not_end_the_rise (void **state UNUSED)
{
  const struct model m = link_of (40 * MS, 1e9);
  const struct model busy = link_of (40 * MS, 200e6);

  run (&m, 60 * MS);
  assert_true (tuner.rising);
  run (&busy, 50 * MS);
  run (&m, 500 * MS);
  assert_true (run (&m, NS_PER_S) > 0.9 * m.rate);
}

static void
loss_of_all_connections_does_not_end_the_rise (void **state UNUSED)
{
  const struct model m = link_of (40 * MS, 1e9);

  run (&m, 60 * MS);
  assert_true (tuner.rising);
  stop_for (400 * MS);
  look ();
  run (&m, 300 * MS);
  assert_true (run (&m, NS_PER_S) > 0.9 * m.rate);
}

/* From a cache, or from ranges that were never written. */
static void
some_quick_answers_do_not_make_a_link_near (void **state UNUSED)
{
  for (unsigned i = 0; i < 2; i++) {
    struct model m = link_of (200 * MS, 500e6);

    start_with (WORKERS, 64 * MiB);
    m.quick = i == 0 ? 0.0005 : 0.002;
    run (&m, 3 * NS_PER_S);
    assert_true (run (&m, 30 * NS_PER_S) > 0.9 * m.rate);
  }
}

/* The beginning of the disk is fast, and its end is slow. */
static void
quick_beginning_is_soon_forgotten (void **state UNUSED)
{
  const struct model far = link_of (100 * MS, 500e6);
  struct model quick = far;

  run (&far, 3 * NS_PER_S);
  quick.quick = 1;
  run (&quick, 3 * NS_PER_S);
  run (&far, 15 * NS_PER_S);
  assert_true (run (&far, 5 * NS_PER_S) > 0.9 * far.rate);
}

/* -- links that change ---------------------------------------------------- */

static void
link_that_changes_is_followed_both_ways (void **state UNUSED)
{
  const struct model far = link_of (40 * MS, 1e9);
  const struct model near = { .rate = 3e9 };

  run (&far, 3 * NS_PER_S);
  assert_true (run (&far, NS_PER_S) > 0.9e9);
  run (&near, 12 * NS_PER_S);
  assert_true (tuner.pace.window <= 6 * MiB);
  assert_true (run (&near, NS_PER_S) > 2.7e9);
  run (&far, 12 * NS_PER_S);
  assert_true (run (&far, NS_PER_S) > 0.9e9);
}

/* If replies come with the shortest latency, the window grows two round trips
 * later.  Earlier requests still have the latency of the old link.
 */
static void
room_is_used_within_two_round_trips (void **state UNUSED)
{
  const struct model narrow = link_of (40 * MS, 600e6);
  const struct model wide = link_of (40 * MS, 2e9);
  uint64_t before;

  run (&narrow, 5 * NS_PER_S);
  before = all_windows ();
  run (&wide, 40 * MS + 2 * 40 * MS);
  assert_true (all_windows () >= 1.4 * before);
  run (&wide, 10 * 40 * MS);
  assert_true (run (&wide, NS_PER_S) > 1.8e9);
}

static void
window_shrinks_within_a_second_on_a_narrower_link (void **state UNUSED)
{
  const struct model wide = link_of (40 * MS, 1e9);
  const struct model narrow = link_of (40 * MS, 100e6);

  run (&wide, 3 * NS_PER_S);
  assert_true (all_windows () > 50 * MiB);
  run (&narrow, NS_PER_S);
  assert_true (all_windows () <= WORKERS_MAX_HERE * 6 * MiB);
}

/* The copy's own queue hides the shortest latency, which is forgotten in the
 * end.  Then a small window measures it again.
 */
static void
shortest_time_is_found_again_after_it_was_forgotten (void **state UNUSED)
{
  const struct model m = link_of (100 * MS, 300e6);
  const double holds = m.rate / 10;
  unsigned much = 0;

  run (&m, 5 * NS_PER_S);
  for (unsigned i = 0; i < 60; i++) {
    assert_true (run (&m, NS_PER_S) > 0.5 * m.rate);
    much += all_windows () > 1.8 * holds;
  }
  assert_true (much < 20); /* in trials */
  assert_true (run (&m, 60 * NS_PER_S) > 0.95 * m.rate);
}

static void
longer_way_is_believed (void **state UNUSED)
{
  const struct model before = link_of (40 * MS, 300e6);
  const struct model after = link_of (160 * MS, 300e6);

  run (&before, 5 * NS_PER_S);
  run (&after, 12 * NS_PER_S);
  assert_true (run (&after, 10 * NS_PER_S) > 0.9 * after.rate);
}

/* Two copies share one link in proportion to their bytes in flight, and see
 * each other's queue.  Neither starves, and their windows do not grow forever.
 */
static void
two_copies_share_a_link (void **state UNUSED)
{
  const double rate = 500e6, trip = 40 * MS;
  struct tuner both[2];
  struct rtt times[2] = { 0 };
  double done[2] = { 0 }, at_half[2] = { 0 };

  for (unsigned i = 0; i < 2; i++)
    tuner_init (&both[i], &plan, now);
  for (unsigned step = 0; step < 60000; step++) {
    const double all = WORKERS * (both[0].pace.window + both[1].pace.window);
    const double time = all * NS_PER_S / rate > trip ? all * NS_PER_S / rate
                                                     : trip;

    for (unsigned i = 0; i < 2; i++) {
      struct delivered d = { .workers = WORKERS, .refused = step };

      d.last_rtt[0] = time;
      d.rtt[0] = rtt_note (&times[i], time, now, TRIPS_SPAN (time));
      d.came = d.went = done[i] += WORKERS * both[i].pace.window * NS_PER_S
        / time / 1000;
      if (step == 30000)
        at_half[i] = done[i];
      if (now >= tuner_deadline (&both[i]))
        tuner_tick (&both[i], &d, now);
    }
    now += MS;
  }
  for (unsigned i = 0; i < 2; i++) {
    assert_true (done[i] - at_half[i] > 0.25 * rate * 30);
    assert_true (WORKERS * both[i].pace.window <= 6 * rate * trip / NS_PER_S);
  }
}

/* -- when nothing can be concluded ---------------------------------------- */

/* If extents or the servers delay the copy, windows have no effect. */
static void
nothing_is_concluded_while_windows_have_room (void **state UNUSED)
{
  struct model m = link_of (40 * MS, 1e9);

  m.idle = true;
  run (&m, 30 * NS_PER_S);
  assert_true (is_at_first_pace ());
}

static void
nothing_is_concluded_while_a_limit_holds_the_copy_up (void **state UNUSED)
{
  struct model m = link_of (100 * MS, 400e6);

  m.limited = true;
  run (&m, 30 * NS_PER_S);
  assert_true (is_at_first_pace ());
  ASSERT_MOSTLY (plan.near_size, 30 * NS_PER_S, 1);
  assert_true (looks < 30 * 30);

  m.limited = false; /* the limit is lifted: now the window is too small */
  run (&m, NS_PER_S);
  assert_true (tuner.pace.window > first_window ());
}

static void
limit_during_a_rise_is_not_looked_at_all_the_time (void **state UNUSED)
{
  struct model m = link_of (20 * MS, 1e9);

  run (&m, 35 * MS);
  assert_true (tuner.rising);
  m.limited = true;
  looks = 0;
  run (&m, 30 * NS_PER_S);
  assert_true (looks < 10 * 30);
}

static void
one_setting_and_no_more_workers_leave_nothing_to_tune (void **state UNUSED)
{
  const struct delivered d = {
    .workers = 4, .came = 1, .went = 1, .refused = 1, .rtt = { 1, 1 }
  };
  struct tuning pace;

  start_with (WORKERS_MAX_HERE, 256 * KiB);
  assert_int_equal (tuner_deadline (&tuner), 0);
  pace = tuner_tick (&tuner, &d, now + NS_PER_S);
  assert_true (is_at_first_pace ());
  assert_int_equal (pace.window, plan.window_max);
}

/* The user sets the window, but not the number of workers. */
static void
long_link_gets_more_workers_with_one_window_too (void **state UNUSED)
{
  const struct model far = link_of (40 * MS, 1e9);

  start_with (WORKERS, 2 * MiB);
  run (&far, 2 * NS_PER_S);
  assert_int_equal (connected, WORKERS_MAX_HERE);
  run (&far, 20 * NS_PER_S);
  assert_int_equal (tuner.pace.window, 2 * MiB);
}

static void
nothing_moves_and_nothing_happens (void **state UNUSED)
{
  const struct model m = link_of (200 * NS_PER_S, 0);

  run (&m, 30 * NS_PER_S);
  assert_true (is_at_first_pace ());
  assert_true (looks < 30 * 10);
}

#define AFRESH(f) cmocka_unit_test_setup (f, start_afresh)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    AFRESH (near_link_keeps_the_pace_it_begins_with),
    AFRESH (server_that_dislikes_large_requests_gets_small_ones),
    AFRESH (near_link_comes_back_to_larger_requests),
    AFRESH (late_beginning_does_not_make_a_near_link_a_long_one),
    AFRESH (noise_is_no_reason_to_leave),
    AFRESH (slow_link_is_filled_within_half_a_second),
    AFRESH (longest_link_is_filled_in_four_round_trips),
    AFRESH (link_with_one_long_side_is_filled),
    AFRESH (workers_that_connect_late_do_not_end_the_rise),
    AFRESH (long_link_that_was_taken_for_a_near_one_is_risen_on),
    AFRESH (long_link_gets_more_workers_and_a_near_one_none),
    AFRESH (link_is_not_given_much_more_than_it_holds),
    AFRESH (narrow_link_gets_no_useless_requests),
    AFRESH (larger_requests_if_their_number_is_limited),
    AFRESH (slow_first_answers_do_not_keep_the_window_small),
    AFRESH (page_faults_do_not_keep_the_window_small),
    AFRESH (machine_that_stops_goes_on_as_before),
    AFRESH (hiccup_does_not_end_the_rise),
    AFRESH (loss_of_all_connections_does_not_end_the_rise),
    AFRESH (some_quick_answers_do_not_make_a_link_near),
    AFRESH (quick_beginning_is_soon_forgotten),
    AFRESH (link_that_changes_is_followed_both_ways),
    AFRESH (room_is_used_within_two_round_trips),
    AFRESH (window_shrinks_within_a_second_on_a_narrower_link),
    AFRESH (shortest_time_is_found_again_after_it_was_forgotten),
    AFRESH (longer_way_is_believed),
    AFRESH (two_copies_share_a_link),
    AFRESH (nothing_is_concluded_while_windows_have_room),
    AFRESH (nothing_is_concluded_while_a_limit_holds_the_copy_up),
    AFRESH (limit_during_a_rise_is_not_looked_at_all_the_time),
    AFRESH (one_setting_and_no_more_workers_leave_nothing_to_tune),
    AFRESH (long_link_gets_more_workers_with_one_window_too),
    AFRESH (nothing_moves_and_nothing_happens),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
