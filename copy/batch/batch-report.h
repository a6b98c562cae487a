/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the copies of a manifest tell, put together for programs: one stream of
 * events in which each names its disk, and one report with a list.
 */

#ifndef BATCH_REPORT_H
#define BATCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/sink.h"
#include "error.h"
#include "json.h"

struct options;

struct batch_report {
  struct sink events, report;
  bool wants_report;
  uint64_t seq; /* of the next event */
  struct timespec start;
  uint64_t started; /* clock_now time of the same */
  json_t *disks;    /* owned: the reports, as they came */
};

/* Opens what the options name.  -1 with the error set; then what could be
 * opened serves to tell of that.
 */
int batch_report_open (struct batch_report *b, const struct options *o,
                       struct error *e);

/* Whether copies have to tell. */
bool batch_report_wants_events (const struct batch_report *b);
bool batch_report_wants_report (const struct batch_report *b);

/* A line of a copy's events, to be handed on. */
void batch_report_take_event (struct batch_report *b, const char *disk,
                              const char *line, size_t length);

/* A copy's report, or where it left none (NULL), how it ended.  Its exit status
 * is -1 where it was not begun.
 */
void batch_report_take_report (struct batch_report *b, const char *disk,
                               const char *line, size_t length, int exit_status,
                               const char *how);

/* Writes the report, then the last event.  e is why no copy was begun, or not
 * set.  Returns the exit status, which is another when the report cannot be
 * written.
 */
int batch_report_end (struct batch_report *b, int exit_status,
                      const struct error *e);

#endif /* BATCH_REPORT_H */
