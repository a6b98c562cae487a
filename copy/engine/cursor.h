/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a worker is on the disk, and what is to be done there: takes stripes,
 * claims their front, and looks at the maps of what lies ahead.
 *
 *      at         claimed                      stripe_end
 *      |--- its own ---|--- others can steal this ---|
 *
 * What was lost is gone back to first; the stripe waits meanwhile.
 */

#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/extents.h"
#include "engine/ratelimit.h"
#include "engine/request.h"
#include "engine/stripes.h"

/* The first four are set by the worker, which owns the maps, too. */
struct cursor {
  struct lane *lane;           /* borrowed */
  struct ratelimit *ratelimit; /* borrowed; NULL: there is none */
  struct extents *extents[2];  /* by side */
  uint64_t request_max;        /* bytes in one request: the present pace */

  struct stripes *stripes; /* of the present phase; borrowed */
  bool in_order;           /* all workers share one of them */
  bool compares;

  uint64_t at;         /* where the next request starts */
  uint64_t claimed;    /* [at, claimed) is this worker's */
  uint64_t stripe_end; /* [claimed, stripe_end) can be claimed */
  bool again;          /* they are about what was lost; its own stripe
                                   has to wait */
  uint64_t left_at;    /* where it was in that */
  uint64_t told_to;    /* extents were told to --verbose up to here */
};

enum piece_kind {
  NOTHING,
  WAIT,  /* for extents */
  AHEAD, /* of the digest: wait for its front */
  COPY,
  ZERO,
  SKIP,
  COMPARE
};

struct work {
  enum piece_kind kind;
  uint64_t end;      /* it starts at the cursor */
  bool already_zero; /* COPY: the destination reads as zeroes */
  unsigned sides;    /* COMPARE: that are read; the other is zero */
};

/* Begins a pass over these stripes, with nothing in hand. */
void cursor_begin (struct cursor *c, struct stripes *stripes, bool in_order,
                   bool compares);

/* What is to be done next.  Whoever does it moves at to the piece's end. */
struct work cursor_next (struct cursor *c);

/* How far it is in its stripe, also while it is away from that. */
uint64_t cursor_in_stripe (const struct cursor *c);

#endif /* CURSOR_H */
