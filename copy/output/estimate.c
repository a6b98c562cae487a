/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of how the copy goes: see estimate.h. */

#include <config.h>

#include <string.h>

#include "arith.h"
#include "clock.h"
#include "output/estimate.h"

/* The rate is that of the last 10 s. */
#define SAMPLE_EVERY (10 * NS_PER_S / ESTIMATE_SAMPLES)

/* Seconds: beyond that, time left says nothing, and would not fit in ns. */
#define LEFT_MAX 1e9

/* A window with fewer changes of what is zeroed says too little of its rate: a
 * single request can be of gigabytes, and take minutes.
 */
#define CHANGES_MIN 4

/* A new phase has done nothing of what the one before it did. */
static void
begin_samples (struct estimator *o, uint64_t now)
{
  o->samples[0].when = now;
  o->samples[0].done = o->samples[0].data = o->samples[0].read_bytes = 0;
  o->samples[0].zero = 0;
  o->n_samples = 1;
  o->next_sample = now + SAMPLE_EVERY;
  o->began = o->zeroing_since = now;
  o->fraction = 0;
}

void
estimator_know (struct estimator *o, uint64_t source_data)
{
  o->data_known = true;
  o->source_data = source_data;
}

uint64_t
estimator_deadline (const struct estimator *o)
{
  return o->next_sample;
}

/* What takes time, of that which is done. */
static uint64_t
data_of (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->data : t->compared;
}

static uint64_t
read_bytes_of (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->read_bytes : t->compared;
}

/* What is zeroed while holes are gone over; comparing does not. */
static uint64_t
zeroed_of (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->zero_unread : 0;
}

/* Whether zeroing has begun. */
static bool
has_zeroed (const struct totals *t)
{
  return t->zeroes > 0 || zeroed_of (t) > 0;
}

static void
take_sample (struct estimator *o, uint64_t now)
{
  if (now < o->next_sample)
    return;
  if (o->n_samples == ESTIMATE_SAMPLES)
    memmove (o->samples, o->samples + 1, --o->n_samples * sizeof o->samples[0]);
  o->samples[o->n_samples].when = now;
  o->samples[o->n_samples].done = totals_done (&o->told);
  o->samples[o->n_samples].data = data_of (&o->told);
  o->samples[o->n_samples].read_bytes = read_bytes_of (&o->told);
  o->samples[o->n_samples].zero = zeroed_of (&o->told);
  o->n_samples++;
  o->next_sample = now + SAMPLE_EVERY;
}

/* What goes up whenever anything moves. */
static uint64_t
moves_of (const struct totals *t)
{
  return totals_copied (t) + totals_compared (t) + t->again + t->reads
    + t->writes + t->zeroes + t->questions;
}

/* Units a second since the oldest sample that is kept. */
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

/* Over the last 10 s, or since the first zero request where these say little.
 */
static double
zero_rate (const struct estimator *o, uint64_t now)
{
  const uint64_t zeroed = zeroed_of (&o->told);
  unsigned changes = zeroed > o->samples[o->n_samples - 1].zero;

  for (unsigned i = 1; i < o->n_samples; i++)
    changes += o->samples[i].zero > o->samples[i - 1].zero;
  return changes < CHANGES_MIN
    ? rate_of (zeroed, 0, now - o->zeroing_since)
    : rate_of (zeroed, o->samples[0].zero, now - o->samples[0].when);
}

/* How much of what the source does not have as data will be zeroed: as much, in
 * proportion, as of what is behind us.  The rest is zero there already.
 */
static uint64_t
zero_left (const struct estimator *o)
{
  const struct totals *t = &o->told;
  const uint64_t seen = t->resumed + t->read_bytes;
  const uint64_t known = t->resumed + o->source_data;
  const uint64_t holes = t->total > known ? t->total - known : 0;
  const uint64_t passed = totals_done (t) > seen ? totals_done (t) - seen : 0;

  if (!o->data_known || t->phase != PHASE_COPY || t->open_ended
      || passed >= holes || !has_zeroed (t))
    return 0;
  return passed == 0
    ? holes
    : (double) (holes - passed) * min_u64 (t->zero_unread, passed) / passed;
}

/* -- how much is done, and left ------------------------------------------- */

/* Seconds that zeroing takes on its own: 0 where there is none to do. */
static double
zeroing_seconds (const struct estimator *o, uint64_t now)
{
  const uint64_t left = zero_left (o);

  return left == 0 ? 0 : seconds_for (left, zero_rate (o, now));
}

/* Of this phase's bytes, or of its time where zeroing needs more than its share
 * of bytes would: else they would all be done long before it is.
 */
static double
fraction_of (const struct estimator *o, uint64_t now)
{
  const struct totals *t = &o->told;
  const double bytes = t->total == 0 ? 0 : (double) totals_done (t) / t->total;
  const double resumed = t->total == 0 ? 0 : (double) t->resumed / t->total;
  const double seconds = (double) (now - o->began) / NS_PER_S;
  const double left = zeroing_seconds (o, now);
  double time;

  if (left <= 0)
    return bytes;
  time = resumed + (1 - resumed) * seconds / (seconds + left);
  return time < bytes ? time : bytes;
}

void
estimator_init (struct estimator *o, const struct totals *begun, uint64_t now)
{
  *o = (struct estimator) { .told = *begun, .moved = now };
  begin_samples (o, now);
  o->samples[0].done = totals_done (begun);
  o->fraction = fraction_of (o, now);
}

void
estimator_note (struct estimator *o, const struct totals *t, uint64_t now)
{
  double fraction;

  if (moves_of (t) != moves_of (&o->told))
    o->moved = now;
  if (t->phase != o->told.phase)
    begin_samples (o, t->began);
  o->told = *t;
  if (!has_zeroed (t))
    o->zeroing_since = now;
  take_sample (o, now);
  fraction = fraction_of (o, now);
  if (fraction > o->fraction)
    o->fraction = fraction;
}

/* Where all bytes are done, some may still have to be flushed. */
static int
percent_of (const struct totals *t, double fraction, bool finished)
{
  if (finished)
    return 100;
  if (t->open_ended)
    return -1;
  return fraction < 0.99 ? (int) (fraction * 100) : 99;
}

/* Phases are as long as each other. */
static double
fraction_of_all (const struct estimator *o)
{
  const struct totals *t = &o->told;
  const unsigned before = t->phase == PHASE_COMPARE ? t->phases - 1 : 0;

  return (before + o->fraction) / t->phases;
}

/* To compare after a copy takes reading the same once more; where nothing was
 * copied, the other side may have any data.  Data is copied while other places
 * are zeroed.
 */
static void
look_ahead (const struct estimator *o, uint64_t now, struct estimate *v)
{
  const uint64_t done = read_bytes_of (&o->told);
  const uint64_t ns = now - o->samples[0].when;
  double data = 0, zero;

  v->left_known = o->data_known
    && (o->told.phase == PHASE_COPY || o->told.phases > 1);
  if (!v->left_known)
    return;
  v->zero_left = zero_left (o);
  zero = zeroing_seconds (o, now);
  if (done < o->source_data) {
    v->data_left = o->source_data - done;
    data = seconds_for (v->data_left,
                        rate_of (done, o->samples[0].read_bytes, ns));
  }
  else if (v->zero_left == 0)
    return;
  if (data >= 0 && zero >= 0)
    v->left = data > zero ? data : zero;
}

/* The time left is that of the data and the zeroing that are left.  Where these
 * are unknown, or only holes are left, it is that of all bytes at the rate so
 * far.
 */
struct estimate
estimator_estimate (const struct estimator *o, bool finished, uint64_t now)
{
  const struct totals *t = &o->told;
  const uint64_t ns = now - o->samples[0].when;
  struct estimate v = {
    .totals = t,
    .percent = percent_of (t, o->fraction, finished),
    .percent_of_all = percent_of (t, fraction_of_all (o), finished),
    .data_rate = rate_of (data_of (t), o->samples[0].data, ns),
    .zero_rate = zero_rate (o, now),
    .done_rate = rate_of (totals_done (t), o->samples[0].done, ns),
    .left = -1,
    .inflight = t->inflight,
    .stalled = now - o->moved < NS_PER_S ? 0 : now - o->moved,
  };

  if (finished) {
    v.left_known = true;
    v.left = 0;
  }
  else {
    look_ahead (o, now, &v);
    if (v.left < 0 && v.data_left == 0 && v.zero_left == 0 && !t->open_ended)
      v.left = seconds_for (t->total - totals_done (t), v.done_rate);
  }
  return v;
}
