/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the parts of a range that an update has to write.  Pure. */

#ifndef UPDATE_H
#define UPDATE_H

#include <stdint.h>

#include "engine/zero.h"

/* Compares @length bytes (1 to 4 GiB - 1) of both sides, which belong at
 * @offset of the disk, in blocks that end at multiples of @grain (a power of
 * two) on the disk.  @source NULL stands for zeroes.  Cuts the blocks that
 * differ into segments, in order; all other bytes are the same.
 *
 * Differences with fewer than @merge bytes between them become one.  Each is
 * cut into data and zeroes as zero_cut does with @scan; without a source, it is
 * zeroes.  If that makes more than @max segments (at least 1), more differences
 * become one.  Returns the number of segments: 0 where nothing differs.
 */
unsigned update_cut (const void *source, const void *destination,
                     uint64_t length, uint64_t offset, uint64_t grain,
                     uint64_t merge, uint64_t scan, struct segment *out,
                     unsigned max);

#endif /* UPDATE_H */
