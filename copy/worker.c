/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker: a thread with its own pair of conns and its own poll loop. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arith.h"
#include "bell.h"
#include "clock.h"
#include "log.h"
#include "worker.h"

/* How long a further connection may take to come up: a server that takes only
 * so many leaves the others in its backlog for ever.
 */
#define CONNECT_PATIENCE (5 * NS_PER_S)

/* After a signal: for what is in flight, and for the flush behind it. */
#define WIND_DOWN (5 * NS_PER_S)
#define WIND_DOWN_FLUSH (20 * NS_PER_S)

/* For the goodbye, which is only politeness: everything is stored by then, or
 * the copy has failed.
 */
#define LEAVE_PATIENCE NS_PER_S

/* -- the loop ------------------------------------------------------------- */

/* One warning for each side and copy, however many ranges it concerns. */
static void
warn_of_extents (struct worker *w, const struct conn *c,
                 const struct extents *x)
{
  atomic_bool *warned = c == w->source ? &w->job->warned_source
    : &w->job->warned_destination;
  int err;

  if (extents_failures (x, &err) == 0 || atomic_exchange (warned, true))
    return;
  log_warning ("%s: block status failed: %s: such ranges count as data",
               conn_name (c), err ? request_strerror (err) : "no answer");
}

static void
take_extents (struct worker *w, struct conn *c, struct io *io, int err)
{
  struct extents *x = c == w->source ? w->source_map : w->destination_map;
  const unsigned n = extents_answer (x, io, err);

  counter_add (&w->stats.questions, 1);
  warn_of_extents (w, c, x);
  if (log_details ())
    log_detail ("worker %u: %s: block status completed in %" PRIu64 " us"
                " offset=%" PRIu64 " length=%" PRIu64 " extents=%u%s%s",
                w->number, conn_name (c),
                (clock_now () - io->started) / NS_PER_US, io->offset,
                io->length, n, err ? ": " : "",
                err ? request_strerror (err) : "");
}

static struct conn *
conn_of (struct worker *w, const struct io *io)
{
  if (io->verb == IO_EXTENTS)
    return extents_owns (w->source_map, io) ? w->source : w->destination;
  return io->verb == IO_READ ? w->source : w->destination;
}

/* Steps what is over, and what gets over by that.  -1 with the error set. */
static int
drain (struct worker *w, struct error *e)
{
  struct list_node *n;

  while ((n = list_take (&w->lane.ready)) != NULL) {
    struct io *io = list_entry (n, struct io, link);
    struct conn *c = conn_of (w, io);
    const int err = conn_retire (c, io);

    w->moved = clock_now ();
    if (io->verb == IO_EXTENTS)
      take_extents (w, c, io, err);
    else if (io->verb == IO_FLUSH) {
      w->flushing = false;
      w->flush_error = err;
    }
    else if (request_step (&w->lane, io, err, e) == -1)
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
  return w->leaving ? -1
    : w->wind_down_by ? stop_now_fd (w->job->stop) : stop_fd (w->job->stop);
}

/* Sleeps until a conn can move, the copy is to stop, also_fd (-1: none) is
 * readable, or the deadline (0: none) passes; then moves what can be moved.
 */
static int
turn (struct worker *w, int also_fd, uint64_t deadline, struct error *e)
{
  struct pollfd fds[4];
  int wait_ms = 0;

  conn_want (w->source, &fds[0]);
  conn_want (w->destination, &fds[1]);
  fds[2].fd = next_stop_fd (w);
  fds[3].fd = also_fd;
  fds[2].events = fds[3].events = POLLIN;
  if (list_empty (&w->lane.ready))
    wait_ms = clock_poll_timeout (deadline, clock_now ());

  if (poll (fds, 4, wait_ms) == -1) {
    if (errno == EINTR)
      return 0;
    error_set (e, errno, "poll: %s", strerror (errno));
    return -1;
  }
  if (fds[0].revents && conn_turn (w->source, fds[0].revents, e) == -1)
    return -1;
  if (fds[1].revents && conn_turn (w->destination, fds[1].revents, e) == -1)
    return -1;
  return 0;
}

/* -- what to do next ------------------------------------------------------ */

enum kind {
  NOTHING,
  WAIT,                         /* for extents */
  AHEAD,                        /* of the digest: wait for its front */
  COPY, ZERO, SKIP
};

struct piece {
  enum kind kind;
  uint64_t end;                 /* it starts at the cursor */
  bool already_zero;            /* COPY: the destination reads as zeroes */
};

static void
tell_extent (struct worker *w, uint64_t end, enum extent_value value)
{
  if (!log_details () || w->cursor < w->told_to)
    return;
  w->told_to = end;
  log_detail ("worker %u: extent offset=%" PRIu64 " length=%" PRIu64 " %s",
              w->number, w->cursor, end - w->cursor,
              value == EXTENT_ZERO ? "zero" : "data");
}

/* Where the destination ends, its map does, too: only what comes from a stream
 * has no end before that is known.
 */
static uint64_t
map_end (const struct worker *w, uint64_t end)
{
  return min_u64 (end, w->job->plan->room);
}

static bool
take_stripe (struct worker *w)
{
  struct stripe s;

  if (!stripes_take (w->job->stripes, w->number, &s))
    return false;
  if (w->job->plan->in_order && s.end == w->stripe_end) {
    w->cursor = w->claimed = s.start;   /* others went on with it meanwhile */
    return true;
  }
  w->cursor = w->claimed = w->told_to = s.start;
  w->stripe_end = s.end;
  extents_aim (w->source_map, s.start, s.end);
  extents_aim (w->destination_map, s.start, map_end (w, s.end));
  log_detail ("worker %u: stripe offset=%" PRIu64 " length=%" PRIu64,
              w->number, s.start, s.end - s.start);
  return true;
}

/* In order, each claim starts where the one before ended, whoever had that. */
static bool
has_stripe (struct worker *w)
{
  if (w->cursor < w->claimed
      || (w->claimed < w->stripe_end && !w->job->plan->in_order))
    return true;
  return take_stripe (w);
}

/* False when others have claimed this place meanwhile. */
static bool
claim_in_order (struct worker *w, uint64_t want)
{
  struct stripe s;

  if (!stripes_claim_at (w->job->stripes, w->number, w->cursor, want, &s))
    return false;
  w->claimed = s.end;
  if (w->lane.feed)
    feed_open (w->lane.feed, s.start, s.end);
  return true;
}

/* Claims little of the data, so that the others can have their part, but the
 * whole of a zero extent, so that it is not cut up.
 */
static bool
claim (struct worker *w, uint64_t extent_end, enum extent_value value)
{
  uint64_t want = w->job->plan->claim;
  struct stripe s;
  bool got;

  if (value == EXTENT_ZERO)
    want = max_u64 (want, extent_end - w->cursor);
  if (w->job->plan->in_order)
    return claim_in_order (w, want);
  got = stripes_claim (w->job->stripes, w->number, want, &s, &w->stripe_end);
  assert (got && s.start == w->cursor);
  w->claimed = s.end;
  extents_end_at (w->source_map, w->stripe_end);
  extents_end_at (w->destination_map, map_end (w, w->stripe_end));
  return true;
}

/* The end of a zero extent, rounded inwards to what both sides can address. */
static uint64_t
round_in (const struct worker *w, uint64_t end)
{
  return end >= w->claimed ? w->claimed
    : align_down (end, w->job->plan->grain);
}

static uint64_t
round_out (const struct worker *w, uint64_t end)
{
  return min_u64 (align_up (end, w->job->plan->grain), w->claimed);
}

/* A run that is zero at the source: what has to be done depends on what the
 * destination holds.
 */
static struct piece
next_zero (struct worker *w, uint64_t end)
{
  const struct zero_plan *z = &w->job->plan->zero;
  enum extent_value there = EXTENT_DATA;
  uint64_t there_end = end;

  if (z->known == IS_ZERO_YES)
    return (struct piece) { SKIP, end, false };
  if (z->ask_destination) {
    if (extents_look (w->destination_map, w->cursor, &there_end, &there)
        == EXTENTS_WAIT)
      return (struct piece) { WAIT, 0, false };
    if (there == EXTENT_ZERO) {
      const uint64_t to = min_u64 (end, round_in (w, there_end));

      if (to > w->cursor)
        return (struct piece) { SKIP, to, false };
      there_end = round_out (w, there_end);
    }
  }
  end = min_u64 (end, round_out (w, there_end));
  return (struct piece) {
    ZERO, min_u64 (end, add_saturated (w->cursor,
                                       zero_way_max (z, w->lane.zero_way))),
    false
  };
}

static const struct pace *
pace (const struct worker *w)
{
  return &w->job->plan->paces[atomic_load_explicit (&w->job->pace,
                                                    memory_order_relaxed)];
}

/* A run of data: up to one request, across zero extents too short to matter. */
static struct piece
next_data (struct worker *w, uint64_t end)
{
  const struct plan *plan = w->job->plan;
  const uint64_t limit = min_u64 (w->claimed,
                                  w->cursor + pace (w)->request_size);
  enum extent_value value;
  uint64_t to;
  bool already_zero;

  while (end < limit
         && extents_peek (w->source_map, end, &to, &value) == EXTENTS_KNOWN
         && (value == EXTENT_DATA || to - end < plan->gap))
    end = to;
  end = min_u64 (limit, round_out (w, end));
  already_zero = plan->zero.known == IS_ZERO_YES
    || (plan->zero.ask_destination
        && extents_all_zero (w->destination_map, w->cursor,
                             map_end (w, end)));
  return (struct piece) { COPY, end, already_zero };
}

static struct piece
next_piece (struct worker *w)
{
  enum extent_value value;
  uint64_t end;

  if (w->lane.feed && w->cursor == w->claimed
      && !feed_has_room (w->lane.feed))
    return (struct piece) { AHEAD, 0, false };
  do {
    if (!has_stripe (w))
      return (struct piece) { NOTHING, 0, false };
    if (extents_look (w->source_map, w->cursor, &end, &value) == EXTENTS_WAIT)
      return (struct piece) { WAIT, 0, false };
  } while (w->cursor == w->claimed && !claim (w, end, value));
  tell_extent (w, end, value);

  if (value == EXTENT_ZERO
      && round_in (w, end) - w->cursor >= w->job->plan->gap
      && round_in (w, end) > w->cursor)
    return next_zero (w, round_in (w, end));
  return next_data (w, end);
}

static void
note_waiting (struct worker *w, bool *waits, bool now, const char *what)
{
  if (*waits == now)
    return;
  *waits = now;
  log_detail ("worker %u: %s %s at offset=%" PRIu64, w->number,
              now ? "waiting for" : "woken by", what, w->cursor);
}

/* Starts as much as the window allows.  -1 with the error set. */
static int
fill (struct worker *w, struct error *e)
{
  window_limit (&w->lane.window, pace (w)->queue_size);
  for (;;) {
    const struct piece p = next_piece (w);
    const uint64_t length = p.end - w->cursor;
    int r = 0;

    extents_ask (w->source_map);
    if (w->job->plan->zero.ask_destination)
      extents_ask (w->destination_map);
    note_waiting (w, &w->waiting, p.kind == WAIT, "extents");
    note_waiting (w, &w->ahead, p.kind == AHEAD, "the digest");
    switch (p.kind) {
    case NOTHING:
      w->out_of_work = true;
      return 0;
    case WAIT: case AHEAD:
      return 0;
    case COPY:
      if (!lane_has_room (&w->lane, length))
        return 0;
      r = request_copy (&w->lane, w->cursor, length, p.already_zero, e);
      break;
    case ZERO:
      if (!lane_has_room (&w->lane,
                          w->lane.zero_way == ZERO_WRITE ? length : 0))
        return 0;
      r = request_zero (&w->lane, w->cursor, length, e);
      break;
    case SKIP:
      counter_add (&w->stats.skipped, length);
      break;
    }
    w->cursor = p.end;
    if (r == -1)
      return -1;
  }
}

/* -- the life of a worker ------------------------------------------------- */

enum step { GO_ON, ENOUGH, FAILED };

/* The pair's conns; the first worker's are open already.  ENOUGH when this
 * worker is not needed or cannot be had.
 */
static enum step
connect_pair (struct worker *w, struct error *e)
{
  const int watch[2] = { stop_fd (w->job->stop), w->job->finished };
  struct conn *pair[2];
  struct error why = { 0 };
  unsigned which;
  int r = -1;

  w->source = pair[0] = endpoint_conn (w->job->source, w->number, &why);
  if (w->source)
    w->destination = pair[1] = endpoint_conn (w->job->destination, w->number,
                                              &why);
  if (w->source && w->destination)
    r = conn_wait_ready (pair, 2, watch, 2, clock_now () + CONNECT_PATIENCE,
                         &which, &why);
  if (r == 0)
    return ENOUGH;
  if (r == -1 && w->number > 0) {
    log_warning ("%s: going on without connection %u", why.text,
                 w->number + 1);
    return ENOUGH;
  }
  if (r == -1) {
    *e = why;
    return FAILED;
  }
  if (conn_compare (w->source, e) == -1
      || conn_compare (w->destination, e) == -1)
    return FAILED;
  return GO_ON;
}

static enum step
buy_memory (struct worker *w, struct error *e)
{
  const struct plan *plan = w->job->plan;

  if (lane_init (&w->lane, w->number, plan, w->job->zeroes, &w->stats) == -1)
    goto fail;
  w->lane.source = w->source;
  w->lane.destination = w->destination;
  if (w->job->blkhash)
    w->lane.feed = blkhash_feed (w->job->blkhash, w->number);
  w->source_map = extents_new (w->source, &w->lane.ready, plan->source_extents
                               ? endpoint_caps (w->job->source)->extents_max
                               : 0);
  w->destination_map = extents_new (w->destination, &w->lane.ready,
                                    plan->zero.ask_destination
                                    ? endpoint_caps (w->job->destination)
                                      ->extents_max : 0);
  if (w->source_map && w->destination_map)
    return GO_ON;

 fail:
  error_set (e, errno, "worker %u: %s", w->number, strerror (errno));
  return FAILED;
}

/* Whether the signal's time for what is in flight is over. */
static bool
is_overdue (struct worker *w, uint64_t patience)
{
  if (!stop_is_winding_down (w->job->stop))
    return false;
  if (w->wind_down_by == 0)
    w->wind_down_by = clock_now () + patience;
  return clock_now () >= w->wind_down_by;
}

/* When requests that nobody answers are given up; 0 for never.  A single one
 * may take its time, as zeroing much does, as long as others are answered.
 */
static uint64_t
stall_deadline (const struct worker *w)
{
  return !lane_awaits_answer (&w->lane) || w->job->plan->stall == 0 ? 0
    : w->moved + w->job->plan->stall;
}

/* When the loop has to look again although nothing moved. */
static uint64_t
next_deadline (const struct worker *w)
{
  const uint64_t extents = clock_earlier (
    extents_deadline (w->source_map), extents_deadline (w->destination_map));

  return clock_earlier (clock_earlier (extents, stall_deadline (w)),
                        w->wind_down_by);
}

/* Whether a signal has left only streams to wait for, which owe nothing: what
 * they have not taken or brought by now is dropped.
 */
static bool
has_wound_down (struct worker *w)
{
  if (!stop_is_winding_down (w->job->stop) || lane_awaits_answer (&w->lane))
    return false;
  if (conn_is_stream (w->source))
    conn_leave (w->source);
  if (conn_is_stream (w->destination))
    conn_leave (w->destination);
  return true;
}

/* Lets the digest have what there is for it.  True when it took something, and
 * there can be more to do at once.
 */
static bool
digest (struct worker *w, uint64_t now)
{
  bool took, folded;

  if (w->lane.feed == NULL)
    return false;
  took = lane_digest (&w->lane, w->cursor);
  folded = feed_fold (w->lane.feed);
  if (took)
    w->moved = now;
  return took || folded;
}

/* Copies until there is nothing left to take and nothing in flight. */
static enum step
copy_stripes (struct worker *w, struct error *e)
{
  w->out_of_work = false;
  for (;;) {
    const uint64_t now = clock_now ();
    bool busy;

    if (lane_is_empty (&w->lane))
      w->moved = now;           /* what is started next starts the wait */
    if (stop_is_now (w->job->stop) || is_overdue (w, WIND_DOWN))
      return ENOUGH;
    if (drain (w, e) == -1)
      return FAILED;
    if (stop_is_winding_down (w->job->stop) || w->lane.ended)
      w->out_of_work = true;
    if (!w->out_of_work) {
      extents_give_up (w->source_map, now);
      extents_give_up (w->destination_map, now);
      if (fill (w, e) == -1)
        return FAILED;
    }
    busy = digest (w, now);
    if ((w->out_of_work && !busy && lane_is_empty (&w->lane))
        || has_wound_down (w))
      return GO_ON;
    if (stall_deadline (w) != 0 && now >= stall_deadline (w)) {
      lane_blame (&w->lane, e);
      return FAILED;
    }
    if (turn (w, w->ahead && !w->out_of_work ? feed_fd (w->lane.feed) : -1,
              busy ? now : next_deadline (w), e) == -1)
      return FAILED;
  }
}

/* A flush speaks of writes that were answered, and of those on other
 * connections, too: so it waits until all workers have all answers.
 */
static enum step
wait_for_others (struct worker *w, struct error *e)
{
  if (stop_is_winding_down (w->job->stop))
    return GO_ON;
  if (w->lane.ended)
    stripes_end (w->job->stripes);
  if (stripes_finish (w->job->stripes, w->number))
    bell_ring (w->job->finished);
  while (!bell_is_rung (w->job->finished)) {
    if (stop_is_now (w->job->stop))
      return ENOUGH;
    if (stop_is_winding_down (w->job->stop))
      return GO_ON;
    if (turn (w, w->job->finished, 0, e) == -1 || drain (w, e) == -1)
      return FAILED;
  }
  return GO_ON;
}

static enum step
flush (struct worker *w, struct error *e)
{
  if (!w->job->plan->flush)
    return GO_ON;
  w->wind_down_by = 0;
  w->flush = (struct io) { .verb = IO_FLUSH, .ready = &w->lane.ready };
  log_detail ("worker %u: flush", w->number);
  w->flush_error = conn_start (w->destination, &w->flush);
  w->flushing = w->flush_error == 0;
  while (w->flushing) {
    if (stop_is_now (w->job->stop) || is_overdue (w, WIND_DOWN_FLUSH))
      return ENOUGH;
    if (turn (w, -1, w->wind_down_by, e) == -1 || drain (w, e) == -1)
      return FAILED;
  }
  if (w->flush_error) {
    error_set (e, w->flush_error, "%s: flush failed: %s",
               conn_name (w->destination), request_strerror (w->flush_error));
    return FAILED;
  }
  log_detail ("worker %u: flush completed in %" PRIu64 " us", w->number,
              (clock_now () - w->flush.started) / NS_PER_US);
  return GO_ON;
}

/* Takes what is still on its way, too, and throws it away: some servers do not
 * survive a client that hangs up on them in the middle of a reply.
 */
static void
leave (struct worker *w)
{
  const uint64_t deadline = clock_now () + LEAVE_PATIENCE;
  struct error ignored = { 0 };
  bool source_left, destination_left;

  w->leaving = true;
  for (;;) {
    source_left = conn_leave (w->source);
    destination_left = conn_leave (w->destination);
    if ((source_left && destination_left) || clock_now () >= deadline
        || stop_is_rude (w->job->stop))
      return;
    while (list_take (&w->lane.ready))
      ;
    /* A conn that is lost has left; the other one may still have to. */
    turn (w, -1, deadline, &ignored);
  }
}

static enum step
work (struct worker *w, struct error *e)
{
  enum step r;

  if ((r = buy_memory (w, e)) != GO_ON
      || (r = copy_stripes (w, e)) != GO_ON
      || (r = wait_for_others (w, e)) != GO_ON
      || (r = flush (w, e)) != GO_ON)
    return r;
  if (bell_is_rung (w->job->finished))
    w->outcome = FINISHED;
  return GO_ON;
}

void *
worker_run (void *opaque)
{
  struct worker *w = opaque;
  const uint64_t start = clock_now ();
  struct error e = { 0 };
  enum step r = connect_pair (w, &e);
  const bool connected = r == GO_ON;

  if (connected) {
    log_detail ("worker %u: start, connected in %" PRIu64 " us", w->number,
                (clock_now () - start) / NS_PER_US);
    w->outcome = STOPPED;
    r = work (w, &e);
  }
  if (r == FAILED) {
    w->outcome = STOPPED;
    stop_fail (w->job->stop, &e);
  }
  if (connected)
    leave (w);
  conn_close (w->source);
  conn_close (w->destination);
  extents_free (w->source_map);
  extents_free (w->destination_map);
  lane_free (&w->lane);
  bell_ring (w->job->ended);
  return NULL;
}
