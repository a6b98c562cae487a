/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The merged events and report of a batch: see batch-report.h. */

#include <config.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit-status.h"
#include "base/log.h"
#include "batch/batch-report.h"
#include "clock.h"
#include "options/options.h"
#include "output/describe.h"

int
batch_report_open (struct batch_report *b, const struct options *o,
                   struct error *e)
{
  int r = 0;

  *b = (struct batch_report) {
    .events.fd = -1,
    .report.fd = -1,
    .started = clock_now (),
    .disks = json_array (),
  };
  clock_gettime (CLOCK_REALTIME, &b->start);
  signal (SIGPIPE, SIG_IGN); /* a reader that goes away must not end us */
  if (o->events)
    r = sink_open (&b->events, SINK_EVENTS, o->events, e);
  if (o->report && sink_open (&b->report, SINK_REPORT, o->report, e) == -1)
    return -1;
  b->wants_report = o->report != NULL;
  if (status_file_open (&b->status_file, o, e) == -1)
    return -1;
  return r;
}

bool
batch_report_wants_events (const struct batch_report *b)
{
  return b->events.fd != -1 || b->status_file.name != NULL;
}

bool
batch_report_wants_report (const struct batch_report *b)
{
  return b->wants_report;
}

/* -- events --------------------------------------------------------------- */

static void
emit (struct batch_report *b, const json_t *event, int wait_ms)
{
  size_t length;
  char *line = json_line (event, &length);

  if (line)
    sink_line (&b->events, line, length, wait_ms);
  free (line);
}

/* Emits an event of the whole batch.  The status file has the latest of them.
 */
static void
emit_for_all (struct batch_report *b, const json_t *event, int wait_ms)
{
  size_t length;
  char *line = json_line (event, &length);

  emit (b, event, wait_ms);
  if (line)
    status_file_write (&b->status_file, line, length);
  free (line);
}

/* Renumbers the event, as the merged events are one stream. */
void
batch_report_take_event (struct batch_report *b, const char *disk,
                         json_t *event)
{
  if (json_object_set_new (event, "seq", json_of_number (b->seq)) == 0
      && json_object_set_new (event, "disk", json_string (disk)) == 0) {
    b->seq++;
    emit (b, event, 0);
  }
}

void
batch_report_take_overview (struct batch_report *b, json_t *details)
{
  struct timespec now;
  json_t *event;

  clock_gettime (CLOCK_REALTIME, &now);
  json_decref (b->counts);
  b->counts = json_incref (json_object_get (details, "disks"));
  event = json_pack ("{s:i, s:o, s:o, s:s}", "v", FORMAT_VERSION, "seq",
                     json_of_number (b->seq++), "t", json_of_time (&now), "ev",
                     "batch");
  if (event && details && json_object_update (event, details) == 0)
    emit_for_all (b, event, 0);
  json_decref (event);
  json_decref (details);
}

/* -- reports -------------------------------------------------------------- */

/* Describes a copy that wrote no report. */
static json_t *
describe_silence (int exit_status, const char *how)
{
  struct error e = { 0 };

  error_set (&e, 0, "%s", how);
  return json_pack ("{s:i, s:s, s:s, s:n, s:o, s:o, s:n}", "v", FORMAT_VERSION,
                    "version", PACKAGE_VERSION, "status",
                    exit_status == -1 ? "incomplete" : "failed", "changed",
                    "exit",
                    describe_if (exit_status != -1, json_integer (exit_status)),
                    "error", describe_error (&e), "bytes");
}

/* Reads the report of an attempt; NULL if there is none. */
static json_t *
read_report (const char *text)
{
  json_t *report = text ? json_loads (text, 0, NULL) : NULL;

  if (json_is_object (report))
    return report;
  json_decref (report);
  return NULL;
}

enum again
batch_report_again (const char *text)
{
  json_t *report = read_report (text);
  const char *word = json_string_value (json_object_get (report, "again"));
  enum again again = AGAIN_NO;

  if (word && strcmp (word, again_word (AGAIN_RETRY)) == 0)
    again = AGAIN_RETRY;
  else if (word && strcmp (word, again_word (AGAIN_WAIT)) == 0)
    again = AGAIN_WAIT;
  json_decref (report);
  return again;
}

bool
batch_report_changed (const char *text)
{
  json_t *report = read_report (text);
  const bool changed = json_is_true (json_object_get (report, "changed"));

  json_decref (report);
  return changed;
}

void
batch_report_take_result (struct batch_report *b, const struct batch_result *r)
{
  json_t *report = read_report (r->report);
  json_t *named = json_pack ("{s:s, s:o}", "disk", r->disk, "attempts",
                             json_of_number (r->attempts));

  if (report == NULL)
    report = describe_silence (r->exit_status, r->how);
  if (named && report && json_object_update (named, report) == 0) {
    if (r->changed)
      json_object_set_new (named, "changed", json_true ());
    json_array_append (b->disks, named);
  }
  json_decref (report);
  json_decref (named);
}

/* Adds up the byte counts.  A total that is unknown for one disk is unknown for
 * all.
 */
static void
add_bytes (json_t *sum, const json_t *bytes)
{
  const char *key;
  json_t *so_far;
  void *next;

  json_object_foreach_safe (sum, next, key, so_far)
  {
    const json_t *more = json_object_get (bytes, key);
    const bool known = json_is_integer (so_far) && json_is_integer (more);

    if (known)
      json_integer_set (
        so_far, json_integer_value (so_far) + json_integer_value (more));
    else if (strcmp (key, "total") == 0)
      json_object_set_new (sum, key, json_null ());
  }
}

/* Returns the status word of the batch: that of the disk which determined the
 * exit status.
 */
static const char *
status_of_all (const struct batch_report *b, int exit_status)
{
  const char *status = exit_status == DONE ? "unchanged" : "failed";
  size_t i;
  json_t *disk;

  if (b->stopped && exit_status == INCOMPLETE)
    return "stopped";
  json_array_foreach (b->disks, i, disk)
  {
    const char *its = json_string_value (json_object_get (disk, "status"));

    if (its
        && json_integer_value (json_object_get (disk, "exit")) == exit_status
        && strcmp (its, "unchanged") != 0)
      status = its;
  }
  return status;
}

static bool
any_changed (const struct batch_report *b)
{
  size_t i;
  json_t *disk;

  json_array_foreach (b->disks, i, disk)
  {
    if (json_is_true (json_object_get (disk, "changed")))
      return true;
  }
  return false;
}

static json_t *
describe_sums (const struct batch_report *b)
{
  const bool any = json_array_size (b->disks) > 0;
  const struct totals nothing = { .open_ended = !any };
  json_t *sum = describe_bytes (&nothing);
  size_t i;
  json_t *disk;

  json_array_foreach (b->disks, i, disk)
    add_bytes (sum, json_object_get (disk, "bytes"));
  return sum;
}

static json_t *
describe_all (const struct batch_report *b, int exit_status,
              const struct error *e)
{
  struct timespec end;

  clock_gettime (CLOCK_REALTIME, &end);
  return json_pack (
    "{s:i, s:s, s:s, s:b, s:i, s:o, s:o, s:{s:o, s:o, s:o},"
    " s:O}",
    "v", FORMAT_VERSION, "version", PACKAGE_VERSION, "status",
    status_of_all (b, exit_status), "changed", any_changed (b), "exit",
    exit_status, "error", describe_error (e), "bytes", describe_sums (b),
    "time", "start", json_of_time (&b->start), "end", json_of_time (&end),
    "elapsed", json_of_ns (clock_now () - b->started), "disks", b->disks);
}

static int
write_report (struct batch_report *b, int exit_status, const struct error *e)
{
  json_t *all = describe_all (b, exit_status, e);
  size_t length;
  char *line = json_line (all, &length);
  bool written;

  json_decref (all);
  errno = line ? EIO : ENOMEM; /* if no call sets it */
  written = line && sink_all (&b->report, line, length, SINK_REPORT_MS);
  free (line);
  if (written)
    return exit_status;
  log_error ("cannot write the report: %s", strerror (errno));
  return exit_status == DONE ? FAILED : exit_status;
}

/* Emits the end of the batch.  It names no disk. */
static void
emit_end (struct batch_report *b, int exit_status, const struct error *e)
{
  struct timespec now;
  json_t *event;

  clock_gettime (CLOCK_REALTIME, &now);
  event = json_pack ("{s:i, s:o, s:o, s:s, s:s, s:i, s:o, s:o}", "v",
                     FORMAT_VERSION, "seq", json_of_number (b->seq++), "t",
                     json_of_time (&now), "ev", "end", "status",
                     status_of_all (b, exit_status), "exit", exit_status,
                     "error", describe_error (e), "bytes", describe_sums (b));
  if (event && b->counts)
    json_object_set (event, "disks", b->counts);
  emit_for_all (b, event, SINK_LAST_LINE_MS);
  json_decref (event);
}

int
batch_report_end (struct batch_report *b, int exit_status,
                  const struct error *e)
{
  if (b->wants_report)
    exit_status = write_report (b, exit_status, e);
  emit_end (b, exit_status, e);
  sink_close (&b->events);
  sink_close (&b->report);
  json_decref (b->disks);
  json_decref (b->counts);
  return exit_status;
}
