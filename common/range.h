/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A half-open range of bytes. */

#ifndef RANGE_H
#define RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
  uint64_t start, end; /* bytes; end is excluded; equal: the range is empty */
};

static inline struct range
range_of (uint64_t start, uint64_t end)
{
  return (struct range) { start, end };
}

static inline uint64_t
range_length (struct range r)
{
  return r.end - r.start;
}

static inline bool
range_is_empty (struct range r)
{
  return r.start == r.end;
}

#endif /* RANGE_H */
