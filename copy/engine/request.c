/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of one range.
 *
 *   request_copy -> READING -> (cut into segments) -> WRITING -> IDLE
 *   request_zero ------------------------------------> WRITING -> IDLE
 *   request_compare -> READING -> (compare) ---------------------> IDLE
 *
 * Where a digest is wanted, a request that was read keeps its buffer until the
 * digest has had it, too, which takes them in the order of the disk:
 *
 *   ... -> WRITING -> DIGESTING -> IDLE
 *
 * WRITING has one io for each segment in flight, and no more of them than the
 * lane may have requests: what is over makes room for the next.  Where a server
 * refuses to zero a segment, the segment is sent again in another way, at the
 * last as plain writes of zeroes; so is everything from then on where it cannot
 * zero in that way at all.
 *
 * What fails otherwise, or was in flight when a conn was lost, is put off:
 *
 *   READING -> BACKOFF -> READING         its buffer is free meanwhile, unless
 *                                         the digest waits for it; both sides
 *                                         are read again
 *   WRITING -> BACKOFF -> WRITING         all segments once more, cut as before
 *
 * A read or a write that has failed for good is repeated in parts, until the
 * first place is known where it fails.  What can be copied around it is:
 *
 *   READING or WRITING -> SEARCHING -> WRITING (what lies before the place)
 *     -> READING -> WRITING (what lies after it) -> IDLE
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "backoff.h"
#include "base/log.h"
#include "clock.h"
#include "engine/request.h"
#include "headroom.h"

/* What the first worker's buffers leave to libnbd and all others. */

/* A read, or a segment on its way to the destination. */
struct part {
  struct io io;
  struct request *request;

  /* Of a segment. */
  uint64_t end; /* of the segment; io may be a piece of it */
  bool zero;
  enum zero_way way;   /* how this piece is made zero */
  uint64_t refused_to; /* the lane's way was refused up to here */
};

/* For the first place that cannot be read, or written: [good, bad) holds it. */
struct search {
  bool on, over;
  struct part *part;  /* what failed, and is repeated */
  enum side side;     /* where that was */
  struct range range; /* its range */
  uint64_t good;      /* all before it succeeded */
  uint64_t bad;
  bool seen; /* just [good, bad) has failed */
  int err;   /* errno of the latest failure */
};

struct request {
  struct list_node link; /* in the lane's idle list, or in later */
  enum request_state state;
  uint64_t number;
  struct range range;
  bool again;        /* it was copied before, and was lost */
  bool already_zero; /* the destination reads as zeroes there */
  bool compares;
  uint64_t charged; /* bytes in the window */
  bool whole;       /* nothing has to be read any more */
  bool has_turn;    /* in the lane's turns */
  struct list_node turn;
  uint64_t waits;       /* in DIGESTING, BACKOFF: its span in the
                                   trace */
  uint8_t *buffer;      /* borrowed; NULL: it needs none, or has not
                                   begun to read again */
  size_t n_slots;       /* of the pool, in the buffer */
  unsigned sides;       /* that it reads: READ_SIDE */
  unsigned unread;      /* those of them that are in flight */
  bool lost;            /* one of them was lost with its conn */
  struct part reads[2]; /* by side */
  struct segment segments[REQUEST_SEGMENTS];
  unsigned n_segments, begun; /* segments, and how many of them are sent */
  unsigned in_flight;         /* parts */
  struct part parts[REQUEST_SEGMENTS]; /* one for each segment */
  uint64_t data, zero, skipped;        /* bytes so far: see counters.h */
  struct search search;
  struct range rest; /* read after what is before it is
                                   written; empty: there is none */
  int error;         /* errno of the first part that failed */
  struct io *failed; /* that part's */
  unsigned failures; /* in a row */
  uint64_t due;      /* in BACKOFF: clock_now time; 0: at once */
};

const char *
request_strerror (int err)
{
  return err == EPROTO ? "the reply does not match what was asked for"
    : err == ENODATA   ? "the file has shrunk"
    : err == ESTALE    ? "the file was cut, or removed, by another"
                       : strerror (err);
}

/* Buffers are made of slots of this size, so that small requests take little
 * memory.  Those of a near server's requests stay on small pages, so that a copy
 * that needs no more takes no more.
 */
#define SLOT (64 * KiB)
#define SMALL_PAGES (8 * MiB)

/* What is in flight at most, and some more, as buffers lie in a row each.  What
 * the digest waits for has to get a buffer whatever waits for the digest: so
 * there is one for each request then.
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

size_t
lane_memory (const struct plan *plan)
{
  size_t slot_size;
  const size_t n = choose_slots (plan, &slot_size);

  return n * slot_size + plan->requests * sizeof (struct request);
}

/* Fewer than planned where memory is short, but only for the first worker,
 * without which nothing is copied.  -1 with errno.
 */
static int
buy_buffers (struct lane *l)
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

uint64_t
lane_request_max (const struct lane *l, uint64_t wanted)
{
  const uint64_t most = l->buffers.n_slots * l->buffers.slot_size;

  return min_u64 (
    wanted,
    l->plan->compares ? align_down (most / 2, l->buffers.slot_size) : most);
}

/* Returns the number of slots for a request that reads length bytes of one side,
 * or of both.
 */
static size_t
slots_for (const struct lane *l, uint64_t length, bool both)
{
  const size_t n = (length + l->buffers.slot_size - 1) / l->buffers.slot_size;

  return both ? 2 * n : n;
}

int
lane_init (struct lane *l, unsigned worker, const struct plan *plan,
           uint8_t *zeroes, struct stats *stats)
{
  size_t n = plan->requests;

  *l = (struct lane) {
    .worker = worker,
    .plan = plan,
    .zeroes = zeroes,
    .stats = stats,
    .zero_way = zero_way_first (&plan->zero),
  };
  list_init (&l->ready);
  list_init (&l->idle);
  list_init (&l->later);
  list_init (&l->turns);
  window_init (&l->window, plan->requests, plan->queue_size);
  l->requests = calloc (plan->requests, sizeof *l->requests);
  if (l->requests == NULL
      || unflushed_init (&l->unflushed, plan->checkpoint > 0) == -1
      || buy_buffers (l) == -1)
    return -1;
  if (plan->digest.kind != DIGEST_NONE)
    n = l->buffers.n_slots / plan_buffer_size (plan, 1);
  for (size_t i = 0; i < n; i++)
    list_append (&l->idle, &l->requests[i].link);
  return 0;
}

void
lane_free (struct lane *l)
{
  pool_free (&l->buffers);
  unflushed_free (&l->unflushed);
  free (l->requests);
  l->requests = NULL;
}

/* What is put off is in no window, but still a request. */
bool
lane_has_room (struct lane *l, uint64_t bytes, uint64_t length)
{
  const bool room = window_has_room (&l->window, bytes)
    && !list_empty (&l->idle) && !unflushed_is_full (&l->unflushed)
    && (length == 0
        || pool_has (&l->buffers, slots_for (l, length, bytes > length)));

  if (!room)
    counter_add (&l->stats->refused, 1);
  return room;
}

bool
lane_is_empty (const struct lane *l)
{
  return l->window.requests == 0 && list_empty (&l->later);
}

bool
lane_awaits (const struct lane *l, enum side side)
{
  const struct connection *c = &l->connections[side];

  return connection_is_up (c) && !endpoint_caps (c->endpoint)->stream
    && (l->n_reads[side] > 0 || (side == DESTINATION && l->n_writing > 0));
}

/* Whether a request waits for this side. */
static bool
awaits (const struct request *r, enum side side)
{
  return (r->unread & READ_SIDE (side))
    || (r->state == WRITING && side == DESTINATION);
}

void
lane_blame (const struct lane *l, enum side side, struct error *e)
{
  const struct request *r = l->requests;

  struct error_place place = { .side = side_name (side), .has_range = true };

  while (!awaits (r, side)) /* there is one that does */
    r++;
  place.op = r->state == SEARCHING ? io_verb_name (r->search.part->io.verb)
    : r->state == WRITING          ? "write"
                                   : "read";
  place.offset = r->range.start;
  place.length = range_length (r->range);
  error_set_at (e, ETIMEDOUT, &place,
                "%s: no answer for %" PRIu64 " s, to a"
                " %s at offset %" PRIu64 " length %" PRIu64 " among others",
                endpoint_name (l->connections[side].endpoint),
                l->plan->stall / NS_PER_S, place.op, r->range.start,
                range_length (r->range));
}

/* The trace shows what is in flight; what is not, and waits, is told here. */
static void
trace_wait (struct lane *l, struct request *r, enum request_state state)
{
  track_close (l->track, r->waits, 0);
  r->waits = state != DIGESTING && state != BACKOFF
    ? 0
    : track_open (l->track, state == BACKOFF ? "backing off" : "digest",
                  r->number, r->range.start, range_length (r->range));
}

/* What a lost conn had in flight is over; what was over before stays so. */
static void
trace_lost (struct lane *l, const struct request *r, enum side side)
{
  track_close (l->track, r->reads[side].io.traced, ENOTCONN);
  for (unsigned i = 0; i < REQUEST_SEGMENTS && side == DESTINATION; i++)
    track_close (l->track, r->parts[i].io.traced, ENOTCONN);
}

/* One writer of the state, so that the lane knows how many are in it. */
static void
enter (struct lane *l, struct request *r, enum request_state state)
{
  l->n_writing += (state == WRITING) - (r->state == WRITING);
  if (l->track)
    trace_wait (l, r, state);
  r->state = state;
}

/* Whether the window has it: it may then have a buffer, too. */
static bool
is_charged (const struct request *r)
{
  return r->whole || r->buffer;
}

static void
charge (struct lane *l, struct request *r, uint64_t bytes)
{
  r->charged = bytes;
  window_charge (&l->window, bytes);
}

static struct request *
begin (struct lane *l, const struct work *work)
{
  struct request *r = list_entry (list_take (&l->idle), struct request, link);

  assert (r->state == IDLE && !range_is_empty (work->range));
  r->number = l->n_started++;
  r->range = work->range;
  r->again = work->again;
  r->already_zero = work->already_zero;
  r->compares = false;
  r->whole = r->has_turn = false;
  r->buffer = NULL;
  r->n_segments = 0;
  r->failures = 0;
  r->unread = 0;
  r->search.on = r->search.over = false;
  r->rest = range_of (0, 0);
  return r;
}

/* Out of the window, with its buffer. */
static void
give_back (struct lane *l, struct request *r)
{
  if (r->buffer)
    pool_give (&l->buffers, r->buffer, r->n_slots);
  r->buffer = NULL;
  window_refund (&l->window, r->charged);
}

/* It ends without having done what it was for. */
static void
abandon (struct lane *l, struct request *r)
{
  l->forgot = true;
  if (is_charged (r))
    give_back (l, r);
  if (r->has_turn)
    list_remove (&r->turn);
  enter (l, r, IDLE);
  list_push (&l->idle, &r->link);
}

static void
finish (struct lane *l, struct request *r)
{
  if (r->has_turn) {
    enter (l, r, DIGESTING);
    return;
  }
  if (log_details ())
    log_detail ("worker %u request %" PRIu64 ": done offset=%" PRIu64
                " length=%" PRIu64,
                l->worker, r->number, r->range.start, range_length (r->range));
  if (r->buffer == NULL) /* zeroes that are written come from nowhere */
    counter_add (&l->stats->came, r->charged);
  counter_add (&l->stats->went, r->charged);
  give_back (l, r);
  enter (l, r, IDLE);
  list_push (&l->idle, &r->link);
}

static int
fail (const struct io *io, uint64_t offset, uint64_t length, int err,
      struct error *e)
{
  const struct error_place place = { conn_side_name (io->conn),
                                     io_verb_name (io->verb), true, offset,
                                     length };

  error_set_at (e, err, &place,
                "%s: %s failed at offset %" PRIu64 " length %" PRIu64 ": %s",
                conn_name (io->conn), place.op, offset, length,
                request_strerror (err));
  return -1;
}

static void
start_io (struct lane *l, const struct request *r, enum side side,
          struct io *io)
{
  io->ready = &l->ready;
  if (log_details ())
    log_detail (
      "worker %u request %" PRIu64 ": %s offset=%" PRIu64 " length=%" PRIu64,
      l->worker, r->number, io_verb_name (io->verb), io->offset, io->length);
  conn_start (l->connections[side].conn, io);
  if (l->track)
    io->traced = track_open (l->track, io_verb_name (io->verb), r->number,
                             io->offset, io->length);
}

uint64_t
request_read_bytes (uint64_t length, unsigned sides)
{
  return sides == READ_BOTH ? 2 * length : length;
}

/* What the side has, or will have, in the request's buffer. */
static uint8_t *
half_of (const struct lane *l, const struct request *r, enum side side)
{
  return r->buffer
    + (side == SOURCE || r->sides != READ_BOTH
         ? 0
         : r->n_slots / 2 * l->buffers.slot_size);
}

static void
read_side (struct lane *l, struct request *r, enum side side)
{
  struct part *p = &r->reads[side];

  p->request = r;
  p->io = (struct io) {
    .verb = IO_READ,
    .offset = r->range.start,
    .length = range_length (r->range),
    .buffer = half_of (l, r, side),
  };
  l->n_reads[side]++;
  counter_add (&l->stats->reads, 1);
  start_io (l, r, side, &p->io);
}

static void
read_range (struct lane *l, struct request *r)
{
  if (!is_charged (r)) {
    charge (l, r, request_read_bytes (range_length (r->range), r->sides));
    r->n_slots = slots_for (l, range_length (r->range), r->sides == READ_BOTH);
    r->buffer = pool_take (&l->buffers, r->n_slots);
    assert (r->buffer);
  }
  r->unread = r->sides;
  r->lost = false;
  r->error = 0;
  enter (l, r, READING);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (r->sides & READ_SIDE (side))
      read_side (l, r, side);
}

/* The digest is of the source: what is not read of that is zeroes. */
static void
begin_reading (struct lane *l, struct request *r, unsigned sides)
{
  r->sides = sides;
  if (l->feed && (sides & READ_SIDE (SOURCE)) && !r->again) {
    r->has_turn = true;
    list_append (&l->turns, &r->turn);
  }
  read_range (l, r);
}

void
request_copy (struct lane *l, const struct work *work)
{
  begin_reading (l, begin (l, work), READ_SIDE (SOURCE));
}

void
request_compare (struct lane *l, const struct work *work)
{
  struct request *r = begin (l, work);

  r->compares = true;
  begin_reading (l, r, work->sides);
}

/* -- putting off ---------------------------------------------------------- */

/* What has to be read again needs neither buffer nor window until then: what
 * others have to do goes on meanwhile.  But where the digest waits for it, they
 * would fill the window, and wait in there for what finds no room any more.
 */
static void
put_off (struct lane *l, struct request *r, uint64_t due)
{
  if (!r->whole && !r->has_turn && !r->search.on)
    give_back (l, r);
  r->due = due;
  enter (l, r, BACKOFF);
  list_append (&l->later, &r->link);
}

/* Nobody knows any more what the destination had before it was lost: not even
 * where nothing was on its way there yet.
 */
static void
forget_zeroes (struct request *r)
{
  r->already_zero = false;
}

/* What the other side has still in flight goes to the request's buffer: so that
 * is waited for.
 */
static void
lose_read (struct lane *l, struct request *r, enum side side)
{
  if (!(r->sides & READ_SIDE (side)))
    return;
  r->lost = true;
  r->unread &= ~READ_SIDE (side);
  if (r->unread == 0)
    put_off (l, r, 0);
}

static void
lose_search (struct lane *l, struct request *r)
{
  r->unread = 0;
  put_off (l, r, 0);
}

void
lane_lost (struct lane *l, enum side side)
{
  l->n_reads[side] = 0;
  for (unsigned i = 0; i < l->plan->requests; i++) {
    struct request *r = &l->requests[i];

    if (l->track)
      trace_lost (l, r, side);
    if (side == DESTINATION)
      forget_zeroes (r);
    if (r->state == READING)
      lose_read (l, r, side);
    else if (r->state == SEARCHING && r->search.side == side)
      lose_search (l, r);
    else if (r->state == WRITING && side == DESTINATION)
      put_off (l, r, 0);
  }
}

static bool
may_write (const struct lane *l)
{
  return connection_is_up (&l->connections[DESTINATION])
    && unflushed_allows (&l->unflushed, l->n_writing);
}

/* What cannot be resumed waits for something else than its time. */
static bool
can_resume (const struct lane *l, const struct request *r)
{
  if (r->search.on)
    return connection_is_up (&l->connections[r->search.side]);
  if (r->whole)
    return may_write (l);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if ((r->sides & READ_SIDE (side))
        && !connection_is_up (&l->connections[side]))
      return false;
  return is_charged (r)
    || (window_has_room (&l->window,
                         request_read_bytes (range_length (r->range), r->sides))
        && pool_has (
          &l->buffers,
          slots_for (l, range_length (r->range), r->sides == READ_BOTH)));
}

uint64_t
lane_deadline (const struct lane *l)
{
  uint64_t due = 0;

  for (struct list_node *n = list_first (&l->later); n;
       n = list_next (&l->later, n)) {
    const struct request *r = list_entry (n, struct request, link);

    if (can_resume (l, r))
      due = clock_earlier (due, max_u64 (1, r->due));
  }
  return due;
}

void
lane_forget_later (struct lane *l)
{
  struct list_node *n;

  while ((n = list_take (&l->later)) != NULL)
    abandon (l, list_entry (n, struct request, link));
}

/* -- to the destination --------------------------------------------------- */

/* The lane's way, or a later one where that was refused. */
static enum zero_way
choose_way (const struct lane *l, const struct part *p, uint64_t offset)
{
  return offset < p->refused_to && p->way > l->zero_way ? p->way : l->zero_way;
}

/* Sends the segment from offset on, or its next piece where it is written out
 * as zeroes and long.
 */
static void
send_part (struct lane *l, struct request *r, struct part *p, uint64_t offset)
{
  struct io *io = &p->io;
  const uint64_t end = p->zero && offset < p->refused_to ? p->refused_to
                                                         : p->end;

  p->way = choose_way (l, p, offset);
  io->offset = offset;
  io->length = end - offset;
  if (p->zero)
    io->length = min_u64 (io->length, zero_way_max (&l->plan->zero, p->way));
  if (p->zero && p->way != ZERO_WRITE) {
    io->verb = IO_ZERO;
    io->allocate = l->plan->zero.allocate;
    io->fast = p->way == ZERO_FAST;
    counter_add (&l->stats->zeroes, 1);
  }
  else {
    io->verb = IO_WRITE;
    io->buffer = p->zero ? l->zeroes : r->buffer + (offset - r->range.start);
    counter_add (&l->stats->writes, 1);
  }
  start_io (l, r, DESTINATION, io);
}

static void
begin_part (struct lane *l, struct request *r, struct part *p,
            struct range range, bool zero)
{
  p->request = r;
  p->end = range.end;
  p->zero = zero;
  p->refused_to = 0;
  r->in_flight++;
  send_part (l, r, p, range.start);
}

/* What was written may be only what lies before a place that could not be
 * read: then what lies after that is read.
 */
static void
finish_or_read_rest (struct lane *l, struct request *r)
{
  if (range_is_empty (r->rest)) {
    finish (l, r);
    return;
  }
  if (!connection_is_up (&l->connections[SOURCE])) {
    abandon (l, r);
    return;
  }
  r->whole = false;
  r->range = r->rest;
  r->rest.start = r->rest.end;
  read_range (l, r);
}

/* All of it is at the destination. */
static void
finish_writing (struct lane *l, struct request *r)
{
  unflushed_note (&l->unflushed, r->range);
  if (r->again)
    counter_add (&l->stats->again, range_length (r->range));
  else {
    counter_add (&l->stats->data, r->data);
    counter_add (&l->stats->zero, r->zero);
    counter_add (&l->stats->skipped, r->skipped);
    counter_add (r->buffer ? &l->stats->read_bytes : &l->stats->zero_unread,
                 range_length (r->range));
  }
  finish_or_read_rest (l, r);
}

/* Sends as many segments as may be in flight; the last one to be over finishes
 * the request.
 */
static void
send_segments (struct lane *l, struct request *r)
{
  while (r->begun < r->n_segments && r->in_flight < l->plan->requests) {
    const struct segment *s = &r->segments[r->begun];
    struct part *p = &r->parts[r->begun++];

    if (s->zero && r->already_zero)
      r->skipped += s->end - s->start;
    else
      begin_part (l, r, p,
                  range_of (r->range.start + s->start, r->range.start + s->end),
                  s->zero);
  }
  if (r->in_flight == 0)
    finish_writing (l, r);
}

/* Sends what there is to send, from the beginning. */
static void
write_range (struct lane *l, struct request *r)
{
  r->begun = r->in_flight = 0;
  r->data = r->zero = r->skipped = 0;
  r->error = 0;
  enter (l, r, WRITING);
  if (r->buffer)
    send_segments (l, r);
  else
    begin_part (l, r, &r->parts[0], r->range, true);
}

void
request_zero (struct lane *l, const struct work *work)
{
  struct request *r = begin (l, work);

  charge (l, r, l->zero_way == ZERO_WRITE ? range_length (r->range) : 0);
  r->whole = true;
  if (may_write (l))
    write_range (l, r);
  else
    put_off (l, r, 0);
}

static void
cut (const struct lane *l, struct request *r)
{
  const uint64_t most = max_u64 (
    REQUEST_SEGMENTS_USUAL,
    min_u64 (REQUEST_SEGMENTS,
             REQUEST_SEGMENTS_USUAL * range_length (r->range) / MiB));

  r->n_segments = zero_cut (r->buffer, range_length (r->range), r->range.start,
                            l->plan->zero.scan, r->segments, most);
}

static void
write_what_was_read (struct lane *l, struct request *r)
{
  r->whole = true;
  if (range_is_empty (r->range)) {
    finish_or_read_rest (l, r);
    return;
  }
  cut (l, r);
  if (may_write (l))
    write_range (l, r);
  else
    put_off (l, r, 0); /* until the destination can have it */
}

/* -- where a request fails ------------------------------------------------ */

/* Whether the error can be about a part of the range.  A file tells of what was
 * not written when it likes: see can_try_again.
 */
static bool
is_about_a_place (const struct io *io, int err)
{
  const struct caps *caps = endpoint_caps (io->conn->endpoint);

  return !caps->stream && (io->verb == IO_READ || caps->reconnects)
    && err != EPROTO && retry_helps (err);
}

/* Repeats half of what is in question, or all of it where that is the least
 * that can be told apart.
 */
static void
search_further (struct lane *l, struct request *r)
{
  const struct search *s = &r->search;
  struct io *io = &s->part->io;
  const uint64_t grain = l->plan->grain;
  uint64_t end = s->bad;

  if (s->bad - s->good > grain)
    end = max_u64 (s->good + grain,
                   align_down (s->good + (s->bad - s->good) / 2, grain));
  r->unread = READ_SIDE (s->side);
  l->n_reads[s->side]++;
  enter (l, r, SEARCHING);
  if (io->verb != IO_ZERO && io->buffer != l->zeroes)
    io->buffer = (uint8_t *) io->buffer + s->good - io->offset;
  io->offset = s->good;
  io->length = end - s->good;
  start_io (l, r, s->side, io);
}

/* What lies before the place is good to be written, again where writing has
 * failed; what lies after it is worth one try.  Zeroes that were not read are
 * written from front to end, and those before the place are there.
 */
static void
copy_around (struct lane *l, struct request *r)
{
  const uint64_t end = r->range.end;

  if (r->has_turn)
    list_remove (&r->turn);
  r->has_turn = false;
  r->range.end = r->search.good;
  forget_zeroes (r);
  if (r->buffer) {
    r->rest = range_of (r->search.bad, end);
    write_what_was_read (l, r);
  }
  else if (!range_is_empty (r->range)) {
    r->zero = range_length (r->range);
    finish_writing (l, r);
  }
  else
    finish (l, r);
}

/* The copy fails with this. */
static int
end_search (struct lane *l, struct request *r, struct error *e)
{
  struct search *s = &r->search;
  const struct io *io = &s->part->io;

  if (s->good < s->bad)
    fail (io, s->good, s->bad - s->good, s->err, e);
  else
    fail (io, s->range.start, range_length (s->range), s->err, e);
  s->on = false;
  s->over = true;
  l->forgot = true;
  if (r->compares)
    abandon (l, r);
  else
    copy_around (l, r);
  return -1;
}

static int
search (struct lane *l, struct request *r, struct error *e)
{
  const struct search *s = &r->search;

  if (s->good == s->bad || (s->seen && s->bad - s->good <= l->plan->grain))
    return end_search (l, r, e);
  search_further (l, r);
  return 0;
}

static int
step_search (struct lane *l, struct request *r, const struct io *io, int err,
             struct error *e)
{
  struct search *s = &r->search;
  const uint64_t end = io->offset + io->length;

  l->n_reads[s->side]--;
  r->unread = 0;
  if (err) {
    s->bad = end;
    s->err = err;
  }
  else
    s->good = end;
  s->seen = err != 0;
  return search (l, r, e);
}

/* No more tries are left. */
static int
give_up (struct lane *l, struct request *r, struct io *io, int err,
         struct error *e)
{
  if (r->search.over) { /* it was told what the copy fails with */
    abandon (l, r);
    return 0;
  }
  if (!is_about_a_place (io, err)) {
    fail (io, io->offset, io->length, err, e);
    abandon (l, r);
    return -1;
  }
  r->search = (struct search) {
    .on = true,
    .part = list_entry (io, struct part, io),
    .side = conn_side (io->conn),
    .range = { io->offset, io->offset + io->length },
    .good = io->offset,
    .bad = io->offset + io->length,
    .seen = true,
    .err = err,
  };
  return search (l, r, e);
}

/* -- trying again --------------------------------------------------------- */

/* Whether an io that failed on its own may succeed another time.  A file tells
 * of what the disk did not take when it likes, of any write before: another
 * try would only hide it.
 */
static bool
can_try_again (const struct io *io, int err)
{
  const struct caps *caps = endpoint_caps (io->conn->endpoint);

  return !caps->stream && (io->verb == IO_READ || caps->reconnects)
    && retry_helps (err);
}

/* Has the request done once more after a while, where that can help. */
static int
try_again (struct lane *l, struct request *r, struct io *io, int err,
           struct error *e)
{
  struct notice n = {
    .kind = NOTICE_RETRY,
    .worker = l->worker,
    .verb = io->verb,
    .side = conn_side (io->conn),
    .offset = io->offset,
    .length = io->length,
    .err = err,
  };

  if (r->search.over || !can_try_again (io, err)
      || !retry_may (&l->plan->retry, r->failures + 1, backoff_dice (),
                     &n.wait))
    return give_up (l, r, io, err, e);
  n.attempt = ++r->failures;
  counter_add (&l->stats->retries, 1);
  mailbox_post (l->mailbox, &n);
  put_off (l, r, clock_now () + n.wait);
  return 0;
}

/* A part is over, for good or bad.  After a failure no more is sent, and what
 * is in flight is waited for: two writes of one place never meet.
 */
static int
end_part (struct lane *l, struct request *r, struct error *e)
{
  r->in_flight--;
  if (r->error == 0)
    send_segments (l, r);
  else if (r->in_flight == 0)
    return try_again (l, r, r->failed, r->error, e);
  return 0;
}

static int
step_part (struct lane *l, struct request *r, struct part *p, int err,
           struct error *e)
{
  struct io *io = &p->io;

  if (err != 0 && io->verb == IO_ZERO) {
    const enum zero_way next = zero_way_next (&l->plan->zero, p->way,
                                              io->length, err);

    if (next != p->way) {
      if (next > l->zero_way && zero_way_is_over (err))
        l->zero_way = next;
      p->way = next;
      p->refused_to = max_u64 (p->refused_to, io->offset + io->length);
      send_part (l, r, p, io->offset);
      return 0;
    }
  }
  if (err != 0) {
    if (r->error == 0) {
      r->error = err;
      r->failed = io;
    }
    return end_part (l, r, e);
  }
  *(p->zero ? &r->zero : &r->data) += io->length;
  if (io->offset + io->length < p->end && r->error == 0) {
    send_part (l, r, p, io->offset + io->length);
    return 0;
  }
  return end_part (l, r, e);
}

/* -- from the source ------------------------------------------------------ */

/* Whether a stream that has brought this much, or ended there, can be as long
 * as it was said to be.
 */
static int
check_expected (const struct lane *l, uint64_t end, bool is_last,
                struct error *e)
{
  const uint64_t expected = l->plan->expected;

  if (!l->plan->size_is_known || end == expected
      || (end < expected && !is_last))
    return 0;
  if (end > expected)
    endpoint_error (l->connections[SOURCE].endpoint, e, ERROR_PLAIN, EFBIG,
                    "it has more than the %" PRIu64 " bytes that"
                    " --source-size says",
                    expected);
  else
    endpoint_error (l->connections[SOURCE].endpoint, e, ERROR_PLAIN, ENODATA,
                    "it ended after %" PRIu64 " of the %" PRIu64
                    " bytes that --source-size says",
                    end, expected);
  return -1;
}

/* A stream is as long as it turns out to be: what came decides how long the
 * request is, and whether there is anything more to ask for.
 */
static int
take_from_stream (struct lane *l, struct request *r, struct error *e)
{
  const struct plan *plan = l->plan;
  const uint64_t came = r->reads[SOURCE].io.length;
  const uint64_t end = r->range.start + came;
  const bool is_last = end < r->range.end && !l->ended;

  if ((came > 0 || is_last) && check_expected (l, end, is_last, e) == -1)
    return -1;
  if (came > 0 && end > plan->room) {
    endpoint_error (
      l->connections[DESTINATION].endpoint, e, ERROR_PLAIN, ENOSPC,
      "its size (%" PRIu64 ") is smaller than %s: at"
      " least %" PRIu64 " bytes came from there",
      plan->room, endpoint_name (l->connections[SOURCE].endpoint), end);
    return -1;
  }
  if (is_last && end % plan->last_block != 0) {
    endpoint_error (
      l->connections[DESTINATION].endpoint, e, ERROR_PLAIN, EINVAL,
      "%s ended after %" PRIu64 " bytes, which is no"
      " multiple of its minimum block (%" PRIu64 "): the end cannot be"
      " written",
      endpoint_name (l->connections[SOURCE].endpoint), end, plan->last_block);
    return -1;
  }
  if (is_last) {
    l->ended = true;
    counter_add (&l->stats->end, end);
    if (l->feed)
      feed_end (l->feed, end);
  }
  r->range.end = end;
  return 0;
}

/* All of a copy's range has been read. */
static int
step_copy (struct lane *l, struct request *r, struct error *e)
{
  const struct conn *c = r->reads[SOURCE].io.conn;

  if (conn_is_stream (c) && take_from_stream (l, r, e) == -1) {
    abandon (l, r);
    return -1;
  }
  write_what_was_read (l, r);
  return 0;
}

/* -- both sides ----------------------------------------------------------- */

static void
compare (struct lane *l, struct request *r)
{
  const uint8_t *half[2] = { NULL, NULL };

  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (r->sides & READ_SIDE (side))
      half[side] = half_of (l, r, side);
  counter_add (&l->stats->differing,
               differences_compare (l->differences, r->range.start,
                                    half[SOURCE], half[DESTINATION],
                                    range_length (r->range)));
  counter_add (&l->stats->compared, range_length (r->range));
  r->whole = true;
  finish (l, r);
}

/* A read is over, for good or bad; what else is in flight is waited for. */
static int
step_read (struct lane *l, struct request *r, struct part *p, int err,
           struct error *e)
{
  const enum side side = p - r->reads;

  l->n_reads[side]--;
  r->unread &= ~READ_SIDE (side);
  if (err && r->error == 0) {
    r->error = err;
    r->failed = &p->io;
  }
  if (r->unread)
    return 0;
  if (r->lost) {
    put_off (l, r, 0);
    return 0;
  }
  if (r->error)
    return try_again (l, r, r->failed, r->error, e);
  r->failures = 0;
  counter_add (&l->stats->came, r->charged);
  if (!r->compares)
    return step_copy (l, r, e);
  compare (l, r);
  return 0;
}

/* -- the digest ----------------------------------------------------------- */

/* So many bytes at a time: then the loop has to look at its conns again. */
#define DIGEST_STEP MiB

/* What lies behind the end of a stream has no length any more. */
static void
take_turn (struct lane *l, struct request *r)
{
  if (!range_is_empty (r->range))
    feed_data (l->feed, r->buffer, range_length (r->range));
  list_remove (&r->turn);
  r->has_turn = false;
  if (r->state == DIGESTING)
    finish (l, r);
}

bool
lane_digest (struct lane *l, uint64_t cursor)
{
  const uint64_t before = feed_at (l->feed);

  while (feed_at (l->feed) - before < DIGEST_STEP) {
    struct list_node *n = list_first (&l->turns);
    struct request *r = n ? list_entry (n, struct request, turn) : NULL;

    if (!feed_zeroes (l->feed, r ? r->range.start : cursor, r != NULL))
      break;
    if (r == NULL || !r->whole)
      break;
    take_turn (l, r);
  }
  return feed_at (l->feed) != before;
}

/* -- resuming ------------------------------------------------------------- */

/* A write that failed can have left anything. */
static void
resume (struct lane *l, struct request *r)
{
  list_remove (&r->link);
  if (r->search.on)
    search_further (l, r);
  else if (r->whole) {
    forget_zeroes (r);
    write_range (l, r);
  }
  else
    read_range (l, r);
}

void
lane_resume (struct lane *l, uint64_t now)
{
  struct list_node *n = list_first (&l->later);

  while (n) {
    struct request *r = list_entry (n, struct request, link);

    n = list_next (&l->later, n);
    if (r->due <= now && can_resume (l, r))
      resume (l, r);
  }
}

/* -- stepping ------------------------------------------------------------- */

static void
tell_completion (const struct lane *l, const struct request *r,
                 const struct io *io, int err)
{
  log_detail ("worker %u request %" PRIu64 ": %s completed in %" PRIu64
              " us offset=%" PRIu64 " length=%" PRIu64 "%s%s",
              l->worker, r->number, io_verb_name (io->verb),
              (clock_now () - io->started) / NS_PER_US, io->offset, io->length,
              err ? ": " : "", err ? request_strerror (err) : "");
}

int
request_step (struct lane *l, struct io *io, int err, struct error *e)
{
  struct part *p = list_entry (io, struct part, io);
  struct request *r = p->request;

  histogram_add (&l->stats->latency, clock_now () - io->started);
  if (log_details ())
    tell_completion (l, r, io, err);
  switch (r->state) {
  case READING:
    return step_read (l, r, p, err, e);
  case SEARCHING:
    return step_search (l, r, io, err, e);
  case WRITING:
    return step_part (l, r, p, err, e);
  case IDLE:
  case DIGESTING:
  case BACKOFF:
    break;
  }
  assert (!"an idle request has nothing in flight");
  return -1;
}
