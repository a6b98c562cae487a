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

/* So many paces at a time: each takes two round trips at least.  What was
 * passed over is tried later.
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
    .plan = plan,
    .pace = plan->first_pace, .home = plan->first_pace,
    .state = RISING, .since = now, .next = now + TICK, .first = now,
    .downwards = true, .rest = REST_FIRST,
  };
}

/* Also with one pace there can be more workers. */
static bool
has_a_choice (const struct tuner *t)
{
  return t->plan->n_paces > 1 || t->plan->workers < t->plan->workers_max;
}

uint64_t
tuner_due (const struct tuner *t)
{
  return has_a_choice (t) ? t->next : 0;
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
go_up (struct tuner *t, double rate)
{
  t->state = RISING;
  t->pace = min_u64 (t->pace + STRIDE, t->plan->n_paces - 1);
  t->last_rate = rate;
  t->risen = false;
}

/* A link that turns out to be a long one is risen on, as from the beginning. */
static void
begin_trial (struct tuner *t, uint64_t now)
{
  if (!t->far && t->trip >= FAR && home_is_starved (t)) {
    t->far = true;
    t->pace = t->home;
    go_up (t, rate (t, HOME));
    return;
  }
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
  begin_step (t, RISING, d, now);
  go_up (t, rate);
}

/* All of the first windows was answered.  Where that took little more than a
 * round trip from the first answer on, as for a home that is starved, there is
 * room for more, without another look.
 */
static void
judge_first (struct tuner *t, const struct delivered *d, uint64_t now)
{
  t->begun = true;
  t->far = d->trip >= FAR && now - t->first < GAIN * d->trip
    && tells_of_windows (t, d);
  begin_step (t, SETTLING, d, now);
  if (t->far && t->pace + 1 < t->plan->n_paces)
    go_up (t, (double) windows (t, t->pace) / d->trip);
}

/* After a pace was changed, what is answered in the first round trip was asked
 * for before that.  While something else holds the copy up, nothing is
 * concluded, and there is no hurry.
 */
static void
rise (struct tuner *t, const struct delivered *d, uint64_t now)
{
  const uint64_t time = now - t->since;

  if (d->moved == 0)
    t->first = now;
  if (d->trip == 0 || (!t->begun && d->moved < windows (t, t->pace)))
    return;
  if (!t->begun)
    judge_first (t, d, now);
  else if (!t->risen && time >= d->trip) {
    t->risen = true;
    begin_step (t, RISING, d, now);
  }
  else if (t->risen && time >= max_u64 (d->trip, 2 * TICK)) {
    if (tells_of_windows (t, d) && d->moved != t->moved)
      rise_on (t, d, now);
    else {
      begin_step (t, RISING, d, now);
      t->next = now + TICK_LAST;
    }
  }
}

/* More of them have come up: what was measured was of fewer. */
static void
take_in_workers (struct tuner *t, const struct delivered *d, uint64_t now)
{
  if (d->workers == t->workers)
    return;
  t->workers = d->workers;
  if (!t->begun)
    return;
  if (t->state != RISING)
    t->pace = t->home;
  t->measured[HOME] = t->measured[TRIAL] = NOTHING_YET;
  t->rounds = 0;
  t->last_way = t->risen = false;
  begin_step (t, t->state == RISING ? RISING : SETTLING, d, now);
}

unsigned
tuner_look (struct tuner *t, const struct delivered *d, uint64_t now)
{
  uint64_t bytes, time;
  bool judged;

  if (!has_a_choice (t) || now < t->next)
    return t->pace;
  t->next = now + max_u64 (TICK, min_u64 (TICK_LAST, (now - t->since) / 8));
  t->trip = d->trip;
  take_in_workers (t, d, now);

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
    else
      t->next = now + TICK_LAST;
    break;
  }
  return t->pace;
}
