/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a worker is, and what is to be done there. */

#include <config.h>

#include <assert.h>
#include <inttypes.h>

#include "arith.h"
#include "base/log.h"
#include "engine/cursor.h"

/* What lies at the cursor on one side, or on both, and to where. */
struct run {
  uint64_t end;
  enum extent_value value;
};

static void
tell_extent (struct cursor *c, uint64_t end, enum extent_value value)
{
  if (!log_details () || c->at < c->told_to)
    return;
  c->told_to = end;
  log_detail ("worker %u: extent offset=%" PRIu64 " length=%" PRIu64 " %s",
              c->lane->worker, c->at, end - c->at,
              value == EXTENT_ZERO ? "zero" : "data");
}

/* Where the destination ends, its map does, too: only what comes from a stream
 * has no end before that is known.
 */
static uint64_t
extents_limit (const struct cursor *c, uint64_t end)
{
  return min_u64 (end, c->lane->plan->room);
}

static bool
take_stripe (struct cursor *c)
{
  struct stripe s;

  if (!stripes_take (c->stripes, c->lane->worker, &s))
    return false;
  if (c->in_order && s.end == c->stripe_end) {
    c->at = c->claimed = s.start; /* others went on with it meanwhile */
    return true;
  }
  track_mark (c->lane->track, s.stolen ? "steal" : "stripe", s.start,
              s.end - s.start);
  c->at = c->claimed = c->told_to = s.start;
  c->stripe_end = s.end;
  extents_aim (c->extents[SOURCE], s.start, s.end);
  extents_aim (c->extents[DESTINATION], s.start, extents_limit (c, s.end));
  log_detail ("worker %u: stripe offset=%" PRIu64 " length=%" PRIu64,
              c->lane->worker, s.start, s.end - s.start);
  return true;
}

/* What was lost comes before anything new, between two claims. */
static bool
take_lost (struct cursor *c)
{
  uint64_t start, end;

  if (!unflushed_take (&c->lane->unflushed, &start, &end))
    return false;
  if (!c->again)
    c->left_at = c->at;
  c->again = true;
  track_mark (c->lane->track, "again", start, end - start);
  c->at = c->told_to = start;
  c->claimed = end;
  extents_aim (c->extents[SOURCE], start, end);
  extents_aim (c->extents[DESTINATION], start, end);
  log_detail ("worker %u: again offset=%" PRIu64 " length=%" PRIu64,
              c->lane->worker, start, end - start);
  return true;
}

/* All that was lost has been taken. */
static bool
return_to_stripe (struct cursor *c)
{
  c->again = false;
  c->at = c->claimed = c->left_at;
  c->stripe_end = 0; /* the maps are about another place */
  return take_stripe (c);
}

/* In order, each claim starts where the one before ended, whoever had that. */
static bool
has_stripe (struct cursor *c)
{
  if (c->at < c->claimed)
    return true;
  if (take_lost (c))
    return true;
  if (c->again)
    return return_to_stripe (c);
  if (c->claimed < c->stripe_end && !c->in_order)
    return true;
  return take_stripe (c);
}

/* False when others have claimed this place meanwhile. */
static bool
claim_in_order (struct cursor *c, uint64_t want)
{
  struct stripe s;

  if (!stripes_claim_at (c->stripes, c->lane->worker, c->at, want, &s))
    return false;
  c->claimed = s.end;
  if (c->lane->feed)
    feed_open (c->lane->feed, s.start, s.end);
  return true;
}

/* Claims little of the data, so that the others can have their part, but the
 * whole of a zero extent, so that it is not cut up.
 */
static bool
claim (struct cursor *c, struct run run)
{
  uint64_t want = c->lane->plan->claim;
  struct stripe s;
  bool got;

  if (run.value == EXTENT_ZERO)
    want = max_u64 (want, run.end - c->at);
  if (c->in_order)
    return claim_in_order (c, want);
  got = stripes_claim (c->stripes, c->lane->worker, want, &s, &c->stripe_end);
  assert (got && s.start == c->at);
  c->claimed = s.end;
  extents_end_at (c->extents[SOURCE], c->stripe_end);
  extents_end_at (c->extents[DESTINATION], extents_limit (c, c->stripe_end));
  return true;
}

/* The end of a zero extent, rounded inwards to what both sides can address. */
static uint64_t
round_in (const struct cursor *c, uint64_t end)
{
  return end >= c->claimed ? c->claimed
                           : align_down (end, c->lane->plan->grain);
}

static uint64_t
round_out (const struct cursor *c, uint64_t end)
{
  return min_u64 (align_up (end, c->lane->plan->grain), c->claimed);
}

/* Whether a run is of zeroes, and worth not to be read. */
static bool
is_hole (const struct cursor *c, struct run run)
{
  const uint64_t end = round_in (c, run.end);

  return run.value == EXTENT_ZERO && end > c->at
    && end - c->at >= c->lane->plan->gap;
}

/* The bytes of one request whose bytes count for the limit, given the most it
 * can have otherwise.
 */
static uint64_t
limited (const struct cursor *c, uint64_t most)
{
  return min_u64 (most, ratelimit_request (c->ratelimit, c->lane->plan->grain));
}

static uint64_t
zero_max (const struct cursor *c)
{
  const uint64_t most = zero_way_max (&c->lane->plan->zero, c->lane->zero_way);

  return c->lane->zero_way == ZERO_WRITE ? limited (c, most) : most;
}

/* A run that is zero at the source: what has to be done depends on what the
 * destination holds.
 */
static struct work
next_zero (struct cursor *c, uint64_t end)
{
  const struct zero_plan *z = &c->lane->plan->zero;
  enum extent_value there = EXTENT_DATA;
  uint64_t there_end = end;

  if (z->known == IS_ZERO_YES)
    return (struct work) { .kind = SKIP, .end = end };
  if (z->ask_destination) {
    if (extents_lookup (c->extents[DESTINATION], c->at, &there_end, &there)
        == EXTENTS_WAIT)
      return (struct work) { .kind = WAIT };
    if (there == EXTENT_ZERO) {
      const uint64_t to = min_u64 (end, round_in (c, there_end));

      if (to > c->at)
        return (struct work) { .kind = SKIP, .end = to };
      there_end = round_out (c, there_end);
    }
  }
  end = min_u64 (end, round_out (c, there_end));
  return (struct work) {
    .kind = ZERO,
    .end = min_u64 (end, add_saturated (c->at, zero_max (c))),
  };
}

/* Where one request ends that begins with a run of data of this map: it goes
 * across zero extents that are too short to matter.
 */
static uint64_t
data_end (const struct cursor *c, const struct extents *map, uint64_t end)
{
  const uint64_t limit = min_u64 (c->claimed,
                                  c->at + limited (c, c->request_max));
  enum extent_value value;
  uint64_t to;

  while (end < limit && extents_peek (map, end, &to, &value) == EXTENTS_KNOWN
         && (value == EXTENT_DATA || to - end < c->lane->plan->gap))
    end = to;
  return min_u64 (limit, round_out (c, end));
}

/* Sets *zero to whether the destination reads as zeroes from the cursor to
 * *end, which moves down to where that is known.  False when the destination
 * has yet to say: zeroes in the data would be written for nothing, and allocate
 * blocks.  One that has not answered before is not waited for.
 */
static bool
look_there (struct cursor *c, uint64_t *end, bool *zero)
{
  struct extents *map = c->extents[DESTINATION];
  const uint64_t limit = extents_limit (c, *end);
  enum extent_value value;
  uint64_t to, known, ignored;

  *zero = false;
  if (c->at >= limit)
    return true;
  if (extents_lookup (map, c->at, &to, &value) == EXTENTS_WAIT)
    return extents_is_silent (map);
  *zero = extents_all_zero (map, c->at, limit);
  if (*zero || value != EXTENT_ZERO
      || extents_peek (map, to, &ignored, &value) == EXTENTS_KNOWN)
    return true;
  known = align_down (to, c->lane->plan->grain);
  *zero = known > c->at;
  if (*zero)
    *end = known;
  return true;
}

static struct work
next_data (struct cursor *c, uint64_t end)
{
  const struct zero_plan *z = &c->lane->plan->zero;
  struct work p = {
    .kind = COPY,
    .end = data_end (c, c->extents[SOURCE], end),
    .already_zero = z->known == IS_ZERO_YES,
  };

  if (z->ask_destination && z->scan > 0
      && !look_there (c, &p.end, &p.already_zero))
    return (struct work) { .kind = WAIT };
  return p;
}

static struct work
next_to_copy (struct cursor *c, struct run here)
{
  return is_hole (c, here) ? next_zero (c, round_in (c, here.end))
                           : next_data (c, here.end);
}

/* Where only one side has data, that has to be zeroes, and is read alone. */
static struct work
next_to_compare (struct cursor *c, const struct run runs[2])
{
  struct work p = { .kind = SKIP, .end = c->claimed };

  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    const struct run run = runs[side];

    if (is_hole (c, run))
      p.end = min_u64 (p.end, round_in (c, run.end));
    else {
      p.kind = COMPARE;
      p.sides |= READ_SIDE (side);
      p.end = min_u64 (p.end, data_end (c, c->extents[side], run.end));
    }
  }
  return p;
}

static bool
look (struct cursor *c, enum side side, struct run *out)
{
  return extents_lookup (c->extents[side], c->at, &out->end, &out->value)
    == EXTENTS_KNOWN;
}

/* As far as both are what they are: zeroes, if both of them are. */
static struct run
both (const struct run runs[2])
{
  return (struct run) {
    .end = min_u64 (runs[SOURCE].end, runs[DESTINATION].end),
    .value = runs[SOURCE].value == EXTENT_ZERO ? runs[DESTINATION].value
                                               : runs[SOURCE].value,
  };
}

struct work
cursor_next (struct cursor *c)
{
  struct run runs[2] = { [DESTINATION] = { UINT64_MAX, EXTENT_ZERO } };

  if (c->lane->feed && c->at == c->claimed
      && !unflushed_has_again (&c->lane->unflushed)
      && !feed_has_room (c->lane->feed))
    return (struct work) { .kind = AHEAD };
  do {
    if (!has_stripe (c))
      return (struct work) { .kind = NOTHING };
    if (!look (c, SOURCE, &runs[SOURCE])
        || (c->compares && !look (c, DESTINATION, &runs[DESTINATION])))
      return (struct work) { .kind = WAIT };
  } while (c->at == c->claimed && !claim (c, both (runs)));
  tell_extent (c, runs[SOURCE].end, runs[SOURCE].value);
  return c->compares ? next_to_compare (c, runs)
                     : next_to_copy (c, runs[SOURCE]);
}

uint64_t
cursor_in_stripe (const struct cursor *c)
{
  return c->again ? c->left_at : c->at;
}

void
cursor_begin (struct cursor *c, struct stripes *stripes, bool in_order,
              bool compares)
{
  c->stripes = stripes;
  c->in_order = in_order;
  c->compares = compares;
  c->at = c->claimed = c->stripe_end = 0;
}
