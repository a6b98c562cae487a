/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The unreadable ranges of the source, of all workers. */

#ifndef UNREADABLE_H
#define UNREADABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "range.h"
#include "ranges.h"
#include "resume/map.h"

/* The most separate ranges.  If there are more, ranges that are near each other
 * are joined, with the bytes between them.
 */
#define UNREADABLE_RANGES MAP_UNREADABLE

struct unreadable; /* body in unreadable.c */

/* Makes an empty set.  @map (borrowed; NULL: none) gets the ranges, too.
 * Returns NULL with errno.
 */
struct unreadable *unreadable_new (struct map *map);
void unreadable_free (struct unreadable *u); /* NULL is fine */

/* Adds a range; @again says that it was added, or copied, before, and was lost.
 * Any thread; takes a lock.
 */
void unreadable_add (struct unreadable *u, struct range range, bool again);

/* Returns how many bytes were added.  Any thread; takes a lock. */
uint64_t unreadable_bytes (struct unreadable *u);

/* Copies the first ranges of the disk, at most @max, and returns how many there
 * are in all.  Any thread; takes a lock.
 */
size_t unreadable_first (struct unreadable *u, struct range *first, size_t max);

/* Sets *out to the first range that ends after @offset.  Returns false where
 * there is none, or where ranges were noted as one and @joined does not allow
 * that.  Any thread; takes a lock.
 */
bool unreadable_next (struct unreadable *u, uint64_t offset, bool joined,
                      struct range *out);

#endif /* UNREADABLE_H */
