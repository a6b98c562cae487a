/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The report: one JSON object for programs, about a whole run, to --report. */

#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/sink.h"
#include "engine/scan.h"
#include "engine/workers.h"
#include "error.h"
#include "json.h"
#include "plan/plan.h"
#include "resume/map.h"

struct options;

/* The report of a run so far.  A zeroed struct is an empty report. */
struct report {
  const struct options *options; /* borrowed */
  struct sink out;
  bool wanted;
  struct timespec start;
  uint64_t started;                    /* clock_now time of start */
  json_t *source, *destination, *plan; /* owned; NULL: not known yet */
  struct error error;                  /* the first one */
  bool copied; /* the workers ran, so the fields below are set */
  struct totals totals;
  uint64_t p50, p99;  /* ns; 0: there were no requests */
  uint64_t working;   /* ns that the workers ran for */
  uint64_t verifying; /* ns of working that the comparison took */
  json_t *verify;     /* owned; NULL: nothing was compared */
  json_t *unreadable; /* owned; NULL: nothing was salvaged */
  json_t *map;        /* owned; NULL: no map */
  bool flushed;
  char digest[BLKHASH_TEXT]; /* "": none */
  bool changed;              /* the destination was written, or would be */
  bool may_pass;             /* the error may not come back in another run */
  bool map_in_use;           /* by another run, which is why this one ended */
};

/* Opens the file of --report and notes the time.  If it fails, with the error
 * set, all other functions still work but nothing is written.
 */
int report_open (struct report *r, const struct options *o, struct error *e);

/* Note one part of the report.  An endpoint that was not opened is NULL.
 * @found is NULL if there was no scan; with --plan it also provides the byte
 * counts.  @u is NULL if nothing is salvaged.
 */
void report_note_sides (struct report *r, const struct endpoint *source,
                        const struct endpoint *destination);
void report_note_plan (struct report *r, const struct copy *c,
                       const struct scan_result *found);
void report_note_copy (struct report *r, const struct plan *p,
                       const struct workers *workers, uint64_t start,
                       bool complete);
void report_note_unreadable (struct report *r, struct unreadable *u);
void report_note_unchanged (struct report *r, const struct totals *t);
void report_note_map (struct report *r, struct map *m);
void report_note_digest (struct report *r, const char *digest);
void report_note_error (struct report *r, const struct error *e);

/* Notes the error that ends the run, and prints it. */
void report_failure (struct report *r, const struct error *e);

/* Returns the status word of the report. */
const char *report_status (const struct report *r, int exit_status);

/* Writes the report at the end of the run.  0, or -1 with the error set. */
int report_write (struct report *r, int exit_status, struct error *e);

void report_free (struct report *r);

#endif /* REPORT_H */
