/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one worker has written, and what no flush has covered yet: see
 * unflushed.h.
 */

#include <config.h>

#include "arith.h"
#include "engine/unflushed.h"

/* A worker goes through its stripe in order, so there are only as many ranges
 * as requests in flight, and as stripes that it had.  With a digest there is
 * one for each claim, between those of the others.
 */
#define RANGES 8192
#define NEARLY (RANGES - RANGES / 8)

int
unflushed_init (struct unflushed *d, bool flushed)
{
  *d = (struct unflushed) { .limit = UINT64_MAX, .flushed = flushed };
  if (ranges_init (&d->written, RANGES) == 0
      && ranges_init (&d->covered, RANGES) == 0
      && ranges_init (&d->again, 4 * RANGES) == 0)
    return 0;
  unflushed_free (d);
  return -1;
}

void
unflushed_free (struct unflushed *d)
{
  ranges_free (&d->written);
  ranges_free (&d->covered);
  ranges_free (&d->again);
}

void
unflushed_note (struct unflushed *d, struct range range)
{
  if (ranges_set (&d->written, range.start, range.end, 0))
    d->notes++;
  else
    d->forgotten = true;
}

bool
unflushed_allows (const struct unflushed *d, uint64_t in_flight)
{
  return add_saturated (d->notes, in_flight) < d->limit;
}

bool
unflushed_wants_flush (const struct unflushed *d)
{
  return d->notes >= d->limit || ranges_count (&d->written) >= NEARLY;
}

bool
unflushed_is_full (const struct unflushed *d)
{
  return d->flushed && ranges_count (&d->written) >= RANGES;
}

bool
unflushed_is_empty (const struct unflushed *d)
{
  return ranges_count (&d->written) == 0 && ranges_count (&d->covered) == 0;
}

void
unflushed_flush_begins (struct unflushed *d)
{
  const struct ranges covered = d->covered;

  d->covered = d->written;
  d->written = covered;
  d->notes = 0;
}

void
unflushed_flush_ends (struct unflushed *d)
{
  ranges_clear (&d->covered);
  d->limit = add_saturated (d->limit, d->limit);
}

/* False when not all of them find room. */
static bool
move (struct ranges *from, struct ranges *to)
{
  bool all = true;

  for (size_t i = 0; i < ranges_count (from); i++) {
    const struct ranges_entry *r = ranges_at (from, i);

    all = ranges_set (to, r->start, r->end, 0) && all;
  }
  ranges_clear (from);
  return all;
}

bool
unflushed_lost (struct unflushed *d, uint64_t in_flight)
{
  const uint64_t at_stake = d->notes + in_flight;
  const bool covered = move (&d->covered, &d->again);
  const bool written = move (&d->written, &d->again);

  if (at_stake > 0 && d->flushed)
    d->limit = max_u64 (1, min_u64 (d->limit, at_stake) / 4);
  d->notes = 0;
  return covered && written && !d->forgotten;
}

void
unflushed_forget (struct unflushed *d)
{
  ranges_clear (&d->written);
  ranges_clear (&d->covered);
  ranges_clear (&d->again);
  d->notes = 0;
  d->forgotten = false;
}

bool
unflushed_take (struct unflushed *d, struct range *out)
{
  if (!unflushed_has_again (d))
    return false;
  *out = range_of (ranges_at (&d->again, 0)->start,
                   ranges_at (&d->again, 0)->end);
  ranges_forget_below (&d->again, out->end);
  return true;
}
