/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker: a thread with its own pair of conns and its own poll loop.
 *
 *   connect the pair -> copy until the stripes are out -> wait until all
 *   workers have their answers -> flush -> say goodbye
 *                         ^______________________|
 *                          what was lost meanwhile
 *
 * Where both sides are compared, that is a pass of its own, behind the copy's
 * if there is one, over the same conns: a server may leave with its last
 * client.
 *
 * Workers share struct copy, which does not change while they run, and struct
 * shared, which does; nothing else.
 */

#ifndef WORKER_H
#define WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "engine/connection.h"
#include "engine/copy.h"
#include "engine/cursor.h"
#include "engine/mailbox.h"
#include "engine/request.h"
#include "engine/stripes.h"
#include "rtt.h"

/* Once over the disk.  A worker begins with the next one when all that it and
 * the others have written in this one is flushed.
 */
struct phase {
  bool compares;           /* both sides, and writes nothing */
  struct blkhash *blkhash; /* NULL: no digest is wanted of this pass */
  bool in_order;           /* all workers share one stripe */
  struct stripes *stripes;
  int finished;           /* a notifier: all is written, or compared */
  int settled;            /* a notifier: and flushed, by all; -1: no pass
                                   follows */
  atomic_uint unsettled;  /* workers that may have something to flush */
  _Atomic uint64_t began; /* clock_now time; 0: not yet */
};

#define PHASES_MAX 2

/* What the workers of one copy share and change.  Stripes, mailbox, differences
 * and blkhash lock themselves, what is atomic needs no lock, and the rest does
 * not change while workers run.
 */
struct shared {
  struct phase phases[PHASES_MAX];
  unsigned n_phases; /* at least 1 */
  struct mailbox *mailbox;
  struct differences *differences; /* NULL: no phase compares */
  uint8_t *zeroes;                 /* plan.zero.write_max bytes of zeroes */
  int notifier; /* for a notice, and for a worker that ended */
  atomic_uint n_ended;
  sem_t first; /* up: worker 0 has all that it needs */
  _Atomic uint64_t request_size, window; /* the pace, which is the main
                                                   thread's word */
  atomic_uint sharers;                   /* workers that the window is for */
  atomic_uint n_connected;
  atomic_uint n_bought;  /* workers that have taken their memory, or have
                                   been given up */
  atomic_bool warned[2]; /* by side: that block status failed */
};

enum outcome {
  UNUSED,   /* it had no connection, and no work */
  FINISHED, /* it did its share of all, and flushed */
  STOPPED,  /* it was stopped before that */
};

struct worker {
  const struct copy *copy; /* borrowed, as is this */
  struct shared *shared;
  unsigned number;
  pthread_t thread;
  _Atomic enum outcome outcome; /* the thread's; may be read at any time */
  struct stats stats;
  atomic_uint ordinal; /* among those that are connected; from 0 */

  /* The rest is the thread's own. */
  struct track *track;              /* NULL: no trace is wanted */
  struct connection connections[2]; /* owned; by side */
  struct rtt rtt[2];                /* by side */
  struct phase *phase;              /* the present one */
  struct lane lane;
  struct cursor cursor;
  bool out_of_work;
  bool waiting;           /* for extents */
  uint64_t limited_until; /* clock_now time; 0: not by the limit */
  bool ahead;             /* waiting for the digest's front to move */
  struct io flush;
  bool flushing;         /* flush is in flight */
  uint64_t checkpoint;   /* clock_now time of the next flush */
  bool leaving;          /* nothing else can stop it any more */
  uint64_t wind_down_by; /* clock_now time; 0: not winding down */
  uint64_t looked;       /* clock_now time: poll was last left */
};

/* The thread's function; opaque is a struct worker with copy, shared and number
 * set and all else zeroed.
 */
void *worker_run (void *opaque);

#endif /* WORKER_H */
