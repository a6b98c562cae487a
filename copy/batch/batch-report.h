/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The merged output of a batch for programs: one stream of events, in which
 * each names its disk, and one report with a list of disks.
 */

#ifndef BATCH_REPORT_H
#define BATCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/exit-status.h"
#include "base/sink.h"
#include "error.h"
#include "json.h"
#include "output/status-file.h"

struct options;

struct batch_report {
  struct sink events, report;
  bool wants_report;
  bool stopped; /* the time of --stop-after was over */
  uint64_t seq; /* of the next event */
  struct timespec start;
  uint64_t started; /* clock_now time of start */
  json_t *disks;    /* owned: the reports of the copies */
  json_t *counts;   /* owned: the latest numbers of disks; NULL: none yet */
  struct status_file status_file;
};

/* Opens the files that the options name.  -1 with the error set; files that
 * could be opened are then still used to report that error.
 */
int batch_report_open (struct batch_report *b, const struct options *o,
                       struct error *e);

/* Return whether events and a report are written anywhere. */
bool batch_report_wants_events (const struct batch_report *b);
bool batch_report_wants_report (const struct batch_report *b);

/* Passes on one event of a copy, which is changed. */
void batch_report_take_event (struct batch_report *b, const char *disk,
                              json_t *event);

/* Emits the event "batch" with these details, from overview_describe.  Takes
 * ownership.
 */
void batch_report_take_overview (struct batch_report *b, json_t *details);

/* The result of a copy. */
struct batch_result {
  const char *disk;
  const char *report; /* of its last attempt; NULL: it wrote none */
  int exit_status;    /* of its last attempt; -1: it was not started */
  const char *how;    /* it ended, where there is no report */
  uint64_t attempts;
  bool changed; /* an earlier attempt changed the destination */
};

/* Adds the report of a copy. */
void batch_report_take_result (struct batch_report *b,
                               const struct batch_result *r);

/* Return two fields of the report of an attempt: whether another attempt may
 * succeed, and whether the destination was changed.
 */
enum again batch_report_again (const char *report);
bool batch_report_changed (const char *report);

/* Writes the report, then the last event.  @e is the reason why no copy was
 * started, or not set.  Returns the exit status, which changes if the report
 * cannot be written.
 */
int batch_report_end (struct batch_report *b, int exit_status,
                      const struct error *e);

#endif /* BATCH_REPORT_H */
