/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of a worker's poll loop: see loop.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "clock.h"
#include "engine/loop.h"
#include "engine/request.h"
#include "engine/tuner.h"

/* Round trip times change, so old answers are forgotten after a while. */
#define TRIPS_SPAN (4 * NS_PER_S)
#define TRIPS_SPAN_TRIPS 40

static const struct plan *
plan_of (const struct loop *l)
{
  return &l->copy->plan;
}

/* cursor_begin makes the cursor ask for extents again: those of the destination
 * that are known are older than the data written to it.  The same ranges of
 * both sides are selected.
 */
void
loop_begin (struct loop *l, const struct phase *phase)
{
  struct feed *feed = phase->blkhash ? blkhash_feed (phase->blkhash, l->worker)
                                     : NULL;

  track_mark (l->track, phase->compares ? "compare" : "copy", 0, 0);
  lane_begin (&l->lane, feed, phase->compares);
  cursor_begin (&l->cursor, phase->stripes, feed, phase->in_order,
                phase->compares);
  l->checkpoint = clock_now () + plan_of (l)->checkpoint;
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    extents_select (
      l->cursor.extents[side],
      phase->is_whole
        ? (struct selector) { 0 }
        : copy_selector (l->copy, side, l->cursor.extents[SOURCE]));
  if (phase->compares && !plan_of (l)->destination_extents)
    extents_ask_no_more (l->cursor.extents[DESTINATION]);
}

/* -- collecting ----------------------------------------------------------- */

/* Warns once for each side and copy, however many ranges are concerned. */
static void
warn_of_extents (struct loop *l, const struct conn *c, const struct extents *x)
{
  int err;

  if (extents_failures (x, &err) == 0
      || atomic_exchange (&l->shared->warned[conn_side (c)], true))
    return;
  log_warning_as ("block-status-failed",
                  "%s: block status failed: %s: those ranges count"
                  " as data",
                  conn_name (c), err ? request_strerror (err) : "no answer");
}

static void
end_extents (struct loop *l, struct io *io, int err)
{
  static const char *const spans[] = {
    [SOURCE] = "source extents",
    [DESTINATION] = "destination extents",
  };
  struct conn *c = io->conn;
  struct extents *x = l->cursor.extents[conn_side (c)];
  const unsigned n = extents_answer (x, io, err);

  counter_add (&l->lane.stats->questions, 1);
  track_span (l->track, spans[conn_side (c)], io->started, io->offset,
              io->length, err);
  warn_of_extents (l, c, x);
  if (log_details ())
    log_detail ("worker %u: %s: block status completed in %" PRIu64 " us"
                " offset=%" PRIu64 " length=%" PRIu64 " extents=%u%s%s",
                l->worker, conn_name (c),
                (clock_now () - io->started) / NS_PER_US, io->offset,
                io->length, n, err ? ": " : "",
                err ? request_strerror (err) : "");
}

/* After a failed flush, as after a lost connection, any unflushed write can be
 * missing.
 */
static int
end_flush (struct loop *l, const struct io *io, int err, struct error *e)
{
  static const struct error_place place = { .side = "destination",
                                            .op = "flush" };
  struct error why = { 0 };

  if (err) {
    error_set_at (&why, err, &place, "%s: flush failed: %s",
                  conn_name (io->conn), request_strerror (err));
    return pair_lose (&l->pair, DESTINATION, &why, e);
  }
  if (l->copy->map && l->lane.feed)
    feed_durable (l->lane.feed, lane_covered (&l->lane));
  if (l->copy->map)
    map_mark (l->copy->map, lane_covered (&l->lane));
  lane_flushed (&l->lane);
  connection_works (&l->pair.connections[DESTINATION]);
  log_detail ("worker %u: flush completed in %" PRIu64 " us", l->worker,
              (clock_now () - io->started) / NS_PER_US);
  return 0;
}

/* Notes how long an answer took.  The fastest ones say how far away the side
 * is; the others have waited somewhere.  A stream has no round trips.
 */
static void
note_trip (struct loop *l, const struct io *io, uint64_t now)
{
  const enum side side = conn_side (io->conn);
  struct stats *s = l->lane.stats;

  if ((io->verb == IO_READ || io->verb == IO_WRITE)
      && !conn_is_stream (io->conn)) {
    const uint64_t took = now - io->started;
    const uint64_t span = max_u64 (TRIPS_SPAN, TRIPS_SPAN_TRIPS * took);

    counter_set (&s->last_rtt[side], took);
    counter_set (&s->rtt[side], rtt_note (&l->rtt[side], took, now, span));
  }
}

/* A failed io can be the first sign that its connection is lost. */
static int
lose_dead (struct loop *l, const struct io *io, int err, struct error *e)
{
  struct error why = { 0 };

  endpoint_error (io->conn->endpoint, &why, ERROR_CONNECTION_LOST, ENOTCONN,
                  "the connection is lost: %s", strerror (err));
  return pair_lose (&l->pair, conn_side (io->conn), &why, e);
}

static int
end_io (struct loop *l, struct io *io, int err, struct error *e)
{
  struct connection *c = &l->pair.connections[conn_side (io->conn)];
  const uint64_t now = clock_now ();

  if (err && conn_state (io->conn) == CONN_DEAD)
    return lose_dead (l, io, err, e);
  c->moved = now;
  if (err == 0)
    note_trip (l, io, now);
  if (io->verb == IO_EXTENTS) {
    end_extents (l, io, err);
    return 0;
  }
  if (io->verb == IO_FLUSH)
    return end_flush (l, io, err, e);
  if (err == 0 && io->verb == IO_READ)
    connection_works (c);
  return request_step (&l->lane, io, err, e);
}

/* Moving a request on can finish further ios. */
int
loop_collect (struct loop *l, struct error *e)
{
  struct io *io;

  while ((io = lane_take_ready (&l->lane)) != NULL) {
    const int err = conn_retire (io);

    track_close (l->track, io->traced, err);
    if (end_io (l, io, err, e) == -1)
      return -1;
  }
  return 0;
}

/* -- sides that are silent or lost ---------------------------------------- */

/* Returns when a side that answers nothing is dropped; 0 for never.  A single
 * request may take long, as zeroing does, as long as others are answered.
 */
static uint64_t
stall_deadline (const struct loop *l, enum side side)
{
  return !lane_awaits (&l->lane, side) || plan_of (l)->stall == 0
    ? 0
    : l->pair.connections[side].moved + plan_of (l)->stall;
}

static int
lose_silent (struct loop *l, uint64_t now, struct error *e)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    const uint64_t deadline = stall_deadline (l, side);
    struct error why = { 0 };

    if (!lane_awaits (&l->lane, side))
      l->pair.connections[side].moved = now; /* the next request starts it */
    /* Compared with the time of the last poll, which has not seen answers that
     * came since.
     */
    if (deadline == 0 || l->looked < deadline)
      continue;
    requests_blame (&l->lane, side, &why);
    if (pair_lose (&l->pair, side, &why, e) == -1)
      return -1;
  }
  return 0;
}

int
loop_mend (struct loop *l, uint64_t now, struct error *e)
{
  if (lose_silent (l, now, e) == -1)
    return -1;
  return loop_is_winding_down (l) ? 0 : pair_mend (&l->pair, now, e);
}

/* -- starting ------------------------------------------------------------- */

static void
set_waiting_for (struct loop *l, enum waiting_for now)
{
  static const char *const logged[] = {
    [FOR_EXTENTS] = "extents",
    [FOR_DIGEST] = "the digest",
    [FOR_ANSWERS] = NULL,
  };
  const enum waiting_for before = l->waiting_for;

  l->waiting_for = now;
  if (before == now)
    return;
  if (logged[before])
    log_detail ("worker %u: woken by %s at offset=%" PRIu64, l->worker,
                logged[before], l->cursor.at);
  if (logged[now])
    log_detail ("worker %u: waiting for %s at offset=%" PRIu64, l->worker,
                logged[now], l->cursor.at);
}

/* Returns what the loop waits for when the cursor has no work of another kind.
 */
static enum waiting_for
wait_of (enum work_kind kind)
{
  return kind == NO_WORK    ? FOR_ANSWERS
    : kind == AWAIT_EXTENTS ? FOR_EXTENTS
    : kind == AWAIT_DIGEST  ? FOR_DIGEST
                            : FOR_ROOM;
}

static bool
is_within_limit (struct loop *l, const struct work *work)
{
  const uint64_t bytes = lane_bytes (&l->lane, work);

  if (bytes > 0)
    l->limited_until = ratelimit_take (l->copy->ratelimit, bytes, clock_now ());
  if (l->limited_until)
    counter_add (&l->lane.stats->limited, 1);
  return l->limited_until == 0;
}

/* Returns the window of this worker.  The window of a worker that has just
 * connected is small until the tuner counts it: until then, the others have its
 * share.
 */
static uint64_t
window (const struct loop *l)
{
  const uint64_t each = counter_get (&l->shared->window);

  return l->ordinal < l->shared->sharers
    ? each
    : min_u64 (each, tuner_first (plan_of (l)).window);
}

/* Starts as much work as the window and the limit allow. */
static void
fill (struct loop *l)
{
  struct cursor *c = &l->cursor;

  lane_set_window (&l->lane, window (l));
  c->request_max = lane_request_max (&l->lane,
                                     counter_get (&l->shared->request_size));
  for (;;) {
    const struct work work = cursor_next (c);

    cursor_ask (c);
    set_waiting_for (l, wait_of (work.kind));
    if (l->waiting_for != FOR_ROOM || !lane_has_room (&l->lane, &work))
      return;
    if (!is_within_limit (l, &work)) {
      l->waiting_for = FOR_LIMIT;
      return;
    }
    request_start (&l->lane, &work);
    cursor_advance (c, &work);
  }
}

void
loop_start (struct loop *l, uint64_t now)
{
  const bool winding_down = loop_is_winding_down (l);

  if (winding_down)
    requests_discard (&l->lane);
  if (winding_down || lane_has_ended (&l->lane))
    l->waiting_for = FOR_ANSWERS;
  else if (l->waiting_for == FOR_ANSWERS && lane_has_late_work (&l->lane))
    l->waiting_for = FOR_ROOM;
  requests_resume (&l->lane, now);
  l->limited_until = 0;
  if (l->waiting_for == FOR_ANSWERS || !pair_is_up (&l->pair))
    return;
  fill (l);
}

/* -- flushing while copying ----------------------------------------------- */

uint64_t
loop_checkpoint_deadline (const struct loop *l, uint64_t now)
{
  if (plan_of (l)->checkpoint == 0 || lane_is_flushing (&l->lane)
      || !connection_is_up (&l->pair.connections[DESTINATION])
      || !lane_has_unflushed (&l->lane)
      || !(lane_wants_flush (&l->lane) || lane_must_flush (&l->lane)))
    return 0;
  return lane_must_flush (&l->lane) ? now : l->checkpoint;
}

void
loop_checkpoint (struct loop *l, uint64_t now)
{
  const uint64_t due = loop_checkpoint_deadline (l, now);

  if (due == 0 || now < due)
    return;
  lane_flush (&l->lane);
  l->checkpoint = now + plan_of (l)->checkpoint;
}

/* -- winding down --------------------------------------------------------- */

bool
loop_is_overdue (struct loop *l, uint64_t patience)
{
  if (!loop_is_winding_down (l))
    return false;
  if (l->wind_down_by == 0)
    l->wind_down_by = clock_now () + patience;
  return clock_now () >= l->wind_down_by;
}

bool
loop_is_silent (const struct loop *l, uint64_t patience)
{
  return lane_awaits (&l->lane, DESTINATION)
    && l->pair.connections[DESTINATION].moved + patience < l->wind_down_by;
}

bool
loop_has_wound_down (struct loop *l)
{
  if (!loop_is_winding_down (l) || lane_awaits (&l->lane, SOURCE)
      || lane_awaits (&l->lane, DESTINATION))
    return false;
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    const struct connection *c = &l->pair.connections[side];

    if (connection_is_up (c) && conn_is_stream (c->conn))
      conn_shutdown (c->conn);
  }
  return true;
}

/* -- sleeping ------------------------------------------------------------- */

static uint64_t
earliest (const uint64_t *deadlines, size_t n)
{
  uint64_t next = 0;

  for (size_t i = 0; i < n; i++)
    next = clock_earlier (next, deadlines[i]);
  return next;
}

/* Returns when loop_start or loop_mend has something to do although nothing
 * moves.
 */
static uint64_t
start_deadline (const struct loop *l)
{
  const uint64_t deadlines[] = {
    pair_deadline (&l->pair),
    requests_deadline (&l->lane),
    l->limited_until,
  };

  return earliest (deadlines, sizeof deadlines / sizeof deadlines[0]);
}

uint64_t
loop_deadline (const struct loop *l, uint64_t now)
{
  const uint64_t deadlines[] = {
    loop_is_winding_down (l) ? 0 : start_deadline (l),
    stall_deadline (l, SOURCE),
    stall_deadline (l, DESTINATION),
    loop_checkpoint_deadline (l, now),
    l->wind_down_by,
  };

  return earliest (deadlines, sizeof deadlines / sizeof deadlines[0]);
}

/* Returns the descriptor that signals the next stop level after the level that
 * this worker has seen.  The present level can be a later one, and using it
 * would miss that signal.
 */
static int
next_stop_fd (const struct loop *l)
{
  return l->wind_down_by ? stop_now_fd (l->copy->stop)
                         : stop_fd (l->copy->stop);
}

/* Notes that poll has returned.  Where this process was stopped for a while,
 * the servers were not silent: their answers wait in the sockets.  So all waits
 * for them start again.
 */
static void
look_up (struct loop *l, int wait_ms)
{
  const uint64_t now = clock_now ();
  const uint64_t away = now - l->looked;
  const bool stopped = clock_overslept (l->looked, wait_ms, now);

  l->looked = now;
  if (!stopped)
    return;
  log_detail ("worker %u: this process was stopped: time limits do not include"
              " the last %" PRIu64 " ms",
              l->worker, away / NS_PER_MS);
  pair_restart (&l->pair, now, away);
  if (l->wind_down_by)
    l->wind_down_by += away;
}

int
loop_sleep (struct loop *l, int also_fd, uint64_t deadline, struct error *e)
{
  struct pollfd fds[4];
  int wait_ms = 0, r;

  pair_submit (&l->pair, fds);
  fds[2] = (struct pollfd) { .fd = next_stop_fd (l), .events = POLLIN };
  fds[3] = (struct pollfd) { .fd = also_fd, .events = POLLIN };
  if (!lane_has_ready (&l->lane))
    wait_ms = clock_poll_timeout (deadline, clock_now ());

  r = poll (fds, 4, wait_ms);
  look_up (l, wait_ms);
  if (r == -1) {
    if (errno == EINTR)
      return 0;
    error_set (e, errno, "poll: %s", strerror (errno));
    return -1;
  }
  return pair_dispatch (&l->pair, fds, e);
}
