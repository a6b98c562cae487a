/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The measured programs, their runs, and the summary that the table, the JSON
 * and the page show.
 */

#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "bench/arguments.h"
#include "bench/machine.h"
#include "bench/measure.h"
#include "bench/statistics.h"
#include "error.h"

#define UNKNOWN (-1.0) /* seconds or percent that could not be measured */

struct bench_run {
  unsigned round, place; /* from 1 on: which round, and which copy in it */
  struct costs costs;
  double servers_cpu; /* seconds of the servers' processes, or UNKNOWN */
  double others;      /* percent of the machine used by others, or UNKNOWN */
};

/* How often a program made system calls in one extra copy. */
struct calls {
  bool counted;
  uint64_t all;
  bool knows_futex;
  uint64_t futex; /* those that wait for, or wake, another thread */
};

struct program {
  char *name;     /* owned; unique */
  char *version;  /* owned; NULL: not known */
  char **command; /* owned: words that are borrowed, and NULL */
  char *path;     /* owned: command[0] */
  char *left_out; /* owned; why it is not measured.  NULL: it is */
  bool not_asked; /* not named by the user, and left out before it ran */
  struct bench_run *runs; /* owned; in order of time */
  size_t n_runs;
  struct calls calls;

  /* Set by bench_summarise. */
  struct summary wall, cpu, children_cpu, servers_cpu, peak, others;
  unsigned threads;
};

/* What the destination is, and so what happens to it. */
enum target {
  TARGET_OTHER, /* a server, a command, null: */
  TARGET_NEW,   /* a file that does not exist: removed after each copy */
  TARGET_FILE,  /* a file with content: overwritten */
  TARGET_DEVICE /* a block device: overwritten */
};

struct bench {
  const struct arguments *arguments;
  char **argv; /* our own command line */
  struct bench_machine machine;
  enum target target;
  struct timespec start;
  double elapsed;           /* seconds */
  uint64_t size, data;      /* bytes of the source; 0: not known */
  struct program *programs; /* owned; stripecopy is the first */
  size_t n_programs;
  int signal_fd; /* readable: a signal came */
  bool interrupted;

  /* Set by bench_summarise. */
  struct program *baseline; /* ratios are to this one; NULL: none */
  double others;            /* median of all runs, or UNKNOWN */
  bool busy;                /* others used too much */
};

/* Finds the programs, asks for their versions, and looks at the destination.
 * Returns 0, or -1 with the error set, before anything was written.
 */
int bench_prepare (struct bench *b, struct error *e);

/* Returns 0, or -1 when memory runs out. */
int bench_summarise (struct bench *b);

/* Compares stripecopy, which must be measured, with another one. */
struct comparison bench_compare (const struct bench *b,
                                 const struct program *p);

/* Returns the ratio of medians to the baseline's; 0: none. */
double bench_ratio (const struct bench *b, const struct program *p,
                    const struct summary *of);

/* Leaves a program out, for a reason, from which secrets are removed. */
void bench_leave_out (struct program *p, const char *fs, ...)
  __attribute__ ((format (printf, 2, 3)));

/* Returns words as a shell reads them, with secrets masked.  Allocated; NULL
 * when memory runs out.
 */
char *bench_command_text (char *const words[]);

/* Returns a side for people, with secrets masked.  Allocated, or NULL. */
char *bench_side_text (const struct words *w);

void bench_free (struct bench *b);

#endif /* BENCH_H */
