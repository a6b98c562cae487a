/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress of a batch: see overview.h. */

#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "batch/overview.h"
#include "clock.h"
#include "output/describe.h"

#define SAMPLE_EVERY (10 * NS_PER_S)

/* Seconds.  A longer time left is useless. */
#define LEFT_MAX 1e9

int
overview_init (struct overview *o, size_t n, uint64_t now)
{
  *o = (struct overview) { .copies = calloc (n + 1, sizeof *o->copies),
                           .n = n,
                           .moved = now };
  for (size_t i = 0; o->copies && i < n; i++)
    o->copies[i] = (struct copy_progress) { .percent = -1, .left = -1 };
  return o->copies ? 0 : -1;
}

void
overview_free (struct overview *o)
{
  free (o->copies);
  *o = (struct overview) { 0 };
}

/* -- the progress of one copy --------------------------------------------- */

void
overview_set_state (struct overview *o, size_t i, enum progress_state state,
                    uint64_t attempts, uint64_t now)
{
  struct copy_progress *c = &o->copies[i];

  c->attempts = attempts;
  if (c->state == state)
    return;
  o->moved = now;
  if (state == RUNS) {
    c->phase[0] = c->told_phase[0] = '\0';
    c->next_told = c->data = 0;
    c->counted = false;
  }
  if (state != RUNS) {
    c->rate = c->data_rate = c->stalled = 0;
    c->connections[0] = c->connections[1] = 0;
    c->left = -1;
  }
  c->state = state;
}

static const char *
text_of (const json_t *event, const char *key)
{
  const char *text = json_string_value (json_object_get (event, key));

  return text ? text : "";
}

static void
set_phase (char phase[16], const char *text)
{
  strncpy (phase, text, 15);
  phase[15] = '\0';
}

/* Returns the number, or @otherwise if it is not known. */
static double
number_of (const json_t *event, const char *key, double otherwise)
{
  const json_t *value = json_object_get (event, key);

  return json_is_number (value) ? json_number_value (value) : otherwise;
}

static uint64_t
bytes_of (const json_t *event, const char *key)
{
  const json_int_t n = json_integer_value (json_object_get (event, key));

  return n > 0 ? n : 0;
}

static void
take_total (struct copy_progress *c, const json_t *event)
{
  c->total_known = json_is_integer (json_object_get (event, "total"));
  c->total = bytes_of (event, "total");
}

/* Counts the data of a copy, of which @counts has all. */
static void
take_data (struct overview *o, struct copy_progress *c, const json_t *counts)
{
  const uint64_t data = bytes_of (counts, "data");

  if (data > c->data) {
    o->data += data - c->data;
    c->data = data;
  }
}

/* Takes the bytes by the way in which they were done. */
static void
take_kinds (struct copy_progress *c, const json_t *counts)
{
  c->counted = true;
  c->zero = bytes_of (counts, "zero");
  c->skipped = bytes_of (counts, "skipped");
  c->same = bytes_of (counts, "same");
  c->resumed = bytes_of (counts, "resumed");
  c->unreadable = bytes_of (counts, "unreadable");
  c->compared = bytes_of (counts, "compared");
}

static void
take_by_side (uint64_t numbers[2], const json_t *event, const char *key)
{
  const json_t *sides = json_object_get (event, key);

  numbers[0] = bytes_of (sides, "source");
  numbers[1] = bytes_of (sides, "destination");
}

static void
take_progress (struct copy_progress *c, const json_t *event)
{
  const double zeroing = number_of (event, "zero_rate", 0);

  take_total (c, event);
  set_phase (c->phase, text_of (event, "phase"));
  c->percent = number_of (event, "percent", -1);
  c->done = bytes_of (event, "done");
  c->rate = c->data_rate = number_of (event, "rate", 0);
  if (zeroing > c->rate)
    c->rate = zeroing;
  c->left = number_of (event, "eta", -1);
  c->stalled = number_of (event, "stalled", 0);
  take_kinds (c, event);
  take_by_side (c->retries, event, "retries_by_side");
  take_by_side (c->connections, event, "connections");
}

/* A copy with nothing to do has only an end. */
static void
take_end (struct overview *o, struct copy_progress *c, const json_t *event)
{
  const json_t *bytes = json_object_get (event, "bytes");

  take_data (o, c, bytes);
  if (c->counted || number_of (event, "exit", -1) != 0)
    return;
  take_total (c, bytes);
  take_kinds (c, bytes);
  c->retries[0] = c->retries[1] = 0;
}

/* While a last flush runs, data moves where only the server sees it. */
static bool
is_moving (const struct copy_progress *c)
{
  return c->stalled == 0 || strcmp (c->phase, "flush") == 0;
}

void
overview_take_event (struct overview *o, size_t i, const json_t *event,
                     uint64_t now)
{
  struct copy_progress *c = &o->copies[i];
  const char *what = text_of (event, "ev");

  if (strcmp (what, "plan") == 0)
    take_total (c, event);
  else if (strcmp (what, "progress") == 0) {
    take_progress (c, event);
    take_data (o, c, event);
    if (is_moving (c))
      o->moved = now;
  }
  else if (strcmp (what, "end") == 0)
    take_end (o, c, event);
}

bool
overview_passes_on (struct overview *o, size_t i, const json_t *event,
                    uint64_t interval, uint64_t now)
{
  struct copy_progress *c = &o->copies[i];
  const char *phase = text_of (event, "phase");

  if (strcmp (text_of (event, "ev"), "progress") != 0)
    return true;
  if (now < c->next_told && strcmp (phase, c->told_phase) == 0)
    return false;
  c->next_told = now + interval;
  set_phase (c->told_phase, phase);
  return true;
}

void
overview_pass_next (struct overview *o)
{
  for (size_t i = 0; i < o->n; i++)
    o->copies[i].next_told = 0;
}

/* -- all of them ---------------------------------------------------------- */

/* Returns the fraction of a copy that is done. */
static double
fraction_done (const struct copy_progress *c)
{
  return c->state == IS_DONE              ? 1
    : c->state != WAITS && c->percent > 0 ? c->percent / 100.0
                                          : 0;
}

/* Returns the fraction of a copy that needs no more time. */
static double
fraction_over (const struct copy_progress *c)
{
  return c->state == HAS_FAILED ? 1 : fraction_done (c);
}

/* Returns the fraction of all copies.  A copy whose size is not known counts as
 * much as the others on average.
 */
static double
fraction_of_all (const struct overview *o, double average,
                 double (*fraction_of) (const struct copy_progress *c))
{
  double all = 0, over = 0;

  for (size_t i = 0; i < o->n; i++) {
    const struct copy_progress *c = &o->copies[i];
    const double size = c->total_known ? c->total : average;

    all += size;
    over += size * fraction_of (c);
  }
  return all > 0 ? over / all : 0;
}

static void
take_sample (struct overview *o, double fraction, uint64_t now)
{
  const unsigned n = o->n_samples;

  if (n > 0 && now - o->samples[n - 1].when < SAMPLE_EVERY)
    return;
  if (n == OVERVIEW_SAMPLES)
    memmove (o->samples, o->samples + 1, --o->n_samples * sizeof *o->samples);
  o->samples[o->n_samples].when = now;
  o->samples[o->n_samples++].fraction = fraction;
}

/* Returns the rate of data over the last 10 s, also of copies that have ended
 * since.
 */
static double
rate_of_all (struct overview *o, uint64_t now)
{
  const unsigned n = o->n_rates;
  double seconds;

  if (n == 0 || now - o->rates[n - 1].when >= NS_PER_S) {
    if (n == RATE_SAMPLES)
      memmove (o->rates, o->rates + 1, --o->n_rates * sizeof *o->rates);
    o->rates[o->n_rates].when = now;
    o->rates[o->n_rates++].data = o->data;
  }
  seconds = (double) (now - o->rates[0].when) / NS_PER_S;
  return seconds > 0 ? (o->data - o->rates[0].data) / seconds : 0;
}

/* Returns the seconds for the rest at the speed since the first sample, and not
 * less than the slowest copy needs.
 */
static double
left_of_all (const struct overview *o, double fraction, double slowest,
             uint64_t now)
{
  const double seconds = (double) (now - o->samples[0].when) / NS_PER_S;
  const double moved = fraction - o->samples[0].fraction;
  const double left = moved > 0 && seconds >= 1
    ? seconds * (1 - fraction) / moved
    : -1;

  return left < 0 || left > LEFT_MAX ? -1 : left > slowest ? left : slowest;
}

static int
percent_of (struct overview *o, const struct overview_sums *s, double fraction)
{
  const int percent = fraction < 0.99 ? (int) (fraction * 100) : 99;

  if (s->by_state[IS_DONE] == s->n)
    return 100;
  if (percent > o->percent)
    o->percent = percent;
  return o->percent;
}

struct overview_sums
overview_sum (struct overview *o, uint64_t now)
{
  struct overview_sums s = { .n = o->n };
  double over, average, slowest = 0, rate = rate_of_all (o, now);
  size_t known = 0;

  for (size_t i = 0; i < o->n; i++) {
    const struct copy_progress *c = &o->copies[i];

    s.by_state[c->state]++;
    s.again += c->state == WAITS && c->attempts > 0;
    s.done += c->state == IS_DONE && c->total_known ? c->total : c->done;
    s.total += c->total;
    known += c->total_known;
    s.rate += c->rate;
    if (c->left > slowest)
      slowest = c->left;
  }
  s.all_known = known == o->n;
  if (rate > s.rate) /* a comparison writes no data, but has a rate */
    s.rate = rate;
  average = known ? (double) s.total / known : 1;
  over = fraction_of_all (o, average, fraction_over);
  take_sample (o, over, now);
  s.percent = percent_of (o, &s, fraction_of_all (o, average, fraction_done));
  s.left = over == 1 ? 0 : left_of_all (o, over, slowest, now);
  return s;
}

/* -- for programs --------------------------------------------------------- */

static json_t *
describe_copy (const struct copy_progress *c)
{
  return json_pack ("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "disk",
                    json_of_text (c->disk, NAME_MAX_BYTES), "phase",
                    describe_if (c->phase[0], json_string (c->phase)),
                    "percent",
                    describe_if (c->percent >= 0, json_integer (c->percent)),
                    "done", json_of_number (c->done), "total",
                    describe_if (c->total_known, json_of_number (c->total)),
                    "rate", describe_rounded (c->rate), "eta",
                    describe_if (c->left >= 0, describe_rounded (c->left)),
                    "stalled", json_real (c->stalled));
}

json_t *
overview_describe (const struct overview *o, const struct overview_sums *s)
{
  json_t *running = json_array ();

  for (size_t i = 0; i < o->n; i++)
    if (o->copies[i].state == RUNS)
      json_array_append_new (running, describe_copy (&o->copies[i]));
  return json_pack (
    "{s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o}, s:i, s:o, s:o, s:o, s:o, s:o}",
    "disks", "all", json_of_number (s->n), "done",
    json_of_number (s->by_state[IS_DONE]), "running",
    json_of_number (s->by_state[RUNS]), "waiting",
    json_of_number (s->by_state[WAITS]), "again", json_of_number (s->again),
    "failed", json_of_number (s->by_state[HAS_FAILED]), "not_started",
    json_of_number (s->by_state[NOT_STARTED]), "percent", s->percent, "done",
    json_of_number (s->done), "total",
    describe_if (s->all_known, json_of_number (s->total)), "rate",
    describe_rounded (s->rate), "eta",
    describe_if (s->left >= 0, describe_rounded (s->left)), "running", running);
}
