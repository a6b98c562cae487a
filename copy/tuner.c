/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds which of the plan's paces delivers most: see tuner.h. */

#include <config.h>

#include "arith.h"
#include "clock.h"
#include "tuner.h"

/* How soon it looks again while it waits for a measurement to be over: less
 * often, the longer that takes already.
 */
#define TICK (5 * NS_PER_MS)
#define TICK_LAST (250 * NS_PER_MS)

/* A measurement takes at least so long, and until so many windows were moved: a
 * slow link moves one in a round trip.
 */
#define MEASURE_TIME (50 * NS_PER_MS)
#define MEASURE_WINDOWS 2

/* A trial that is so far off what it has to reach, either way, is over after
 * one round.  Less can be other programs' doing.
 */
#define PLAIN 1.25
#define ROUNDS 3

/* What is in flight fills the link when it is so often what the link delivers
 * in the time that an answer takes at best: more would only wait.
 */
#define GAIN 2

/* From here on, what a server does for one connection at a time is too little
 * for the link.
 */
#define FAR (5 * NS_PER_MS)

/* A pace is worth rising to when it delivers so much more than the last, in one
 * round trip or in some: a hiccup can last for one.
 */
#define RISE 1.2
#define RISE_TRIPS 3

/* So many paces at a time: each takes two round trips.  What was passed over is
 * tried later, downwards.
 */
#define STRIDE 2

#define REST_FIRST (500 * NS_PER_MS)
#define REST_LAST (8 * NS_PER_S)

/* After it has risen: a trial on a long link takes long, too. */
#define REST_FAR (2 * NS_PER_S)

enum { HOME, TRIAL };
#define NOTHING_YET ((struct measured) { 0, 0 })

void
tuner_init (struct tuner *t, const struct plan *plan, uint64_t now)
{
  *t = (struct tuner) {
    .plan = plan, .workers = plan->workers,
    .pace = plan->first_pace, .home = plan->first_pace,
    .state = RISING, .since = now, .next = now + TICK, .downwards = true,
    .rest = REST_FIRST,
  };
}

uint64_t
tuner_due (const struct tuner *t)
{
  return t->plan->n_paces > 1 ? t->next : 0;
}

static unsigned
neighbour (const struct tuner *t)
{
  return t->downwards ? t->home - 1 : t->home + 1;
}

/* What all workers have in flight at the pace. */
static uint64_t
windows (const struct tuner *t, unsigned pace)
{
  return t->workers * t->plan->paces[pace].queue_size;
}

static void
begin_step (struct tuner *t, int state, const struct delivered *d,
            uint64_t now)
{
  t->state = state;
  t->moved = d->moved;
  t->refused = d->refused;
  t->limited = d->limited;
  t->since = now;
}

static double
rate (const struct tuner *t, int which)
{
  return (double) t->measured[which].bytes / t->measured[which].time;
}

/* Whether it is the link that could do more than it does at this pace, were
 * there more in flight.
 */
static bool
is_starved (const struct tuner *t, unsigned pace, double rate)
{
  return windows (t, pace) < GAIN * rate * t->trip;
}

static bool
home_is_starved (const struct tuner *t)
{
  return is_starved (t, t->home, rate (t, HOME));
}

/* More than at first is not even tried on a link that is full: it would cost
 * memory, and noise could pass for a gain.
 */
static bool
may_try (const struct tuner *t)
{
  if (t->downwards)
    return t->home > 0;
  return t->home + 1 < t->plan->n_paces
    && (t->home < t->plan->first_pace || home_is_starved (t));
}

/* How much better the trial is than it has to be: more than 1 wins.  Of the two
 * paces, it is the larger one that has to earn its place.
 */
static double
verdict (const struct tuner *t)
{
  const double ratio = rate (t, TRIAL) / rate (t, HOME);
  const struct pace *larger
    = &t->plan->paces[t->downwards ? t->home : neighbour (t)];
  const double worth = larger->worth / 100.0;

  return t->downwards ? ratio * worth : ratio / worth;
}

static void
rest (struct tuner *t, uint64_t now)
{
  t->state = RESTING;
  t->next = now + t->rest;
  t->rest = min_u64 (2 * t->rest, REST_LAST);
  t->pace = t->home;
  t->last_way = false;
  t->measured[HOME] = NOTHING_YET;
}

static void
begin_trial (struct tuner *t, uint64_t now)
{
  if (t->trip >= FAR && home_is_starved (t))
    t->far = true;
  if (!may_try (t)) {
    t->downwards = !t->downwards;
    if (t->last_way || !may_try (t)) {
      rest (t, now);
      return;
    }
    t->last_way = true;
  }
  t->pace = neighbour (t);
}

/* What is known of home, old or new, serves the next trial, too. */
static void
end_trial (struct tuner *t, bool won, uint64_t now)
{
  if (won) {
    t->home = neighbour (t);
    t->measured[HOME] = t->measured[TRIAL];
  }
  else
    t->downwards = !t->downwards;
  t->measured[TRIAL] = NOTHING_YET;
  t->rounds = 0;
  if (!won && t->last_way) {
    rest (t, now);
    return;
  }
  t->last_way = true;
  begin_trial (t, now);
}

static void
judge (struct tuner *t, uint64_t now)
{
  const double v = verdict (t);

  if (++t->rounds == ROUNDS || v >= PLAIN || v <= 1 / PLAIN)
    end_trial (t, v > 1, now);
  else
    t->pace = t->home;          /* measure that again, too */
}

/* A measurement at the present pace is complete. */
static void
take_in (struct tuner *t, uint64_t bytes, uint64_t time, uint64_t now)
{
  const int which = t->pace == t->home ? HOME : TRIAL;

  t->measured[which].bytes += bytes;
  t->measured[which].time += time;
  if (which == TRIAL)
    judge (t, now);
  else if (t->rounds == 0)
    begin_trial (t, now);
  else
    t->pace = neighbour (t);
}

/* Whether the windows are what held the copy up since the step began. */
static bool
tells_of_windows (const struct tuner *t, const struct delivered *d)
{
  return d->refused != t->refused && d->limited == t->limited;
}

static void
go_up (struct tuner *t, double rate, const struct delivered *d, uint64_t now)
{
  t->pace = min_u64 (t->pace + STRIDE, t->plan->n_paces - 1);
  t->last_rate = rate;
  t->risen = false;
  begin_step (t, RISING, d, now);
}

/* Goes up, or ends rising: there is no more, or it is worth nothing, even over
 * some round trips, or the link is full.
 */
static void
rise_on (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const uint64_t time = now - t->since;
  const double rate = (double) (d->moved - t->moved) / time;
  const bool worth = rate >= RISE * t->last_rate;

  if (worth)
    t->home = t->pace;
  else if (time < RISE_TRIPS * d->trip)
    return;
  if (!worth || t->pace + 1 == t->plan->n_paces
      || !is_starved (t, t->pace, rate)) {
    t->rest = REST_FAR;
    rest (t, now);
    return;
  }
  go_up (t, rate, d, now);
}

/* All of the first windows was answered.  Where that took little more than a
 * round trip from the first answer on, the link has room for more.
 */
static void
judge_first (struct tuner *t, const struct delivered *d, uint64_t now)
{
  t->begun = true;
  t->far = d->trip >= FAR && now - t->first < GAIN * d->trip
    && tells_of_windows (t, d);
  if (t->far)
    go_up (t, (double) windows (t, t->pace) / d->trip, d, now);
  else
    begin_step (t, SETTLING, d, now);
}

/* After a pace was changed, what is answered in the first round trip was asked
 * for before that.
 */
static void
rise (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const uint64_t time = now - t->since;

  if (t->first == 0 && d->moved > 0)
    t->first = now;
  if (d->trip == 0 || d->moved < windows (t, t->plan->first_pace))
    return;
  if (!t->begun)
    judge_first (t, d, now);
  else if (!t->risen && time >= d->trip) {
    t->risen = true;
    begin_step (t, RISING, d, now);
  }
  else if (t->risen && time >= max_u64 (d->trip, 2 * TICK)) {
    if (!tells_of_windows (t, d))
      begin_step (t, RISING, d, now);
    else
      rise_on (t, d, now);
  }
}

unsigned
tuner_look (struct tuner *t, const struct delivered *d, uint64_t now)
{
  uint64_t bytes, time;
  bool judged;

  if (t->plan->n_paces == 1 || now < t->next)
    return t->pace;
  t->next = now + max_u64 (TICK, min_u64 (TICK_LAST, (now - t->since) / 8));
  t->trip = d->trip;

  switch (t->state) {
  case RISING:
    rise (t, d, now);
    break;
  case RESTING:
    begin_step (t, MEASURING, d, now);
    break;
  case SETTLING:                /* what the pace before has left in flight */
    if (d->moved - t->moved >= windows (t, t->pace))
      begin_step (t, MEASURING, d, now);
    break;
  case MEASURING:
    if (now - t->since < MEASURE_TIME
        || d->moved - t->moved < MEASURE_WINDOWS * windows (t, t->pace))
      break;
    judged = tells_of_windows (t, d);
    bytes = d->moved - t->moved;
    time = now - t->since;
    begin_step (t, judged ? SETTLING : MEASURING, d, now);
    if (judged)
      take_in (t, bytes, time, now);
    break;
  }
  return t->pace;
}

void
tuner_grow (struct tuner *t, unsigned workers, uint64_t now)
{
  const double more = (double) workers / t->workers;

  t->workers = workers;
  t->measured[HOME] = t->measured[TRIAL] = NOTHING_YET;
  t->rounds = 0;
  if (t->state != RISING)
    t->pace = t->home;
  t->last_rate = t->pace == t->home ? 0 : t->last_rate * more;
  t->state = RISING;
  t->risen = false;
  t->since = now;
  t->next = now + TICK;
}
