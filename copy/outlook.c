/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of how the copy goes: see outlook.h. */

#include <config.h>

#include <string.h>

#include "arith.h"
#include "clock.h"
#include "outlook.h"

/* The rate is that of the last 10 s. */
#define SAMPLE_EVERY (10 * NS_PER_S / OUTLOOK_SAMPLES)

/* Seconds: beyond that, time left says nothing, and would not fit in ns. */
#define LEFT_MAX 1e9

/* A new phase has done nothing of what the one before it did. */
static void
begin_samples (struct outlook *o, uint64_t now)
{
  o->samples[0].when = now;
  o->samples[0].done = o->samples[0].data = o->samples[0].read_bytes = 0;
  o->n_samples = 1;
  o->next_sample = now + SAMPLE_EVERY;
}

void
outlook_init (struct outlook *o, const struct totals *begun, uint64_t now)
{
  *o = (struct outlook) { .told = *begun, .moved = now };
  begin_samples (o, now);
  o->samples[0].done = totals_done (begun);
}

void
outlook_know (struct outlook *o, uint64_t source_data)
{
  o->data_known = true;
  o->source_data = source_data;
}

uint64_t
outlook_due (const struct outlook *o)
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

static void
take_sample (struct outlook *o, uint64_t now)
{
  if (now < o->next_sample)
    return;
  if (o->n_samples == OUTLOOK_SAMPLES)
    memmove (o->samples, o->samples + 1,
             --o->n_samples * sizeof o->samples[0]);
  o->samples[o->n_samples].when = now;
  o->samples[o->n_samples].done = totals_done (&o->told);
  o->samples[o->n_samples].data = data_of (&o->told);
  o->samples[o->n_samples].read_bytes = read_bytes_of (&o->told);
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

void
outlook_note (struct outlook *o, const struct totals *t, uint64_t now)
{
  if (moves_of (t) != moves_of (&o->told))
    o->moved = now;
  if (t->phase != o->told.phase)
    begin_samples (o, t->began);
  o->told = *t;
  take_sample (o, now);
}

/* Units a second since the oldest sample that is kept. */
static double
rate_of (uint64_t now, uint64_t before, uint64_t ns)
{
  return ns == 0 ? 0 : (double) (now - before) * NS_PER_S / ns;
}

/* Where all bytes are done, some may still have to be flushed. */
static int
percent_of (const struct totals *t, uint64_t done, unsigned phases,
            bool finished)
{
  if (finished)
    return 100;
  if (t->open_ended)
    return -1;
  if (t->total == 0)
    return 0;
  return min_u64 (99, (uint64_t) ((double) done / t->total / phases * 100));
}

static double
seconds_for (uint64_t bytes, double rate)
{
  return rate * LEFT_MAX > bytes ? bytes / rate : -1;
}

/* To compare after a copy takes reading the same once more; where nothing was
 * copied, the other side may have any data.
 */
static void
look_ahead (const struct outlook *o, uint64_t ns, struct view *v)
{
  const uint64_t done = read_bytes_of (&o->told);

  v->left_known = o->data_known
    && (o->told.phase == PHASE_COPY || o->told.phases > 1);
  if (!v->left_known || done >= o->source_data)
    return;
  v->data_left = o->source_data - done;
  v->left = seconds_for (v->data_left,
                         rate_of (done, o->samples[0].read_bytes, ns));
}

struct view
outlook_view (const struct outlook *o, bool finished, uint64_t now)
{
  const struct totals *t = &o->told;
  const uint64_t ns = now - o->samples[0].when;
  struct view v = {
    .totals = t,
    .percent = percent_of (t, totals_done (t), 1, finished),
    .percent_of_all = percent_of (t, totals_copied (t) + totals_compared (t),
                                  t->phases, finished),
    .data_rate = rate_of (data_of (t), o->samples[0].data, ns),
    .done_rate = rate_of (totals_done (t), o->samples[0].done, ns),
    .left = -1,
    .inflight = t->inflight,
    .stalled = now - o->moved < NS_PER_S ? 0 : now - o->moved,
  };

  if (finished) {
    v.left_known = true;
    v.left = 0;
  }
  else
    look_ahead (o, ns, &v);
  return v;
}
