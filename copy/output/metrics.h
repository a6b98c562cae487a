/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metrics of copies in Prometheus' text format, which the textfile
 * collector of the node_exporter reads.  docs/AUTOMATION.md lists the metrics.
 *
 * Pure, except that text is printed to a stream.
 */

#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A run of a copy or a manifest.  Times are seconds since 1970; 0: not yet, or
 * not known.
 */
struct metrics_run {
  double start, end;
  double success;  /* the end of the last run that succeeded */
  int exit_status; /* of a run that has ended; -1: has not ended */
};

/* One copy. */
struct metrics_disk {
  const char *disk;  /* its name, UTF-8; borrowed */
  const char *phase; /* waiting, opening, copy, flush, verify, compare or ended;
                        NULL: only its last success is known */
  struct metrics_run run;
  double attempts; /* that the run has begun */
  bool counted;    /* the copy has begun, so all below is set */
  double size;     /* bytes to copy, or to compare; -1: unknown */
  double data, zero, skipped, same, resumed, unreadable; /* bytes copied so */
  double compared;                                       /* bytes */
  double progress;       /* of all phases, from 0 to 1; -1: unknown */
  double rate;           /* bytes of data per second, over the last 10 s */
  double left;           /* seconds, of this phase; -1: unknown */
  double stalled;        /* seconds since anything moved; 0 below 1 s */
  double retries[2];     /* by side */
  double connections[2]; /* by side */
};

/* Of the disks of a manifest: waiting, running, done, failed, not started in a
 * run that ends.
 */
#define METRICS_STATES 5

/* The content of one file. */
struct metrics {
  const char *file;       /* the file's own name, without folders; borrowed */
  const char *manifest;   /* its name, UTF-8; NULL: there is none; borrowed */
  struct metrics_run run; /* of the manifest */
  bool listed;            /* its list was read, so these are set: */
  double by_state[METRICS_STATES];  /* disks */
  double progress;                  /* of all disks, from 0 to 1 */
  double left;                      /* seconds, for all; -1: unknown */
  const struct metrics_disk *disks; /* borrowed */
  size_t n_disks;
};

/* Prints the metrics.  Each metric is described once, and has one sample for
 * each disk and label.
 */
void metrics_print (FILE *f, const struct metrics *m);

/* A last success that an earlier run has printed. */
struct metrics_success {
  bool of_manifest; /* else of a disk */
  char name[1024];  /* of the disk or the manifest */
  double when;      /* seconds since 1970 */
};

/* Finds the next one in such a text, from *at on, and moves *at beyond it.  The
 * text ends with a NUL; lines that are damaged are passed over.  Returns false
 * at the end.
 */
bool metrics_next_success (const char **at, struct metrics_success *s);

#endif /* METRICS_H */
