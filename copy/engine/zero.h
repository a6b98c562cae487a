/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds runs of zeroes in a buffer, and decides how zeroes are made.  Pure. */

#ifndef ZERO_H
#define ZERO_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/zero-plan.h"

/* A part of a buffer that is written or zeroed on its own. */
struct segment {
  uint32_t start, end; /* bytes from the buffer's start, half open */
  bool zero;
};

/* Cuts a buffer of @length bytes (at most 4 GiB - 1), which belongs at @offset
 * of the disk, into segments of data and zeroes in turn, in order and without a
 * gap.  Runs of zeroes begin and end at multiples of @scan (a power of two), or
 * at the ends of the buffer, and have at least @scan bytes, or are the whole
 * buffer.  If that makes more than @max segments, only longer runs count as
 * zeroes.  With @scan 0, there is one segment of data.  Returns the number of
 * segments: 1 to @max.
 */
unsigned zero_cut (const void *buffer, uint64_t length, uint64_t offset,
                   uint64_t scan, struct segment *out, unsigned max);

/* How a worker makes zeroes at present.  A way that the server does not support
 * is not tried again; a refusal for another reason holds for one range only.
 */
enum zero_way {
  ZERO_FAST,  /* a zero request that must be quick */
  ZERO_PLAIN, /* a zero request */
  ZERO_SMALL, /* a zero request no larger than a write */
  ZERO_WRITE, /* writing them out */
};

enum zero_way zero_way_first (const struct zero_plan *z);

/* Returns the way to try next for a range, after a zero request of @length
 * bytes made in @way has failed with @err.  Returns @way itself if the error is
 * not a refusal.
 */
enum zero_way zero_way_next (const struct zero_plan *z, enum zero_way way,
                             uint64_t length, int err);

/* Returns whether the errno of a refusal holds for all ranges, so that this way
 * is not tried again.
 */
bool zero_way_is_over (int err);

/* Returns the most bytes of one request made in @way: at least 1. */
uint64_t zero_way_max (const struct zero_plan *z, enum zero_way way);

#endif /* ZERO_H */
