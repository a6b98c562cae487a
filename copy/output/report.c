/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report, one JSON object: see report.h. */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit-status.h"
#include "base/log.h"
#include "clock.h"
#include "options/options.h"
#include "output/describe.h"
#include "output/report.h"

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

/* Replaces an earlier value, if any. */
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
report_note_plan (struct report *r, const struct copy *c,
                  const struct scan_result *found)
{
  const struct plan *p = &c->plan;
  const uint64_t unselected = found ? found->unselected : copy_unselected (c);

  set (&r->plan, describe_plan (c, p->open_ended ? NULL : found));
  r->totals = (struct totals) {
    .total = p->open_ended ? 0 : plan_length (p) - unselected,
    .unselected = unselected,
    .compared_besides = copy_compared_besides (c),
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
  r->flushed = complete && p->copies && p->flush
    && (p->flush_always || !p->updates || t->writes > 0 || t->zeroes > 0);
  r->p50 = workers_latency (workers, 50);
  r->p99 = workers_latency (workers, 99);
  r->changed = r->changed || t->writes > 0 || t->zeroes > 0;
}

void
report_note_unreadable (struct report *r, struct unreadable *u)
{
  if (u)
    set (&r->unreadable, describe_unreadable (u));
}

void
report_note_unchanged (struct report *r, const struct totals *t)
{
  r->totals = *t;
  r->flushed = true; /* by the run that copied it */
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
  if (exit_status == INCOMPLETE && r->error.kind == ERROR_STOPPED)
    return "stopped";
  if (exit_status == INCOMPLETE || (exit_status > SIGNAL_BASE && r->map))
    return "incomplete";
  if (exit_status != DONE)
    return "failed";
  return r->options->plan ? "planned" : r->changed ? "ok" : "unchanged";
}

/* Returns whether the same command, run again, may do better. */
static enum again
again (const struct report *r, int exit_status)
{
  switch (exit_status) {
  case INCOMPLETE:
    return AGAIN_RETRY;
  case IN_USE:
    return r->map_in_use ? AGAIN_WAIT : AGAIN_RETRY;
  case FAILED:
    return r->may_pass ? AGAIN_RETRY : AGAIN_NO;
  }
  return AGAIN_NO;
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
    "{s:s, s:o, s:s}", "algorithm", digest_name (r->options->digest), "block",
    json_of_number (r->options->digest_block), "value", r->digest);
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
  return json_real (
    (double) (r->totals.updates ? r->totals.read_bytes : r->totals.data)
    / copying * NS_PER_S);
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
    "{s:i, s:s, s:s, s:b, s:i, s:s?, s:o, s:o, s:o, s:o, s:o,"
    " s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o}",
    "v", FORMAT_VERSION, "version", PACKAGE_VERSION, "status",
    report_status (r, exit_status), "changed", r->changed, "exit", exit_status,
    "again", again_word (again (r, exit_status)), "error",
    describe_error (&r->error), "source", or_null (r->source), "destination",
    or_null (r->destination), "bytes", describe_bytes (&r->totals), "requests",
    describe_requests (r), "time", describe_time (r), "rate", describe_rate (r),
    "digest", describe_digest (r), "verify", or_null (r->verify), "unreadable",
    or_null (r->unreadable), "flushed", r->flushed, "map", or_null (r->map),
    "retries", json_of_number (r->totals.retries), "workers",
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
  errno = line ? EIO : ENOMEM; /* if no call sets it */
  written = line && sink_all (&r->out, line, length, SINK_REPORT_MS);
  free (line);
  if (written)
    return 0;
  error_set (e, errno, "cannot write the report: %s", strerror (errno));
  return -1;
}

void
report_free (struct report *r)
{
  json_decref (r->source);
  json_decref (r->destination);
  json_decref (r->plan);
  json_decref (r->verify);
  json_decref (r->unreadable);
  json_decref (r->map);
  sink_close (&r->out);
}
