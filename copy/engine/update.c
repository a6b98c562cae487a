/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds what an update has to write: see update.h. */

#include <config.h>

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "arith.h"
#include "engine/update.h"
#include "iszero.h"

/* The bytes to compare, and how they are cut. */
struct cut {
  const uint8_t *source, *destination; /* no source: zeroes */
  uint64_t length, offset, grain, scan;
};

static bool
is_same (const struct cut *c, uint64_t start, uint64_t end)
{
  return c->source
    ? memcmp (c->source + start, c->destination + start, end - start) == 0
    : is_zero (c->destination + start, end - start);
}

/* Returns where the block ends that @at is in: the first and the last one of
 * the buffer can be shorter.
 */
static uint64_t
block_end (const struct cut *c, uint64_t at)
{
  return min_u64 (c->length,
                  align_down (c->offset + at, c->grain) + c->grain - c->offset);
}

/* Returns where the blocks that are the same end, from @at on, or those that
 * differ.
 */
static uint64_t
run_end (const struct cut *c, uint64_t at, bool same)
{
  uint64_t to;

  for (; at < c->length; at = to) {
    to = block_end (c, at);
    if (is_same (c, at, to) != same)
      break;
  }
  return at;
}

/* Sets *start and *end to the next difference from @at on, with all that follow
 * it after fewer than @merge bytes.  Returns false when there is none.
 */
static bool
next_difference (const struct cut *c, uint64_t at, uint64_t merge,
                 uint64_t *start, uint64_t *end)
{
  uint64_t next = run_end (c, at, true);

  if (next == c->length)
    return false;
  *start = next;
  do {
    *end = run_end (c, next, false);
    next = run_end (c, *end, true);
  } while (next < c->length && next - *end < merge);
  return true;
}

/* Cuts one difference.  Returns the number of segments: 1 to @max. */
static unsigned
cut_difference (const struct cut *c, uint64_t start, uint64_t end,
                struct segment *out, unsigned max)
{
  unsigned n;

  if (c->source == NULL) {
    out[0] = (struct segment) { start, end, true };
    return 1;
  }
  n = zero_cut (c->source + start, end - start, c->offset + start, c->scan, out,
                max);
  for (unsigned i = 0; i < n; i++) {
    out[i].start += start;
    out[i].end += start;
  }
  return n;
}

/* Cuts with this @merge.  Returns false for too many segments. */
static bool
cut (const struct cut *c, uint64_t merge, struct segment *out, unsigned max,
     unsigned *n)
{
  uint64_t start, end = 0;

  *n = 0;
  while (next_difference (c, end, merge, &start, &end)) {
    if (*n == max)
      return false;
    *n += cut_difference (c, start, end, out + *n, max - *n);
  }
  return true;
}

unsigned
update_cut (const void *source, const void *destination, uint64_t length,
            uint64_t offset, uint64_t grain, uint64_t merge, uint64_t scan,
            struct segment *out, unsigned max)
{
  const struct cut c = { source, destination, length, offset, grain, scan };
  unsigned n;

  assert (length > 0 && length <= UINT32_MAX && max >= 1);
  if (is_same (&c, 0, length))
    return 0;
  /* Ends at the latest when merge exceeds length: then there is one difference.
   */
  for (merge = max_u64 (merge, grain); !cut (&c, merge, out, max, &n);)
    merge *= 2;
  return n;
}
