/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds how much to keep in flight, and in which requests: see tuner.h. */

#include <config.h>

#include "arith.h"
#include "clock.h"
#include "engine/tuner.h"

/* How soon it looks again while nothing can be concluded; longer and longer. */
#define TICK (5 * NS_PER_MS)
#define TICK_LAST (250 * NS_PER_MS)

/* In shorter rounds, near servers show only the rhythm of the scheduler. */
#define ROUND_MIN (10 * NS_PER_MS)

/* The window is so often what the link holds: so it grows while there is room.
 * At first it is to double in DOUBLE_TIME, as a long link has no time for many
 * steps; until the best rate has not grown by GROWTH for FLAT rounds.
 */
#define GAIN 1.5
#define GAIN_MAX 5
#define DOUBLE_TIME (10 * NS_PER_MS)
#define GROWTH 1.25
#define FLAT 4

/* A window that differs by less is not worth a change. */
#define CLOSE 0.125

/* So many requests of all workers keep near servers busy: see PLAN_DEPTH. */
#define DEPTH_ALL 12

/* Where answers take less, that is enough for any link; where they take more,
 * what a server does for one connection at a time may be too little.
 */
#define FAR (5 * NS_PER_MS)

/* A shortest time that has become so much longer is looked into, but not all
 * the time: the link may be longer now, or the queue hides how short it is.
 */
#define LONGER 1.1
#define DRAIN_AGAIN (4 * NS_PER_S)
#define DRAIN_TRIPS 80

/* A size is on trial for so long, or for the shortest time.  The one that is
 * further from the usual size has to gain WORTH.  Between trials, it rests for
 * REST_TRIPS times the shortest time at least.
 */
#define TRIAL_TIME (50 * NS_PER_MS)
#define WORTH 1.2
#define REST_FIRST (500 * NS_PER_MS)
#define REST_LAST (8 * NS_PER_S)
#define REST_TRIPS 50

/* Larger requests are tried where so many of each worker are on the way, as
 * hardly a server works on fewer of a connection, and the processors are idle
 * for such a part of the time: else it is them that limit.
 */
#define MANY 4
#define IDLE 0.25

/* What one worker needs at a size to keep servers busy. */
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
  return d->compares ? max_u64 (rtt[SOURCE], rtt[DESTINATION])
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

/* Bytes a second since the round began.  What was read and what was written
 * share the link, or the processors: it is the mean that counts, once both do.
 */
static double
rate_of (const struct tuner *t, const struct delivered *d, uint64_t time)
{
  const double came = d->came - t->before.came;
  const double went = d->went - t->before.went;

  return (t->before.went == 0 ? came : (came + went) / 2) * NS_PER_S / time;
}

/* The first round is over when the first windows have come, or some time after
 * the first of their bytes, where a server does not work on all of them.  They
 * were asked for the shortest time before that.  Where they took no longer to
 * come, they have not waited for each other, so that time is no queue's.
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

/* The rate of a round that is over, in which windows are what held the copy up
 * from its beginning; else 0.
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

/* The mean of the last rounds, without those before it grew. */
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

/* What all windows together should be at this rate. */
static double
wanted (const struct tuner *t, double rate)
{
  double gain = t->rising ? 1 + t->rtt / 2.0 / DOUBLE_TIME : GAIN;

  gain = gain < GAIN ? GAIN : gain > GAIN_MAX ? GAIN_MAX : gain;
  return gain * rate * t->rtt / NS_PER_S;
}

/* More workers than it began with share what those had, if they need no more.
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

/* -- the shortest time ---------------------------------------------------- */

/* One request of each worker at a time shows how long answers take when none
 * waits for others, once all that is in flight is answered.
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

/* A shorter time is believed at once, and one of a near server, and any while
 * it rises, as one side may not have answered before.
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

/* Whether it is a long link, which can take more than near servers need. */
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

/* What wins goes on in the same way at once. */
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

/* What was asked for before the trial is answered first. */
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
