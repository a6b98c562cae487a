/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one command and measures its costs.  It runs in a process group of its
 * own, of which nothing is left afterwards, even if we are killed: see guard.h.
 */

#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum ending {
  ENDING_EXIT,   /* by itself: status is what a shell would say */
  ENDING_LATE,   /* it was ended at the limit */
  ENDING_SIGNAL, /* it was ended because interrupt_fd was readable */
};

struct costs {
  enum ending ending;
  int status;          /* the exit status, or 128 and the signal's number */
  double wall;         /* seconds */
  double cpu;          /* seconds of the process itself, user and system */
  double children_cpu; /* of the children that it waited for, such as servers */
  uint64_t peak;       /* bytes: the most memory of any of these processes */
  unsigned threads;    /* most at a time, sampled every 10 ms */
  double busy;         /* seconds that all processors were busy meanwhile */
};

struct measured_command {
  char *const *argv; /* argv[0] is looked up in PATH; standard input is empty */
  int output;        /* of output_open, for both outputs; -1: as ours */
  uint64_t limit;    /* nanoseconds */
  int interrupt_fd;  /* -1: none */
};

/* Returns 0, or -1 with errno if nothing could be measured.  A command that
 * cannot be started has the status 127 and says why on its standard error.
 */
int measure_command (const struct measured_command *c, struct costs *costs);

/* The processor time of a process so far, in seconds. */
struct process_times {
  pid_t parent;
  double own;
  double children; /* of the children that it waited for */
};

/* Reads the times of a process, also of one that has ended and that its parent
 * has not waited for.  Returns false if there is no such process.
 */
bool measure_process (pid_t pid, struct process_times *t);

#endif /* MEASURE_H */
