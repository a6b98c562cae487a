/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One piece of work: an operation on one range of the disk.  The cursor decides
 * it, and a request carries it out.
 */

#ifndef WORK_H
#define WORK_H

#include <stdbool.h>

#include "endpoint/endpoint.h"
#include "range.h"

enum work_kind {
  NO_WORK,       /* nothing is left to take */
  AWAIT_EXTENTS, /* the next work depends on block status that is on its way */
  AWAIT_DIGEST,  /* the digest has no room for another claim */
  COPY,          /* read the source, and write its data */
  ZERO,          /* zero the destination */
  SKIP,          /* do nothing: the destination is zero already */
  COMPARE,       /* read both sides, or one, and compare */
  UPDATE,        /* read the destination, and the source unless it is zero
                    there, and write what differs */
  HOLE,          /* compare nothing: both sides are zero */
  UNSELECTED,    /* do nothing: the range is not selected */
};

struct work {
  enum work_kind kind;
  struct range range; /* not of the first three kinds */
  bool again;         /* it was done before, and was lost */
  bool already_zero;  /* COPY: the destination reads as zeroes there */
  bool salvage;    /* COPY, UPDATE: a piece of a range that could not be read */
  bool unreadable; /* ZERO, SKIP: because the source cannot be read */
  unsigned sides;  /* COPY, COMPARE, UPDATE: READ_SIDEs; a side that is
                         not read is zero */
};

/* The sides that are read: these, or'ed. */
#define READ_SIDE(side) (1u << (side))
#define READ_BOTH (READ_SIDE (SOURCE) | READ_SIDE (DESTINATION))

#endif /* WORK_H */
