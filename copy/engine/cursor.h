/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The position of a worker on the disk, and its next work.  The cursor takes
 * stripes, claims their front, and looks up the extents of both sides; it
 * starts nothing.
 *
 *      at         claimed                      stripe_end
 *      |--- its own ---|--- others can steal this ---|
 *
 * Ranges that were lost with a connection come first; the stripe waits until
 * these ranges are copied again.  Pieces of ranges that could not be read come
 * last.
 */

#ifndef CURSOR_H
#define CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/trace.h"
#include "engine/blkhash.h"
#include "engine/extents.h"
#include "engine/ratelimit.h"
#include "engine/salvage.h"
#include "engine/stripes.h"
#include "engine/unflushed.h"
#include "engine/unreadable.h"
#include "engine/work.h"
#include "engine/zero.h"
#include "plan/plan.h"

struct cursor {
  /* The worker sets these once; all are borrowed. */
  unsigned worker; /* number, for stripes and messages */
  const struct plan *plan;
  const enum zero_way *zero_way; /* the present one */
  struct unflushed *unflushed;   /* has the ranges that were lost */
  struct salvage *salvage;       /* has those to read in pieces; NULL: none */
  struct unreadable *unreadable; /* has those that are given up; NULL: none */
  struct ratelimit *ratelimit;   /* NULL: there is none */
  struct track *track;           /* NULL: no trace is wanted */
  struct extents *extents[2];    /* by side */

  uint64_t request_max; /* bytes in one request at most; the worker sets it */

  /* Of the present phase: see cursor_begin. */
  struct stripes *stripes;
  struct feed *feed;
  bool in_order;
  bool compares;
  bool reads_both; /* it compares, or updates */

  uint64_t at;         /* where the next request starts */
  uint64_t claimed;    /* [at, claimed) is this worker's */
  uint64_t stripe_end; /* [claimed, stripe_end) can be claimed */
  bool again;          /* at and claimed are about a range that was lost */
  bool salvaging;      /* they are about a piece of salvage */
  uint64_t left_at;    /* with either: where it was in its stripe */
  uint64_t told_to;    /* extents were logged up to here */
};

/* Begins a phase over @stripes (borrowed) with nothing claimed.  With
 * @in_order, all workers share one stripe.  @feed is NULL where no digest is
 * wanted.  @compares says that both sides are read and compared.
 */
void cursor_begin (struct cursor *c, struct stripes *stripes, struct feed *feed,
                   bool in_order, bool compares);

/* Returns the next piece of work, which starts at the cursor.  The caller
 * starts it and calls cursor_advance, or does not start it: then the next call
 * decides again from the same place.
 */
struct work cursor_next (struct cursor *c);

/* Moves the cursor to the end of the work that cursor_next has returned. */
void cursor_advance (struct cursor *c, const struct work *work);

/* Requests block status ahead of the cursor, from the sides whose extents this
 * phase uses.
 */
void cursor_ask (struct cursor *c);

/* Returns where the worker is in its stripe, also while it copies lost ranges
 * again.
 */
uint64_t cursor_in_stripe (const struct cursor *c);

#endif /* CURSOR_H */
