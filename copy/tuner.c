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

/* Where a whole window is answered so soon, more in flight would only wait. */
#define NEAR (5 * NS_PER_MS)

#define REST_FIRST (500 * NS_PER_MS)
#define REST_LAST (8 * NS_PER_S)

enum { HOME, TRIAL };
#define NOTHING_YET ((struct measured) { 0, 0 })

void
tuner_init (struct tuner *t, const struct plan *plan, uint64_t now)
{
  *t = (struct tuner) {
    .plan = plan, .pace = plan->first_pace, .home = plan->first_pace,
    .state = SETTLING, .since = now, .next = now + TICK, .downwards = true,
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
  return t->plan->workers * t->plan->paces[pace].queue_size;
}

static void
begin_step (struct tuner *t, int state, uint64_t moved, uint64_t refused,
            uint64_t now)
{
  t->state = state;
  t->moved = moved;
  t->refused = refused;
  t->since = now;
}

static double
rate (const struct tuner *t, int which)
{
  return (double) t->measured[which].bytes / t->measured[which].time;
}

/* Home is measured.  More than at first is not even tried on a link that is
 * near: it would cost memory, and noise could pass for a gain.
 */
static bool
may_try (const struct tuner *t)
{
  if (t->downwards)
    return t->home > 0;
  return t->home + 1 < t->plan->n_paces
    && (t->home < t->plan->first_pace
        || windows (t, t->home) >= rate (t, HOME) * NEAR);
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

unsigned
tuner_look (struct tuner *t, uint64_t moved, uint64_t refused, uint64_t now)
{
  uint64_t bytes, time;
  bool judged;

  if (t->plan->n_paces == 1 || now < t->next)
    return t->pace;
  t->next = now + max_u64 (TICK, min_u64 (TICK_LAST, (now - t->since) / 8));

  switch (t->state) {
  case RESTING:
    begin_step (t, MEASURING, moved, refused, now);
    break;
  case SETTLING:                /* what the pace before has left in flight */
    if (moved - t->moved >= windows (t, t->pace))
      begin_step (t, MEASURING, moved, refused, now);
    break;
  case MEASURING:
    if (now - t->since < MEASURE_TIME
        || moved - t->moved < MEASURE_WINDOWS * windows (t, t->pace))
      break;
    judged = refused != t->refused;
    bytes = moved - t->moved;
    time = now - t->since;
    begin_step (t, judged ? SETTLING : MEASURING, moved, refused, now);
    if (judged)
      take_in (t, bytes, time, now);
    break;
  }
  return t->pace;
}
