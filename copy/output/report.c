/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says what will be done, or what was done: see report.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "base/exit-status.h"
#include "base/log.h"
#include "clock.h"
#include "human.h"
#include "options/options.h"
#include "output/describe.h"
#include "output/report.h"
#include "plan/retry.h"
#include "secrets.h"

/* Who wants to see them all wants another program. */
#define DIFFERENCES_SHOWN 10

static void
report_side (const struct endpoint *ep)
{
  const struct caps *c = endpoint_caps (ep);

  if (c->stream) {
    log_say ("%s: a stream%s", endpoint_name (ep),
             c->can_flush ? " flush" : "");
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
    log_say ("%s: it does not exist yet, and is made", endpoint_name (ep));
}

static const char *
yes_or_no (bool yes)
{
  return yes ? "yes" : "no";
}

/* What is written, and how. */
static char *
format_writing (const struct plan *p, char *text, size_t size)
{
  static const char *const known[] = {
    [IS_ZERO_AUTO] = "unknown",
    [IS_ZERO_YES] = "yes",
    [IS_ZERO_NO] = "no",
  };

  text[0] = '\0';
  if (p->copies)
    snprintf (text, size, " destination-is-zero=%s allocated=%s flush=%s",
              p->zero.ask_destination ? "ask" : known[p->zero.known],
              yes_or_no (p->zero.allocate), yes_or_no (p->flush));
  return text;
}

/* What is compared, and when. */
static char *
format_comparing (const struct plan *p, char *text, size_t size)
{
  text[0] = '\0';
  if (p->compares)
    snprintf (text, size, " destination-extents=%s %s=yes",
              yes_or_no (p->destination_extents),
              p->copies ? "verify" : "compare");
  return text;
}

void
report_plan (const struct plan *p, const struct endpoint *source,
             const struct endpoint *destination)
{
  char human[HUMAN_MAX], size[HUMAN_MAX + 32] = "unknown", digest[64] = "";
  char writing[80], comparing[64], shard[128] = "";

  if (!p->open_ended)
    snprintf (size, sizeof size, "%" PRIu64 " (%s)", p->size,
              human_size (human, p->size));
  if (p->digest.kind != DIGEST_NONE)
    snprintf (digest, sizeof digest, " blkhash=%s/%" PRIu64,
              options_digest_name (p->digest.kind), p->digest.block);
  if (p->shard.count)
    snprintf (shard, sizeof shard,
              " shard=%" PRIu64 "/%" PRIu64 " offset=%" PRIu64
              " length=%" PRIu64,
              p->shard.number, p->shard.count, p->start, plan_length (p));
  report_side (source);
  report_side (destination);
  log_say ("plan: size=%s workers=%u requests=%u"
           " request-size=%" PRIu64 " queue-size=%" PRIu64 " align=%" PRIu64
           " sparse=%" PRIu64 " source-extents=%s%s%s%s%s",
           size, p->workers, p->requests, p->request_size, p->queue_size,
           p->align, p->zero.scan, yes_or_no (p->source_extents),
           format_writing (p, writing, sizeof writing),
           format_comparing (p, comparing, sizeof comparing), digest, shard);
}

/* Seconds: 30 years say as much as more. */
#define TIME_MAX 1000000000

static uint64_t
time_for (uint64_t bytes, uint64_t rate)
{
  return min_u64 (bytes / rate, TIME_MAX) * NS_PER_S
    + bytes % rate * 1000 / rate * NS_PER_MS;
}

void
report_findings (const struct plan *p, const struct scan_result *f)
{
  char data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX];
  char unknown[HUMAN_MAX], slow[HUMAN_MAX], fast[HUMAN_MAX];

  if (p->open_ended) {
    log_say ("found: nobody knows what a stream will bring");
    return;
  }
  human_size (data, f->data);
  human_size (zero, f->zero);
  human_size (skipped, f->skipped);
  human_size (unknown, f->unknown);
  if (p->copies && f->told_apart)
    log_say ("found: %s data, %s to be zeroed, %s already zero, %s unknown",
             data, zero, skipped, unknown);
  else if (p->copies)
    log_say ("found: %s data, %s to be zeroed unless it is zero, %s unknown",
             data, zero, unknown);
  else
    log_say ("found: %s to be compared, %s zero on both sides, %s unknown",
             data, skipped, unknown);
  log_say ("time: at least %s at 100 MiB/s, %s at 1 GiB/s",
           human_duration (slow, time_for (f->data, 100 * MiB)),
           human_duration (fast, time_for (f->data, GiB)));
}

void
report_pace (const struct tuning *p)
{
  log_detail ("pace: request-size=%" PRIu64 " in-flight=%" PRIu64,
              p->request_size, p->window);
}

void
report_growth (unsigned workers, uint64_t rtt)
{
  log_detail ("workers: %u from now on, because answers take %" PRIu64 " us",
              workers, rtt / NS_PER_US);
}

/* "300.0 MiB data, 10.0 MiB zeroed, 714.0 MiB already zero", and where there
 * were any: ", 2.0 GiB resumed; 3 retries, 1.0 MiB copied again"
 */
static char *
format_parts (const struct totals *t, char *text, size_t size)
{
  char data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX];
  char resumed[HUMAN_MAX], again[HUMAN_MAX];
  int n;

  n = snprintf (text, size, "%s data, %s zeroed, %s already zero",
                human_size (data, t->data), human_size (zero, t->zero),
                human_size (skipped, t->skipped));
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
report_copied (const struct totals *t, uint64_t elapsed)
{
  const double seconds = (double) (elapsed ? elapsed : 1) / NS_PER_S;
  const uint64_t done = t->total - t->resumed;
  char size[HUMAN_MAX], time[HUMAN_MAX], rate[HUMAN_MAX], parts[256];

  log_say ("copied %s in %s (%s/s) with %u worker%s: %s",
           human_size (size, done), human_duration (time, elapsed),
           human_size (rate, done / seconds), t->workers,
           t->workers == 1 ? "" : "s", format_parts (t, parts, sizeof parts));
}

/* "300.0 MiB read, 724.0 MiB zero on both sides", and where there were any:
 * "; 3 retries".  Those of a copy before it are told with that.
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
report_compared (const struct totals *t, uint64_t elapsed)
{
  const double seconds = (double) (elapsed ? elapsed : 1) / NS_PER_S;
  char size[HUMAN_MAX], time[HUMAN_MAX], rate[HUMAN_MAX], parts[256];

  log_say ("compared %s in %s (%s/s) with %u worker%s: %s%s",
           human_size (size, t->total), human_duration (time, elapsed),
           human_size (rate, t->total / seconds), t->workers,
           t->workers == 1 ? "" : "s", format_compared (t, parts, sizeof parts),
           t->differing ? "" : ", no difference");
}

void
report_differences (const struct differences *d, const struct totals *t,
                    const struct endpoint *destination)
{
  const char *name = endpoint_name (destination);
  bool all;
  const struct ranges *found = differences_found (d, &all);
  const size_t n = ranges_count (found);

  for (size_t i = 0; i < n && i < DIFFERENCES_SHOWN; i++) {
    const struct range *r = ranges_at (found, i);

    log_error ("%s: it differs from the source at offset %" PRIu64
               " length %" PRIu64,
               name, r->start, r->end - r->start);
  }
  log_error ("%s: %" PRIu64 " bytes of %" PRIu64 " differ, in %s%zu range%s",
             name, t->differing, t->total, all ? "" : "more than ", n,
             n == 1 ? "" : "s");
}

void
report_interrupted (const struct totals *t, int signal_number, uint64_t elapsed)
{
  char done[HUMAN_MAX], size[HUMAN_MAX], time[HUMAN_MAX], parts[256];
  const bool copying = t->phase == PHASE_COPY;

  log_say ("ended by signal %d (%s): %s %s%s%s in %s: %s", signal_number,
           strsignal (signal_number), copying ? "copied" : "compared",
           human_size (done, totals_done (t)), t->open_ended ? "" : " of ",
           t->open_ended ? "" : human_size (size, t->total),
           human_duration (time, elapsed),
           (copying ? format_parts : format_compared) (t, parts, sizeof parts));
}

void
report_map (const struct map *m)
{
  const uint64_t left = ranges_bytes (map_todo (m));
  char done[HUMAN_MAX], rest[HUMAN_MAX];

  if (map_is_resumed (m) && left == 0)
    log_say ("--map=%s: all of it was copied before: there is nothing to do",
             map_name (m));
  else if (map_is_resumed (m))
    log_say ("--map=%s: %s were copied before, %s are left", map_name (m),
             human_size (done, map_resumed (m)), human_size (rest, left));
  else
    log_say ("--map=%s: all of the disk is to be copied", map_name (m));
}

/* What the next run of the same command would meet. */
static const char *
next_run (int err)
{
  if (err == ENOSPC || err == EDQUOT)
    return "once there is room, the same command goes on from there";
  return retry_helps (err)
    ? "the same command goes on from there"
    : "the same command fails again as long as the cause is there";
}

void
report_incomplete (struct map *m, uint64_t size, int err)
{
  char done[HUMAN_MAX], all[HUMAN_MAX];

  log_say ("--map=%s: %s of %s are stored, and %s", map_name (m),
           human_size (done, map_finished (m)), human_size (all, size),
           next_run (err));
}

/* -- for programs --------------------------------------------------------- */

#define FORMAT_VERSION 1

/* How long each part of the report is waited for. */
#define REPORT_MS 5000

int
report_open (struct report *r, const struct options *o, struct error *e)
{
  *r = (struct report) {
    .options = o,
    .out.fd = -1,
    .wanted = o->report != NULL,
    .started = clock_now (),
    .totals.open_ended = true,
  };
  clock_gettime (CLOCK_REALTIME, &r->start);
  if (!r->wanted || sink_open (&r->out, SINK_REPORT, o->report, e) == 0)
    return 0;
  r->wanted = false;
  return -1;
}

/* In place of what was known before, if anything. */
static void
set (json_t **to, json_t *value)
{
  json_decref (*to);
  *to = value;
}

void
report_note_sides (struct report *r, const struct endpoint *source,
                   const struct endpoint *destination)
{
  set (&r->source,
       describe_side (&r->options->source, r->options->source_id, source));
  set (&r->destination,
       describe_side (&r->options->destination, NULL, destination));
}

void
report_note_plan (struct report *r, const struct plan *p,
                  const struct scan_result *found)
{
  set (&r->plan, describe_plan (p, p->open_ended ? NULL : found));
  r->totals = (struct totals) {
    .total = p->open_ended ? 0 : plan_length (p),
    .open_ended = p->open_ended,
  };
  if (!r->options->plan || !p->copies || found == NULL || p->open_ended)
    return;
  r->totals.data = found->data;
  r->totals.zero = found->zero;
  r->totals.skipped = found->skipped;
  r->totals.resumed = found->resumed;
}

void
report_note_copy (struct report *r, const struct plan *p,
                  const struct workers *workers, uint64_t start, bool complete)
{
  const uint64_t now = clock_now ();
  const struct totals *t = &r->totals;

  r->copied = true;
  r->totals = workers_totals (workers);
  r->working = now - start;
  if (t->phase == PHASE_COMPARE)
    r->verifying = now - (p->copies ? t->began : start);
  if (complete && p->compares)
    set (&r->verify, describe_verify (workers_differences (workers), t));
  r->flushed = complete && p->copies && p->flush;
  r->p50 = workers_latency (workers, 50);
  r->p99 = workers_latency (workers, 99);
  r->changed = r->changed || t->writes > 0 || t->zeroes > 0;
}

void
report_note_unchanged (struct report *r, const struct totals *t)
{
  r->totals = *t;
  r->flushed = true; /* by whoever copied it */
}

void
report_note_map (struct report *r, struct map *m)
{
  set (&r->map,
       json_pack ("{s:o, s:b, s:o}", "file",
                  json_of_text (map_name (m), SIZE_MAX), "resumed",
                  map_is_resumed (m), "durable_bytes",
                  json_of_number (map_finished (m))));
}

void
report_note_digest (struct report *r, const char *digest)
{
  snprintf (r->digest, sizeof r->digest, "%s", digest);
}

void
report_note_error (struct report *r, const struct error *e)
{
  if (!error_is_set (&r->error))
    r->error = *e;
}

void
report_failure (struct report *r, const struct error *e)
{
  log_error ("%s", e->text);
  report_note_error (r, e);
}

const char *
report_status (const struct report *r, int exit_status)
{
  if (exit_status == DIFFERENT)
    return "different";
  if (exit_status == INCOMPLETE || (exit_status > SIGNAL_BASE && r->map))
    return "incomplete";
  if (exit_status != DONE)
    return "failed";
  return r->options->plan ? "planned" : r->changed ? "ok" : "unchanged";
}

static json_t *
describe_requests (const struct report *r)
{
  const struct totals *t = &r->totals;

  return json_pack (
    "{s:o, s:o, s:o, s:o, s:o}", "read", json_of_number (t->reads), "write",
    json_of_number (t->writes), "zero", json_of_number (t->zeroes),
    "latency_p50", describe_if (r->p50 > 0, json_of_ns (r->p50)), "latency_p99",
    describe_if (r->p99 > 0, json_of_ns (r->p99)));
}

static json_t *
describe_time (const struct report *r)
{
  const uint64_t flush = r->totals.flush_time;
  struct timespec end;

  clock_gettime (CLOCK_REALTIME, &end);
  return json_pack ("{s:o, s:o, s:o, s:o, s:o}", "start",
                    json_of_time (&r->start), "end", json_of_time (&end),
                    "elapsed", json_of_ns (clock_now () - r->started), "flush",
                    describe_if (flush > 0, json_of_ns (flush)), "verify",
                    describe_if (r->verifying > 0, json_of_ns (r->verifying)));
}

static json_t *
describe_digest (const struct report *r)
{
  if (r->digest[0] == '\0')
    return json_null ();
  return json_pack (
    "{s:s, s:o, s:s}", "algorithm", options_digest_name (r->options->digest),
    "block", json_of_number (r->options->digest_block), "value", r->digest);
}

static json_t *
describe_warnings (void)
{
  json_t *list = json_array ();
  const struct log_warning *w;

  for (unsigned i = 0; (w = log_warning_kept (i)) != NULL; i++)
    json_array_append_new (list,
                           json_pack ("{s:s?, s:o}", "code", w->code, "message",
                                      json_of_text (w->text, SIZE_MAX)));
  return list;
}

static json_t *
describe_rate (const struct report *r)
{
  const uint64_t copying = r->working - r->verifying;

  if (!r->copied || copying == 0)
    return json_null ();
  return json_real ((double) r->totals.data / copying * NS_PER_S);
}

static json_t *
or_null (json_t *value)
{
  return value ? json_incref (value) : json_null ();
}

static json_t *
describe_report (const struct report *r, int exit_status)
{
  return json_pack (
    "{s:i, s:s, s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:o, s:o,"
    " s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
    "v", FORMAT_VERSION, "version", PACKAGE_VERSION, "status",
    report_status (r, exit_status), "changed", r->changed, "exit", exit_status,
    "error", describe_error (&r->error), "source", or_null (r->source),
    "destination", or_null (r->destination), "bytes",
    describe_bytes (&r->totals), "requests", describe_requests (r), "time",
    describe_time (r), "rate", describe_rate (r), "digest", describe_digest (r),
    "verify", or_null (r->verify), "flushed", r->flushed, "map",
    or_null (r->map), "retries", json_of_number (r->totals.retries), "workers",
    describe_if (r->copied, json_of_number (r->totals.workers)), "plan",
    or_null (r->plan), "config", options_config (r->options), "warnings",
    describe_warnings ());
}

int
report_write (struct report *r, int exit_status, struct error *e)
{
  json_t *report;
  size_t length;
  char *line;
  bool written;

  if (!r->wanted)
    return 0;
  report = describe_report (r, exit_status);
  if (report && r->options->disk)
    json_object_set_new (report, "disk",
                         json_of_text (r->options->disk, SIZE_MAX));
  line = json_line (report, &length);
  json_decref (report);
  errno = line ? EIO : ENOMEM; /* where nothing says more */
  written = line && sink_all (&r->out, line, length, REPORT_MS);
  free (line);
  if (written)
    return 0;
  error_set (e, errno, "the report cannot be written: %s", strerror (errno));
  return -1;
}

void
report_free (struct report *r)
{
  json_decref (r->source);
  json_decref (r->destination);
  json_decref (r->plan);
  json_decref (r->verify);
  json_decref (r->map);
  sink_close (&r->out);
}
