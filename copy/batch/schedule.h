/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which copy of a batch is started next, and whether a copy that failed
 * is started again.  Pure: it knows numbers of copies, states and times, but no
 * processes.
 *
 * Copies wait in a queue, at first in the order of the list.  A copy that will
 * be started again goes to the end of the queue, with the time before which it
 * is not started.
 */

#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/exit-status.h"

enum run_state { RUN_WAITING, RUN_RUNNING, RUN_ENDED };

struct schedule_entry {
  enum run_state state;
  size_t group;      /* from 1 on; 0: none */
  uint64_t turn;     /* place in the queue, while it waits */
  uint64_t due;      /* clock_now time before which it is not started */
  uint64_t attempts; /* that were started, without those that do not count */
};

struct schedule {
  struct schedule_entry *entries; /* owned; one for each copy */
  size_t n;
  size_t jobs;           /* at most this many run at a time, */
  size_t jobs_per_group; /* and this many of a group; 0: no limit */
  size_t *group_jobs;    /* owned; how many of each group run */
  uint64_t attempts_max; /* of each copy */
  uint64_t wait;         /* ns between two attempts of a copy */
  size_t n_waiting, n_running;
  uint64_t next_turn;
  bool closed; /* no further copy is started */
};

/* All copies wait, in the order of the list, for one attempt.  Returns -1 when
 * memory runs out.
 */
int schedule_init (struct schedule *s, size_t n, size_t jobs);

void schedule_free (struct schedule *s);

/* Sets how often a copy may be started, and how long after its end. */
void schedule_set_attempts (struct schedule *s, uint64_t attempts,
                            uint64_t wait);

/* Puts a copy into a group, a number from 1 to the number of copies. */
void schedule_set_group (struct schedule *s, size_t i, size_t group);

/* Limits how many copies of each group run at a time.  A full group does not
 * keep copies of other groups, or of none, from being started.
 */
void schedule_limit_groups (struct schedule *s, size_t jobs_per_group);

/* Returns how many copies can run at a time at most.  Called before any is
 * started.
 */
size_t schedule_width (struct schedule *s);

/* Returns whether a copy is to be started now, and sets *i to its number; it
 * counts as running from then on.
 */
bool schedule_start (struct schedule *s, uint64_t now, size_t *i);

/* Notes that a running copy has ended.  Returns whether it will be started
 * again.  A copy that has to wait for another run (AGAIN_WAIT) has not used up
 * an attempt.
 */
bool schedule_end (struct schedule *s, size_t i, enum again again,
                   uint64_t now);

/* Returns the time at which schedule_start may return another copy, although
 * none has ended; 0: at no time.
 */
uint64_t schedule_due (const struct schedule *s, uint64_t now);

/* Starts no further copies. */
void schedule_close (struct schedule *s);

/* Returns whether no copy runs, and none will be started. */
bool schedule_is_over (const struct schedule *s);

#endif /* SCHEDULE_H */
