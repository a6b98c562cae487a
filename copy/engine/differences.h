/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares buffers of both sides, and remembers the first places of the disk
 * that differ, in whatever order the workers find them.
 *
 * Differences are counted in sectors of 512 bytes: where unrelated data is
 * compared, one byte in 256 is the same by chance, and would end a difference.
 */

#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "range-collector.h"
#include "ranges.h"

struct differences; /* body in differences.c */

struct differences *differences_new (void);    /* NULL with errno */
void differences_free (struct differences *d); /* NULL is fine */

/* Keeps all ranges, too, in memory for DIFFERENCES_MAX of them.  Called before
 * the first comparison.  Returns -1 with errno.
 */
int differences_keep_all (struct differences *d);

#define DIFFERENCES_MAX (1 << 20)

/* Compares @length bytes of both sides, which are at @offset on the disk; NULL,
 * for one side at most, stands for zeroes.  Returns how many bytes are in
 * sectors that differ.  Any thread; takes a lock only where something differs.
 */
uint64_t differences_compare (struct differences *d, uint64_t offset,
                              const uint8_t *source, const uint8_t *destination,
                              uint64_t length);

/* Returns the first ranges of the disk that differ, in order, and sets *all to
 * whether these are all that differ.  Called after all workers have ended.
 */
const struct ranges *differences_found (const struct differences *d, bool *all);

/* Hands over all ranges that differ, sorted; the caller frees them.  Called once,
 * after all workers have ended, if all were to be kept.
 */
struct range_collector differences_take_all (struct differences *d);

#endif /* DIFFERENCES_H */
