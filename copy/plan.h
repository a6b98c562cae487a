/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides everything that is decided once, from the options and from what both
 * sides can do.  Pure: no connection, no thread, no clock.
 */

#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "error.h"
#include "options.h"
#include "retry.h"

/* What is done about zeroes. */
struct zero_plan {
  bool allocate;                /* zeroes become allocated blocks */
  uint64_t scan;                /* smallest run looked for in data; 0: none */
  enum is_zero known;           /* what is known of the destination */
  bool ask_destination;         /* known is AUTO, and it can tell */
  uint64_t request_max;         /* bytes of one zero request; 0: cannot zero */
  bool fast;                    /* try fast zero first */
  uint64_t write_max;           /* bytes of one write where zeroing fails */
};

/* The digest that is computed on the way. */
struct digest_plan {
  enum digest_kind kind;
  uint64_t block;               /* power of two; 0 without a digest */
};

/* How much a worker keeps in flight, from little to much.  All are within the
 * ceilings below; the tuner finds the one that delivers most.
 */
struct pace {
  uint64_t request_size;        /* bytes of one read, at most */
  uint64_t queue_size;          /* bytes in flight in one worker */
  unsigned worth;               /* what it has to deliver to be taken, in
                                   percent of what the pace before it does */
};

#define PACES_MAX 6

struct plan {
  bool copies;                  /* else nothing is written */
  bool compares;                /* both sides are read, after a copy again */
  uint64_t size;                /* of the source, in bytes */
  uint64_t start, end;          /* what is to be done of it, half open */
  struct shard shard;           /* which part that is */
  bool size_is_known;           /* expected is to be what a stream has */
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
  uint64_t buffer_size;         /* memory of one request, in one worker */
  unsigned requests;            /* in flight in one worker, at most */
  uint64_t queue_size;          /* bytes in flight in one worker, at most */
  struct pace paces[PACES_MAX];
  unsigned n_paces;             /* at least 1 */
  unsigned first_pace;          /* what to begin with: an index */
  bool in_order;                /* all workers share one stripe */
  uint64_t unit;                /* power of two: where stripes are cut */
  uint64_t claim;               /* bytes a worker takes from its stripe */
  uint64_t steal_min;           /* smaller rests of stripes are left alone */
  uint64_t stall;               /* ns without an answer; 0: for ever */
  struct retry_plan retry;
  uint64_t patience;            /* ns for a lost connection to come up again */
  uint64_t checkpoint;          /* ns from flush to flush; 0: only at the end */
  bool source_extents;
  bool destination_extents;     /* for comparing; for zeroing, zero tells */
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

/* Fills in the plan; processors is how many there are to run on.  Returns -1
 * with the error set where this copy cannot be done: nothing was written yet.
 */
int plan_make (struct plan *p, const struct options *o,
               const char *source_name, const struct caps *source,
               const char *destination_name, const struct caps *destination,
               unsigned processors, struct error *e);

/* Which extra questions will be asked of each side, so that the connection can
 * be set up for them.
 */
struct endpoint_wants plan_wants (enum side side, const struct options *o);

#endif /* PLAN_H */
