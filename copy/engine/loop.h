/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a worker's poll loop: collect ios that are over, start new work,
 * and sleep until something can move.
 *
 *   for (;;) {
 *     loop_collect    takes ios off the ready list, and steps their requests
 *     loop_start      starts work as far as the window and the rate limit allow
 *     loop_sleep      submits, polls, and dispatches
 *   }
 *
 * Starting work can finish ios at once, so loop_sleep does not wait while the
 * ready list has any.
 */

#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/cursor.h"
#include "engine/pair.h"
#include "engine/shared.h"
#include "rtt.h"

/* Why the loop does not start more work. */
enum waiting_for {
  FOR_ROOM,    /* the window is full, or there is no buffer */
  FOR_EXTENTS, /* block status is on its way */
  FOR_DIGEST,  /* the digest has no room */
  FOR_LIMIT,   /* the rate limit */
  FOR_ANSWERS, /* there is no more work, but requests are in flight */
};

struct loop {
  const struct copy *copy; /* borrowed, as are these */
  struct shared *shared;
  unsigned worker;     /* number, for messages */
  unsigned ordinal;    /* among the workers that are connected; from 0 */
  struct track *track; /* NULL: no trace is wanted */

  struct pair pair;
  struct lane lane;
  struct cursor cursor;
  struct rtt rtt[2]; /* by side */
  enum waiting_for waiting_for;
  uint64_t limited_until; /* clock_now time; 0: the limit holds nothing back */
  uint64_t checkpoint;    /* clock_now time of the next flush */
  uint64_t wind_down_by;  /* clock_now time; 0: not winding down */
  uint64_t looked;        /* clock_now time: poll returned last */
};

static inline bool
loop_is_winding_down (const struct loop *l)
{
  return stop_is_winding_down (l->copy->stop);
}

/* Begins a phase. */
void loop_begin (struct loop *l, const struct phase *phase);

/* Takes all ios that are over, and moves their requests on.  Returns -1 with
 * the error set when the copy has failed.
 */
int loop_collect (struct loop *l, struct error *e);

/* Drops sides that have not answered for too long, and connects lost ones
 * again.  Returns -1 with the error set when the copy has failed.
 */
int loop_mend (struct loop *l, uint64_t now, struct error *e);

/* Resumes requests, and starts new work.  Sets waiting_for. */
void loop_start (struct loop *l, uint64_t now);

/* Sends a flush when one is due in the middle of the copy. */
void loop_checkpoint (struct loop *l, uint64_t now);

/* Returns whether the copy is winding down, and the time for that, @patience ns
 * from the first call, is over.
 */
bool loop_is_overdue (struct loop *l, uint64_t patience);

/* Returns whether requests wait for answers of the destination, and none has
 * come since @patience ns before wind_down_by.
 */
bool loop_is_silent (const struct loop *l, uint64_t patience);

/* Returns whether the copy is winding down, and only streams are left to wait
 * for.  Then shuts the streams down, and drops the bytes that they have not
 * delivered or taken by now.
 */
bool loop_has_wound_down (struct loop *l);

/* Return when loop_checkpoint has to be called, and when anything in the loop
 * has to be called, although no answer comes; clock_now times, 0 for never.
 */
uint64_t loop_checkpoint_deadline (const struct loop *l, uint64_t now);
uint64_t loop_deadline (const struct loop *l, uint64_t now);

/* Submits, and sleeps until a conn can move bytes, the copy has to stop,
 * @also_fd (-1: none) is readable, or the deadline (0: none) passes; then
 * dispatches.  Returns -1 with the error set when the copy has failed.
 */
int loop_sleep (struct loop *l, int also_fd, uint64_t deadline,
                struct error *e);

#endif /* LOOP_H */
