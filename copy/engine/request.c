/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of one range.
 *
 *   COPY ----> READING -> (cut into segments) -> WRITING -> IDLE
 *   ZERO ------------------------------------> WRITING -> IDLE
 *   COMPARE -> READING -> (compare) ---------------------> IDLE
 *   UPDATE --> READING -> (cut into what differs) -> WRITING -> IDLE
 *
 * Where a digest is wanted, a request that was read keeps its buffer until the
 * digest has taken the data, too, which it does in the order of the disk:
 *
 *   ... -> WRITING -> DIGESTING -> IDLE
 *
 * WRITING has one io in flight for each segment, but no more than the lane may
 * have requests: each io that is over makes room for the next.  Where a server
 * refuses to zero a segment, the segment is sent again in another way, and
 * finally as plain writes of zeroes.  Where the server cannot zero in that way
 * at all, the same holds for everything that follows.
 *
 * A request that failed otherwise, or was in flight when a connection was lost,
 * is put off:
 *
 *   READING -> BACKOFF -> READING         its buffer is free meanwhile, unless
 *                                         the digest waits for it; both sides
 *                                         are read again
 *   WRITING -> BACKOFF -> WRITING         all segments again, cut as before;
 *                                         but an UPDATE reads again after its
 *                                         destination was lost
 *
 * A read or a write that fails after all retries is repeated in parts, to find
 * the first place where it fails.  Everything around that place is still
 * copied:
 *
 *   READING or WRITING -> SEARCHING -> WRITING (the range before the place)
 *     -> READING -> WRITING (the range after it) -> IDLE
 *
 * With --salvage, a read that fails after all retries ends the request instead:
 * the cursor makes new requests of its pieces, which are not retried.
 *
 *   READING -> IDLE                       the range is split, or left
 *   READING -> WRITING -> IDLE            a single block is zeroed
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
#include "engine/update.h"

/* The most segments of one buffer, and of a buffer of up to 1 MiB: segments
 * have 16 KiB on average, however fragmented the data is.
 */
#define SEGMENTS 192
#define SEGMENTS_USUAL 64

enum request_state {
  IDLE,      /* in the lane's list */
  READING,   /* its reads are in flight */
  WRITING,   /* its segments are in flight */
  DIGESTING, /* written; the digest has not taken its data yet */
  SEARCHING, /* it failed, and an io looks for the place */
  BACKOFF,   /* put off, until it is due and can be resumed */
};

/* A read, or a segment on its way to the destination. */
struct part {
  struct io io;
  struct request *request;

  /* Of a segment. */
  uint64_t end; /* of the segment; the io may be only a piece of it */
  bool zero;
  enum zero_way way;   /* how this piece is zeroed */
  uint64_t refused_to; /* the lane's way was refused up to here */
};

/* The search for the first place that cannot be read, or written. */
struct search {
  bool on, over;
  struct part *part;  /* the part that failed, and is repeated */
  enum side side;     /* where it failed */
  struct range range; /* of the part */
  uint64_t good;      /* everything before it succeeded */
  uint64_t bad;       /* [good, bad) contains the place */
  bool seen;          /* exactly [good, bad) has failed */
  int err;            /* errno of the latest failure */
};

struct request {
  struct list_node link; /* in the lane's list idle, or later */
  enum request_state state;
  uint64_t number;
  struct work work;
  uint64_t charged; /* bytes in the window */
  bool whole;       /* nothing has to be read any more */
  bool has_turn;    /* it is in the lane's list turns */
  struct list_node turn;
  uint64_t claim;       /* of the digest's feed that it is in */
  uint64_t waits;       /* in DIGESTING and BACKOFF: its span in the trace */
  uint8_t *buffer;      /* of the lane's pool; NULL: it needs none, or does not
                           read yet */
  size_t n_slots;       /* in the buffer */
  unsigned unread;      /* READ_SIDEs that are in flight */
  bool lost;            /* one of them was lost with its connection */
  struct part reads[2]; /* by side */
  struct segment segments[SEGMENTS];
  unsigned n_segments, begun;  /* segments, and how many of them are sent */
  unsigned in_flight;          /* parts */
  struct part parts[SEGMENTS]; /* one for each segment */
  struct copied copied;        /* so far */
  struct search search;
  struct range rest; /* to be read after the range before it is written; may be
                        empty */
  int error;         /* errno of the first part that failed */
  struct io *failed; /* of that part */
  unsigned failures; /* in a row */
  uint64_t due;      /* in BACKOFF: clock_now time; 0: at once */
};

const char *
request_strerror (int err)
{
  return err == EPROTO ? "the reply does not match the request"
    : err == ENODATA   ? "the file has shrunk"
    : err == ESTALE    ? "another program truncated or removed the file"
                       : strerror (err);
}

/* -- all requests of a lane ----------------------------------------------- */

size_t
requests_memory (const struct plan *plan)
{
  return plan->requests * sizeof (struct request);
}

/* With a digest, each request needs a buffer of its own, so there are only as
 * many requests as buffers.
 */
int
requests_init (struct lane *l)
{
  size_t n = l->plan->requests;

  l->requests = calloc (n, sizeof *l->requests);
  if (l->requests == NULL || lane_buy_buffers (l) == -1)
    return -1;
  if (l->plan->digest.kind != DIGEST_NONE)
    n = l->buffers.n_slots / plan_buffer_size (l->plan, 1);
  for (size_t i = 0; i < n; i++)
    list_append (&l->idle, &l->requests[i].link);
  return 0;
}

void
requests_free (struct lane *l)
{
  free (l->requests);
  l->requests = NULL;
}

static bool
awaits (const struct request *r, enum side side)
{
  return (r->unread & READ_SIDE (side))
    || (r->state == WRITING && side == DESTINATION);
}

void
requests_blame (const struct lane *l, enum side side, struct error *e)
{
  struct error_place place = { .side = side_name (side), .has_range = true };
  const struct request *r = l->requests;

  while (!awaits (r, side)) /* lane_awaits says that there is one */
    r++;
  place.op = r->state == SEARCHING ? io_verb_name (r->search.part->io.verb)
    : r->state == WRITING          ? "write"
                                   : "read";
  place.offset = r->work.range.start;
  place.length = range_length (r->work.range);
  error_set_at (e, ETIMEDOUT, &place,
                "%s: no answer for %g s, for example to the %s at"
                " offset %" PRIu64 " length %" PRIu64,
                endpoint_name (l->connections[side].endpoint),
                (double) l->plan->stall / NS_PER_S, place.op, place.offset,
                place.length);
}

/* -- states --------------------------------------------------------------- */

/* Ios have spans of their own in the trace; this one is for a request that
 * waits without an io.
 */
static void
trace_wait (struct lane *l, struct request *r, enum request_state state)
{
  track_close (l->track, r->waits, 0);
  r->waits = state != DIGESTING && state != BACKOFF
    ? 0
    : track_open (l->track, state == BACKOFF ? "backing off" : "digest",
                  r->number, r->work.range.start, range_length (r->work.range));
}

/* Closes the spans of ios that were in flight on a lost connection; those that
 * are closed already stay as they are.
 */
static void
trace_lost (struct lane *l, const struct request *r, enum side side)
{
  track_close (l->track, r->reads[side].io.traced, ENOTCONN);
  for (unsigned i = 0; i < SEGMENTS && side == DESTINATION; i++)
    track_close (l->track, r->parts[i].io.traced, ENOTCONN);
}

/* All changes of the state go through here, so that the lane's count of
 * requests in WRITING stays right.
 */
static void
enter (struct lane *l, struct request *r, enum request_state state)
{
  l->n_writing += (state == WRITING) - (r->state == WRITING);
  if (l->track)
    trace_wait (l, r, state);
  r->state = state;
}

/* Returns whether the request counts for the window: then it may have a buffer,
 * too.
 */
static bool
is_charged (const struct request *r)
{
  return r->whole || r->buffer;
}

static void
charge (struct lane *l, struct request *r)
{
  r->charged = lane_bytes (l, &r->work);
  window_charge (&l->window, r->charged);
}

static struct request *
begin (struct lane *l, const struct work *work)
{
  struct request *r = list_entry (list_take (&l->idle), struct request, link);

  assert (r->state == IDLE && !range_is_empty (work->range));
  r->number = l->n_started++;
  r->work = *work;
  r->whole = r->has_turn = false;
  r->buffer = NULL;
  r->n_segments = 0;
  r->failures = 0;
  r->unread = 0;
  r->search.on = r->search.over = false;
  r->rest = range_of (0, 0);
  return r;
}

/* Takes the request out of the window, and gives its buffer back. */
static void
give_back (struct lane *l, struct request *r)
{
  if (r->buffer)
    pool_give (&l->buffers, r->buffer, r->n_slots);
  r->buffer = NULL;
  window_refund (&l->window, r->charged);
}

static void
retire (struct lane *l, struct request *r)
{
  enter (l, r, IDLE);
  list_push (&l->idle, &r->link);
}

/* Ends a request that has not done its work. */
static void
abandon (struct lane *l, struct request *r)
{
  l->abandoned = true;
  if (is_charged (r))
    give_back (l, r);
  if (r->has_turn)
    list_remove (&r->turn);
  retire (l, r);
}

static void
finish (struct lane *l, struct request *r)
{
  if (r->has_turn) {
    enter (l, r, DIGESTING);
    return;
  }
  if (log_details ())
    log_detail (
      "worker %u request %" PRIu64 ": done offset=%" PRIu64 " length=%" PRIu64,
      l->worker, r->number, r->work.range.start, range_length (r->work.range));
  if (r->buffer == NULL) /* zeroes that are written were never read */
    counter_add (&l->stats->came, r->charged);
  counter_add (&l->stats->went, r->charged);
  give_back (l, r);
  retire (l, r);
}

/* Sets the error to a failed io.  Returns -1. */
static int
fail (const struct io *io, struct range range, int err, struct error *e)
{
  const struct error_place place = {
    conn_side_name (io->conn), io_verb_name (io->verb), true, range.start,
    range_length (range),
  };

  error_set_at (e, err, &place,
                "%s: %s failed at offset %" PRIu64 " length %" PRIu64 ": %s",
                conn_name (io->conn), place.op, place.offset, place.length,
                request_strerror (err));
  return -1;
}

static struct range
range_of_io (const struct io *io)
{
  return range_of (io->offset, io->offset + io->length);
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

/* -- reading -------------------------------------------------------------- */

/* Returns where this side's data is, or will be, in the request's buffer. */
static uint8_t *
half_of (const struct lane *l, const struct request *r, enum side side)
{
  return r->buffer
    + (side == SOURCE || r->work.sides != READ_BOTH
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
    .offset = r->work.range.start,
    .length = range_length (r->work.range),
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
    charge (l, r);
    r->n_slots = lane_slots (l, r->work.range, r->work.sides);
    r->buffer = pool_take (&l->buffers, r->n_slots);
    assert (r->buffer);
  }
  r->unread = r->work.sides;
  r->lost = false;
  r->error = 0;
  enter (l, r, READING);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (r->work.sides & READ_SIDE (side))
      read_side (l, r, side);
}

/* The digest is of the source.  Ranges of it that are not read are zeroes, and
 * ranges that are copied again were digested before.
 */
static void
begin_reading (struct lane *l, const struct work *work)
{
  struct request *r = begin (l, work);

  if (l->feed && (work->sides & READ_SIDE (SOURCE)) && !work->again) {
    r->has_turn = true;
    r->claim = feed_last_claim (l->feed);
    list_append (&l->turns, &r->turn);
  }
  read_range (l, r);
}

/* -- putting off ---------------------------------------------------------- */

/* Puts a request off until it is due.  If it has to be read again, it gives up
 * its buffer and its place in the window to other requests.  But it keeps both
 * where the digest waits for it: the others would fill the window, and all
 * would wait for the digest, which waits for this request.
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

/* Forgets that the destination reads as zeroes.  After a connection was lost,
 * that need not be so any more, even where nothing was in flight.
 */
static void
forget_zeroes (struct request *r)
{
  r->work.already_zero = false;
}

/* Forgets what the destination held, because its server may have lost that: an
 * update reads it again.  An update that is written, and only waits for the
 * digest, is in the record of unflushed writes.
 */
static void
forget_destination (struct request *r)
{
  forget_zeroes (r);
  if (r->work.kind == UPDATE && !r->search.on
      && (r->state == WRITING || r->state == BACKOFF))
    r->whole = false;
}

/* A read of the other side still writes into the request's buffer, so the
 * request waits for it.
 */
static void
lose_read (struct lane *l, struct request *r, enum side side)
{
  if (!(r->work.sides & READ_SIDE (side)))
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
requests_lost (struct lane *l, enum side side)
{
  l->n_reads[side] = 0;
  for (unsigned i = 0; i < l->plan->requests; i++) {
    struct request *r = &l->requests[i];

    if (l->track)
      trace_lost (l, r, side);
    if (side == DESTINATION)
      forget_destination (r);
    if (r->state == READING)
      lose_read (l, r, side);
    else if (r->state == SEARCHING && r->search.side == side)
      lose_search (l, r);
    else if (r->state == WRITING && side == DESTINATION)
      put_off (l, r, 0);
  }
}

/* Returns whether a request can be resumed as soon as it is due: its sides are
 * connected, and it has room.
 */
static bool
can_resume (const struct lane *l, const struct request *r)
{
  if (r->search.on)
    return connection_is_up (&l->connections[r->search.side]);
  if (r->whole)
    return lane_may_write (l);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if ((r->work.sides & READ_SIDE (side))
        && !connection_is_up (&l->connections[side]))
      return false;
  return is_charged (r)
    || (window_has_room (&l->window, lane_bytes (l, &r->work))
        && pool_has (&l->buffers,
                     lane_slots (l, r->work.range, r->work.sides)));
}

uint64_t
requests_deadline (const struct lane *l)
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
requests_discard (struct lane *l)
{
  struct list_node *n;

  while ((n = list_take (&l->later)) != NULL)
    abandon (l, list_entry (n, struct request, link));
}

/* -- writing -------------------------------------------------------------- */

/* Returns the lane's way to zero, or a later one where that was refused here.
 */
static enum zero_way
choose_way (const struct lane *l, const struct part *p, uint64_t offset)
{
  return offset < p->refused_to && p->way > l->zero_way ? p->way : l->zero_way;
}

/* Sends the segment from offset on, or its next piece: a segment that is
 * written out as zeroes is cut into pieces.
 */
static void
send_part (struct lane *l, struct request *r, struct part *p, uint64_t offset)
{
  struct io *io = &p->io;
  const uint64_t end = p->zero && offset < p->refused_to ? p->refused_to
                                                         : p->end;

  l->wrote = true;
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
    io->buffer = p->zero ? l->zeroes
                         : r->buffer + (offset - r->work.range.start);
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

/* Finishes the request, unless only the range before a place that cannot be
 * read was written: then the range after that place is read.
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
  r->work.range = r->rest;
  r->rest.start = r->rest.end;
  read_range (l, r);
}

static void
finish_writing (struct lane *l, struct request *r)
{
  const struct copied *c = &r->copied;

  r->copied.read = r->buffer && (r->work.sides & READ_SIDE (SOURCE));
  if (r->work.kind == UPDATE)
    r->copied.same = range_length (r->work.range) - c->data - c->zero;
  if (r->work.unreadable)
    lane_left_unreadable (l, r->work.range, r->work.again);
  else
    lane_copied (l, r->work.range, r->work.again, &r->copied);
  finish_or_read_rest (l, r);
}

/* Sends as many segments as may be in flight.  Finishes the request after the
 * last one.
 */
static void
send_segments (struct lane *l, struct request *r)
{
  const uint64_t start = r->work.range.start;

  while (r->begun < r->n_segments && r->in_flight < l->plan->requests) {
    const struct segment *s = &r->segments[r->begun];
    struct part *p = &r->parts[r->begun++];

    if (s->zero && r->work.already_zero)
      r->copied.skipped += s->end - s->start;
    else
      begin_part (l, r, p, range_of (start + s->start, start + s->end),
                  s->zero);
  }
  if (r->in_flight == 0)
    finish_writing (l, r);
}

/* Writes the whole range, from its beginning. */
static void
write_range (struct lane *l, struct request *r)
{
  r->begun = r->in_flight = 0;
  r->copied = (struct copied) { 0 };
  r->error = 0;
  enter (l, r, WRITING);
  if (r->buffer)
    send_segments (l, r);
  else
    begin_part (l, r, &r->parts[0], r->work.range, true);
}

static void
zero_range (struct lane *l, struct request *r)
{
  charge (l, r);
  r->whole = true;
  if (lane_may_write (l))
    write_range (l, r);
  else
    put_off (l, r, 0);
}

/* Returns how many segments a buffer of this length may have. */
static unsigned
segments_max (uint64_t length)
{
  return max_u64 (SEGMENTS_USUAL,
                  min_u64 (SEGMENTS, SEGMENTS_USUAL * length / MiB));
}

/* Returns the unit in which data is searched for zeroes.  An update leaves out
 * the zeroes that the destination has already, even where none are searched
 * for.
 */
static uint64_t
scan_unit (const struct lane *l, const struct request *r)
{
  return l->plan->updates && r->work.already_zero ? l->plan->update.grain
                                                  : l->plan->zero.scan;
}

static void
write_what_was_read (struct lane *l, struct request *r)
{
  const uint64_t length = range_length (r->work.range);

  r->whole = true;
  if (length == 0) {
    finish_or_read_rest (l, r);
    return;
  }
  r->n_segments = zero_cut (r->buffer, length, r->work.range.start,
                            scan_unit (l, r), r->segments,
                            segments_max (length));
  if (lane_may_write (l))
    write_range (l, r);
  else
    put_off (l, r, 0); /* until the destination may be written to */
}

/* Writes where the destination differs; where it does nowhere, this waits for
 * nothing.
 */
static void
write_what_differs (struct lane *l, struct request *r)
{
  const struct update_plan *u = &l->plan->update;
  const uint64_t length = range_length (r->work.range);
  const uint8_t *source = r->work.sides & READ_SIDE (SOURCE)
    ? half_of (l, r, SOURCE)
    : NULL;

  r->whole = true;
  r->n_segments = update_cut (
    source, half_of (l, r, DESTINATION), length, r->work.range.start, u->grain,
    u->merge, l->plan->zero.scan, r->segments, segments_max (length));
  if (r->n_segments == 0 || lane_may_write (l))
    write_range (l, r);
  else
    put_off (l, r, 0);
}

/* -- where a request fails ------------------------------------------------ */

/* Returns whether an io that failed may succeed another time.  The kernel
 * reports write-back errors of a file late and once, for any earlier write;
 * another try would hide them.
 */
static bool
can_try_again (const struct io *io, int err)
{
  const struct caps *caps = endpoint_caps (io->conn->endpoint);

  return !caps->stream && (io->verb == IO_READ || caps->reconnects)
    && retry_helps (err);
}

/* Returns whether the error can be about a part of the range only. */
static bool
is_about_a_place (const struct io *io, int err)
{
  return err != EPROTO && can_try_again (io, err);
}

/* Repeats half of the range in question, or all of it where it is the smallest
 * that both sides can address.
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

/* Writes the range before the place, again where writing has failed; the range
 * after it gets one try.  Zeroes that were not read are written from front to
 * end, so those before the place are written already.
 */
static void
copy_around (struct lane *l, struct request *r)
{
  const uint64_t end = r->work.range.end;

  if (r->has_turn)
    list_remove (&r->turn);
  r->has_turn = false;
  r->work.range.end = r->search.good;
  forget_zeroes (r);
  if (r->buffer) {
    r->rest = range_of (r->search.bad, end);
    write_what_was_read (l, r);
  }
  else if (!range_is_empty (r->work.range)) {
    r->copied = (struct copied) { .zero = range_length (r->work.range) };
    finish_writing (l, r);
  }
  else
    finish (l, r);
}

/* Makes an update copy its whole range: where a place cannot be read or
 * written, everything around it is copied, as without comparing.  Returns false
 * where the source's data was not read, or it is the destination that cannot be
 * read.
 */
static bool
copy_instead (struct request *r)
{
  const struct search *s = &r->search;

  if (!(r->work.sides & READ_SIDE (SOURCE))
      || s->part == &r->reads[DESTINATION])
    return false;
  r->work.kind = COPY;
  r->work.sides = READ_SIDE (SOURCE);
  return true;
}

/* Ends the search with the error that the copy fails with. */
static int
end_search (struct lane *l, struct request *r, struct error *e)
{
  struct search *s = &r->search;
  const struct io *io = &s->part->io;

  if (s->good < s->bad)
    fail (io, range_of (s->good, s->bad), s->err, e);
  else
    fail (io, s->range, s->err, e);
  s->on = false;
  s->over = true;
  l->abandoned = true;
  if (r->work.kind == COMPARE || (r->work.kind == UPDATE && !copy_instead (r)))
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

/* -- where the source cannot be read -------------------------------------- */

/* Returns whether the copy continues although this io has failed. */
static bool
can_salvage (const struct lane *l, const struct request *r, const struct io *io,
             int err)
{
  return l->unreadable && (r->work.kind == COPY || r->work.kind == UPDATE)
    && io->verb == IO_READ && conn_side (io->conn) == SOURCE && !r->search.over
    && is_about_a_place (io, err);
}

/* Ends a request whose range cannot be read: the range will be read in pieces,
 * or is left as it is at the destination, or zeroed.
 */
static void
salvage (struct lane *l, struct request *r)
{
  const struct range range = r->work.range;

  give_back (l, r);
  if (salvage_split (&l->salvage, range, r->work.again)) {
    retire (l, r);
    return;
  }
  log_detail ("worker %u request %" PRIu64 ": unreadable offset=%" PRIu64
              " length=%" PRIu64,
              l->worker, r->number, range.start, range_length (range));
  unreadable_add (l->unreadable, range, r->work.again);
  if (l->plan->salvage == SALVAGE_ZERO && !r->work.already_zero) {
    r->work.kind = ZERO;
    r->work.unreadable = true;
    r->failures = 0;
    zero_range (l, r);
    return;
  }
  lane_left_unreadable (l, range, r->work.again);
  retire (l, r);
}

/* Gives up after the last try.  The copy fails, but first the place is searched
 * for.
 */
static int
give_up (struct lane *l, struct request *r, struct io *io, int err,
         struct error *e)
{
  if (r->search.over) { /* the copy has failed with the first place */
    abandon (l, r);
    return 0;
  }
  if (can_salvage (l, r, io, err)) {
    salvage (l, r);
    return 0;
  }
  if (!is_about_a_place (io, err)) {
    fail (io, range_of_io (io), err, e);
    abandon (l, r);
    return -1;
  }
  r->search = (struct search) {
    .on = true,
    .part = list_entry (io, struct part, io),
    .side = conn_side (io->conn),
    .range = range_of_io (io),
    .good = io->offset,
    .bad = io->offset + io->length,
    .seen = true,
    .err = err,
  };
  return search (l, r, e);
}

/* -- trying again --------------------------------------------------------- */

/* Puts the request off for another try, where that can help. */
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
      || (r->work.salvage && can_salvage (l, r, io, err))
      || !retry_may (&l->plan->retry, r->failures + 1, backoff_dice (),
                     &n.wait))
    return give_up (l, r, io, err, e);
  n.attempt = ++r->failures;
  counter_add (&l->stats->retries, 1);
  counter_add (&l->stats->retried[n.side], 1);
  mailbox_post (l->mailbox, &n);
  put_off (l, r, clock_now () + n.wait);
  return 0;
}

/* Continues after a part is over.  After a failure, no more parts are sent, and
 * the request waits for those in flight, so that two writes of one place are
 * never in flight together.
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
  *(p->zero ? &r->copied.zero : &r->copied.data) += io->length;
  if (io->offset + io->length < p->end && r->error == 0) {
    send_part (l, r, p, io->offset + io->length);
    return 0;
  }
  return end_part (l, r, e);
}

/* -- data that was read --------------------------------------------------- */

/* Checks that a stream which has delivered bytes up to end, and ends there if
 * is_last, can have the size that the user has given.
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
                    "has more than the %" PRIu64 " bytes that"
                    " --source-size says",
                    expected);
  else
    endpoint_error (l->connections[SOURCE].endpoint, e, ERROR_PLAIN, ENODATA,
                    "ended after %" PRIu64 " of the %" PRIu64
                    " bytes that --source-size says",
                    end, expected);
  return -1;
}

/* Takes data from a stream, whose size is not known before its end: a short
 * read makes the request shorter, and is the end.
 */
static int
take_from_stream (struct lane *l, struct request *r, struct error *e)
{
  const struct plan *plan = l->plan;
  const uint64_t came = r->reads[SOURCE].io.length;
  const uint64_t end = r->work.range.start + came;
  const bool is_last = end < r->work.range.end && !l->ended;

  if ((came > 0 || is_last) && check_expected (l, end, is_last, e) == -1)
    return -1;
  if (came > 0 && end > plan->room) {
    endpoint_error (
      l->connections[DESTINATION].endpoint, e, ERROR_PLAIN, ENOSPC,
      "is too small: its size is %" PRIu64 ", %s has sent at least %" PRIu64
      " bytes",
      plan->room, endpoint_name (l->connections[SOURCE].endpoint), end);
    return -1;
  }
  if (is_last && end % plan->last_block != 0) {
    endpoint_error (
      l->connections[DESTINATION].endpoint, e, ERROR_PLAIN, EINVAL,
      "%s ended after %" PRIu64 " bytes, which is not a multiple of its"
      " minimum block (%" PRIu64 "): the end cannot be"
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
  r->work.range.end = end;
  return 0;
}

/* Continues after the whole range was read. */
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

static void
compare (struct lane *l, struct request *r)
{
  const uint8_t *half[2] = { NULL, NULL };

  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (r->work.sides & READ_SIDE (side))
      half[side] = half_of (l, r, side);
  lane_compared (l, r->work.range,
                 differences_compare (l->differences, r->work.range.start,
                                      half[SOURCE], half[DESTINATION],
                                      range_length (r->work.range)));
  r->whole = true;
  finish (l, r);
}

/* Continues after a read is over, once no other read of the request is in
 * flight.
 */
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
  if (r->work.kind == COPY)
    return step_copy (l, r, e);
  if (r->work.kind == UPDATE)
    write_what_differs (l, r);
  else
    compare (l, r);
  return 0;
}

/* -- the digest ----------------------------------------------------------- */

/* The digest takes no more bytes at a time, so that the loop serves its conns,
 * too.
 */
#define DIGEST_STEP MiB

/* Gives the digest the data of a request.  A request after the end of a stream
 * has none.
 */
static void
take_turn (struct lane *l, struct request *r)
{
  if (!range_is_empty (r->work.range))
    feed_data (l->feed, r->buffer, range_length (r->work.range));
  list_remove (&r->turn);
  r->has_turn = false;
  if (r->state == DIGESTING)
    finish (l, r);
}

static bool
digest_some (struct lane *l, uint64_t cursor)
{
  const uint64_t before = feed_at (l->feed);

  /* Also ends at a claim that lies before the last one. */
  while (feed_at (l->feed) - before < DIGEST_STEP) {
    struct list_node *n = list_first (&l->turns);
    struct request *r = n ? list_entry (n, struct request, turn) : NULL;

    if (!feed_zeroes (l->feed, r ? r->claim : feed_last_claim (l->feed),
                      r ? r->work.range.start : cursor, r != NULL))
      break;
    if (r == NULL || !r->whole)
      break;
    take_turn (l, r);
  }
  return feed_at (l->feed) != before;
}

bool
requests_digest (struct lane *l, uint64_t cursor)
{
  bool took, folded;

  if (l->feed == NULL)
    return false;
  took = digest_some (l, cursor);
  folded = feed_fold (l->feed);
  return took || folded;
}

/* -- resuming ------------------------------------------------------------- */

/* Resumes a request.  After a failed write, the destination can hold anything.
 */
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
requests_resume (struct lane *l, uint64_t now)
{
  struct list_node *n = list_first (&l->later);

  while (n) {
    struct request *r = list_entry (n, struct request, link);

    n = list_next (&l->later, n);
    if (r->due <= now && can_resume (l, r))
      resume (l, r);
  }
}

/* -- starting and stepping ------------------------------------------------ */

/* Does work that needs no io. */
static void
skip (struct lane *l, const struct work *work)
{
  const uint64_t length = range_length (work->range);

  track_mark (l->track, "skip", work->range.start, length);
  if (work->kind == HOLE)
    lane_passed_hole (l, work->range);
  else if (work->kind == UNSELECTED)
    lane_passed_unselected (l, work->range, work->again);
  else if (work->unreadable)
    lane_left_unreadable (l, work->range, work->again);
  else
    lane_copied (l, work->range, work->again,
                 &(struct copied) { .skipped = length });
}

void
request_start (struct lane *l, const struct work *work)
{
  switch (work->kind) {
  case COPY:
  case COMPARE:
  case UPDATE:
    begin_reading (l, work);
    break;
  case ZERO:
    zero_range (l, begin (l, work));
    break;
  case SKIP:
  case HOLE:
  case UNSELECTED:
    skip (l, work);
    break;
  case NO_WORK:
  case AWAIT_EXTENTS:
  case AWAIT_DIGEST:
    assert (!"there is something to start");
  }
}

static void
log_completion (const struct lane *l, const struct request *r,
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
    log_completion (l, r, io, err);
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
