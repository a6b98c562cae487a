/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Events for programs, one JSON object per line: all of them to --events, and
 * the latest to --status-file.  docs/AUTOMATION.md describes each.
 *
 * The main thread writes them and never waits for a reader.  Lines that the
 * reader is too slow for are dropped, which leaves gaps in seq.
 */

#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sink.h"
#include "engine/mailbox.h"
#include "error.h"
#include "json.h"
#include "output/estimate.h"
#include "output/status-file.h"

struct options;

struct events {
  struct sink stream;
  const char *disk; /* borrowed; NULL: no --disk */
  struct status_file status_file;
  uint64_t seq;        /* of the next event */
  unsigned n_warnings; /* warnings that were already emitted */
  uint64_t interval;   /* ns between two progress events */
  uint64_t next;       /* clock_now time of the next progress event */
};

/* Opens the files that the options name.  -1 with the error set; files that
 * could be opened are then still used to report that error.
 */
int events_open (struct events *ev, const struct options *o, struct error *e);

/* Returns whether events are written anywhere. */
bool events_wanted (const struct events *ev);

/* Emits the first event. */
void events_start (struct events *ev, const struct options *o);

/* Emits the plan.  The arguments come from describe_plan and describe_side and
 * are borrowed.
 */
void events_plan (struct events *ev, json_t *plan, json_t *source,
                  json_t *destination);

/* Emits that a request or a connection is tried again. */
void events_retry (struct events *ev, const struct notice *n);

/* Emits that the map was saved.  @durable_bytes are copied and flushed. */
void events_checkpoint (struct events *ev, uint64_t durable_bytes);

/* Emits the result of a comparison, from describe_verify.  Takes ownership. */
void events_verify (struct events *ev, json_t *verify);

/* Emits what could not be read so far, from describe_unreadable.  Takes
 * ownership.
 */
void events_unreadable (struct events *ev, json_t *unreadable);

/* Returns when events_tick must be called next; clock_now time, 0: never. */
uint64_t events_deadline (const struct events *ev);

/* Emits new warnings, and a progress event if it is due or @at_once.  @phase is
 * copy, flush, verify, compare or done.
 */
void events_tick (struct events *ev, const struct estimate *v,
                  const char *phase, bool at_once, uint64_t now);

/* Emits the last event.  @error and @bytes come from describe_error and
 * describe_bytes; takes ownership.
 */
void events_end (struct events *ev, const char *status, int exit_status,
                 json_t *error, json_t *bytes);

void events_close (struct events *ev);

#endif /* EVENTS_H */
