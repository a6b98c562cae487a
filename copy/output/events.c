/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events, one JSON object per line: see events.h. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "clock.h"
#include "options/options.h"
#include "output/describe.h"
#include "output/events.h"

int
events_open (struct events *ev, const struct options *o, struct error *e)
{
  int r = 0;

  *ev = (struct events) {
    .stream.fd = -1,
    .disk = o->disk,
    .interval = options_interval (o),
  };
  if (o->events)
    r = sink_open (&ev->stream, SINK_EVENTS, o->events, e);
  return status_file_open (&ev->status_file, o, e) == -1 ? -1 : r;
}

bool
events_wanted (const struct events *ev)
{
  return ev->stream.fd != -1 || ev->status_file.name != NULL;
}

/* Emits one event.  Takes ownership of the details, the fields that only this
 * kind of event has.
 */
static void
emit (struct events *ev, const char *what, json_t *details, int wait_ms)
{
  struct timespec now;
  json_t *event;
  size_t length;
  char *line;

  if (!events_wanted (ev)) {
    json_decref (details);
    return;
  }
  clock_gettime (CLOCK_REALTIME, &now);
  event = json_pack ("{s:i, s:I, s:o, s:s}", "v", FORMAT_VERSION, "seq",
                     (json_int_t) ev->seq++, "t", json_of_time (&now), "ev",
                     what);
  if (event && ev->disk)
    json_object_set_new (event, "disk",
                         json_of_text (ev->disk, NAME_MAX_BYTES));
  if (event && details && json_object_update (event, details) == 0
      && (line = json_line (event, &length)) != NULL) {
    sink_line (&ev->stream, line, length, wait_ms);
    status_file_write (&ev->status_file, line, length);
    free (line);
  }
  json_decref (event);
  json_decref (details);
}

void
events_start (struct events *ev, const struct options *o)
{
  json_t *source = describe_side (&o->source, o->source_id, NULL);
  json_t *destination = describe_side (&o->destination, NULL, NULL);

  emit (ev, "start",
        json_pack ("{s:s, s:i, s:o, s:o}", "version", PACKAGE_VERSION, "pid",
                   (int) getpid (), "source", source, "destination",
                   destination),
        0);
}

void
events_plan (struct events *ev, json_t *plan, json_t *source,
             json_t *destination)
{
  json_t *details = json_copy (plan);

  if (details && json_object_set (details, "source", source) == 0
      && json_object_set (details, "destination", destination) == 0)
    emit (ev, "plan", details, 0);
  else
    json_decref (details);
}

void
events_retry (struct events *ev, const struct notice *n)
{
  const bool is_request = n->kind == NOTICE_RETRY;
  const int err = is_request ? n->err : n->why.number;

  emit (
    ev, "retry",
    json_pack (
      "{s:s, s:s, s:o, s:o, s:o, s:i, s:o, s:i}", "side", side_name (n->side),
      "op", is_request ? io_verb_name (n->verb) : "connect", "offset",
      describe_if (is_request, json_of_number (n->offset)), "length",
      describe_if (is_request, json_of_number (n->length)), "errno",
      describe_if (err != 0, json_integer (err)), "attempt", (int) n->attempt,
      "wait", json_of_ns (n->wait), "worker", (int) n->worker),
    0);
}

void
events_checkpoint (struct events *ev, uint64_t durable_bytes)
{
  emit (ev, "checkpoint",
        json_pack ("{s:o}", "durable_bytes", json_of_number (durable_bytes)),
        0);
}

void
events_verify (struct events *ev, json_t *verify)
{
  emit (ev, "verify", verify, 0);
}

void
events_unreadable (struct events *ev, json_t *unreadable)
{
  emit (ev, "unreadable", unreadable, 0);
}

/* -- progress ------------------------------------------------------------- */

static json_t *
describe_by_side (const uint64_t numbers[2])
{
  return json_pack ("{s:o, s:o}", side_name (SOURCE),
                    json_of_number (numbers[SOURCE]), side_name (DESTINATION),
                    json_of_number (numbers[DESTINATION]));
}

static json_t *
describe_view (const struct estimate *v, const char *phase)
{
  const struct totals *t = v->totals;

  return json_pack (
    "{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
    " s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
    "phase", phase, "to_compare",
    describe_if (t->phases > 1 || t->phase == PHASE_COMPARE,
                 json_of_number (t->total + t->compared_besides)),
    "total",
    describe_if (!t->open_ended || t->total > 0, json_of_number (t->total)),
    "percent",
    describe_if (v->percent_of_all >= 0, json_integer (v->percent_of_all)),
    "done", json_of_number (totals_copied (t)), "data",
    json_of_number (t->data), "zero", json_of_number (t->zero), "skipped",
    json_of_number (t->skipped), "same", json_of_number (t->same), "unreadable",
    json_of_number (t->unreadable), "resumed", json_of_number (t->resumed),
    "compared", json_of_number (totals_compared (t)), "rate",
    describe_rounded (v->data_rate), "zero_rate",
    describe_rounded (v->zero_rate), "eta",
    describe_if (v->left >= 0, describe_rounded (v->left)), "data_left",
    describe_if (v->left_known, json_of_number (v->data_left)), "zero_left",
    describe_if (v->left_known, json_of_number (v->zero_left)),
    "requests_in_flight", json_of_number (v->inflight), "retries",
    json_of_number (t->retries), "retries_by_side",
    describe_by_side (t->retried), "connections",
    describe_by_side (t->connections), "stalled", json_of_ns (v->stalled));
}

static void
emit_warnings (struct events *ev)
{
  const struct log_warning *w;

  while ((w = log_warning_kept (ev->n_warnings)) != NULL) {
    ev->n_warnings++;
    emit (ev, "warning",
          json_pack ("{s:s?, s:o}", "code", w->code, "message",
                     json_of_text (w->text, 1024)),
          0);
  }
}

uint64_t
events_deadline (const struct events *ev)
{
  return events_wanted (ev) ? ev->next : 0;
}

void
events_tick (struct events *ev, const struct estimate *v, const char *phase,
             bool at_once, uint64_t now)
{
  emit_warnings (ev);
  if (!at_once && now < ev->next)
    return;
  emit (ev, "progress", describe_view (v, phase), 0);
  ev->next = now + ev->interval;
}

void
events_end (struct events *ev, const char *status, int exit_status,
            json_t *error, json_t *bytes)
{
  emit_warnings (ev);
  emit (ev, "end",
        json_pack ("{s:s, s:i, s:o, s:o}", "status", status, "exit",
                   exit_status, "error", error, "bytes", bytes),
        SINK_LAST_LINE_MS);
}

void
events_close (struct events *ev)
{
  sink_close (&ev->stream);
  ev->status_file.name = NULL;
}
