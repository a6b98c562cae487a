/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The summary, in words for people: see summary.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "clock.h"
#include "human.h"
#include "options/options.h"
#include "output/describe.h"
#include "output/summary.h"
#include "plan/retry.h"

static void
say_side (const struct endpoint *ep)
{
  const struct caps *c = endpoint_caps (ep);

  if (c->stream) {
    log_say ("%s: is a stream%s", endpoint_name (ep),
             c->can_flush ? ", can be flushed" : "");
    return;
  }
  log_say ("%s: size=%" PRIu64 " block-minimum=%" PRIu64
           " block-preferred=%" PRIu64 " block-maximum=%" PRIu64 "%s%s%s%s%s%s",
           endpoint_name (ep), c->size, c->block_min, c->block_preferred,
           c->block_max, c->extents_max ? " extents" : "",
           c->extents_max > UINT32_MAX ? " 64-bit-extents" : "",
           c->zero_max ? " zero" : "", c->can_fast_zero ? " fast-zero" : "",
           c->can_flush ? " flush" : "",
           c->can_multi_conn ? " multi-conn" : "");
  if (c->missing)
    log_say ("%s: does not exist yet and will be created", endpoint_name (ep));
}

static const char *
yes_or_no (bool yes)
{
  return yes ? "yes" : "no";
}

/* Formats the part of the plan about writing. */
static char *
format_writing (const struct plan *p, char *text, size_t size)
{
  text[0] = '\0';
  if (p->copies)
    snprintf (text, size, " destination-is-zero=%s allocated=%s flush=%s",
              describe_zero (&p->zero), yes_or_no (p->zero.allocate),
              yes_or_no (p->flush));
  if (p->updates)
    snprintf (text, size, " update=yes block=%" PRIu64 " allocated=%s flush=%s",
              p->update.grain, yes_or_no (p->zero.allocate),
              yes_or_no (p->flush));
  return text;
}

/* Formats the part of the plan about comparing. */
static char *
format_comparing (const struct copy *c, char *text, size_t size)
{
  const struct plan *p = &c->plan;

  text[0] = '\0';
  if (p->compares)
    snprintf (text, size, " destination-extents=%s %s=%s",
              yes_or_no (p->destination_extents),
              p->copies ? "verify" : "compare",
              !copy_is_partial (c) || !p->copies ? "yes"
                : p->compares_all                ? "all"
                                                 : "copied");
  return text;
}

/* Prints what selects the ranges to copy. */
static void
say_selection (const struct copy *c)
{
  char selected[HUMAN_MAX], unselected[HUMAN_MAX];

  if (c->changed)
    log_say ("selection: context=%s", c->changed);
  else if (c->selection)
    log_say ("selection: format=\"%s\" extents=%" PRIu64 " ranges=%zu, %s"
             " selected, %s not selected",
             c->selection->format, c->selection->extents,
             ranges_count (copy_selected (c)),
             human_size (selected, copy_length (c)),
             human_size (unselected, copy_unselected (c)));
}

void
summary_plan (const struct copy *c, const struct endpoint *source,
              const struct endpoint *destination)
{
  const struct plan *p = &c->plan;
  char human[HUMAN_MAX], size[HUMAN_MAX + 32] = "unknown", digest[64] = "";
  char writing[80], comparing[64], shard[128] = "";

  if (!p->open_ended)
    snprintf (size, sizeof size, "%" PRIu64 " (%s)", p->size,
              human_size (human, p->size));
  if (p->digest.kind != DIGEST_NONE)
    snprintf (digest, sizeof digest, " blkhash=%s/%" PRIu64,
              digest_name (p->digest.kind), p->digest.block);
  if (p->shard.count)
    snprintf (shard, sizeof shard,
              " shard=%" PRIu64 "/%" PRIu64 " offset=%" PRIu64
              " length=%" PRIu64,
              p->shard.number, p->shard.count, p->start, plan_length (p));
  say_side (source);
  say_side (destination);
  log_say ("plan: size=%s workers=%u requests=%u"
           " request-size=%" PRIu64 " queue-size=%" PRIu64 " align=%" PRIu64
           " sparse=%" PRIu64 " source-extents=%s%s%s%s%s",
           size, p->workers, p->requests, p->request_size, p->queue_size,
           p->align, p->zero.scan, yes_or_no (p->source_extents),
           format_writing (p, writing, sizeof writing),
           format_comparing (c, comparing, sizeof comparing), digest, shard);
  say_selection (c);
}

/* Seconds.  A longer estimate, of more than 30 years, is useless. */
#define TIME_MAX 1000000000

static uint64_t
time_for (uint64_t bytes, uint64_t rate)
{
  return min_u64 (bytes / rate, TIME_MAX) * NS_PER_S
    + bytes % rate * 1000 / rate * NS_PER_MS;
}

void
summary_scan (const struct plan *p, const struct scan_result *f)
{
  char data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX];
  char unknown[HUMAN_MAX], unselected[HUMAN_MAX];
  char slow[HUMAN_MAX], fast[HUMAN_MAX];

  if (p->open_ended) {
    log_say ("found: unknown (source is a stream)");
    return;
  }
  human_size (data, f->data);
  human_size (zero, f->zero);
  human_size (skipped, f->skipped);
  human_size (unknown, f->unknown);
  if (f->unselected > 0)
    log_say ("not selected: %s", human_size (unselected, f->unselected));
  if (p->updates && f->told_apart)
    log_say ("found: %s data and %s zeroes to be compared, %s zero on both"
             " sides, %s unknown",
             data, zero, skipped, unknown);
  else if (p->copies && f->told_apart)
    log_say ("found: %s data, %s to be zeroed, %s already zero, %s unknown",
             data, zero, skipped, unknown);
  else if (p->copies)
    log_say ("found: %s data, %s to be zeroed unless already zero, %s unknown",
             data, zero, unknown);
  else
    log_say ("found: %s to be compared, %s zero on both sides, %s unknown",
             data, skipped, unknown);
  log_say ("time: at least %s at 100 MiB/s, %s at 1 GiB/s",
           human_duration (slow, time_for (f->data, 100 * MiB)),
           human_duration (fast, time_for (f->data, GiB)));
}

void
summary_tuning (const struct tuning *p)
{
  log_detail ("tuning: request-size=%" PRIu64 " in-flight=%" PRIu64,
              p->request_size, p->window);
}

void
summary_growth (unsigned workers, uint64_t rtt)
{
  log_detail ("workers: now %u, as a round trip takes %" PRIu64 " us", workers,
              rtt / NS_PER_US);
}

/* Formats "300.0 MiB data, 10.0 MiB zeroed, 714.0 MiB already zero" ("the same"
 * for an update) and, if there were any, ", 2.0 GiB resumed; 3 retries, 1.0 MiB
 * copied again".
 */
static char *
format_parts (const struct totals *t, char *text, size_t size)
{
  char data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX];
  char resumed[HUMAN_MAX], again[HUMAN_MAX], unreadable[HUMAN_MAX];
  int n;

  n = snprintf (text, size, "%s data, %s zeroed, %s %s",
                human_size (data, t->data), human_size (zero, t->zero),
                human_size (skipped, t->updates ? t->same : t->skipped),
                t->updates ? "the same" : "already zero");
  if (t->unreadable > 0)
    n += snprintf (text + n, size - n, ", %s unreadable",
                   human_size (unreadable, t->unreadable));
  if (t->resumed > 0)
    n += snprintf (text + n, size - n, ", %s resumed",
                   human_size (resumed, t->resumed));
  if (t->retries > 0)
    snprintf (text + n, size - n, "; %" PRIu64 " %s, %s copied again",
              t->retries, t->retries == 1 ? "retry" : "retries",
              human_size (again, t->again));
  return text;
}

void
summary_copied (const struct totals *t, uint64_t elapsed, bool changed)
{
  const double seconds = (double) (elapsed ? elapsed : 1) / NS_PER_S;
  const uint64_t done = t->total - t->resumed - t->unreadable;
  char size[HUMAN_MAX], time[HUMAN_MAX], rate[HUMAN_MAX], parts[256];

  log_say ("%s %s in %s (%s/s) with %u worker%s: %s%s",
           t->updates ? "updated" : "copied", human_size (size, done),
           human_duration (time, elapsed), human_size (rate, done / seconds),
           t->workers, t->workers == 1 ? "" : "s",
           t->updates && !changed ? "unchanged: " : "",
           format_parts (t, parts, sizeof parts));
}

/* Formats "300.0 MiB read, 724.0 MiB zero on both sides" and, if there were
 * any, "; 3 retries".  After a copy, its summary has the retries.
 */
static char *
format_compared (const struct totals *t, char *text, size_t size)
{
  char read[HUMAN_MAX], holes[HUMAN_MAX];
  int n;

  n = snprintf (text, size, "%s read, %s zero on both sides",
                human_size (read, t->compared), human_size (holes, t->holes));
  if (t->retries > 0 && t->phases == 1)
    snprintf (text + n, size - n, "; %" PRIu64 " %s", t->retries,
              t->retries == 1 ? "retry" : "retries");
  return text;
}

void
summary_compared (const struct totals *t, uint64_t elapsed)
{
  const uint64_t all = totals_to_do (t) - t->unverified;
  const double seconds = (double) (elapsed ? elapsed : 1) / NS_PER_S;
  char size[HUMAN_MAX], time[HUMAN_MAX], rate[HUMAN_MAX], parts[256];

  log_say ("compared %s in %s (%s/s) with %u worker%s: %s%s%s",
           human_size (size, all), human_duration (time, elapsed),
           human_size (rate, all / seconds), t->workers,
           t->workers == 1 ? "" : "s", format_compared (t, parts, sizeof parts),
           t->unselected > t->compared_besides ? ", the rest was not selected"
                                               : "",
           t->differing ? "" : ", no difference");
}

void
summary_differences (const struct differences *d, const struct totals *t,
                     const struct endpoint *destination)
{
  const char *name = endpoint_name (destination);
  bool all;
  const struct ranges *found = differences_found (d, &all);
  const size_t n = ranges_count (found);

  for (size_t i = 0; i < n && i < DIFFERENCES_SHOWN; i++) {
    const struct ranges_entry *r = ranges_at (found, i);

    log_error ("%s: differs from the source at offset %" PRIu64
               " length %" PRIu64,
               name, r->start, r->end - r->start);
  }
  log_error ("%s: %" PRIu64 " bytes of %" PRIu64 " differ, in %s%zu range%s",
             name, t->differing, totals_to_do (t), all ? "" : "more than ", n,
             n == 1 ? "" : "s");
}

void
summary_unreadable (const struct copy *c, const struct endpoint *source)
{
  struct range first[UNREADABLE_SHOWN];
  const size_t n = unreadable_first (c->unreadable, first, UNREADABLE_SHOWN);

  for (size_t i = 0; i < n && i < UNREADABLE_SHOWN; i++)
    log_error ("%s: cannot be read at offset %" PRIu64 " length %" PRIu64,
               endpoint_name (source), first[i].start, range_length (first[i]));
}

void
summary_interrupted (const struct totals *t, int signal_number,
                     uint64_t elapsed)
{
  char done[HUMAN_MAX], size[HUMAN_MAX], time[HUMAN_MAX], parts[256];
  const bool copying = t->phase == PHASE_COPY;

  log_say ("ended by signal %d (%s): %s %s%s%s in %s: %s", signal_number,
           strsignal (signal_number),
           copying ? t->updates ? "updated" : "copied" : "compared",
           human_size (done, totals_done (t)), t->open_ended ? "" : " of ",
           t->open_ended ? "" : human_size (size, totals_to_do (t)),
           human_duration (time, elapsed),
           (copying ? format_parts : format_compared) (t, parts, sizeof parts));
}

void
summary_map (const struct map *m)
{
  const uint64_t left = map_left (m);
  char done[HUMAN_MAX], rest[HUMAN_MAX];

  if (map_is_resumed (m) && left == 0)
    log_say ("--map=%s: everything is copied already: nothing to do",
             map_name (m));
  else if (map_is_resumed (m))
    log_say ("--map=%s: resuming: %s are copied already, %s are left",
             map_name (m), human_size (done, map_resumed (m)),
             human_size (rest, left));
  else
    log_say ("--map=%s: the whole disk will be copied", map_name (m));
}

/* Returns what the next run of the same command will do. */
static const char *
next_run (int err)
{
  if (err == ENOSPC || err == EDQUOT)
    return "run the same command again to resume once there is room";
  return retry_helps (err)
    ? "run the same command again to resume"
    : "the same command will fail again until the cause is removed";
}

void
summary_incomplete (struct map *m, uint64_t size, int err)
{
  char done[HUMAN_MAX], all[HUMAN_MAX];

  log_say ("--map=%s: %s of %s are stored: %s", map_name (m),
           human_size (done, map_finished (m)), human_size (all, size),
           next_run (err));
}
