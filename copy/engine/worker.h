/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker: a thread with its own pair of connections and its own poll loop.
 *
 *                    ______________________   writes were lost
 *                   v                      |
 *   CONNECTING -> COPYING -> WAITING -> FLUSHING -> LEAVING
 *                   ^                      |
 *                   |______ SETTLING ______|   another phase follows
 *
 * Comparing both sides is a phase of its own, after the phase that copies, if
 * there is one; its state is COPYING, too.  It uses the same connections,
 * because a server may exit with its last client.
 *
 * Workers share nothing but struct copy, which does not change while they run,
 * struct shared, which does, and the objects to which these two point.
 */

#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/loop.h"

enum worker_state {
  CONNECTING, /* the pair is connecting, or memory is allocated */
  COPYING,    /* or comparing */
  WAITING,    /* until all workers have all their answers */
  FLUSHING,   /* the last flush of the phase is in flight */
  SETTLING,   /* until all workers have flushed */
  LEAVING,    /* shuts the connections down */
};

enum outcome {
  UNUSED,   /* it had no connection, and no work */
  FINISHED, /* it did its share of everything, and flushed */
  STOPPED,  /* it was stopped before that */
};

struct worker {
  const struct copy *copy; /* borrowed, as is this */
  struct shared *shared;
  unsigned number;
  pthread_t thread;
  _Atomic enum outcome outcome; /* the thread's; may be read at any time */
  struct stats stats;           /* the same */

  /* The rest is the thread's own. */
  enum worker_state state;
  uint64_t entered;    /* clock_now time: when it entered the state */
  bool last_flush;     /* FLUSHING: the last flush was sent */
  struct phase *phase; /* the present one */
  struct loop loop;
};

/* Runs as the worker's thread.  @opaque is a struct worker with copy, shared
 * and number set, and everything else zeroed.
 */
void *worker_run (void *opaque);

#endif /* WORKER_H */
