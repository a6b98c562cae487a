/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metrics of a batch, in the one file of --metrics-file: of each disk, and of
 * all of them together.
 */

#ifndef BATCH_METRICS_H
#define BATCH_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch/overview.h"
#include "error.h"
#include "output/metrics-file.h"
#include "output/metrics.h"

struct options;

struct batch_metrics { /* closing a zeroed one is safe */
  struct metrics_file file;
  char *label; /* owned: names the manifest; NULL: no metrics are written */
  struct metrics all;
  struct metrics_disk *disks; /* owned */
  char **names;               /* owned; of the disks */
  uint64_t interval;          /* ns between two writes of the file */
  uint64_t next;              /* clock_now time of the next one; 0: never */
};

/* Opens the file that the options name; with --plan, which copies nothing, it
 * stays as it is.  Nothing is known of the disks, and nothing written yet.  0, or
 * -1 with the error set.
 */
int batch_metrics_open (struct batch_metrics *m, const struct options *o,
                        struct error *e);

/* Takes the names of the disks, which all wait, and writes the file.  0, or -1
 * with the error set.
 */
int batch_metrics_begin (struct batch_metrics *m, struct overview *o,
                         struct error *e);

/* Returns whether the file has metrics of a batch, from an earlier run. */
bool batch_metrics_were_there (const struct batch_metrics *m);

/* Returns whether the file is written, so the copies have to send events. */
bool batch_metrics_wanted (const struct batch_metrics *m);

/* Note that an attempt to copy disk @i begins, and how the last one ended. */
void batch_metrics_started (struct batch_metrics *m, size_t i);
void batch_metrics_ended (struct batch_metrics *m, size_t i, int exit_status);

/* Returns when batch_metrics_tick must be called next; clock_now time, 0:
 * never.
 */
uint64_t batch_metrics_deadline (const struct batch_metrics *m);

/* Writes the file if that is due. */
void batch_metrics_tick (struct batch_metrics *m, struct overview *o,
                         uint64_t now);

/* Writes how the batch ended.  If it was refused before batch_metrics_begin, @o
 * may be NULL, and the file only keeps the last success of each disk in it.
 */
void batch_metrics_end (struct batch_metrics *m, struct overview *o,
                        int exit_status);

void batch_metrics_close (struct batch_metrics *m);

#endif /* BATCH_METRICS_H */
