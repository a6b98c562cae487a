/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted, merged, half-open ranges of 64-bit offsets, each with a small value.
 * The capacity is fixed, so that adding never allocates: it fails where the set
 * is full.  Adjacent ranges with the same value are merged.
 */

#ifndef RANGES_H
#define RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ranges_entry {
  uint64_t start, end; /* half open; start < end */
  uint32_t value;
};

struct ranges {
  struct ranges_entry *v; /* owned */
  size_t first, n, max;   /* live ranges are v[first .. first+n-1]; v has
                                 room for 2*max */
};

/* Allocates room for @max ranges, at least 1.  -1 with errno (ENOMEM). */
int ranges_init (struct ranges *r, size_t max);

/* Returns how many bytes ranges_init allocates for this capacity. */
static inline size_t
ranges_memory (size_t max)
{
  return 2 * max * sizeof (struct ranges_entry);
}

void ranges_free (struct ranges *r); /* safe on a zeroed struct, and twice */
void ranges_clear (struct ranges *r);

/* Sets [start, end) to a value, replacing earlier values.  An empty range
 * changes nothing.  Returns false, and changes nothing, if there is no room.
 */
bool ranges_set (struct ranges *r, uint64_t start, uint64_t end,
                 uint32_t value);

/* Adds [start, end) to a set whose values are all 0.  Where there is no room,
 * the nearest range grows to include it, with the gap in between.
 */
void ranges_cover (struct ranges *r, uint64_t start, uint64_t end);

/* Removes [start, end).  Removing the middle of a range needs one more entry:
 * returns false, and changes nothing, if there is no room.
 */
bool ranges_cut (struct ranges *r, uint64_t start, uint64_t end);

/* Removes everything below @offset, in constant time per range removed. */
void ranges_forget_below (struct ranges *r, uint64_t offset);

/* Returns the range that contains @offset, or NULL.  O(log n), and O(1) for the
 * first range.
 */
const struct ranges_entry *ranges_find (const struct ranges *r,
                                        uint64_t offset);

/* Returns the first range that ends after @offset, or NULL: for walking gaps.
 */
const struct ranges_entry *ranges_next (const struct ranges *r,
                                        uint64_t offset);

/* Returns the sum of all lengths. */
uint64_t ranges_bytes (const struct ranges *r);

/* Returns how many bytes are in ranges of both.  O(n) for both together. */
uint64_t ranges_bytes_in_both (const struct ranges *a, const struct ranges *b);

/* Returns the last range that starts before offset, or NULL.  O(log n). */
const struct ranges_entry *ranges_previous (const struct ranges *r,
                                            uint64_t offset);

static inline size_t
ranges_count (const struct ranges *r)
{
  return r->n;
}

/* Returns a range; 0 <= i < ranges_count (). */
static inline const struct ranges_entry *
ranges_at (const struct ranges *r, size_t i)
{
  return &r->v[r->first + i];
}

#endif /* RANGES_H */
