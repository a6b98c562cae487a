/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the two sides differ: finds it in buffers, and remembers the first
 * places of the disk, whichever worker comes to them and when.
 *
 * Differences are counted in sectors of 512 bytes, so that data which is quite
 * another is one difference, although a byte in 256 of it is the same.
 */

#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#include <stdbool.h>
#include <stdint.h>

#include "ranges.h"

struct differences; /* body in differences.c */

struct differences *differences_new (void);    /* NULL with errno */
void differences_free (struct differences *d); /* NULL is fine */

/* Compares length bytes that belong at offset of the disk; NULL stands for
 * zeroes, on one side at most.  Returns how many bytes the sectors that differ
 * have.  Any thread; there is a lock only where something differs.
 */
uint64_t differences_compare (struct differences *d, uint64_t offset,
                              const uint8_t *source, const uint8_t *destination,
                              uint64_t length);

/* The first ranges of the disk that differ, in order, once nobody looks any
 * more.  *all is false when there are others behind them.
 */
const struct ranges *differences_found (const struct differences *d, bool *all);

#endif /* DIFFERENCES_H */
