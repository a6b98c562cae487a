/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker: a thread with its own pair of conns and its own poll loop. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "clock.h"
#include "engine/tuner.h"
#include "engine/worker.h"
#include "headroom.h"
#include "notifier.h"

/* How long a further connection may take to come up: a server that takes only
 * so many leaves the others in its backlog for ever.
 */
#define CONNECT_PATIENCE (5 * NS_PER_S)

/* What a further worker leaves to the rest of the process: descriptors for
 * saving the map and for connecting again, and memory for libnbd's messages.
 */
#define SPARE_DESCRIPTORS 4

/* After a signal, or a failure that ends the copy in order: for what is in
 * flight, and for the flush after that.
 */
#define WIND_DOWN (5 * NS_PER_S)
#define WIND_DOWN_FLUSH (20 * NS_PER_S)

/* Links change, so old answers are forgotten after a while. */
#define TRIPS_SPAN (4 * NS_PER_S)
#define TRIPS_SPAN_TRIPS 40

/* For the goodbye, which is only politeness: everything is stored by then, or
 * the copy has failed.
 */
#define LEAVE_PATIENCE NS_PER_S

static bool
is_up (const struct worker *w, enum side side)
{
  return connection_is_up (&w->connections[side]);
}

static struct conn *
source_conn (const struct worker *w)
{
  return w->connections[SOURCE].conn;
}

static struct conn *
destination_conn (const struct worker *w)
{
  return w->connections[DESTINATION].conn;
}

static bool
is_winding_down (const struct worker *w)
{
  return stop_is_winding_down (w->copy->stop);
}

/* -- connections that are lost, and come back ----------------------------- */

static void
tell_loss (struct worker *w, enum side side, const struct error *why,
           uint64_t wait)
{
  counter_add (&w->stats.retries, 1);
  track_mark (w->track, side == SOURCE ? "source lost" : "destination lost", 0,
              0);
  mailbox_post (w->shared->mailbox,
                &(struct notice) { .kind = NOTICE_LOST,
                                   .side = side,
                                   .worker = w->number,
                                   .attempt = w->connections[side].failures,
                                   .wait = wait,
                                   .why = *why });
}

/* Nothing of a conn that is no more may be retired. */
static void
forget_ready (struct worker *w, const struct conn *c)
{
  struct list_node *next, *n = list_first (&w->lane.ready);

  for (; n; n = next) {
    next = list_next (&w->lane.ready, n);
    if (list_entry (n, struct io, link)->conn == c)
      list_remove (n);
  }
}

/* What was written since the last flush may be lost with the connection, and is
 * copied again.  False, with the error set, where that cannot be done.
 */
static bool
copy_again (struct worker *w, const struct error *why, struct error *e)
{
  const bool from_stream = endpoint_caps (w->copy->endpoints[SOURCE])->stream
    && !unflushed_is_empty (&w->lane.unflushed);

  w->flushing = false;
  if (unflushed_lost (&w->lane.unflushed, w->lane.n_writing) && !from_stream) {
    if (unflushed_has_again (&w->lane.unflushed))
      w->out_of_work = false;
    return true;
  }
  error_set_at (e, why->number, &why->place,
                "%s; what was written before cannot be written"
                " again: %s",
                why->text,
                from_stream ? "it came from a stream" : "it is too much");
  e->kind = why->kind;
  return false;
}

/* A side's conn has failed because of why: what it had in flight is put off,
 * and it is made anew after a while.  -1 with the error set when it is not.
 * Once the copy is ending, neither is of use: what counts is already known.
 */
static int
lose (struct worker *w, enum side side, const struct error *why,
      struct error *e)
{
  struct connection *l = &w->connections[side];
  struct conn *c = l->conn;
  uint64_t wait;
  bool all_known = true, anew;

  if (side == DESTINATION)
    track_close (w->track, w->flush.traced, ENOTCONN);
  if (side == DESTINATION && connection_is_up (l))
    all_known = copy_again (w, why, e);
  forget_ready (w, c);
  anew = connection_drop (l, &w->copy->plan.retry, why, &wait);
  forget_ready (w, c); /* closing it can have brought up more */
  lane_lost (&w->lane, side);
  extents_lost (w->cursor.extents[side]);
  if (is_winding_down (w)) {
    *e = (struct error) { 0 };
    return 0;
  }
  if (!all_known)
    return -1;
  if (!anew) {
    *e = *why;
    return -1;
  }
  tell_loss (w, side, why, wait);
  return 0;
}

static void
welcome (struct worker *w, enum side side)
{
  track_mark (w->track, side == SOURCE ? "source back" : "destination back", 0,
              0);
  mailbox_post (w->shared->mailbox,
                &(struct notice) {
                  .kind = NOTICE_BACK, .side = side, .worker = w->number });
}

/* Moves on what is lost.  -1 with the error set when that is no use. */
static int
mend_links (struct worker *w, uint64_t now, struct error *e)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct error why = { 0 };

    switch (connection_mend (&w->connections[side], now, w->copy->plan.patience,
                             &why)) {
    case CONNECTION_NO_NEWS:
      break;
    case CONNECTION_IS_BACK:
      welcome (w, side);
      break;
    case CONNECTION_FAILED:
      if (lose (w, side, &why, e) == -1)
        return -1;
      break;
    case CONNECTION_DIFFERS:
      *e = why;
      return -1;
    }
  }
  return 0;
}

/* -- the loop ------------------------------------------------------------- */

/* One warning for each side and copy, however many ranges it concerns. */
static void
warn_of_extents (struct worker *w, const struct conn *c,
                 const struct extents *x)
{
  atomic_bool *warned = &w->shared->warned[conn_side (c)];
  int err;

  if (extents_failures (x, &err) == 0 || atomic_exchange (warned, true))
    return;
  log_warning_as ("block-status-failed",
                  "%s: block status failed: %s: such ranges count"
                  " as data",
                  conn_name (c), err ? request_strerror (err) : "no answer");
}

static void
take_extents (struct worker *w, struct io *io, int err)
{
  struct conn *c = io->conn;
  struct extents *x = w->cursor.extents[conn_side (c)];
  const unsigned n = extents_answer (x, io, err);

  counter_add (&w->stats.questions, 1);
  track_span (w->track,
              conn_side (c) == SOURCE ? "source extents"
                                      : "destination extents",
              io->started, io->offset, io->length, err);
  warn_of_extents (w, c, x);
  if (log_details ())
    log_detail ("worker %u: %s: block status completed in %" PRIu64 " us"
                " offset=%" PRIu64 " length=%" PRIu64 " extents=%u%s%s",
                w->number, conn_name (c),
                (clock_now () - io->started) / NS_PER_US, io->offset,
                io->length, n, err ? ": " : "",
                err ? request_strerror (err) : "");
}

static void
start_flush (struct worker *w)
{
  unflushed_flush_begins (&w->lane.unflushed);
  w->flush = (struct io) { .verb = IO_FLUSH, .ready = &w->lane.ready };
  w->flushing = true;
  log_detail ("worker %u: flush", w->number);
  conn_start (destination_conn (w), &w->flush);
  w->flush.traced = track_open (w->track, "flush", TRACK_NO_NUMBER, 0, 0);
}

/* A flush is over.  After a failure nobody knows what was stored: it is the
 * same as if the connection were lost.
 */
static int
end_flush (struct worker *w, int err, struct error *e)
{
  static const struct error_place place = { .side = "destination",
                                            .op = "flush" };
  struct error why = { 0 };

  if (err) {
    error_set_at (&why, err, &place, "%s: flush failed: %s",
                  conn_name (destination_conn (w)), request_strerror (err));
    return lose (w, DESTINATION, &why, e);
  }
  w->flushing = false;
  if (w->copy->map)
    map_mark (w->copy->map, &w->lane.unflushed.covered);
  unflushed_flush_ends (&w->lane.unflushed);
  connection_works (&w->connections[DESTINATION]);
  log_detail ("worker %u: flush completed in %" PRIu64 " us", w->number,
              (clock_now () - w->flush.started) / NS_PER_US);
  return 0;
}

/* A connection that has died is known by what fails on it, too. */
static int
lose_dead (struct worker *w, const struct io *io, int err, struct error *e)
{
  struct error why = { 0 };

  endpoint_error (io->conn->endpoint, &why, ERROR_CONNECTION_LOST, ENOTCONN,
                  "the connection is lost: %s", strerror (err));
  return lose (w, conn_side (io->conn), &why, e);
}

/* The quickest answers say how far away the side is: the others have waited, too.
 * A stream has no distance.
 */
static void
note_trip (struct worker *w, enum side side, const struct io *io, uint64_t now)
{
  if ((io->verb == IO_READ || io->verb == IO_WRITE)
      && !conn_is_stream (io->conn)) {
    const uint64_t took = now - io->started;
    const uint64_t span = max_u64 (TRIPS_SPAN, TRIPS_SPAN_TRIPS * took);

    counter_set (&w->stats.last_rtt[side], took);
    counter_set (&w->stats.rtt[side],
                 rtt_note (&w->rtt[side], took, now, span));
  }
}

static int
step (struct worker *w, struct io *io, int err, struct error *e)
{
  const enum side side = conn_side (io->conn);
  const uint64_t now = clock_now ();

  w->connections[side].moved = now;
  if (err == 0)
    note_trip (w, side, io, now);
  if (io->verb == IO_EXTENTS) {
    take_extents (w, io, err);
    return 0;
  }
  if (io->verb == IO_FLUSH)
    return end_flush (w, err, e);
  if (err == 0 && io->verb == IO_READ)
    connection_works (&w->connections[side]);
  return request_step (&w->lane, io, err, e);
}

/* Steps what is over, and what gets over by that.  -1 with the error set. */
static int
drain (struct worker *w, struct error *e)
{
  struct list_node *n;

  while ((n = list_take (&w->lane.ready)) != NULL) {
    struct io *io = list_entry (n, struct io, link);
    const int err = conn_retire (io);
    int r;

    track_close (w->track, io->traced, err);
    r = err && conn_state (io->conn) == CONN_DEAD ? lose_dead (w, io, err, e)
                                                  : step (w, io, err, e);

    if (r == -1)
      return -1;
  }
  return 0;
}

/* What tells of the next thing about stopping: next to what this worker has
 * taken in, not to what has happened by now, or that would be slept through.
 */
static int
next_stop_fd (const struct worker *w)
{
  return w->leaving   ? -1
    : w->wind_down_by ? stop_now_fd (w->copy->stop)
                      : stop_fd (w->copy->stop);
}

/* Where this process was stopped for a while, the servers were not silent: what
 * they have for us lies in the sockets.  All waits for them begin again.
 */
static void
look_up (struct worker *w, int wait_ms)
{
  const uint64_t now = clock_now ();
  const uint64_t away = now - w->looked;
  const bool stopped = clock_overslept (w->looked, wait_ms, now);

  w->looked = now;
  if (!stopped)
    return;
  log_detail ("worker %u: this process was stopped: no time counts of the last"
              " %" PRIu64 " ms",
              w->number, away / NS_PER_MS);
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    w->connections[side].moved = now;
    if (w->connections[side].state == CONNECTION_CONNECTING)
      w->connections[side].due += away;
    extents_restart (w->cursor.extents[side], now);
  }
  if (w->wind_down_by)
    w->wind_down_by += away;
}

/* Sleeps until a conn can move, the copy is to stop, also_fd (-1: none) is
 * readable, or the deadline (0: none) phases; then moves what can be moved.
 */
static int
turn (struct worker *w, int also_fd, uint64_t deadline, struct error *e)
{
  struct pollfd fds[4];
  int wait_ms = 0, r;

  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    connection_submit (&w->connections[side]);
    connection_poll_events (&w->connections[side], &fds[side]);
  }
  fds[2].fd = next_stop_fd (w);
  fds[3].fd = also_fd;
  fds[2].events = fds[3].events = POLLIN;
  if (list_empty (&w->lane.ready))
    wait_ms = clock_poll_timeout (deadline, clock_now ());

  r = poll (fds, 4, wait_ms);
  look_up (w, wait_ms);
  if (r == -1) {
    if (errno == EINTR)
      return 0;
    error_set (e, errno, "poll: %s", strerror (errno));
    return -1;
  }
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct error why = { 0 };

    if (connection_dispatch (&w->connections[side], fds[side].revents, &why)
          == -1
        && lose (w, side, &why, e) == -1)
      return -1;
  }
  return 0;
}

/* -- starting ------------------------------------------------------------- */

static void
note_waiting (struct worker *w, bool *waits, bool now, const char *what)
{
  if (*waits == now)
    return;
  *waits = now;
  log_detail ("worker %u: %s %s at offset=%" PRIu64, w->number,
              now ? "waiting for" : "woken by", what, w->cursor.at);
}

static void
skip (struct worker *w, const struct work *work)
{
  const uint64_t length = range_length (work->range);

  track_mark (w->track, "skip", work->range.start, length);
  if (w->phase->compares) {
    counter_add (&w->stats.holes, length);
    return;
  }
  counter_add (work->again ? &w->stats.again : &w->stats.skipped, length);
  unflushed_note (&w->lane.unflushed, work->range);
}

/* Whether the window and the limit have room for so many bytes, those that go
 * through our memory, and there are buffers for so many of a side.
 */
static bool
has_room (struct worker *w, uint64_t bytes, uint64_t length)
{
  if (!lane_has_room (&w->lane, bytes, length))
    return false;
  if (bytes > 0)
    w->limited_until = ratelimit_take (w->copy->ratelimit, bytes, clock_now ());
  if (w->limited_until)
    counter_add (&w->stats.limited, 1);
  return w->limited_until == 0;
}

/* A worker that has just come up is not counted yet: the others still have what
 * will be its part.
 */
static uint64_t
window (const struct worker *w)
{
  const uint64_t each = counter_get (&w->shared->window);

  return w->ordinal < w->shared->sharers
    ? each
    : min_u64 (each, tuner_first (&w->copy->plan).window);
}

/* Starts as much as the window and the limit allow. */
static void
fill (struct worker *w)
{
  struct cursor *c = &w->cursor;

  window_limit (&w->lane.window, window (w));
  c->request_max = lane_request_max (&w->lane,
                                     counter_get (&w->shared->request_size));
  for (;;) {
    const struct work work = cursor_next (c);
    const uint64_t length = range_length (work.range);

    cursor_ask (c);
    note_waiting (w, &w->waiting, work.kind == AWAIT_EXTENTS, "extents");
    note_waiting (w, &w->ahead, work.kind == AWAIT_DIGEST, "the digest");
    switch (work.kind) {
    case NO_WORK:
      w->out_of_work = true;
      return;
    case AWAIT_EXTENTS:
    case AWAIT_DIGEST:
      return;
    case COPY:
      if (!has_room (w, length, length))
        return;
      request_copy (&w->lane, &work);
      break;
    case ZERO:
      if (!has_room (w, w->lane.zero_way == ZERO_WRITE ? length : 0, 0))
        return;
      request_zero (&w->lane, &work);
      break;
    case SKIP:
      if (unflushed_is_full (&w->lane.unflushed))
        return;
      skip (w, &work);
      break;
    case COMPARE:
      if (!has_room (w, request_read_bytes (length, work.sides), length))
        return;
      request_compare (&w->lane, &work);
      break;
    }
    cursor_advance (c, &work);
  }
}

/* -- the life of a worker ------------------------------------------------- */

enum step { GO_ON, ENOUGH, FAILED };

static struct phase *
last_phase (const struct worker *w)
{
  return &w->shared->phases[w->shared->n_phases - 1];
}

/* The pair's conns; the first worker's are open already.  ENOUGH when this
 * worker is not needed or cannot be had.
 */
static enum step
connect_pair (struct worker *w, struct error *e)
{
  const int watch[2] = { stop_fd (w->copy->stop), last_phase (w)->finished };
  struct endpoint *const *endpoints = w->copy->endpoints;
  struct conn *pair[2] = { NULL, NULL };
  struct error why = { 0 };
  unsigned which;
  int r = -1;

  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    w->connections[side].endpoint = endpoints[side];
    w->connections[side].number = w->number;
    if (side == SOURCE || pair[SOURCE])
      pair[side] = endpoint_conn (endpoints[side], w->number, &why);
    w->connections[side].conn = pair[side];
  }
  if (pair[SOURCE] && pair[DESTINATION])
    r = conn_wait_ready (pair, 2, watch, 2, clock_now () + CONNECT_PATIENCE,
                         &which, &why);
  if (r == 0)
    return ENOUGH;
  if (r == -1 && w->number > 0) {
    log_warning_as ("fewer-connections", "%s: going on without connection %u",
                    why.text, w->number + 1);
    return ENOUGH;
  }
  if (r == -1) {
    *e = why;
    return FAILED;
  }
  if (conn_verify (pair[SOURCE], e) == -1
      || conn_verify (pair[DESTINATION], e) == -1)
    return FAILED;
  w->connections[SOURCE].state = w->connections[DESTINATION].state =
    CONNECTION_UP;
  return GO_ON;
}

/* Where it is not wanted, all of it is data. */
static struct extents *
new_extents (struct worker *w, enum side side, bool wanted)
{
  struct connection *l = &w->connections[side];

  return extents_new (l, &w->lane.ready,
                      wanted ? endpoint_caps (l->endpoint)->extents_max : 0);
}

static int
buy_memory (struct worker *w)
{
  const struct plan *plan = &w->copy->plan;

  if (lane_init (&w->lane, w->number, plan, w->shared->zeroes, &w->stats) == -1)
    return -1;
  w->lane.connections = w->connections;
  w->lane.track = w->track;
  w->lane.mailbox = w->shared->mailbox;
  w->lane.differences = w->shared->differences;
  w->cursor = (struct cursor) {
    .worker = w->number,
    .plan = plan,
    .zero_way = &w->lane.zero_way,
    .unflushed = &w->lane.unflushed,
    .ratelimit = w->copy->ratelimit,
    .track = w->track,
    .extents = { new_extents (w, SOURCE, plan->source_extents),
                 new_extents (w, DESTINATION,
                              plan->zero.ask_destination
                                || plan->destination_extents) },
  };
  return w->cursor.extents[SOURCE] && w->cursor.extents[DESTINATION] ? 0 : -1;
}

/* The first worker takes what it needs before any other takes anything: then
 * there is one that copies, however little there is for the rest.
 */
static void
wait_for_first (struct worker *w)
{
  if (w->number == 0)
    return;
  while (sem_wait (&w->shared->first) == -1)
    ;
  sem_post (&w->shared->first);
}

/* Both connections and all memory, or nothing.  A further worker that leaves
 * too little to the others is given up, like one that cannot be had.
 */
static enum step
buy (struct worker *w, struct error *e)
{
  const bool further = w->number > 0;
  enum step r;

  if (further && !headroom_is_left (SPARE_DESCRIPTORS, HEADROOM_MEMORY))
    goto fail;
  if ((r = connect_pair (w, e)) != GO_ON)
    return r;
  if (buy_memory (w) == 0
      && (!further || headroom_is_left (SPARE_DESCRIPTORS, HEADROOM_MEMORY)))
    return GO_ON;

fail:
  error_set (e, errno, "worker %u: %s", w->number, strerror (errno));
  if (!further)
    return FAILED;
  log_warning_as ("fewer-workers", "%s: copying with fewer workers", e->text);
  return ENOUGH;
}

/* Whether the time for what is in flight at the end is over. */
static bool
is_overdue (struct worker *w, uint64_t patience)
{
  if (!is_winding_down (w))
    return false;
  if (w->wind_down_by == 0)
    w->wind_down_by = clock_now () + patience;
  return clock_now () >= w->wind_down_by;
}

/* When a side that answers nothing is given up; 0 for never.  A single request
 * may take its time, as zeroing much does, as long as others are answered.
 */
static uint64_t
stall_deadline (const struct worker *w, enum side side)
{
  return !lane_awaits (&w->lane, side) || w->copy->plan.stall == 0
    ? 0
    : w->connections[side].moved + w->copy->plan.stall;
}

/* When there is to be a flush; 0 for never.  The last one is not meant here. */
static uint64_t
flush_deadline (const struct worker *w, uint64_t now)
{
  if (w->copy->plan.checkpoint == 0 || w->flushing || !is_up (w, DESTINATION)
      || unflushed_is_empty (&w->lane.unflushed))
    return 0;
  return unflushed_wants_flush (&w->lane.unflushed) ? now : w->checkpoint;
}

static uint64_t
earliest (const uint64_t *deadlines, size_t n)
{
  uint64_t next = 0;

  for (size_t i = 0; i < n; i++)
    next = clock_earlier (next, deadlines[i]);
  return next;
}

/* When there is something new to start although nothing moved. */
static uint64_t
start_deadline (const struct worker *w)
{
  const uint64_t deadlines[] = {
    extents_deadline (w->cursor.extents[SOURCE]),
    extents_deadline (w->cursor.extents[DESTINATION]),
    connection_deadline (&w->connections[SOURCE]),
    connection_deadline (&w->connections[DESTINATION]),
    lane_deadline (&w->lane),
    w->limited_until,
  };

  return earliest (deadlines, sizeof deadlines / sizeof deadlines[0]);
}

/* When the loop has to look again although nothing moved. */
static uint64_t
next_deadline (const struct worker *w, uint64_t now)
{
  const uint64_t deadlines[] = {
    is_winding_down (w) ? 0 : start_deadline (w),
    stall_deadline (w, SOURCE),
    stall_deadline (w, DESTINATION),
    flush_deadline (w, now),
    w->wind_down_by,
  };

  return earliest (deadlines, sizeof deadlines / sizeof deadlines[0]);
}

/* Drops what a side does not answer any more.  -1 with the error set. */
static int
lose_silent (struct worker *w, uint64_t now, struct error *e)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    const uint64_t deadline = stall_deadline (w, side);
    struct error why = { 0 };

    if (!lane_awaits (&w->lane, side))
      w->connections[side].moved = now; /* what comes next starts the wait */
    /* Judged by what the last poll has seen, not by what came since. */
    if (deadline == 0 || w->looked < deadline)
      continue;
    lane_blame (&w->lane, side, &why);
    if (lose (w, side, &why, e) == -1)
      return -1;
  }
  return 0;
}

/* Whether a signal has left only streams to wait for, which owe nothing: what
 * they have not taken or brought by now is dropped.
 */
static bool
has_wound_down (struct worker *w)
{
  if (!is_winding_down (w) || lane_awaits (&w->lane, SOURCE)
      || lane_awaits (&w->lane, DESTINATION))
    return false;
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (is_up (w, side) && conn_is_stream (w->connections[side].conn))
      conn_shutdown (w->connections[side].conn);
  return true;
}

/* Lets the digest have what there is for it.  True when it took something, and
 * there can be more to do at once.
 */
static bool
digest (struct worker *w)
{
  bool took, folded;

  if (w->lane.feed == NULL)
    return false;
  took = lane_digest (&w->lane, cursor_in_stripe (&w->cursor));
  folded = feed_fold (w->lane.feed);
  return took || folded;
}

static void
flush_when_due (struct worker *w, uint64_t now)
{
  const uint64_t due = flush_deadline (w, now);

  if (due == 0 || now < due)
    return;
  start_flush (w);
  w->checkpoint = now + w->copy->plan.checkpoint;
}

/* Starts what there is to start, now that both sides are there. */
static void
go_on_copying (struct worker *w, uint64_t now)
{
  extents_give_up (w->cursor.extents[SOURCE], now);
  extents_give_up (w->cursor.extents[DESTINATION], now);
  fill (w);
}

/* Tells the trace what the worker is about to sleep for. */
static void
trace_turn (struct worker *w, bool busy)
{
  track_level (w->track, "window", w->lane.window.bytes);
  track_state (w->track,
               busy ? "digesting"
                 : !is_up (w, SOURCE) || !is_up (w, DESTINATION)
                 ? "waiting for a connection"
                 : w->out_of_work   ? "waiting for answers"
                 : w->waiting       ? "waiting for extents"
                 : w->ahead         ? "waiting for the digest"
                 : w->limited_until ? "waiting for the limit"
                                    : "window full");
}

/* The copy has failed here.  This worker and all others end: at once, or in
 * order, which each of them sees in its own loop.
 */
static void
end_copy (struct worker *w, struct error *e)
{
  stop_fail (w->copy->stop, e);
  *e = (struct error) { 0 };
}

/* What is still in flight is no longer waited for.  A flush covers what was
 * answered before.  But a destination that has answered nothing meanwhile would
 * not answer that, either.
 */
static enum step
stop_waiting (const struct worker *w)
{
  return lane_awaits (&w->lane, DESTINATION)
      && w->connections[DESTINATION].moved + WIND_DOWN < w->wind_down_by
    ? ENOUGH
    : GO_ON;
}

/* Copies, or compares, until there is nothing left to take and nothing in
 * flight.
 */
static enum step
copy_stripes (struct worker *w, struct error *e)
{
  w->out_of_work = false;
  for (;;) {
    const uint64_t now = clock_now ();
    bool busy;

    if (stop_is_now (w->copy->stop))
      return ENOUGH;
    if (is_overdue (w, WIND_DOWN))
      return stop_waiting (w);
    if (drain (w, e) == -1 || lose_silent (w, now, e) == -1
        || (!is_winding_down (w) && mend_links (w, now, e) == -1)) {
      end_copy (w, e);
      continue;
    }
    if (is_winding_down (w)) {
      w->out_of_work = true;
      lane_forget_later (&w->lane);
    }
    if (w->lane.ended)
      w->out_of_work = true;
    lane_resume (&w->lane, now);
    w->limited_until = 0;
    if (!w->out_of_work && is_up (w, SOURCE) && is_up (w, DESTINATION))
      go_on_copying (w, now);
    flush_when_due (w, now);
    busy = digest (w);
    counter_set (&w->stats.inflight, w->lane.window.requests);
    if ((w->out_of_work && !busy && lane_is_empty (&w->lane))
        || has_wound_down (w))
      return GO_ON;
    if (w->track)
      trace_turn (w, busy);
    if (turn (w, w->ahead && !w->out_of_work ? feed_fd (w->lane.feed) : -1,
              busy ? now : next_deadline (w, now), e)
        == -1)
      end_copy (w, e);
  }
}

/* A flush speaks of writes that were answered, and of those on other
 * connections, too: so it waits until all workers have all answers.
 */
static enum step
wait_for_others (struct worker *w, struct error *e)
{
  if (is_winding_down (w))
    return GO_ON;
  if (w->lane.ended)
    stripes_end (w->phase->stripes);
  track_state (w->track, "waiting for others");
  if (stripes_finish (w->phase->stripes, w->number))
    notifier_signal (w->phase->finished);
  while (!notifier_is_set (w->phase->finished)) {
    const uint64_t now = clock_now ();

    if (stop_is_now (w->copy->stop))
      return ENOUGH;
    if (is_winding_down (w) || unflushed_has_again (&w->lane.unflushed))
      return GO_ON;
    flush_when_due (w, now);
    if (turn (w, w->phase->finished, flush_deadline (w, now), e) == -1
        || drain (w, e) == -1)
      end_copy (w, e);
  }
  return GO_ON;
}

/* Waits for the flush in flight, where there is one. */
static enum step
end_flushing (struct worker *w, struct error *e)
{
  while (w->flushing) {
    if (stop_is_now (w->copy->stop) || is_overdue (w, WIND_DOWN_FLUSH))
      return ENOUGH;
    if (turn (w, -1, w->wind_down_by, e) == -1 || drain (w, e) == -1)
      end_copy (w, e);
  }
  return GO_ON;
}

/* What gets lost meanwhile is left to be copied again. */
static enum step
flush (struct worker *w, struct error *e)
{
  const uint64_t start = clock_now ();
  enum step r;

  if (!w->copy->plan.flush || w->phase->compares)
    return GO_ON;
  w->wind_down_by = 0;
  if ((r = end_flushing (w, e)) != GO_ON || !is_up (w, DESTINATION)
      || (is_winding_down (w) && unflushed_is_empty (&w->lane.unflushed)))
    return r;
  start_flush (w);
  track_state (w->track, "waiting for the flush");
  r = end_flushing (w, e);
  counter_set (&w->stats.flush_time, clock_now () - start);
  return r;
}

/* Takes what is still on its way, too, and throws it away: some servers do not
 * survive a client that hangs up on them in the middle of a reply.
 */
static void
leave (struct worker *w)
{
  const uint64_t deadline = clock_now () + LEAVE_PATIENCE;

  w->leaving = true;
  track_state (w->track, "leaving");
  for (;;) {
    struct pollfd fds[2];
    bool left = true;

    for (enum side side = SOURCE; side <= DESTINATION; side++)
      left = (!is_up (w, side) || conn_shutdown (w->connections[side].conn))
        && left;
    if (left || clock_now () >= deadline || stop_is_immediate (w->copy->stop))
      return;
    while (list_take (&w->lane.ready))
      ;
    for (enum side side = SOURCE; side <= DESTINATION; side++) {
      connection_submit (&w->connections[side]);
      connection_poll_events (&w->connections[side], &fds[side]);
    }
    if (poll (fds, 2, clock_poll_timeout (deadline, clock_now ())) == -1)
      continue;
    /* A conn that is lost has left; the other one may still have to. */
    for (enum side side = SOURCE; side <= DESTINATION; side++)
      connection_dispatch (&w->connections[side], fds[side].revents,
                           &(struct error) { 0 });
  }
}

/* What was known of the destination is of a time before it was written to. */
static void
begin_phase (struct worker *w, struct phase *phase)
{
  w->phase = phase;
  track_mark (w->track, phase->compares ? "compare" : "copy", 0, 0);
  w->lane.feed = phase->blkhash ? blkhash_feed (phase->blkhash, w->number)
                                : NULL;
  cursor_begin (&w->cursor, phase->stripes, w->lane.feed, phase->in_order,
                phase->compares);
  w->checkpoint = clock_now () + w->copy->plan.checkpoint;
  atomic_fetch_add (&phase->unsettled, 1);
  if (!phase->compares)
    return;
  unflushed_forget (&w->lane.unflushed);
  if (!w->copy->plan.destination_extents)
    extents_ask_no_more (w->cursor.extents[DESTINATION]);
}

/* All of it, and once more what gets lost until it is flushed. */
static enum step
do_phase (struct worker *w, struct error *e)
{
  enum step r;

  do {
    if ((r = copy_stripes (w, e)) != GO_ON
        || (r = wait_for_others (w, e)) != GO_ON || (r = flush (w, e)) != GO_ON)
      return r;
  } while (unflushed_has_again (&w->lane.unflushed) && !is_winding_down (w));
  return GO_ON;
}

/* Waits until all workers that may have written have flushed: what is read
 * again has to be what is stored, whoever wrote it.  Workers that come later
 * have nothing to flush.
 */
static enum step
settle (struct worker *w, struct error *e)
{
  struct phase *phase = w->phase;

  if (atomic_fetch_sub (&phase->unsettled, 1) == 1
      && notifier_is_set (phase->finished)
      && !notifier_is_set (phase->settled)) {
    atomic_store (&phase[1].began, clock_now ());
    notifier_signal (phase->settled);
  }
  track_state (w->track, "waiting for others");
  while (!notifier_is_set (phase->settled)) {
    if (stop_is_now (w->copy->stop))
      return ENOUGH;
    if (is_winding_down (w))
      return GO_ON;
    if (turn (w, phase->settled, 0, e) == -1 || drain (w, e) == -1)
      return FAILED;
  }
  return GO_ON;
}

/* Whether anything that was lost after all was done is still to be copied
 * again: a signal does not wait for that.
 */
static bool
owes (const struct worker *w)
{
  return unflushed_has_again (&w->lane.unflushed) || w->cursor.again
    || w->lane.forgot;
}

static enum step
work (struct worker *w, struct error *e)
{
  struct phase *phase = w->shared->phases;
  enum step r;

  w->looked = clock_now ();
  for (;; phase++) {
    begin_phase (w, phase);
    if ((r = do_phase (w, e)) != GO_ON)
      return r;
    if (is_winding_down (w) || phase == last_phase (w))
      break;
    if ((r = settle (w, e)) != GO_ON)
      return r;
  }
  if (notifier_is_set (last_phase (w)->finished) && !owes (w))
    w->outcome = FINISHED;
  return GO_ON;
}

void *
worker_run (void *opaque)
{
  struct worker *w = opaque;
  const uint64_t start = clock_now ();
  struct error e = { 0 };
  enum step r;

  w->track = trace_worker (w->copy->trace, w->number);
  track_state (w->track, "connecting");
  wait_for_first (w);
  r = buy (w, &e);
  atomic_fetch_add (&w->shared->n_bought, 1);
  if (w->number == 0)
    sem_post (&w->shared->first);
  if (r == GO_ON) {
    log_detail ("worker %u: start, connected in %" PRIu64 " us", w->number,
                (clock_now () - start) / NS_PER_US);
    w->ordinal = atomic_fetch_add (&w->shared->n_connected, 1);
    w->outcome = STOPPED;
    r = work (w, &e);
  }
  if (r == FAILED) {
    w->outcome = STOPPED;
    stop_fail (w->copy->stop, &e);
  }
  leave (w);
  track_state (w->track, NULL);
  conn_close (source_conn (w));
  conn_close (destination_conn (w));
  extents_free (w->cursor.extents[SOURCE]);
  extents_free (w->cursor.extents[DESTINATION]);
  lane_free (&w->lane);
  atomic_fetch_add (&w->shared->n_ended, 1);
  notifier_signal (w->shared->notifier);
  return NULL;
}
