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

/* Cuts length bytes (at most 4 GiB - 1), which belong at offset of the disk,
 * into segments that are written in full or zeroed: in order, without a gap,
 * data and zeroes in turn.  Zero runs begin and end at multiples of scan, or at
 * the buffer's ends, and are at least scan bytes long (a power of two), or the
 * whole buffer.  Where that makes more than max segments, only longer runs
 * count.  scan 0 makes one segment of data.  Returns how many: 1 to max.
 */
unsigned zero_cut (const void *buffer, uint64_t length, uint64_t offset,
                   uint64_t scan, struct segment *out, unsigned max);

/* How this worker makes zeroes at present.  A way that a server does not have
 * is not asked for again; a refusal for another reason holds for one range.
 */
enum zero_way {
  ZERO_FAST,  /* a zero request that must be quick */
  ZERO_PLAIN, /* a zero request */
  ZERO_SMALL, /* a zero request no larger than a write */
  ZERO_WRITE, /* writing them out */
};

enum zero_way zero_way_first (const struct zero_plan *z);

/* The way to take for this range after a zero request of length bytes made this
 * way ended with errno err, or the same way where the error is no refusal.
 */
enum zero_way zero_way_next (const struct zero_plan *z, enum zero_way way,
                             uint64_t length, int err);

/* Whether the errno of a refusal means that other ranges will be refused as
 * well, so that the way is not tried again.
 */
bool zero_way_is_over (int err);

/* How many bytes one request takes when going this way: at least 1. */
uint64_t zero_way_max (const struct zero_plan *z, enum zero_way way);

#endif /* ZERO_H */
