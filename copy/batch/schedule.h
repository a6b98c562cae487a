/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which copy of a batch is started next.  Pure: it knows numbers of copies and
 * states, but no processes.
 */

#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

enum run_state { RUN_WAITING, RUN_RUNNING, RUN_ENDED };

struct schedule {
  enum run_state *states; /* owned; one for each copy */
  size_t n;
  size_t jobs; /* at most this many run at a time */
  size_t n_running;
  bool closed; /* no further copy is started */
};

/* All copies wait, in the order of the list.  Returns -1 when memory runs out.
 */
int schedule_init (struct schedule *s, size_t n, size_t jobs);

void schedule_free (struct schedule *s);

/* Returns whether a copy is to be started now, and sets *i to its number; it
 * counts as running from then on.
 */
bool schedule_start (struct schedule *s, size_t *i);

/* Notes that a running copy has ended. */
void schedule_end (struct schedule *s, size_t i);

/* Starts no further copies. */
void schedule_close (struct schedule *s);

#endif /* SCHEDULE_H */
