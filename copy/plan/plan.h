/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides everything that is decided once, from the options and from what both
 * sides can do.  Pure: no connection, no thread, no clock.
 */

#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/caps.h"
#include "error.h"
#include "options/types.h"
#include "plan/retry.h"
#include "plan/zero-plan.h"

struct options;

/* The digest that is computed on the way. */
struct digest_plan {
  enum digest_kind kind;
  uint64_t block; /* power of two; 0 without a digest */
};

#define SIZES_MAX 4

/* So many requests of each worker keep near servers busy. */
#define PLAN_DEPTH 6

/* What this program may use of the machine. */
struct machine {
  unsigned processors;
  uint64_t memory; /* bytes; UINT64_MAX: as much as there is */
};

/* Bytes that all copies of one program may have in flight, at most. */
uint64_t plan_in_flight (const struct machine *m);

struct plan {
  bool copies;         /* else nothing is written */
  bool compares;       /* both sides are read, after a copy again */
  uint64_t size;       /* of the source, in bytes */
  uint64_t start, end; /* what is to be done of it, half open */
  struct shard shard;  /* which part that is */
  bool size_is_known;  /* expected is to be what a stream has */
  uint64_t expected;
  bool open_ended;              /* a stream: size is only what cannot be more */
  uint64_t room;                /* bytes that the destination can take */
  uint64_t last_block;          /* power of two: what the end has to fit */
  uint64_t align;               /* power of two: larger of both block_min */
  uint64_t grain;               /* power of two: where extents are cut */
  uint64_t gap;                 /* shorter zero extents are read as data */
  unsigned workers;             /* to begin with; at least 1 */
  unsigned workers_max;         /* where answers take long */
  uint64_t request_size;        /* multiple of align, at most 32 MiB */
  unsigned requests;            /* in flight in one worker, at most */
  uint64_t queue_size;          /* bytes in flight in one worker, at most */
  uint64_t sizes[SIZES_MAX];    /* of requests, ascending: the tuner finds the
                                   best of them; multiples of align */
  unsigned n_sizes;             /* at least 1 */
  unsigned near_size, far_size; /* what to begin with, and what to go on with
                                   where answers take long: indices */
  uint64_t buffer_size;         /* the larger of these two, in bytes */
  bool pinned;                  /* there is nothing to find: window_max holds,
                                   and the one size */
  uint64_t window_max;          /* bytes in flight in one worker that the tuner
                                   may choose; at least buffer_size */
  bool in_order;                /* all workers share one stripe */
  uint64_t unit;                /* power of two: where stripes are cut */
  uint64_t claim;               /* bytes a worker takes from its stripe */
  uint64_t steal_min;           /* smaller rests of stripes are left alone */
  uint64_t stall;               /* ns without an answer; 0: for ever */
  struct retry_plan retry;
  uint64_t patience;   /* ns for a lost connection to come up again */
  uint64_t checkpoint; /* ns from flush to flush; 0: only at the end */
  bool source_extents;
  bool destination_extents; /* for comparing; for zeroing, zero tells */
  bool flush;
  struct zero_plan zero;
  struct digest_plan digest;
};

/* Bytes of the part that is to be done. */
static inline uint64_t
plan_length (const struct plan *p)
{
  return p->end - p->start;
}

/* Bytes of memory that one request of this size takes. */
static inline uint64_t
plan_buffer_size (const struct plan *p, uint64_t size)
{
  return p->compares ? 2 * size : size;
}

/* What the plan needs to know about a side. */
struct plan_side {
  const char *name; /* for messages, with secrets masked */
  const struct caps *caps;
};

/* Fills in the plan for the two sides.  Returns 0, or -1 with the error set
 * where this copy cannot be done: nothing was written yet.
 */
int plan_make (struct plan *p, const struct options *o,
               const struct plan_side sides[2], const struct machine *machine,
               struct error *e);

/* Which extra questions will be asked of each side, so that the connection can
 * be set up for them.
 */
struct endpoint_wants plan_wants (enum side side, const struct options *o);

#endif /* PLAN_H */
