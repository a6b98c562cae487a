/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the workers of one copy share and change.
 *
 * Stripes, mailbox, differences and blkhash have their own locks, atomic fields
 * need none, and the rest does not change while workers run.
 */

#ifndef SHARED_H
#define SHARED_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/blkhash.h"
#include "engine/differences.h"
#include "engine/mailbox.h"
#include "engine/stripes.h"

/* One run over the whole disk, to copy it or to compare both sides.  A worker
 * begins with the next phase when everything that all workers have written in
 * this one is flushed.
 */
struct phase {
  bool compares;           /* it writes nothing */
  bool is_whole;           /* unselected ranges are compared, too */
  struct blkhash *blkhash; /* NULL: no digest is wanted of this phase */
  bool in_order;           /* all workers share one stripe */
  struct stripes *stripes;
  int finished;           /* a notifier: all is written, or compared */
  int settled;            /* a notifier: and flushed by all workers; -1: no
                             phase follows */
  atomic_uint unsettled;  /* workers that may have something to flush */
  _Atomic uint64_t began; /* clock_now time; 0: not yet */
};

#define PHASES_MAX 2

struct shared {
  struct phase phases[PHASES_MAX];
  unsigned n_phases; /* at least 1 */
  struct mailbox *mailbox;
  struct differences *differences; /* NULL: no phase compares */
  uint8_t *zeroes;                 /* plan.zero.write_max bytes of zeroes */
  int notifier; /* for a notice, and for a worker that ended */
  atomic_uint n_ended;
  sem_t first; /* posted: worker 0 needs nothing more */
  _Atomic uint64_t request_size, window; /* the tuning, which the main thread
                                            sets */
  atomic_uint sharers;                   /* workers that the window is for */
  atomic_uint n_connected;
  atomic_uint n_bought;  /* workers that have allocated their memory, or were
                            given up */
  atomic_bool warned[2]; /* by side: that block status failed */
};

#endif /* SHARED_H */
