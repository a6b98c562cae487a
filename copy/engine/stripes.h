/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts the disk into stripes and hands out each byte exactly once.
 *
 * A stripe is a contiguous part of the disk; the bytes are not interleaved.  An
 * owner is a worker, named by a number below the one given to stripes_new.
 * Each owner holds at most one stripe and takes work from its front.  An owner
 * with an empty stripe takes a whole stripe that no owner has begun, small ones
 * last.  If there is none, it steals the back half of the largest one.  All
 * functions except new and free may be called by any thread.
 *
 * In order, all owners share one stripe, so that each claim lies after all
 * earlier claims, of whichever owner.
 */

#ifndef STRIPES_H
#define STRIPES_H

#include <stdbool.h>
#include <stdint.h>

#include "range.h"
#include "ranges.h"

struct stripes; /* body in stripes.c */

/* Cuts the ranges in @todo (borrowed; their values do not matter) into a share
 * for each owner, of about the same number of bytes, at multiples of @align (a
 * power of two).  A stolen part has at least @steal_min bytes, and leaves at
 * least as many to its owner.  Returns NULL with errno.
 */
struct stripes *stripes_new (const struct ranges *todo, unsigned owners,
                             uint64_t align, uint64_t steal_min);
/* Does the same in order: nothing is cut, and nothing is stolen. */
struct stripes *stripes_new_in_order (const struct ranges *todo,
                                      unsigned owners, uint64_t align);

void stripes_free (struct stripes *s);

/* Gives the owner a new stripe, or the rest of the stripe that it has, and sets
 * *out to its range, whose end can move down later, and *stolen to whether it
 * was taken from another owner.  Returns false when no work is left.  In order,
 * *out is the part of the shared stripe that no owner has claimed yet.
 */
bool stripes_take (struct stripes *s, unsigned owner, struct range *out,
                   bool *stolen);

/* Claims up to @want bytes, rounded up to the alignment of stripes_new, at the
 * front of the owner's stripe: no other owner can steal them any more.  Sets
 * *out to the claimed range, and *left to the end of the stripe.  Returns false
 * when the stripe is empty.
 */
bool stripes_claim (struct stripes *s, unsigned owner, uint64_t want,
                    struct range *out, uint64_t *left);

/* Does the same in order, if the shared stripe still begins at @start.  Returns
 * false when another owner has claimed that place: the caller then calls
 * stripes_take to see where the stripe begins now.
 */
bool stripes_claim_at (struct stripes *s, unsigned owner, uint64_t start,
                       uint64_t want, struct range *out);

/* Notes that the owner has an empty stripe, and has done all that it claimed.
 * Returns true when this holds for all owners and nothing is left, so that the
 * whole disk is done.  An owner that never took anything does not count, and
 * neither do ranges that an owner has to copy again after a loss.
 */
bool stripes_finish (struct stripes *s, unsigned owner);

/* Drops everything that is not claimed yet, because the source is a stream that
 * ended before it.
 */
void stripes_end (struct stripes *s);

/* Returns how many bytes are not claimed yet. */
uint64_t stripes_left (struct stripes *s);

#endif /* STRIPES_H */
