/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens, as lines of JSON for programs: to --events, and the latest of
 * them to --status-file.  docs/AUTOMATION.md says what each means.
 *
 * All of it is written by the main thread, and nothing ever waits for a reader:
 * lines it is too slow for are dropped, which gaps in seq tell.
 */

#ifndef EVENTS_H
#define EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sink.h"
#include "engine/mailbox.h"
#include "error.h"
#include "json.h"
#include "output/estimate.h"

struct options;

struct events {
  struct sink stream;
  const char *disk;        /* borrowed; NULL: it has no name */
  const char *status_file; /* borrowed; NULL: none, or not any more */
  mode_t mode;             /* of the status file */
  uint64_t seq;            /* of the next event */
  unsigned n_warnings;     /* those that were told of */
  uint64_t interval;       /* ns between two of progress */
  uint64_t next;           /* clock_now time of the next of them */
};

/* Opens what the options name.  -1 with the error set; what could be opened
 * then serves to tell of that.
 */
int events_open (struct events *ev, const struct options *o, struct error *e);

/* Whether anybody is told. */
bool events_wanted (const struct events *ev);

void events_start (struct events *ev, const struct options *o);

/* What describe_plan and describe_side gave; borrowed. */
void events_plan (struct events *ev, json_t *plan, json_t *source,
                  json_t *destination);

/* What is tried again: a request, or a connection. */
void events_retry (struct events *ev, const struct notice *n);

/* The map was saved: so many bytes survive whatever happens. */
void events_checkpoint (struct events *ev, uint64_t durable_bytes);

/* What describe_verify gave; taken. */
void events_verify (struct events *ev, json_t *verify);

/* When events_tick wants to be called again; clock_now time, 0: never. */
uint64_t events_deadline (const struct events *ev);

/* Tells of warnings that have come since, and how far the copy is when that is
 * due, or at once.  phase is a word: copy, flush, verify, compare, done.
 */
void events_tick (struct events *ev, const struct estimate *v,
                  const char *phase, bool at_once, uint64_t now);

/* The last of them.  error and bytes are what describe_error and describe_bytes
 * gave, and are taken.
 */
void events_end (struct events *ev, const char *status, int exit_status,
                 json_t *error, json_t *bytes);

void events_close (struct events *ev);

#endif /* EVENTS_H */
