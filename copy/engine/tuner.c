/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds how much to keep in flight, and in which requests: see tuner.h. */

#include <config.h>

#include "arith.h"
#include "clock.h"
#include "engine/tuner.h"

/* The time between ticks while nothing can be concluded; it doubles. */
#define TICK (5 * NS_PER_MS)
#define TICK_LAST (250 * NS_PER_MS)

/* Shorter rounds with near servers would only show how the kernel schedules. */
#define ROUND_MIN (10 * NS_PER_MS)

/* The window is GAIN times the bytes that the link holds, so that it grows
 * while the link has room.  At first the window doubles in DOUBLE_TIME, because
 * a copy over a long link has no time for many steps.  That ends when the best
 * rate has not grown by GROWTH for FLAT rounds.
 */
#define GAIN 1.5
#define GAIN_MAX 5
#define DOUBLE_TIME (10 * NS_PER_MS)
#define GROWTH 1.25
#define FLAT 4

/* A window that would change by less stays. */
#define CLOSE 0.125

/* Requests of all workers that keep near servers busy: see PLAN_DEPTH. */
#define DEPTH_ALL 12

/* Where the round trip is shorter, that is enough for any link.  Where it is
 * longer, the requests that a server works on for one connection may be too
 * few.
 */
#define FAR (5 * NS_PER_MS)

/* When the shortest round trip has become longer by this factor, it is measured
 * again, but not all the time: the link can be longer now, or a queue hides how
 * short it is.
 */
#define LONGER 1.1
#define DRAIN_AGAIN (4 * NS_PER_S)
#define DRAIN_TRIPS 80

/* A trial takes this time, or one round trip if that is longer.  Of two sizes,
 * the one further from the usual size is chosen only if it is faster by WORTH.
 * Between trials there are at least REST_TRIPS round trips.
 */
#define TRIAL_TIME (50 * NS_PER_MS)
#define WORTH 1.2
#define REST_FIRST (500 * NS_PER_MS)
#define REST_LAST (8 * NS_PER_S)
#define REST_TRIPS 50

/* Larger requests are tried only where the link holds at least MANY requests of
 * each worker, because hardly any server works on fewer at a time for one
 * connection, and where the processors are idle for this part of the time:
 * otherwise they are the limit.
 */
#define MANY 4
#define IDLE 0.25

/* Returns the window that one worker needs at this size to keep servers busy.
 */
static uint64_t
deep_window (const struct plan *plan, unsigned size)
{
  const uint64_t depth = max_u64 (PLAN_DEPTH, DEPTH_ALL / plan->workers);

  return plan->pinned ? plan->window_max
                      : min_u64 (plan->window_max, depth * plan->sizes[size]);
}

struct tuning
tuner_first (const struct plan *plan)
{
  return (struct tuning) {
    .request_size = plan->sizes[plan->near_size],
    .window = deep_window (plan, plan->near_size),
  };
}

void
tuner_init (struct tuner *t, const struct plan *plan, uint64_t now)
{
  *t = (struct tuner) {
    .plan = plan,
    .size = plan->near_size,
    .trial = plan->near_size,
    .pace = tuner_first (plan),
    .rising = true,
    .rest = REST_FIRST,
    .since = now,
    .grew = now,
    .next = now + TICK,
    .pause = TICK,
  };
}

uint64_t
tuner_deadline (const struct tuner *t)
{
  const struct plan *p = t->plan;

  return p->n_sizes > 1 || p->workers < p->workers_max
      || deep_window (p, p->near_size) < p->window_max
    ? t->next
    : 0;
}

static uint64_t
both (const struct delivered *d, const uint64_t rtt[2])
{
  return d->reads_both ? max_u64 (rtt[SOURCE], rtt[DESTINATION])
                       : rtt[SOURCE] + rtt[DESTINATION];
}

/* -- rounds --------------------------------------------------------------- */

static uint64_t
round_time (const struct tuner *t, const struct delivered *d)
{
  return max_u64 (ROUND_MIN,
                  t->rising ? both (d, d->rtt) / 2 : both (d, d->rtt));
}

static void
begin_round (struct tuner *t, const struct delivered *d, uint64_t now)
{
  t->since = now;
  t->before = *d;
}

/* Returns the bytes per second since the round began.  Reads and writes share
 * the link, or the processors, so their mean counts, once there are both.
 */
static double
rate_of (const struct tuner *t, const struct delivered *d, uint64_t time)
{
  const double came = d->came - t->before.came;
  const double went = d->went - t->before.went;

  return (t->before.went == 0 ? came : (came + went) / 2) * NS_PER_S / time;
}

/* The first round ends when the first windows have arrived, or some time after
 * their first bytes, if the server does not work on all requests at once.  The
 * requests were sent one round trip before that.  If the windows arrived within
 * another one, their answers have not waited for each other, so the round trip
 * time does not include a queue.
 */
static uint64_t
first_round (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const uint64_t time = now - t->since;

  if (d->came + d->went == 0)
    begin_round (t, d, now);
  if (both (d, d->rtt) == 0
      || (d->came < d->workers * t->pace.window && time < ROUND_MIN))
    return 0;
  t->sure = time < d->rtt[SOURCE];
  return t->sure ? both (d, d->rtt) : time + both (d, d->rtt);
}

/* Ends a round.  Returns its rate, if the windows limited the copy from its
 * beginning; else 0.
 */
static double
end_round (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const bool first = t->before.came + t->before.went == 0;
  const uint64_t time = first ? first_round (t, d, now) : now - t->since;
  const bool full = d->refused != t->before.refused
    && d->limited == t->before.limited;
  double rate;

  t->next = now
    + max_u64 (TICK, min_u64 (TICK_LAST, first ? (now - t->grew) / 16 : 0));
  if (time == 0 || time < round_time (t, d))
    return 0;
  rate = full && (t->full || first) ? rate_of (t, d, time) : 0;
  begin_round (t, d, now);
  t->full = full;
  t->pause = full ? TICK : min_u64 (2 * t->pause, TICK_LAST);
  t->next = now + (rate > 0 ? round_time (t, d) : t->pause);
  return rate;
}

static double
best_rate (const struct tuner *t)
{
  double best = 0;

  for (unsigned i = 0; i < TUNER_ROUNDS; i++)
    best = t->rates[i] > best ? t->rates[i] : best;
  return best;
}

/* Returns the mean rate of the last rounds, without those before the best rate
 * grew.
 */
static double
usual_rate (const struct tuner *t)
{
  const unsigned n = max_u64 (1, min_u64 (TUNER_ROUNDS, t->flat));
  double sum = 0;

  for (unsigned i = 1; i <= n; i++)
    sum += t->rates[(t->n_rates - i) % TUNER_ROUNDS];
  return sum / n;
}

static void
note_rate (struct tuner *t, const struct delivered *d, double rate,
           uint64_t now)
{
  t->flat++;
  if (rate > GROWTH * best_rate (t)) {
    t->flat = 0;
    t->grew = now;
    t->idle_then = d->idle;
  }
  t->rising = t->rising && t->flat < FLAT;
  t->rates[t->n_rates++ % TUNER_ROUNDS] = rate;
}

/* -- windows -------------------------------------------------------------- */

/* Returns what all windows together should be at this rate. */
static double
wanted (const struct tuner *t, double rate)
{
  double gain = t->rising ? 1 + t->rtt / 2.0 / DOUBLE_TIME : GAIN;

  gain = gain < GAIN ? GAIN : gain > GAIN_MAX ? GAIN_MAX : gain;
  return gain * rate * t->rtt / NS_PER_S;
}

/* Returns the smallest window of a worker.  Workers that were added later share
 * the window of the first ones, if that is enough.
 */
static uint64_t
smallest_window (const struct tuner *t)
{
  const struct plan *p = t->plan;
  const uint64_t deep = deep_window (p, t->trial);
  const uint64_t all = p->workers * deep_window (p, p->near_size);

  return !t->far || t->trial > p->far_size
    ? deep
    : min_u64 (deep, max_u64 (2 * p->sizes[t->trial], all / t->pace.workers));
}

static void
set_pace (struct tuner *t)
{
  const uint64_t size = t->plan->sizes[t->trial], now = t->pace.window;
  const uint64_t least = smallest_window (t);
  const double each = wanted (t, best_rate (t)) / t->pace.workers;
  const uint64_t window = t->drained ? size
    : t->rtt < FAR || each < least   ? least
    : each < t->plan->window_max     ? each
                                     : t->plan->window_max;

  if (window < (1 - CLOSE) * now || window > (1 + CLOSE) * now
      || window == least)
    t->pace.window = window;
  t->pace.request_size = size;
}

/* -- the shortest round trip ---------------------------------------------- */

/* Makes the window as small as one request of each worker.  Once everything
 * else in flight is answered, answers wait for no others, and show the round
 * trip time.
 */
static void
begin_to_drain (struct tuner *t, uint64_t now)
{
  const double queue = (double) t->pace.workers * t->pace.window
    / best_rate (t);

  if (now < t->drain_again)
    return;
  t->drained = now + 2 * t->rtt + (queue < 1 ? queue : 1) * NS_PER_S;
  t->drain_again = t->drained + max_u64 (DRAIN_AGAIN, DRAIN_TRIPS * t->rtt);
}

/* Takes in round trip times.  A shorter one counts at once.  So does that of a
 * near server, and any one at the beginning, when one of the sides may not have
 * answered before.
 */
static void
note_trip (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const uint64_t rtt = both (d, d->rtt);

  if (t->drained && now >= t->drained) {
    t->rtt = min_u64 (rtt, both (d, d->last_rtt));
    t->sure = true;
    t->drained = 0;
  }
  else if (!t->drained && (rtt < t->rtt || rtt < FAR || t->rising))
    t->rtt = rtt;
  else if (!t->drained && rtt > LONGER * t->rtt && t->trial == t->size)
    begin_to_drain (t, now);
}

/* Finds out whether this is a long link, which can hold more than near servers
 * need.
 */
static void
look_far (struct tuner *t, double rate, uint64_t now)
{
  if (t->far || t->rtt < FAR
      || wanted (t, rate) <= (double) t->pace.workers * smallest_window (t))
    return;
  if (!t->sure) {
    begin_to_drain (t, now);
    return;
  }
  t->far = t->upwards = true;
  t->size = t->trial = max_u64 (t->size, t->plan->far_size);
}

/* -- the size of requests ------------------------------------------------- */

static unsigned
usual_size (const struct tuner *t)
{
  return t->far ? t->plan->far_size : t->plan->near_size;
}

static bool
can_try (const struct tuner *t, uint64_t idle, uint64_t now)
{
  const double on_the_way = usual_rate (t) * t->rtt / NS_PER_S;
  const bool many = (double) idle - t->idle_then >= IDLE * (now - t->grew)
    && on_the_way >= MANY * t->pace.workers * t->plan->sizes[t->size];

  return !t->upwards ? t->size > 0
                     : t->size + 1 < t->plan->n_sizes
      && (t->size < usual_size (t) || (t->far && many));
}

static void
begin_trial (struct tuner *t, const struct delivered *d, uint64_t now)
{
  if (t->drained || t->flat < FLAT || now < t->try_again)
    return;
  if (!can_try (t, d->idle, now))
    t->upwards = !t->upwards;
  if (!can_try (t, d->idle, now))
    return;
  t->trial = t->upwards ? t->size + 1 : t->size - 1;
  t->trial_bytes = t->trial_time = 0;
  t->is_settled = false;
  t->settled = d->went + t->pace.workers * t->pace.window;
}

/* Ends a trial.  If the size on trial wins, the next size in that direction is
 * tried at once.
 */
static void
end_trial (struct tuner *t, const struct delivered *d, double rate,
           uint64_t now)
{
  const bool away = t->upwards ? t->size >= usual_size (t)
                               : t->size <= usual_size (t);
  const bool won = rate >= usual_rate (t) * (away ? WORTH : 1 / WORTH);

  if (won) {
    t->size = t->trial;
    for (unsigned i = 0; i < TUNER_ROUNDS; i++)
      t->rates[i] = rate;
    t->flat = 0;
    t->grew = now;
    t->idle_then = d->idle;
    t->rest = REST_FIRST;
  }
  t->trial = t->size;
  if (won && can_try (t, d->idle, now))
    return;
  t->upwards = !t->upwards;
  t->try_again = now + max_u64 (t->rest, REST_TRIPS * t->rtt);
  t->rest = min_u64 (2 * t->rest, REST_LAST);
}

/* Requests that were sent before the trial are answered first. */
static void
measure_trial (struct tuner *t, const struct delivered *d, double rate,
               uint64_t time, uint64_t now)
{
  if (t->is_settled) {
    t->trial_time += time;
    t->trial_bytes += rate * time / NS_PER_S;
  }
  t->is_settled = d->went >= t->settled;
  if (t->trial_time >= max_u64 (TRIAL_TIME, t->rtt))
    end_trial (t, d, t->trial_bytes * NS_PER_S / t->trial_time, now);
}

struct tuning
tuner_tick (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const uint64_t began = t->since;
  const bool drains = t->drained;
  double rate;

  if (tuner_deadline (t) == 0 || now < t->next)
    return t->pace;
  if (d->workers != t->pace.workers)
    t->trial = t->size; /* it was measured of fewer */
  t->pace.workers = d->workers;
  rate = end_round (t, d, now);
  if (rate > 0) {
    note_trip (t, d, now);
    if (t->trial != t->size)
      measure_trial (t, d, rate, now - began, now);
    else if (!drains) {
      note_rate (t, d, rate, now);
      begin_trial (t, d, now);
      look_far (t, rate, now);
    }
  }
  if (t->n_rates > 0)
    set_pace (t);
  return t->pace;
}
