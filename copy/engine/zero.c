/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds runs of zeroes in a buffer, and decides how zeroes are made.  Pure. */

#include <config.h>

#include <assert.h>
#include <errno.h>

#include "arith.h"
#include "engine/zero.h"
#include "iszero.h"

/* Where the run of blocks of one kind that starts at start ends.  Blocks end at
 * multiples of scan on the disk, so the first and the last can be shorter.
 */
static uint64_t
run_end (const uint8_t *buffer, uint64_t length, uint64_t offset, uint64_t scan,
         uint64_t start, bool *zero)
{
  uint64_t end = start, to;

  for (; end < length; end = to) {
    bool is;

    to = min_u64 (length, align_up (offset + end + 1, scan) - offset);
    is = is_zero (buffer + end, to - end);
    if (end == start)
      *zero = is;
    else if (is != *zero)
      break;
  }
  return end;
}

/* Appends a run, merging it with a neighbour of the same kind.  False when
 * there is no room.
 */
static bool
append (struct segment *out, unsigned *n, unsigned max, uint64_t start,
        uint64_t end, bool zero)
{
  if (*n > 0 && out[*n - 1].zero == zero) {
    out[*n - 1].end = end;
    return true;
  }
  if (*n == max)
    return false;
  out[(*n)++] = (struct segment) { start, end, zero };
  return true;
}

/* Cut with zero runs of at least least bytes.  Returns 0 for too many. */
static unsigned
cut_at (const uint8_t *buffer, uint64_t length, uint64_t offset, uint64_t scan,
        uint64_t least, struct segment *out, unsigned max)
{
  unsigned n = 0;
  uint64_t end;

  for (uint64_t start = 0; start < length; start = end) {
    bool zero = false;

    end = run_end (buffer, length, offset, scan, start, &zero);
    if (zero && end - start < least && end - start < length)
      zero = false;
    if (!append (out, &n, max, start, end, zero))
      return 0;
  }
  return n;
}

unsigned
zero_cut (const void *buffer, uint64_t length, uint64_t offset, uint64_t scan,
          struct segment *out, unsigned max)
{
  unsigned n = 0;

  assert (length > 0 && length <= UINT32_MAX && max >= 1);
  if (scan == 0) {
    out[0] = (struct segment) { 0, length, false };
    return 1;
  }
  /* Ends at the latest when least exceeds length: then there is one segment. */
  for (uint64_t least = scan; n == 0; least *= 2)
    n = cut_at (buffer, length, offset, scan, least, out, max);
  return n;
}

enum zero_way
zero_way_first (const struct zero_plan *z)
{
  if (z->request_max == 0)
    return ZERO_WRITE;
  return z->fast ? ZERO_FAST : ZERO_PLAIN;
}

bool
zero_way_is_over (int err)
{
  return err == ENOTSUP || err == EINVAL || err == EOVERFLOW || err == ENOSYS;
}

/* Of this range only: a hole can need room, too, and what may not be zeroed may
 * be written.
 */
static bool
is_refused_here (int err)
{
  return err == EBUSY || err == ENOSPC || err == EPERM;
}

enum zero_way
zero_way_next (const struct zero_plan *z, enum zero_way way, uint64_t length,
               int err)
{
  if (way == ZERO_WRITE || (!zero_way_is_over (err) && !is_refused_here (err)))
    return way;
  if (way == ZERO_FAST)
    return ZERO_PLAIN;
  /* A server may only mean that it was too much at a time. */
  if (way == ZERO_PLAIN && err != ENOTSUP && !is_refused_here (err)
      && length > z->write_max)
    return ZERO_SMALL;
  return ZERO_WRITE;
}

uint64_t
zero_way_max (const struct zero_plan *z, enum zero_way way)
{
  switch (way) {
  case ZERO_FAST:
  case ZERO_PLAIN:
    return z->request_max;
  case ZERO_SMALL:
    return min_u64 (z->request_max, z->write_max);
  case ZERO_WRITE:
    break;
  }
  return z->write_max;
}
