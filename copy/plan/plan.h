/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes all decisions that come before the copy, from the options and the
 * capabilities of both sides.  Pure: no connection, no thread, no clock.
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
#include "range.h"

struct options;

/* The digest that is computed during the copy. */
struct digest_plan {
  enum digest_kind kind;
  uint64_t block; /* power of two; 0 without a digest */
};

/* How what differs is cut when updating. */
struct update_plan {
  uint64_t grain; /* power of two, multiple of align: blocks are compared */
  uint64_t merge; /* fewer bytes between two differences are written, too */
};

#define SIZES_MAX 4

/* This many requests in flight keep a near server busy. */
#define PLAN_DEPTH 6

/* The part of the machine that this program may use. */
struct machine {
  unsigned processors;
  uint64_t memory; /* bytes; UINT64_MAX: no limit */
};

/* Returns the bytes that all copies of one program together may have in flight.
 */
uint64_t plan_in_flight (const struct machine *m);

struct plan {
  bool copies;   /* else nothing is written */
  bool compares; /* both sides are read; after a copy, that is a second phase */
  bool compares_all; /* also ranges that were not selected to be copied */
  bool lists_all;    /* all that differs is listed */
  bool updates;  /* while copying, both sides are read, and only what differs is
                    written */
  uint64_t size; /* of the source, in bytes */
  uint64_t start, end; /* the part to copy, half open */
  struct shard shard;  /* the shard that this part is */
  bool size_is_known;  /* the source must have the expected size */
  uint64_t expected;
  bool open_ended;       /* a stream: size is only an upper bound */
  uint64_t room;         /* bytes that the destination can take */
  uint64_t last_block;   /* power of two: the end must be a multiple of it */
  uint64_t align;        /* power of two: larger of both block_min */
  uint64_t grain;        /* power of two: where extents are cut */
  uint64_t gap;          /* shorter zero extents are read as data */
  unsigned workers;      /* at first; at least 1 */
  unsigned workers_max;  /* where the round trip is long */
  uint64_t request_size; /* multiple of align, at most 32 MiB */
  unsigned requests;     /* in flight in one worker, at most */
  uint64_t queue_size;   /* bytes in flight in one worker, at most */
  uint64_t sizes[SIZES_MAX]; /* of requests, for the tuner: ascending,
                                multiples of align */
  unsigned n_sizes;          /* at least 1 */
  unsigned near_size;        /* index of the size to begin with */
  unsigned far_size;         /* index of that where the round trip is long */
  uint64_t buffer_size;      /* the larger of these sizes */
  bool pinned; /* nothing to tune: window_max and the one size are used */
  uint64_t window_max; /* bytes in flight in one worker that the tuner
                                   may choose; at least buffer_size */
  bool in_order;       /* all workers share one stripe */
  uint64_t unit;       /* power of two: where stripes are cut */
  uint64_t claim;      /* bytes a worker takes from its stripe */
  uint64_t steal_min;  /* a shorter rest of a stripe is not stolen */
  uint64_t stall;      /* ns without a reply; 0: for ever */
  struct retry_plan retry;
  enum salvage_how salvage;
  uint64_t salvage_block; /* power of two: an unreadable range is split down to
                             this */
  uint64_t patience;      /* ns for a lost connection to come back */
  uint64_t checkpoint;    /* ns between flushes; 0: only at the end */
  bool source_extents;
  bool destination_extents; /* for comparing; see zero for zeroing */
  bool flush;
  bool flush_always; /* even when an update has nothing to write */
  struct update_plan update;
  struct zero_plan zero;
  struct digest_plan digest;
};

/* Returns the length of the part to copy. */
static inline uint64_t
plan_length (const struct plan *p)
{
  return p->end - p->start;
}

/* Returns whether requests read both sides in any phase. */
static inline bool
plan_reads_both (const struct plan *p)
{
  return p->compares || p->updates;
}

/* Returns how many bytes of memory one request of this size takes. */
static inline uint64_t
plan_buffer_size (const struct plan *p, uint64_t size)
{
  return plan_reads_both (p) ? 2 * size : size;
}

/* Returns the part of the disk that a shard has. */
struct range plan_shard (const struct plan *p, struct shard shard);

/* What the plan needs to know about a side. */
struct plan_side {
  const char *name; /* for messages, with secrets masked */
  const struct caps *caps;
};

/* Fills in the plan for the two sides.  Returns 0, or -1 with the error set
 * where the copy is refused.
 */
int plan_make (struct plan *p, const struct options *o,
               const struct plan_side sides[2], const struct machine *machine,
               struct error *e);

/* Returns what will be asked of a side, so that its connections can be set up
 * for it.
 */
struct endpoint_wants plan_wants (enum side side, const struct options *o);

#endif /* PLAN_H */
