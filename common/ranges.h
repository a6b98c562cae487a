/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted, merged, half-open ranges of 64-bit offsets, each with a small value.
 *
 * Capacity is fixed at init, so that adding never allocates: a full set says
 * so.  Neighbours that touch and have the same value are one range.
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

/* -1 with errno (ENOMEM).  max is the capacity in ranges, at least 1. */
int ranges_init (struct ranges *r, size_t max);
void ranges_free (struct ranges *r); /* safe on a zeroed struct, and twice */
void ranges_clear (struct ranges *r);

/* Give [start, end) this value, over whatever was there before: what stood
 * there is cut.  An empty range changes nothing.  False, and nothing changed,
 * when there is no room (capacity max).
 */
bool ranges_set (struct ranges *r, uint64_t start, uint64_t end,
                 uint32_t value);

/* Forget everything in [start, end).  Cutting a hole into the middle of a
 * range can need one more slot: false, and nothing changed, when there is none.
 */
bool ranges_cut (struct ranges *r, uint64_t start, uint64_t end);

/* Forget everything below offset.  Constant time a range forgotten. */
void ranges_forget_below (struct ranges *r, uint64_t offset);

/* The range that holds offset, or NULL.  O(log n), and O(1) for the first. */
const struct ranges_entry *ranges_find (const struct ranges *r,
                                        uint64_t offset);

/* The first range that ends after offset, or NULL: for walking gaps. */
const struct ranges_entry *ranges_next (const struct ranges *r,
                                        uint64_t offset);

/* Sum of all lengths. */
uint64_t ranges_bytes (const struct ranges *r);

static inline size_t
ranges_count (const struct ranges *r)
{
  return r->n;
}

/* 0 <= i < ranges_count (). */
static inline const struct ranges_entry *
ranges_at (const struct ranges *r, size_t i)
{
  return &r->v[r->first + i];
}

#endif /* RANGES_H */
