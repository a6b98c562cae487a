/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress estimate: see estimate.h. */

#include <config.h>

#include <string.h>

#include "arith.h"
#include "clock.h"
#include "output/estimate.h"

/* Rates are averages over the last 10 s. */
#define SAMPLE_EVERY (10 * NS_PER_S / ESTIMATE_SAMPLES)

/* Seconds.  A longer time left is useless, and would not fit in ns. */
#define LEFT_MAX 1e9

/* With fewer answers to zero requests than this in the last 10 s, their rate is
 * unreliable: a single request can cover gigabytes and take minutes.
 */
#define CHANGES_MIN 4

/* Starts the samples of a phase: nothing of it is done yet. */
static void
begin_samples (struct estimator *e, uint64_t now)
{
  e->samples[0].when = now;
  e->samples[0].done = e->samples[0].data = e->samples[0].read_bytes = 0;
  e->samples[0].zero = 0;
  e->n_samples = 1;
  e->next_sample = now + SAMPLE_EVERY;
  e->began = e->zeroing_since = now;
  e->fraction = 0;
}

void
estimator_know (struct estimator *e, uint64_t source_data)
{
  e->data_known = true;
  e->source_data = source_data;
}

uint64_t
estimator_deadline (const struct estimator *e)
{
  return e->next_sample;
}

/* Returns the bytes that the data rate counts: an update reads much more than
 * it writes.
 */
static uint64_t
data_of (const struct totals *t)
{
  return t->phase == PHASE_COMPARE ? t->compared
    : t->updates                   ? t->read_bytes
                                   : t->data;
}

static uint64_t
read_bytes_of (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->read_bytes : t->compared;
}

/* Returns the bytes that were zeroed without being read.  A comparison zeroes
 * nothing.
 */
static uint64_t
zeroed_of (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->zero_unread : 0;
}

/* Returns whether any zero request was sent or answered. */
static bool
has_zeroed (const struct totals *t)
{
  return t->zeroes > 0 || zeroed_of (t) > 0;
}

static void
take_sample (struct estimator *e, uint64_t now)
{
  if (now < e->next_sample)
    return;
  if (e->n_samples == ESTIMATE_SAMPLES)
    memmove (e->samples, e->samples + 1, --e->n_samples * sizeof e->samples[0]);
  e->samples[e->n_samples].when = now;
  e->samples[e->n_samples].done = totals_done (&e->latest);
  e->samples[e->n_samples].data = data_of (&e->latest);
  e->samples[e->n_samples].read_bytes = read_bytes_of (&e->latest);
  e->samples[e->n_samples].zero = zeroed_of (&e->latest);
  e->n_samples++;
  e->next_sample = now + SAMPLE_EVERY;
}

/* Returns a number that rises whenever the copy makes any progress. */
static uint64_t
moves_of (const struct totals *t)
{
  return totals_copied (t) + totals_compared (t) + t->unreadable + t->again
    + t->reads + t->writes + t->zeroes + t->questions;
}

/* Returns the units per second between two counts. */
static double
rate_of (uint64_t now, uint64_t before, uint64_t ns)
{
  return ns == 0 ? 0 : (double) (now - before) * NS_PER_S / ns;
}

static double
seconds_for (uint64_t bytes, double rate)
{
  return rate * LEFT_MAX > bytes ? bytes / rate : -1;
}

/* -- zeroing -------------------------------------------------------------- */

/* Returns the rate of zeroing over the last 10 s, or since the first zero
 * request if there were too few answers in that time.
 */
static double
zero_rate (const struct estimator *e, uint64_t now)
{
  const uint64_t zeroed = zeroed_of (&e->latest);
  unsigned changes = zeroed > e->samples[e->n_samples - 1].zero;

  for (unsigned i = 1; i < e->n_samples; i++)
    changes += e->samples[i].zero > e->samples[i - 1].zero;
  return changes < CHANGES_MIN
    ? rate_of (zeroed, 0, now - e->zeroing_since)
    : rate_of (zeroed, e->samples[0].zero, now - e->samples[0].when);
}

/* Estimates how much of the remaining holes will be zeroed: the same proportion
 * as of the holes so far.  The rest is already zero at the destination.
 */
static uint64_t
zero_left (const struct estimator *e)
{
  const struct totals *t = &e->latest;
  const uint64_t seen = t->resumed + t->read_bytes;
  const uint64_t known = t->resumed + e->source_data;
  const uint64_t holes = t->total > known ? t->total - known : 0;
  const uint64_t passed = totals_done (t) > seen ? totals_done (t) - seen : 0;

  if (!e->data_known || t->phase != PHASE_COPY || t->open_ended
      || passed >= holes || !has_zeroed (t))
    return 0;
  return passed == 0
    ? holes
    : (double) (holes - passed) * min_u64 (t->zero_unread, passed) / passed;
}

/* -- how much is done, and left ------------------------------------------- */

/* Returns the seconds that the remaining zeroing takes: 0 if there is none, -1
 * if unknown.
 */
static double
zeroing_seconds (const struct estimator *e, uint64_t now)
{
  const uint64_t left = zero_left (e);

  return left == 0 ? 0 : seconds_for (left, zero_rate (e, now));
}

/* Returns the fraction of this phase that is done: of its bytes, or of its time
 * if that is less.  Where zeroing is slow, nearly all bytes are done long
 * before the phase ends.
 */
static double
fraction_of (const struct estimator *e, uint64_t now)
{
  const struct totals *t = &e->latest;
  const uint64_t passed = !t->total_falls ? 0
    : t->phase == PHASE_COPY              ? t->uncopied
                                          : t->uncompared;
  const double to_do = totals_to_do (t) + passed;
  const double bytes = to_do == 0 ? 0 : (totals_done (t) + passed) / to_do;
  const double resumed = t->total == 0 ? 0 : (double) t->resumed / t->total;
  const double seconds = (double) (now - e->began) / NS_PER_S;
  const double left = zeroing_seconds (e, now);
  double time;

  if (left <= 0)
    return bytes;
  time = resumed + (1 - resumed) * seconds / (seconds + left);
  return time < bytes ? time : bytes;
}

void
estimator_init (struct estimator *e, const struct totals *begun, uint64_t now)
{
  *e = (struct estimator) { .latest = *begun, .moved = now };
  begin_samples (e, now);
  e->samples[0].done = totals_done (begun);
  e->fraction = fraction_of (e, now);
}

void
estimator_note (struct estimator *e, const struct totals *t, uint64_t now)
{
  double fraction;

  if (moves_of (t) != moves_of (&e->latest))
    e->moved = now;
  if (t->phase != e->latest.phase)
    begin_samples (e, t->began);
  e->latest = *t;
  if (!has_zeroed (t))
    e->zeroing_since = now;
  take_sample (e, now);
  fraction = fraction_of (e, now);
  if (fraction > e->fraction)
    e->fraction = fraction;
}

/* Returns the percentage to show; at most 99 until everything is flushed. */
static int
percent_of (const struct totals *t, double fraction, bool finished)
{
  if (finished)
    return 100;
  if (t->open_ended)
    return -1;
  return fraction < 0.99 ? (int) (fraction * 100) : 99;
}

/* Returns the fraction to show; below 1 until everything is flushed. */
static double
shown_fraction (const struct totals *t, double fraction, bool finished)
{
  if (finished)
    return 1;
  if (t->open_ended)
    return -1;
  return fraction < 0.999 ? fraction : 0.999;
}

/* Counts all phases as equally long. */
static double
fraction_of_all (const struct estimator *e)
{
  const struct totals *t = &e->latest;
  const unsigned before = t->phase == PHASE_COMPARE ? t->phases - 1 : 0;

  return (before + e->fraction) / t->phases;
}

/* Sets the data and the zeroing that are left, and the time for both.
 * Comparing after a copy reads the same data again.  Without a copy, the
 * destination may hold any data, so the amount is unknown, and so it is of what
 * was not selected.  Copying and zeroing overlap, so the longer of the two times
 * counts.
 */
static void
look_ahead (const struct estimator *e, uint64_t now, struct estimate *v)
{
  const uint64_t done = read_bytes_of (&e->latest);
  const uint64_t ns = now - e->samples[0].when;
  double data = 0, zero;

  v->left_known = e->data_known
    && (e->latest.phase == PHASE_COPY
        || (e->latest.phases > 1 && e->latest.compared_besides == 0));
  if (!v->left_known)
    return;
  v->zero_left = zero_left (e);
  zero = zeroing_seconds (e, now);
  if (done < e->source_data) {
    v->data_left = e->source_data - done;
    data = seconds_for (v->data_left,
                        rate_of (done, e->samples[0].read_bytes, ns));
  }
  else if (v->zero_left == 0)
    return;
  if (data >= 0 && zero >= 0)
    v->left = data > zero ? data : zero;
}

/* Falls back to the rate of all bytes if the data and the zeroing that are left
 * are unknown, or if only holes are left.
 */
struct estimate
estimator_estimate (const struct estimator *e, bool finished, uint64_t now)
{
  const struct totals *t = &e->latest;
  const uint64_t ns = now - e->samples[0].when;
  struct estimate v = {
    .totals = t,
    .percent = percent_of (t, e->fraction, finished),
    .percent_of_all = percent_of (t, fraction_of_all (e), finished),
    .fraction = shown_fraction (t, fraction_of_all (e), finished),
    .data_rate = rate_of (data_of (t), e->samples[0].data, ns),
    .zero_rate = zero_rate (e, now),
    .done_rate = rate_of (totals_done (t), e->samples[0].done, ns),
    .left = -1,
    .inflight = t->inflight,
    .stalled = now - e->moved < NS_PER_S ? 0 : now - e->moved,
  };

  if (finished) {
    v.left_known = true;
    v.left = 0;
  }
  else {
    look_ahead (e, now, &v);
    if (v.left < 0 && v.data_left == 0 && v.zero_left == 0 && !t->open_ended)
      v.left = seconds_for (totals_to_do (t) - totals_done (t), v.done_rate);
  }
  return v;
}
