/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of one range.
 *
 *   request_copy -> READING -> (cut into segments) -> WRITING -> IDLE
 *   request_zero ------------------------------------> WRITING -> IDLE
 *
 * Where a digest is wanted, a request that was read keeps its buffer until the
 * digest has had it, too, which takes them in the order of the disk:
 *
 *   ... -> WRITING -> DIGESTING -> IDLE
 *
 * WRITING has one io for each segment in flight, and no more of them than the
 * lane may have requests: what is over makes room for the next.  Where a server
 * refuses to zero a segment, the lane takes another way from then on, and the
 * segment is sent again, at the last as plain writes of zeroes.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "log.h"
#include "request.h"

/* A segment on its way to the destination. */
struct part {
  struct io io;
  struct request *request;
  uint64_t end;                 /* of the segment; io may be a piece of it */
  bool zero;
  enum zero_way way;            /* how this piece is made zero */
};

struct request {
  struct list_node link;        /* in the lane's idle list */
  enum request_state state;
  uint64_t number;
  uint64_t offset, length;
  uint64_t charged;             /* bytes in the window */
  bool already_zero;
  bool has_turn;                /* in the lane's turns */
  struct list_node turn;
  uint8_t *buffer;              /* borrowed from the pool while not IDLE */
  struct io read;
  struct segment segments[REQUEST_SEGMENTS];
  unsigned n_segments, begun;   /* segments, and how many of them are sent */
  unsigned in_flight;           /* parts */
  struct part parts[REQUEST_SEGMENTS];  /* one for each segment */
};

const char *
request_strerror (int err)
{
  return err == EPROTO ? "the reply does not match what was asked for"
    : err == ENODATA ? "the file has shrunk" : strerror (err);
}

int
lane_init (struct lane *l, unsigned worker, const struct plan *plan,
           uint8_t *zeroes, struct stats *stats)
{
  *l = (struct lane) {
    .worker = worker, .plan = plan, .zeroes = zeroes, .stats = stats,
    .zero_way = zero_way_first (&plan->zero),
  };
  list_init (&l->ready);
  list_init (&l->idle);
  list_init (&l->turns);
  window_init (&l->window, plan->requests, plan->queue_size);
  l->requests = calloc (plan->requests, sizeof *l->requests);
  if (l->requests == NULL
      || pool_init (&l->buffers, plan->requests, plan->request_size) == -1)
    return -1;
  for (unsigned i = 0; i < plan->requests; i++)
    list_append (&l->idle, &l->requests[i].link);
  return 0;
}

void
lane_free (struct lane *l)
{
  pool_free (&l->buffers);
  free (l->requests);
  l->requests = NULL;
}

bool
lane_has_room (struct lane *l, uint64_t bytes)
{
  const bool room = window_has_room (&l->window, bytes);

  if (!room)
    counter_add (&l->stats->refused, 1);
  return room;
}

bool
lane_is_empty (const struct lane *l)
{
  return l->window.requests == 0;
}

bool
lane_awaits_answer (const struct lane *l)
{
  return (l->n_reading > 0 && !conn_is_stream (l->source))
    || (l->window.requests > l->n_reading && !conn_is_stream (l->destination));
}

static bool
awaits_answer (const struct lane *l, const struct request *r)
{
  return r->state != IDLE && r->state != DIGESTING
    && !conn_is_stream (r->state == READING ? l->source : l->destination);
}

void
lane_blame (const struct lane *l, struct error *e)
{
  const struct request *r = l->requests;

  while (!awaits_answer (l, r)) /* there is one that does */
    r++;
  error_set (e, ETIMEDOUT, "%s: no answer for %" PRIu64 " s, to a %s at offset"
             " %" PRIu64 " length %" PRIu64 " among others",
             conn_name (r->state == READING ? l->source : l->destination),
             l->plan->stall / NS_PER_S,
             r->state == READING ? "read" : "write", r->offset, r->length);
}

static struct request *
begin (struct lane *l, uint64_t start, uint64_t length, uint64_t charge)
{
  struct request *r = list_entry (list_take (&l->idle), struct request, link);

  assert (r->state == IDLE && length > 0);
  r->number = l->n_started++;
  r->offset = start;
  r->length = length;
  r->charged = charge;
  r->already_zero = r->has_turn = false;
  r->buffer = NULL;
  r->n_segments = r->begun = r->in_flight = 0;
  window_charge (&l->window, charge);
  return r;
}

static void
finish (struct lane *l, struct request *r)
{
  if (r->has_turn) {
    r->state = DIGESTING;
    return;
  }
  if (log_details ())
    log_detail ("worker %u request %" PRIu64 ": done offset=%" PRIu64
                " length=%" PRIu64, l->worker, r->number, r->offset, r->length);
  if (r->buffer)
    pool_give (&l->buffers, r->buffer);
  window_refund (&l->window, r->charged);
  counter_add (&l->stats->moved, r->charged);
  r->state = IDLE;
  list_push (&l->idle, &r->link);
}

static int
fail (const struct conn *c, const struct io *io, int err, struct error *e)
{
  error_set (e, err, "%s: %s failed at offset %" PRIu64 " length %" PRIu64
             ": %s", conn_name (c), io_verb_name (io->verb), io->offset,
             io->length, request_strerror (err));
  return -1;
}

static int
start_io (struct lane *l, const struct request *r, struct conn *c,
          struct io *io, struct error *e)
{
  int err;

  io->ready = &l->ready;
  if (log_details ())
    log_detail ("worker %u request %" PRIu64 ": %s offset=%" PRIu64
                " length=%" PRIu64, l->worker, r->number,
                io_verb_name (io->verb), io->offset, io->length);
  if ((err = conn_start (c, io)) != 0)
    return fail (c, io, err, e);
  return 0;
}

int
request_copy (struct lane *l, uint64_t start, uint64_t length,
              bool already_zero, struct error *e)
{
  struct request *r = begin (l, start, length, length);

  assert (length <= l->plan->request_size);
  r->already_zero = already_zero;
  r->buffer = pool_take (&l->buffers);
  r->state = READING;
  l->n_reading++;
  r->read = (struct io) {
    .verb = IO_READ, .offset = start, .length = length, .buffer = r->buffer,
  };
  if (l->feed) {
    r->has_turn = true;
    list_append (&l->turns, &r->turn);
  }
  counter_add (&l->stats->reads, 1);
  return start_io (l, r, l->source, &r->read, e);
}

/* -- to the destination --------------------------------------------------- */

/* Sends the segment from offset on, or its next piece where it is written out
 * as zeroes and long.
 */
static int
send_part (struct lane *l, struct request *r, struct part *p, uint64_t offset,
           struct error *e)
{
  struct io *io = &p->io;
  const uint64_t at_most = p->zero ? zero_way_max (&l->plan->zero, l->zero_way)
    : l->plan->request_size;

  p->way = l->zero_way;
  io->offset = offset;
  io->length = min_u64 (p->end - offset, at_most);
  if (p->zero && p->way != ZERO_WRITE) {
    io->verb = IO_ZERO;
    io->allocate = l->plan->zero.allocate;
    io->fast = p->way == ZERO_FAST;
    counter_add (&l->stats->zeroes, 1);
  }
  else {
    io->verb = IO_WRITE;
    io->buffer = p->zero ? l->zeroes : r->buffer + (offset - r->offset);
    counter_add (&l->stats->writes, 1);
  }
  return start_io (l, r, l->destination, io, e);
}

static int
begin_part (struct lane *l, struct request *r, struct part *p, uint64_t start,
            uint64_t end, bool zero, struct error *e)
{
  p->request = r;
  p->end = end;
  p->zero = zero;
  r->in_flight++;
  return send_part (l, r, p, start, e);
}

/* Sends as many segments as may be in flight; the last one to be over finishes
 * the request.
 */
static int
send_segments (struct lane *l, struct request *r, struct error *e)
{
  while (r->begun < r->n_segments && r->in_flight < l->plan->requests) {
    const struct segment *s = &r->segments[r->begun];
    struct part *p = &r->parts[r->begun++];

    if (s->zero && r->already_zero)
      counter_add (&l->stats->skipped, s->end - s->start);
    else if (begin_part (l, r, p, r->offset + s->start, r->offset + s->end,
                         s->zero, e) == -1)
      return -1;
  }
  if (r->in_flight == 0)
    finish (l, r);
  return 0;
}

int
request_zero (struct lane *l, uint64_t start, uint64_t length, struct error *e)
{
  const uint64_t charge = l->zero_way == ZERO_WRITE ? length : 0;
  struct request *r = begin (l, start, length, charge);

  r->state = WRITING;
  return begin_part (l, r, &r->parts[0], start, start + length, true, e);
}

static int
cut_and_write (struct lane *l, struct request *r, struct error *e)
{
  r->n_segments = zero_cut (r->buffer, r->length, r->offset,
                            l->plan->zero.scan, r->segments, REQUEST_SEGMENTS);
  r->state = WRITING;
  return send_segments (l, r, e);
}

static int
step_part (struct lane *l, struct request *r, struct part *p, int err,
           struct error *e)
{
  struct io *io = &p->io;

  if (err != 0 && io->verb == IO_ZERO) {
    const enum zero_way next = zero_way_next (&l->plan->zero, p->way,
                                              io->length, err);

    if (next == p->way)
      return fail (l->destination, io, err, e);
    if (next > l->zero_way)
      l->zero_way = next;
    return send_part (l, r, p, io->offset, e);
  }
  if (err != 0)
    return fail (l->destination, io, err, e);

  counter_add (p->zero ? &l->stats->zero : &l->stats->data, io->length);
  if (io->offset + io->length < p->end)
    return send_part (l, r, p, io->offset + io->length, e);
  r->in_flight--;
  return send_segments (l, r, e);
}

/* -- from the source ------------------------------------------------------ */

/* A stream is as long as it turns out to be: what came decides how long the
 * request is, and whether there is anything more to ask for.
 */
static int
take_from_stream (struct lane *l, struct request *r, struct error *e)
{
  const struct plan *plan = l->plan;
  const uint64_t end = r->offset + r->read.length;
  const bool is_last = r->read.length < r->length && !l->ended;

  if (r->read.length > 0 && end > plan->room) {
    error_set (e, ENOSPC, "%s: its size (%" PRIu64 ") is smaller than %s: at"
               " least %" PRIu64 " bytes came from there",
               conn_name (l->destination), plan->room, conn_name (l->source),
               end);
    return -1;
  }
  if (is_last && end % plan->last_block != 0) {
    error_set (e, EINVAL, "%s: %s ended after %" PRIu64 " bytes, which is no"
               " multiple of its minimum block (%" PRIu64 "): the end cannot be"
               " written", conn_name (l->destination), conn_name (l->source),
               end, plan->last_block);
    return -1;
  }
  if (is_last) {
    l->ended = true;
    counter_add (&l->stats->end, end);
    if (l->feed)
      feed_end (l->feed, end);
  }
  r->length = r->read.length;
  return 0;
}

static int
step_read (struct lane *l, struct request *r, int err, struct error *e)
{
  l->n_reading--;
  if (err)
    return fail (l->source, &r->read, err, e);
  if (conn_is_stream (l->source) && take_from_stream (l, r, e) == -1)
    return -1;
  if (r->length > 0)
    return cut_and_write (l, r, e);
  finish (l, r);
  return 0;
}

/* -- the digest ----------------------------------------------------------- */

/* So many bytes at a time: then the loop has to look at its conns again. */
#define DIGEST_STEP MiB

/* What lies behind the end of a stream has no length any more. */
static void
take_turn (struct lane *l, struct request *r)
{
  if (r->length > 0)
    feed_data (l->feed, r->buffer, r->length);
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

    if (!feed_zeroes (l->feed, r ? r->offset : cursor, r != NULL))
      break;
    if (r == NULL || r->state == READING)
      break;
    take_turn (l, r);
  }
  return feed_at (l->feed) != before;
}

/* -- stepping ------------------------------------------------------------- */

static void
tell_completion (const struct lane *l, const struct request *r,
                 const struct io *io, int err)
{
  log_detail ("worker %u request %" PRIu64 ": %s completed in %" PRIu64
              " us offset=%" PRIu64 " length=%" PRIu64 "%s%s", l->worker,
              r->number, io_verb_name (io->verb),
              (clock_now () - io->started) / NS_PER_US, io->offset, io->length,
              err ? ": " : "", err ? request_strerror (err) : "");
}

int
request_step (struct lane *l, struct io *io, int err, struct error *e)
{
  const bool is_read = io->verb == IO_READ;
  struct part *p = is_read ? NULL : list_entry (io, struct part, io);
  struct request *r = is_read ? list_entry (io, struct request, read)
    : p->request;

  if (log_details ())
    tell_completion (l, r, io, err);
  switch (r->state) {
  case READING:
    return step_read (l, r, err, e);
  case WRITING:
    return step_part (l, r, p, err, e);
  case IDLE: case DIGESTING:
    break;
  }
  assert (!"an idle request has nothing in flight");
  return -1;
}
