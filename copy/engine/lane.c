/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the requests of one worker share: see lane.h. */

#include <config.h>

#include <errno.h>

#include "arith.h"
#include "base/log.h"
#include "engine/lane.h"
#include "headroom.h"

/* -- memory --------------------------------------------------------------- */

/* Buffers are made of slots of this size, so that small requests take little
 * memory.  The first buffers, which suffice for near servers, are on small
 * pages: a huge page would be touched as a whole.
 */
#define SLOT (64 * KiB)
#define SMALL_PAGES (8 * MiB)

/* Returns how many slots are enough for everything in flight, and some more,
 * because each buffer needs slots in a row.  A request that the digest waits
 * for has to get a buffer even when all others wait for the digest; so with a
 * digest there is one buffer for each request.
 */
static size_t
choose_slots (const struct plan *plan, size_t *slot_size)
{
  if (plan->digest.kind != DIGEST_NONE) {
    *slot_size = plan->buffer_size;
    return plan_buffer_size (plan, plan->requests);
  }
  *slot_size = max_u64 (SLOT, plan->align);
  return (plan->window_max
          + plan_buffer_size (plan, plan->sizes[plan->n_sizes - 1]))
    / *slot_size
    + 2;
}

static struct salvage_shape
shape_salvage (const struct plan *plan)
{
  return (struct salvage_shape) {
    .block = plan->salvage_block,
    .largest = plan->buffer_size,
    .claim = plan->claim,
    .requests = plan->requests,
  };
}

size_t
lane_memory (const struct plan *plan)
{
  const struct salvage_shape shape = shape_salvage (plan);
  size_t slot_size;
  const size_t n = choose_slots (plan, &slot_size);

  return n * slot_size
    + (plan->salvage == SALVAGE_NO ? 0 : salvage_memory (&shape));
}

int
lane_init (struct lane *l)
{
  const struct salvage_shape shape = shape_salvage (l->plan);

  list_init (&l->ready);
  list_init (&l->idle);
  list_init (&l->later);
  list_init (&l->turns);
  l->zero_way = zero_way_first (&l->plan->zero);
  window_init (&l->window, l->plan->requests, l->plan->queue_size);
  if (l->plan->salvage != SALVAGE_NO
      && salvage_init (&l->salvage, &shape) == -1)
    return -1;
  return unflushed_init (&l->unflushed, l->plan->checkpoint > 0);
}

int
lane_buy_buffers (struct lane *l)
{
  const bool first = l->worker == 0;
  const size_t least = plan_buffer_size (l->plan, 1);
  size_t slot_size, n = choose_slots (l->plan, &slot_size);

  while (first && n >= 2 * least && n * slot_size > headroom_addresses ())
    n /= 2;
  for (; n >= least; n /= 2) {
    if (pool_init (&l->buffers, n, slot_size, SMALL_PAGES / slot_size) == 0) {
      if (!first || n < 2 * least || headroom_is_left (0, HEADROOM_MEMORY))
        return 0;
      pool_free (&l->buffers);
    }
    else if (!first || errno != ENOMEM)
      return -1;
  }
  errno = ENOMEM;
  return -1;
}

void
lane_free (struct lane *l)
{
  pool_free (&l->buffers);
  unflushed_free (&l->unflushed);
  salvage_free (&l->salvage);
}

void
lane_begin (struct lane *l, struct feed *feed, bool compares)
{
  l->feed = feed;
  l->compares = compares;
  if (compares)
    unflushed_forget (&l->unflushed);
}

/* -- room ----------------------------------------------------------------- */

uint64_t
lane_request_max (const struct lane *l, uint64_t wanted)
{
  const uint64_t most = l->buffers.n_slots * l->buffers.slot_size;

  return min_u64 (wanted,
                  plan_reads_both (l->plan)
                    ? align_down (most / 2, l->buffers.slot_size)
                    : most);
}

uint64_t
lane_bytes (const struct lane *l, const struct work *work)
{
  const uint64_t length = range_length (work->range);

  switch (work->kind) {
  case COPY:
    return length;
  case COMPARE:
  case UPDATE:
    return work->sides == READ_BOTH ? 2 * length : length;
  case ZERO:
    return l->zero_way == ZERO_WRITE ? length : 0;
  case NO_WORK:
  case AWAIT_EXTENTS:
  case AWAIT_DIGEST:
  case SKIP:
  case HOLE:
  case UNSELECTED:
    break;
  }
  return 0;
}

size_t
lane_slots (const struct lane *l, struct range range, unsigned sides)
{
  const size_t n = (range_length (range) + l->buffers.slot_size - 1)
    / l->buffers.slot_size;

  return sides == READ_BOTH ? 2 * n : n;
}

static bool
has_buffer (const struct lane *l, const struct work *work)
{
  return (work->kind != COPY && work->kind != COMPARE && work->kind != UPDATE)
    || pool_has (&l->buffers, lane_slots (l, work->range, work->sides));
}

/* Requests that are put off do not count against the window, but they still
 * occupy a request.
 */
bool
lane_has_room (struct lane *l, const struct work *work)
{
  bool room;

  if (work->kind == HOLE)
    return true;
  if (work->kind == SKIP || work->kind == UNSELECTED)
    return !unflushed_is_full (&l->unflushed);
  room = window_has_room (&l->window, lane_bytes (l, work))
    && !list_empty (&l->idle) && !unflushed_is_full (&l->unflushed)
    && has_buffer (l, work);
  if (!room)
    counter_add (&l->stats->refused, 1);
  return room;
}

bool
lane_is_empty (const struct lane *l)
{
  return l->window.requests == 0 && list_empty (&l->later);
}

void
lane_publish (struct lane *l)
{
  counter_set (&l->stats->inflight, l->window.requests);
  track_level (l->track, "window", l->window.bytes);
}

/* -- ios ------------------------------------------------------------------ */

struct io *
lane_take_ready (struct lane *l)
{
  struct list_node *n = list_take (&l->ready);

  return n ? list_entry (n, struct io, link) : NULL;
}

void
lane_drop_ready (struct lane *l, const struct conn *c)
{
  struct list_node *next, *n = list_first (&l->ready);

  for (; n; n = next) {
    next = list_next (&l->ready, n);
    if (list_entry (n, struct io, link)->conn == c)
      list_remove (n);
  }
}

bool
lane_awaits (const struct lane *l, enum side side)
{
  const struct connection *c = &l->connections[side];

  return connection_is_up (c) && !endpoint_caps (c->endpoint)->stream
    && (l->n_reads[side] > 0 || (side == DESTINATION && l->n_writing > 0));
}

/* -- finished work -------------------------------------------------------- */

void
lane_copied (struct lane *l, struct range range, bool again,
             const struct copied *how)
{
  struct stats *s = l->stats;

  unflushed_note (&l->unflushed, range);
  l->wrote = l->wrote || how->data + how->zero > 0;
  if (again) {
    counter_add (&s->again, range_length (range));
    return;
  }
  counter_add (&s->data, how->data);
  counter_add (&s->zero, how->zero);
  if (l->plan->updates) { /* zeroes on both sides are the same, too */
    counter_add (&s->same, how->same + how->skipped);
    counter_add (&s->same_unread, how->read ? 0 : how->skipped);
  }
  else
    counter_add (&s->skipped, how->skipped);
  if (how->read)
    counter_add (&s->read_bytes, range_length (range));
  else
    counter_add (&s->zero_unread, how->zero);
}

void
lane_left_unreadable (struct lane *l, struct range range, bool again)
{
  struct stats *s = l->stats;

  if (!l->compares)
    unflushed_note (&l->unflushed, range);
  counter_add (l->compares ? &s->unverified
                 : again   ? &s->again
                           : &s->unreadable,
               range_length (range));
}

void
lane_compared (struct lane *l, struct range range, uint64_t differing)
{
  counter_add (&l->stats->differing, differing);
  counter_add (&l->stats->compared, range_length (range));
}

void
lane_passed_hole (struct lane *l, struct range range)
{
  counter_add (&l->stats->holes, range_length (range));
}

void
lane_passed_unselected (struct lane *l, struct range range, bool again)
{
  struct stats *s = l->stats;

  if (!again)
    counter_add (l->compares ? &s->uncompared : &s->uncopied,
                 range_length (range));
  if (!l->compares)
    unflushed_note (&l->unflushed, range);
}

/* -- unflushed writes ----------------------------------------------------- */

void
lane_flush (struct lane *l)
{
  unflushed_flush_begins (&l->unflushed);
  l->wrote = false;
  l->flush = (struct io) { .verb = IO_FLUSH, .ready = &l->ready };
  l->flushing = true;
  log_detail ("worker %u: flush", l->worker);
  conn_start (l->connections[DESTINATION].conn, &l->flush);
  l->flush.traced = track_open (l->track, "flush", TRACK_NO_NUMBER, 0, 0);
}

void
lane_flushed (struct lane *l)
{
  l->flushing = false;
  unflushed_flush_ends (&l->unflushed);
}

bool
lane_wants_flush (const struct lane *l)
{
  return !l->plan->updates || l->plan->flush_always || l->wrote;
}

bool
lane_may_write (const struct lane *l)
{
  return connection_is_up (&l->connections[DESTINATION])
    && unflushed_allows (&l->unflushed, l->n_writing);
}

bool
lane_lose_unflushed (struct lane *l, const struct error *why, struct error *e)
{
  const bool from_stream =
    endpoint_caps (l->connections[SOURCE].endpoint)->stream
    && lane_has_unflushed (l);

  l->flushing = false;
  l->wrote = true; /* the data can still be in the server's cache */
  if (unflushed_lost (&l->unflushed, l->n_writing) && !from_stream)
    return true;
  error_set_at (e, why->number, &why->place,
                "%s; unflushed data cannot be written again: %s", why->text,
                from_stream ? "it came from a stream"
                            : "there are too many ranges");
  e->kind = why->kind;
  return false;
}
