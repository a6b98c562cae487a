/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The position of a worker on the disk, and its next work: see cursor.h. */

#include <config.h>

#include <assert.h>
#include <inttypes.h>

#include "arith.h"
#include "base/log.h"
#include "engine/cursor.h"

/* The extent at the cursor of one side, or of both. */
struct extent {
  uint64_t end;
  enum extent_value value;
};

static void
log_extent (struct cursor *c, uint64_t end, enum extent_value value)
{
  if (!log_details () || c->at < c->told_to)
    return;
  c->told_to = end;
  log_detail ("worker %u: extent offset=%" PRIu64 " length=%" PRIu64 " %s",
              c->worker, c->at, end - c->at,
              value == EXTENT_ZERO     ? "zero"
                : value == EXTENT_DATA ? "data"
                                       : "unselected");
}

/* Returns where the destination's extents end at the latest: a stripe of a
 * stream, whose size is not known, reaches beyond the destination.
 */
static uint64_t
extents_limit (const struct cursor *c, uint64_t end)
{
  return min_u64 (end, c->plan->room);
}

static bool
take_stripe (struct cursor *c)
{
  struct range stripe;
  bool stolen;

  if (!stripes_take (c->stripes, c->worker, &stripe, &stolen))
    return false;
  if (c->in_order && stripe.end == c->stripe_end) {
    c->at = c->claimed = stripe.start; /* other workers have claimed some */
    return true;
  }
  track_mark (c->track, stolen ? "steal" : "stripe", stripe.start,
              range_length (stripe));
  c->at = c->claimed = c->told_to = stripe.start;
  c->stripe_end = stripe.end;
  extents_aim (c->extents[SOURCE], stripe);
  extents_aim (c->extents[DESTINATION],
               range_of (stripe.start, extents_limit (c, stripe.end)));
  log_detail ("worker %u: stripe offset=%" PRIu64 " length=%" PRIu64, c->worker,
              stripe.start, range_length (stripe));
  return true;
}

/* Leaves the stripe between two claims, for a range outside of it. */
static void
leave_stripe (struct cursor *c)
{
  if (!c->again && !c->salvaging)
    c->left_at = c->at;
  c->again = c->salvaging = false;
}

/* Takes a range that was lost.  Those come before anything new, between two
 * claims.
 */
static bool
take_lost (struct cursor *c)
{
  struct range lost;

  if (!unflushed_take (c->unflushed, &lost))
    return false;
  leave_stripe (c);
  c->again = true;
  track_mark (c->track, "again", lost.start, range_length (lost));
  c->at = c->told_to = lost.start;
  c->claimed = lost.end;
  extents_aim (c->extents[SOURCE], lost);
  extents_aim (c->extents[DESTINATION], lost);
  log_detail ("worker %u: again offset=%" PRIu64 " length=%" PRIu64, c->worker,
              lost.start, range_length (lost));
  return true;
}

/* Takes a piece of a range that could not be read.  It needs no extents. */
static bool
take_piece (struct cursor *c)
{
  struct range piece;
  bool again;

  if (c->salvage == NULL || !salvage_take (c->salvage, &piece, &again))
    return false;
  leave_stripe (c);
  c->salvaging = true;
  c->again = again;
  track_mark (c->track, "salvage", piece.start, range_length (piece));
  c->at = piece.start;
  c->claimed = piece.end;
  return true;
}

static bool
must_salvage (const struct cursor *c)
{
  return c->salvage && salvage_is_crowded (c->salvage);
}

/* Returns to the stripe after all lost ranges were taken. */
static bool
return_to_stripe (struct cursor *c)
{
  c->again = c->salvaging = false;
  c->at = c->claimed = c->left_at;
  c->stripe_end = 0; /* the extents are about another place */
  return take_stripe (c);
}

/* Makes sure that the cursor is in a stripe with work left.  In order, each
 * claim starts where the one before ended, which can be another worker's, so
 * the stripe has to be taken again each time.
 */
static bool
has_stripe (struct cursor *c)
{
  if (c->at < c->claimed)
    return true;
  if (take_lost (c) || (must_salvage (c) && take_piece (c)))
    return true;
  if (c->again || c->salvaging)
    return return_to_stripe (c) || take_piece (c);
  if (c->claimed < c->stripe_end && !c->in_order)
    return true;
  return take_stripe (c) || take_piece (c);
}

/* Returns false when another worker has claimed this place meanwhile. */
static bool
claim_in_order (struct cursor *c, uint64_t want)
{
  struct range claim;

  if (!stripes_claim_at (c->stripes, c->worker, c->at, want, &claim))
    return false;
  c->claimed = claim.end;
  return true;
}

static void
claim_own (struct cursor *c, uint64_t want)
{
  struct range claim;
  const bool got = stripes_claim (c->stripes, c->worker, want, &claim,
                                  &c->stripe_end);

  assert (got && claim.start == c->at);
  c->claimed = claim.end;
  extents_end_at (c->extents[SOURCE], c->stripe_end);
  extents_end_at (c->extents[DESTINATION], extents_limit (c, c->stripe_end));
}

/* Claims a small part of data, so that other workers can steal the rest, but
 * the whole of any other extent, so that it is not cut up.
 */
static bool
claim (struct cursor *c, struct extent here)
{
  uint64_t want = c->plan->claim;

  if (here.value != EXTENT_DATA)
    want = max_u64 (want, here.end - c->at);
  if (!c->in_order)
    claim_own (c, want);
  else if (!claim_in_order (c, want))
    return false;
  if (c->feed)
    feed_open (c->feed, range_of (c->at, c->claimed));
  return true;
}

/* Rounds the end of a zero extent down to what both sides can address. */
static uint64_t
round_in (const struct cursor *c, uint64_t end)
{
  return end >= c->claimed ? c->claimed : align_down (end, c->plan->grain);
}

/* Rounds the end of an extent up to what both sides can address. */
static uint64_t
round_out (const struct cursor *c, uint64_t end)
{
  return min_u64 (align_up (end, c->plan->grain), c->claimed);
}

/* Returns whether an extent is zero, and long enough not to be read. */
static bool
is_hole (const struct cursor *c, struct extent here)
{
  const uint64_t end = round_in (c, here.end);

  return here.value == EXTENT_ZERO && end > c->at
    && end - c->at >= c->plan->gap;
}

/* Returns the most bytes of one request that counts for the rate limit, given
 * the most that it can have without one.
 */
static uint64_t
limited (const struct cursor *c, uint64_t most)
{
  return min_u64 (most, ratelimit_request (c->ratelimit, c->plan->grain));
}

/* Returns work of this kind from the cursor to end. */
static struct work
work_to (const struct cursor *c, enum work_kind kind, uint64_t end)
{
  return (struct work) {
    .kind = kind,
    .range = { c->at, end },
    .again = c->again,
  };
}

static uint64_t
zero_max (const struct cursor *c)
{
  const uint64_t most = zero_way_max (&c->plan->zero, *c->zero_way);

  return *c->zero_way == ZERO_WRITE ? limited (c, most) : most;
}

/* Decides about an extent that is zero at the source and ends at end: nothing
 * has to be done where the destination is zero, too.
 */
static struct work
next_zero (struct cursor *c, uint64_t end)
{
  const struct zero_plan *z = &c->plan->zero;
  enum extent_value there = EXTENT_DATA;
  uint64_t there_end = end;

  if (z->known == IS_ZERO_YES)
    return work_to (c, SKIP, end);
  if (z->ask_destination) {
    if (extents_lookup (c->extents[DESTINATION], c->at, &there_end, &there)
        == EXTENTS_WAIT)
      return (struct work) { .kind = AWAIT_EXTENTS };
    if (there == EXTENT_ZERO) {
      const uint64_t to = min_u64 (end, round_in (c, there_end));

      if (to > c->at)
        return work_to (c, SKIP, to);
      there_end = round_out (c, there_end);
    }
  }
  end = min_u64 (end, round_out (c, there_end));
  return work_to (c, ZERO, min_u64 (end, add_saturated (c->at, zero_max (c))));
}

/* Returns where a request ends that begins with data up to end: it includes
 * zero extents that are too short to matter, and ends exactly where something
 * begins that is not selected.  Where the answer about what follows is on its
 * way, that may not be selected, so only the rest of a block is included.
 */
static uint64_t
data_end (const struct cursor *c, const struct extents *x, uint64_t end)
{
  const uint64_t limit = min_u64 (c->claimed,
                                  c->at + limited (c, c->request_max));
  enum extent_value value;
  uint64_t to;

  while (end < limit) {
    if (extents_peek (x, end, &to, &value) == EXTENTS_WAIT)
      return min_u64 (
        limit,
        align_up (end,
                  extents_is_partial (x) ? c->plan->align : c->plan->grain));
    if (value == EXTENT_UNSELECTED)
      return end;
    if (value == EXTENT_ZERO && to - end >= c->plan->gap)
      break;
    end = to;
  }
  return min_u64 (limit, round_out (c, end));
}

/* Sets *zero to whether the destination reads as zeroes from the cursor to
 * *end, and moves *end down to where that is known.  Returns false when the
 * answer of the destination is still on its way: without it, zeroes in the data
 * would be written for nothing, and allocate blocks.  A destination that has
 * let us wait in vain before is not waited for.
 */
static bool
look_there (struct cursor *c, uint64_t *end, bool *zero)
{
  struct extents *there = c->extents[DESTINATION];
  const uint64_t limit = extents_limit (c, *end);
  enum extent_value value;
  uint64_t to, known, ignored;

  *zero = false;
  if (c->at >= limit)
    return true;
  if (extents_lookup (there, c->at, &to, &value) == EXTENTS_WAIT)
    return extents_is_silent (there);
  *zero = extents_all_zero (there, range_of (c->at, limit));
  if (*zero || value != EXTENT_ZERO
      || extents_peek (there, to, &ignored, &value) == EXTENTS_KNOWN)
    return true;
  known = align_down (to, c->plan->grain);
  *zero = known > c->at;
  if (*zero)
    *end = known;
  return true;
}

/* Returns the work for a piece of a range that could not be read. */
static struct work
next_to_salvage (const struct cursor *c)
{
  const uint64_t most = limited (c, c->request_max);
  struct work work = work_to (c, c->plan->updates ? UPDATE : COPY,
                              min_u64 (c->claimed, c->at + most));

  work.sides = c->plan->updates ? READ_BOTH : READ_SIDE (SOURCE);
  work.already_zero = c->plan->zero.known == IS_ZERO_YES;
  work.salvage = true;
  return work;
}

/* Leaves out places that could not be read before, when a range was lost or is
 * compared.  Those that were zeroed are zeroed again.
 */
static struct work
around_unreadable (const struct cursor *c, struct work work)
{
  const bool zeroes = c->plan->salvage == SALVAGE_ZERO && !c->compares
    && c->plan->zero.known != IS_ZERO_YES;
  struct range bad;

  if (c->unreadable == NULL || !(c->again || c->compares)
      || range_is_empty (work.range) || work.kind == UNSELECTED
      || !unreadable_next (c->unreadable, c->at, c->compares, &bad)
      || bad.start >= work.range.end)
    return work;
  if (bad.start > c->at) {
    work.range.end = bad.start;
    return work;
  }
  bad.end = min_u64 (bad.end, work.range.end);
  work = work_to (c, zeroes ? ZERO : SKIP, bad.end);
  if (zeroes)
    work.range.end = min_u64 (bad.end, add_saturated (c->at, zero_max (c)));
  work.unreadable = true;
  return work;
}

static struct work
next_data (struct cursor *c, uint64_t end)
{
  const struct zero_plan *z = &c->plan->zero;
  struct work work = work_to (c, COPY, data_end (c, c->extents[SOURCE], end));

  work.sides = READ_SIDE (SOURCE);
  work.already_zero = z->known == IS_ZERO_YES;
  if (z->ask_destination && z->scan > 0
      && !look_there (c, &work.range.end, &work.already_zero))
    return (struct work) { .kind = AWAIT_EXTENTS };
  return work;
}

/* Decides what to compare.  Where only one side has data, all of that has to be
 * zero, so it is read alone.
 */
static struct work
next_to_compare (struct cursor *c, const struct extent here[2])
{
  struct work work = work_to (c, HOLE, c->claimed);
  uint64_t *end = &work.range.end;

  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (is_hole (c, here[side]))
      *end = min_u64 (*end, round_in (c, here[side].end));
    else {
      work.kind = COMPARE;
      work.sides |= READ_SIDE (side);
      *end = min_u64 (*end, data_end (c, c->extents[side], here[side].end));
    }
  return work;
}

/* Decides what to update.  Where the destination is zero, this is a copy to a
 * place that is zero; where both are, they are the same.
 */
static struct work
next_to_update (struct cursor *c, const struct extent here[2])
{
  struct work work = next_to_compare (c, here);

  work.already_zero = work.sides == READ_SIDE (SOURCE);
  work.kind = work.sides == 0 ? SKIP : work.already_zero ? COPY : UPDATE;
  return work;
}

static bool
look (struct cursor *c, enum side side, struct extent *out)
{
  return extents_lookup (c->extents[side], c->at, &out->end, &out->value)
    == EXTENTS_KNOWN;
}

/* Returns the extent that both sides have in common: zero where both are. */
static struct extent
both (const struct extent here[2])
{
  if (here[SOURCE].value == EXTENT_UNSELECTED)
    return here[SOURCE];
  return (struct extent) {
    .end = min_u64 (here[SOURCE].end, here[DESTINATION].end),
    .value = here[SOURCE].value == EXTENT_ZERO ? here[DESTINATION].value
                                               : here[SOURCE].value,
  };
}

static struct work
next (struct cursor *c)
{
  struct extent here[2] = { [DESTINATION] = { UINT64_MAX, EXTENT_ZERO } };

  if (c->feed && c->at == c->claimed && !unflushed_has_again (c->unflushed)
      && !feed_has_room (c->feed))
    return (struct work) { .kind = AWAIT_DIGEST };
  do {
    if (!has_stripe (c))
      return (struct work) { .kind = NO_WORK };
    if (c->salvaging)
      return next_to_salvage (c);
    if (!look (c, SOURCE, &here[SOURCE])
        || (c->reads_both && here[SOURCE].value != EXTENT_UNSELECTED
            && !look (c, DESTINATION, &here[DESTINATION])))
      return (struct work) { .kind = AWAIT_EXTENTS };
  } while (c->at == c->claimed && !claim (c, both (here)));
  log_extent (c, here[SOURCE].end, here[SOURCE].value);
  if (here[SOURCE].value == EXTENT_UNSELECTED)
    return work_to (c, UNSELECTED, min_u64 (c->claimed, here[SOURCE].end));
  if (c->compares)
    return next_to_compare (c, here);
  if (c->reads_both)
    return next_to_update (c, here);
  return is_hole (c, here[SOURCE])
    ? next_zero (c, round_in (c, here[SOURCE].end))
    : next_data (c, here[SOURCE].end);
}

struct work
cursor_next (struct cursor *c)
{
  return around_unreadable (c, next (c));
}

void
cursor_advance (struct cursor *c, const struct work *work)
{
  assert (work->range.start == c->at);
  c->at = work->range.end;
}

void
cursor_ask (struct cursor *c)
{
  extents_ask (c->extents[SOURCE]);
  if (c->reads_both || c->plan->zero.ask_destination)
    extents_ask (c->extents[DESTINATION]);
}

uint64_t
cursor_in_stripe (const struct cursor *c)
{
  return c->again || c->salvaging ? c->left_at : c->at;
}

void
cursor_begin (struct cursor *c, struct stripes *stripes, struct feed *feed,
              bool in_order, bool compares)
{
  c->stripes = stripes;
  c->feed = feed;
  c->in_order = in_order;
  c->compares = compares;
  c->reads_both = compares || c->plan->updates;
  c->at = c->claimed = c->stripe_end = 0;
}
