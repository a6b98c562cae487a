/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the workers count, and the sums over all of them.
 *
 * A new counter is one line in COUNTERS, one counter_add in the engine, and
 * what shows it: events.c, report.c or summary.c.
 */

#ifndef COUNTERS_H
#define COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "counter.h"
#include "histogram.h"

/* Each worker has these, and the totals are their sums. */
#define COUNTERS(COUNTER)                                                      \
  COUNTER (data)        /* bytes written as data */                            \
  COUNTER (zero)        /* bytes zeroed, in any way */                         \
  COUNTER (zero_unread) /* of zero: bytes that were not read */                \
  COUNTER (skipped)     /* bytes already zero at the destination */            \
  COUNTER (same)        /* updating: bytes that were the same already */       \
  COUNTER (same_unread) /* of same: bytes of zero extents of both sides */     \
  COUNTER (unreadable)  /* bytes that cannot be read: left, or zeroed */       \
  COUNTER (again)       /* bytes copied again after a lost connection */       \
  COUNTER (read_bytes)  /* bytes read from the source to be copied */          \
  COUNTER (uncopied)    /* bytes passed over because they are not selected */  \
  COUNTER (uncompared)  /* the same, while comparing */                        \
  COUNTER (unverified)  /* bytes not compared, as they cannot be read */       \
  COUNTER (compared)    /* bytes read on both sides and compared */            \
  COUNTER (holes)       /* bytes zero on both sides, so not compared */        \
  COUNTER (differing)   /* of compared, in whole sectors */                    \
  COUNTER (reads)       /* read requests */                                    \
  COUNTER (writes)      /* write requests */                                   \
  COUNTER (zeroes)      /* zero requests */                                    \
  COUNTER (questions)   /* block status requests */                            \
  COUNTER (inflight)    /* requests that have room in the window */            \
  COUNTER (retries)     /* requests and connections tried again */             \
  COUNTER (came)        /* bytes of the window that were read */               \
  COUNTER (went)        /* bytes that have left the window */                  \
  COUNTER (refused)     /* times the window had no room */                     \
  COUNTER (limited)     /* times only --bwlimit held a request back */

/* Of one worker, which is the only writer. */
struct stats {
#define COUNTER(name) counter name;
  COUNTERS (COUNTER)
#undef COUNTER
  counter rtt[2];           /* by side: ns, the fastest recent answer; 0: none,
                               or a stream */
  counter last_rtt[2];      /* by side: ns, the latest answer */
  counter retried[2];       /* of retries, by side */
  counter connections[2];   /* by side: 1 while it is connected */
  counter flush_time;       /* ns, of the flush at the end; 0 before that */
  counter end;              /* where a stream ended; 0 before that */
  struct histogram latency; /* ns, of reads, writes and zeroes */
};

enum phase_kind { PHASE_COPY, PHASE_COMPARE };

/* Of all workers of a copy. */
struct totals {
#define COUNTER(name) uint64_t name;
  COUNTERS (COUNTER)
#undef COUNTER
  uint64_t total;        /* bytes to copy, or only to compare */
  uint64_t unselected;   /* bytes that are not to be copied; not in total */
  bool total_falls;      /* while ranges are found that are not selected */
  bool open_ended;       /* total is where the stream ended, or 0 */
  bool updates;          /* only what differs is written */
  unsigned phases;       /* how many there are: 1 or 2 */
  enum phase_kind phase; /* the present one, or the last */
  uint64_t began;        /* clock_now time: when the present phase began */
  uint64_t resumed;      /* bytes copied by earlier runs */
  uint64_t rtt[2];       /* by side: ns, of the worker with the fastest; 0: none
                           yet */
  uint64_t last_rtt[2];  /* by side: ns, the median of the workers' latest */
  uint64_t flush_time;   /* ns, of the slowest worker; 0: no flush yet */
  unsigned workers;      /* that have, or had, a connection */
  uint64_t retried[2];   /* of retries, by side */
  uint64_t connections[2]; /* by side: that are open */

  /* Bytes that are compared although they were not selected to be copied. */
  uint64_t compared_besides;
};

/* Adds the counters of one worker to the totals. */
static inline void
totals_add (struct totals *t, const struct stats *s)
{
#define COUNTER(name) t->name += counter_get (&s->name);
  COUNTERS (COUNTER)
#undef COUNTER
  for (unsigned side = 0; side < 2; side++) {
    t->retried[side] += counter_get (&s->retried[side]);
    t->connections[side] += counter_get (&s->connections[side]);
  }
}

/* Returns the bytes that are copied. */
static inline uint64_t
totals_copied (const struct totals *t)
{
  return t->data + t->zero + t->skipped + t->same + t->resumed;
}

/* Returns the bytes that are compared. */
static inline uint64_t
totals_compared (const struct totals *t)
{
  return t->compared + t->holes;
}

/* Returns the bytes that the present phase has to do. */
static inline uint64_t
totals_to_do (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->total : t->total + t->compared_besides;
}

/* Returns the bytes that the present phase has done. */
static inline uint64_t
totals_done (const struct totals *t)
{
  return t->phase == PHASE_COPY ? totals_copied (t) + t->unreadable
                                : totals_compared (t) + t->unverified;
}

#endif /* COUNTERS_H */
