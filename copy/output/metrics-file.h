/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of --metrics-file.  It is replaced as a whole, so that the collector
 * never reads half of one, and stays after the run.
 */

#ifndef METRICS_FILE_H
#define METRICS_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"
#include "output/metrics.h"

struct metrics_file { /* closing a zeroed one is safe */
  const char *name;   /* borrowed; NULL: there is none */
  char *own_name;     /* owned: without folders, UTF-8, secrets masked */
  char *earlier;      /* owned: what an earlier run wrote; NULL: nothing */
  mode_t mode;
  bool warned; /* that it cannot be written */
};

/* Opens the file and reads what an earlier run wrote.  @name is NULL if there is
 * none.  Nothing is written yet.  -1 with the error set if the file could not be
 * written; then it is not written later either.
 */
int metrics_file_open (struct metrics_file *f, const char *name,
                       struct error *e);

/* Names a copy or a manifest in the metrics: by @name if that is set, else by
 * the name of the file without its ending.  Allocated, UTF-8; NULL when out of
 * memory or if there is no file.
 */
char *metrics_file_label (const struct metrics_file *f, const char *name);

/* Returns when a disk, or a manifest, last succeeded according to the earlier
 * run; seconds since 1970, 0: never.
 */
double metrics_file_success (const struct metrics_file *f, bool of_manifest,
                             const char *name);

/* Writes the metrics.  The first failure is a warning; later ones are tried
 * again silently.
 */
void metrics_file_write (struct metrics_file *f, struct metrics *m);

void metrics_file_close (struct metrics_file *f);

/* The present time, in seconds since 1970. */
double metrics_now (void);

#endif /* METRICS_FILE_H */
