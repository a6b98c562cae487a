/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts the disk into stripes and hands out each byte exactly once.
 *
 * An owner is a number below that given to stripes_new; each owner holds at
 * most one stripe and takes work from its front.  An owner with an empty stripe
 * takes a whole stripe that nobody has begun, small ranges last, or else steals
 * the back half of the largest one.  All functions but new and free may be
 * called by any thread.
 *
 * In order, there is one stripe for all owners, so that what is claimed next
 * always lies behind all that was claimed before, whoever claims.
 */

#ifndef STRIPES_H
#define STRIPES_H

#include <stdbool.h>
#include <stdint.h>

#include "ranges.h"

struct stripe {
  uint64_t start, end; /* bytes, half open; equal means empty */
  bool stolen;         /* stripes_take got it from another owner */
};

struct stripes; /* body in stripes.c */

/* Cuts the ranges todo (borrowed; their values do not matter) into owners
 * shares of about the same number of bytes, at multiples of align (a power of
 * two).  What is stolen is at least steal_min bytes and leaves as much to its
 * owner.  NULL with errno.
 */
struct stripes *stripes_new (const struct ranges *todo, unsigned owners,
                             uint64_t align, uint64_t steal_min);
/* The same, in order: nothing is cut, and nothing is stolen. */
struct stripes *stripes_new_in_order (const struct ranges *todo,
                                      unsigned owners, uint64_t align);

void stripes_free (struct stripes *s);

/* Gives the owner a new stripe, or what is left of the one that it has.  *out
 * is where it lies; its end can move down later.  False when there is nothing
 * to be had.  In order, *out is what nobody has claimed so far of the stripe
 * that all share.
 */
bool stripes_take (struct stripes *s, unsigned owner, struct stripe *out);

/* Moves up to want bytes, rounded up to align, from the front of the owner's
 * stripe into the owner's hands: *out is what it got, and *left where the
 * stripe ends now.  False when the stripe is empty.
 */
bool stripes_claim (struct stripes *s, unsigned owner, uint64_t want,
                    struct stripe *out, uint64_t *left);

/* The same in order, if the shared stripe still begins at start.  False when
 * others were there before: take it again to see where it begins now.
 */
bool stripes_claim_at (struct stripes *s, unsigned owner, uint64_t start,
                       uint64_t want, struct stripe *out);

/* The owner has an empty stripe, and all it claimed is done.  True when this is
 * so of all owners and nothing is left: the whole disk is done.  An owner that
 * never took anything does not count.  What it has to do once more, later, is
 * its own business.
 */
bool stripes_finish (struct stripes *s, unsigned owner);

/* The disk turned out to end before what nobody has claimed yet: there is
 * nothing more to take, and nothing left.
 */
void stripes_end (struct stripes *s);

/* Bytes that nobody has claimed yet. */
uint64_t stripes_left (struct stripes *s);

#endif /* STRIPES_H */
