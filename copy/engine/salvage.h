/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ranges of the source that one worker could not read, and that it will read
 * again in smaller pieces, after everything else.  Pure.
 *
 *   a read fails --salvage_split--> to be read in pieces --salvage_take--> read
 *                      |                                        |
 *                      |                                        v
 *                      |<------------------------------- a piece fails
 *                      v
 *             as small as can be: the piece is unreadable
 *
 * A piece has at most an eighth of the length that failed.  Failures are slow
 * and good reads are not, so eighths find a bad place sooner than halves.  The
 * largest pieces are taken first, so that most of the data is copied before the
 * single blocks of a dead region are tried.
 */

#ifndef SALVAGE_H
#define SALVAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "range.h"
#include "ranges.h"

#define SALVAGE_LEVELS 8

/* All in bytes, but requests. */
struct salvage_shape {
  uint64_t block;    /* power of two: the smallest piece */
  uint64_t largest;  /* the largest read */
  uint64_t claim;    /* that a worker reads before it checks whether there are
                        many ranges */
  unsigned requests; /* reads in flight, at most */
};

struct salvage {
  struct salvage_shape shape;
  size_t crowd;                         /* ranges of a level that are many */
  unsigned n_levels;                    /* 0: nothing is salvaged */
  struct ranges levels[SALVAGE_LEVELS]; /* level i is read in pieces of
                                           block * 8^i; the value of a range is
                                           whether it was copied before */
};

/* Returns how many bytes salvage_init allocates. */
size_t salvage_memory (const struct salvage_shape *shape);

/* Initialises the struct for such reads.  Returns -1 with errno. */
int salvage_init (struct salvage *s, const struct salvage_shape *shape);
void salvage_free (struct salvage *s); /* safe on a zeroed struct */

/* Notes that a range could not be read, so that it will be read in smaller
 * pieces.  @again says that it was copied before, and lost.  Returns false
 * where there are no smaller pieces: the range is unreadable.
 */
bool salvage_split (struct salvage *s, struct range failed, bool again);

/* Takes out the next piece to read.  Returns false when there is none. */
bool salvage_take (struct salvage *s, struct range *piece, bool *again);

bool salvage_is_empty (const struct salvage *s);

/* Returns whether there are too many ranges to postpone their reads further. */
bool salvage_is_crowded (const struct salvage *s);

#endif /* SALVAGE_H */
