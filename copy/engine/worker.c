/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of a worker: see worker.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "clock.h"
#include "engine/request.h"
#include "engine/worker.h"
#include "headroom.h"
#include "notifier.h"

/* How long a further connection may take to come up: this time, or this many
 * times what opening both sides took, if that is longer, because all of them
 * connect at once.  A server with a limit of connections leaves the others in
 * its backlog for ever.
 */
#define CONNECT_PATIENCE (5 * NS_PER_S)
#define CONNECT_PATIENCE_TIMES 50

/* A further worker leaves this to the rest of the process: descriptors for
 * saving the map and for connecting again, and memory for libnbd's messages.
 */
#define SPARE_DESCRIPTORS 4

/* After a signal, or a failure that ends the copy in order: for requests in
 * flight, and for the flush after them.
 */
#define WIND_DOWN (5 * NS_PER_S)
#define WIND_DOWN_FLUSH (20 * NS_PER_S)

/* For the goodbye, which is only politeness: everything is stored by then, or
 * the copy has failed.
 */
#define LEAVE_PATIENCE NS_PER_S

static struct phase *
last_phase (const struct worker *w)
{
  return &w->shared->phases[w->shared->n_phases - 1];
}

static bool
is_up (const struct worker *w, enum side side)
{
  return connection_is_up (&w->loop.pair.connections[side]);
}

/* -- CONNECTING ----------------------------------------------------------- */

enum bought {
  BOUGHT,
  NOT_NEEDED, /* or cannot be had; the other workers do without this one */
  FAILED,     /* the error is set */
};

/* Connects the pair; the first worker's conns are open already. */
static enum bought
connect_pair (struct worker *w, struct error *e)
{
  const int watch[2] = { stop_fd (w->copy->stop), last_phase (w)->finished };
  const uint64_t patience = max_u64 (
    CONNECT_PATIENCE, CONNECT_PATIENCE_TIMES * w->copy->opening_time);
  struct connection *connections = w->loop.pair.connections;
  struct conn *pair[2] = { NULL, NULL };
  struct error why = { 0 };
  unsigned which;
  int r = -1;

  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    connections[side].endpoint = w->copy->endpoints[side];
    connections[side].number = w->number;
    if (side == SOURCE || pair[SOURCE])
      pair[side] = endpoint_conn (w->copy->endpoints[side], w->number, &why);
    connections[side].conn = pair[side];
  }
  if (pair[SOURCE] && pair[DESTINATION])
    r = conn_wait_ready (pair, 2, watch, 2, clock_now () + patience, &which,
                         &why);
  if (r == 0)
    return NOT_NEEDED;
  if (r == -1 && w->number > 0) {
    log_warning_as ("fewer-connections", "%s: continuing without connection %u",
                    why.text, w->number + 1);
    return NOT_NEEDED;
  }
  if (r == -1) {
    *e = why;
    return FAILED;
  }
  if (conn_verify (pair[SOURCE], e) == -1
      || conn_verify (pair[DESTINATION], e) == -1)
    return FAILED;
  connections[SOURCE].state = connections[DESTINATION].state = CONNECTION_UP;
  return BOUGHT;
}

/* Without block status, all of a side counts as data. */
static struct extents *
new_extents (struct loop *l, enum side side, bool wanted)
{
  struct connection *c = &l->pair.connections[side];

  return extents_new (c, &l->lane.ready,
                      wanted ? endpoint_caps (c->endpoint)->extents_max : 0,
                      side == SOURCE && l->copy->changed);
}

/* Makes the parts of the loop, and connects them.  Returns -1 with errno. */
static int
buy_memory (struct worker *w)
{
  const struct plan *plan = &w->copy->plan;
  struct loop *l = &w->loop;

  l->lane = (struct lane) {
    .worker = w->number,
    .plan = plan,
    .connections = l->pair.connections,
    .zeroes = w->shared->zeroes,
    .stats = &w->stats,
    .mailbox = w->shared->mailbox,
    .track = l->track,
    .differences = w->shared->differences,
    .unreadable = w->copy->unreadable,
  };
  if (lane_init (&l->lane) == -1 || requests_init (&l->lane) == -1)
    return -1;
  l->cursor = (struct cursor) {
    .worker = w->number,
    .plan = plan,
    .zero_way = &l->lane.zero_way,
    .unflushed = &l->lane.unflushed,
    .salvage = plan->salvage == SALVAGE_NO ? NULL : &l->lane.salvage,
    .unreadable = w->copy->unreadable,
    .ratelimit = w->copy->ratelimit,
    .track = l->track,
  };
  l->cursor.extents[SOURCE] = new_extents (l, SOURCE, plan->source_extents);
  l->cursor.extents[DESTINATION] = new_extents (
    l, DESTINATION, plan->zero.ask_destination || plan->destination_extents);
  l->pair.copy = w->copy;
  l->pair.lane = &l->lane;
  l->pair.extents = l->cursor.extents;
  return l->cursor.extents[SOURCE] && l->cursor.extents[DESTINATION] ? 0 : -1;
}

/* Waits until the first worker has allocated its memory, so that at least one
 * worker copies, however little is left for the others.
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

/* Takes both connections and all memory, or nothing.  A further worker that
 * would leave too little to the others is given up, as if memory had run out.
 */
static enum bought
buy (struct worker *w, struct error *e)
{
  const bool further = w->number > 0;
  enum bought r;

  if (further && !headroom_is_left (SPARE_DESCRIPTORS, HEADROOM_MEMORY))
    goto fail;
  if ((r = connect_pair (w, e)) != BOUGHT)
    return r;
  if (buy_memory (w) == 0
      && (!further || headroom_is_left (SPARE_DESCRIPTORS, HEADROOM_MEMORY)))
    return BOUGHT;

fail:
  error_set (e, errno, "worker %u: %s", w->number, strerror (errno));
  if (!further)
    return FAILED;
  log_warning_as ("fewer-workers", "%s: copying with fewer workers", e->text);
  return NOT_NEEDED;
}

/* -- COPYING -------------------------------------------------------------- */

/* What a state sleeps for, besides its conns and a stop. */
struct wait {
  int fd;            /* -1: none */
  uint64_t deadline; /* clock_now time; 0: none */
};

static void
trace_waiting (struct worker *w, bool digesting)
{
  static const char *const names[] = {
    [FOR_ROOM] = "window full",
    [FOR_EXTENTS] = "waiting for extents",
    [FOR_DIGEST] = "waiting for the digest",
    [FOR_LIMIT] = "waiting for the limit",
    [FOR_ANSWERS] = "waiting for answers",
  };

  track_state (w->loop.track,
               digesting                       ? "digesting"
                 : !pair_is_up (&w->loop.pair) ? "waiting for a connection"
                                               : names[w->loop.waiting_for]);
}

static void
enter_copying (struct worker *w)
{
  w->loop.waiting_for = FOR_ROOM;
}

/* When the time for winding down is over, requests in flight are no longer
 * waited for.  A flush covers those that were answered; but a destination that
 * has answered nothing in that time would not answer the flush, either.
 */
static enum worker_state
copy_or_compare (struct worker *w, uint64_t now, struct wait *wait)
{
  struct loop *l = &w->loop;
  bool digesting;

  if (loop_is_overdue (l, WIND_DOWN))
    return loop_is_silent (l, WIND_DOWN) ? LEAVING : WAITING;
  loop_start (l, now);
  loop_checkpoint (l, now);
  digesting = requests_digest (&l->lane, cursor_in_stripe (&l->cursor));
  lane_publish (&l->lane);
  if ((l->waiting_for == FOR_ANSWERS && !digesting && lane_is_empty (&l->lane))
      || loop_has_wound_down (l))
    return WAITING;
  trace_waiting (w, digesting);
  if (l->waiting_for == FOR_DIGEST)
    wait->fd = feed_fd (l->cursor.feed);
  wait->deadline = digesting ? now : loop_deadline (l, now);
  return COPYING;
}

/* -- WAITING -------------------------------------------------------------- */

/* A flush covers only writes that were answered, also those on other
 * connections.  So it waits until all workers have all their answers.
 */
static void
enter_waiting (struct worker *w)
{
  if (loop_is_winding_down (&w->loop))
    return;
  if (lane_has_ended (&w->loop.lane))
    stripes_end (w->phase->stripes);
  if (stripes_finish (w->phase->stripes, w->number))
    notifier_signal (w->phase->finished);
}

static enum worker_state
wait_for_others (struct worker *w, uint64_t now, struct wait *wait)
{
  if (loop_is_winding_down (&w->loop) || notifier_is_set (w->phase->finished)
      || lane_has_lost (&w->loop.lane))
    return FLUSHING;
  loop_checkpoint (&w->loop, now);
  track_state (w->loop.track, "waiting for others");
  wait->fd = w->phase->finished;
  wait->deadline = loop_checkpoint_deadline (&w->loop, now);
  return WAITING;
}

/* -- FLUSHING ------------------------------------------------------------- */

static bool
wants_flush (const struct worker *w)
{
  return w->copy->plan.flush && !w->phase->compares;
}

static void
enter_flushing (struct worker *w)
{
  w->last_flush = false;
  if (wants_flush (w))
    w->loop.wind_down_by = 0; /* the flush has its own patience */
}

/* Returns the state after the last flush, or without one.  Ranges that were
 * lost meanwhile are copied again first, but a signal does not wait for them.
 */
static enum worker_state
after_phase (struct worker *w)
{
  const bool winding_down = loop_is_winding_down (&w->loop);

  if (lane_has_lost (&w->loop.lane) && !winding_down)
    return COPYING;
  if (!winding_down && w->phase != last_phase (w))
    return SETTLING;
  if (notifier_is_set (last_phase (w)->finished) && !lane_owes (&w->loop.lane)
      && !w->loop.cursor.again && !w->loop.cursor.salvaging)
    w->outcome = FINISHED;
  return LEAVING;
}

/* Waits for a flush that is in flight already, and sends the last one. */
static enum worker_state
flush (struct worker *w, uint64_t now, struct wait *wait)
{
  struct lane *lane = &w->loop.lane;

  if (!wants_flush (w))
    return after_phase (w);
  if (!lane_is_flushing (lane) && !w->last_flush && is_up (w, DESTINATION)
      && lane_wants_flush (lane)
      && (!loop_is_winding_down (&w->loop) || lane_has_unflushed (lane))) {
    lane_flush (lane);
    w->last_flush = true;
  }
  if (lane_is_flushing (lane)) {
    if (loop_is_overdue (&w->loop, WIND_DOWN_FLUSH))
      return LEAVING;
    track_state (w->loop.track, "waiting for the flush");
    wait->deadline = w->loop.wind_down_by;
    return FLUSHING;
  }
  if (w->last_flush)
    counter_set (&w->stats.flush_time, now - w->entered);
  return after_phase (w);
}

/* -- SETTLING ------------------------------------------------------------- */

static void
begin_phase (struct worker *w, struct phase *phase)
{
  w->phase = phase;
  loop_begin (&w->loop, phase);
  atomic_fetch_add (&phase->unsettled, 1);
}

/* The next phase reads the stored data of all workers.  So it begins when all
 * workers that may have written have flushed.  Workers that connect later have
 * nothing to flush.
 */
static void
enter_settling (struct worker *w)
{
  struct phase *phase = w->phase;

  if (atomic_fetch_sub (&phase->unsettled, 1) == 1
      && notifier_is_set (phase->finished)
      && !notifier_is_set (phase->settled)) {
    atomic_store (&phase[1].began, clock_now ());
    notifier_signal (phase->settled);
  }
}

static enum worker_state
settle (struct worker *w, uint64_t now, struct wait *wait)
{
  if (notifier_is_set (w->phase->settled) || loop_is_winding_down (&w->loop)) {
    begin_phase (w, w->phase + 1);
    return COPYING;
  }
  track_state (w->loop.track, "waiting for others");
  wait->fd = w->phase->settled;
  return SETTLING;
}

/* -- LEAVING -------------------------------------------------------------- */

/* Shuts both conns down.  Returns true once that is done. */
static bool
shut_down (struct worker *w)
{
  bool done = true;

  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (is_up (w, side) && !conn_shutdown (w->loop.pair.connections[side].conn))
      done = false;
  return done;
}

/* Takes answers that are still on their way, and discards them: some servers do
 * not survive a client that hangs up in the middle of a reply.
 */
static void
leave (struct worker *w)
{
  struct pair *p = &w->loop.pair;
  const uint64_t deadline = clock_now () + LEAVE_PATIENCE;

  track_state (w->loop.track, "leaving");
  while (!shut_down (w) && clock_now () < deadline
         && !stop_is_immediate (w->copy->stop)) {
    struct pollfd fds[2];

    while (lane_take_ready (&w->loop.lane))
      ;
    pair_submit (p, fds);
    if (poll (fds, 2, clock_poll_timeout (deadline, clock_now ())) == -1)
      continue;
    /* A conn that is lost is shut down; the other one may not be. */
    for (enum side side = SOURCE; side <= DESTINATION; side++)
      connection_dispatch (&p->connections[side], fds[side].revents,
                           &(struct error) { 0 });
  }
}

/* -- the states ----------------------------------------------------------- */

/* step does everything that can be done now.  It returns the next state, or the
 * present one and what to sleep for.
 */
static const struct {
  void (*enter) (struct worker *w);
  enum worker_state (*step) (struct worker *w, uint64_t now, struct wait *wait);
  bool mends; /* silent sides are dropped, and lost ones are replaced */
} states[] = {
  [COPYING] = { enter_copying, copy_or_compare, true },
  [WAITING] = { enter_waiting, wait_for_others, false },
  [FLUSHING] = { enter_flushing, flush, false },
  [SETTLING] = { enter_settling, settle, false },
};

static void
enter (struct worker *w, enum worker_state state)
{
  w->state = state;
  w->entered = clock_now ();
  states[state].enter (w);
}

/* Does one turn in the present state.  Returns -1 with the error set when the
 * copy has failed.
 */
static int
turn (struct worker *w, struct error *e)
{
  const uint64_t now = clock_now ();
  struct wait wait = { .fd = -1 };
  enum worker_state next;

  if (loop_collect (&w->loop, e) == -1
      || (states[w->state].mends && loop_mend (&w->loop, now, e) == -1))
    return -1;
  next = states[w->state].step (w, now, &wait);
  if (next == w->state)
    return loop_sleep (&w->loop, wait.fd, wait.deadline, e);
  if (next == LEAVING)
    w->state = LEAVING;
  else
    enter (w, next);
  return 0;
}

/* When the copy fails, all workers end, at once or in order; each of them sees
 * that in its own loop.
 */
static void
work (struct worker *w)
{
  w->loop.looked = clock_now ();
  begin_phase (w, w->shared->phases);
  enter (w, COPYING);
  while (w->state != LEAVING && !stop_is_now (w->copy->stop)) {
    struct error e = { 0 };

    if (turn (w, &e) == -1)
      stop_fail (w->copy->stop, &e);
  }
}

static void
connect_and_work (struct worker *w)
{
  const uint64_t start = clock_now ();
  struct error e = { 0 };
  enum bought r;

  wait_for_first (w);
  r = buy (w, &e);
  atomic_fetch_add (&w->shared->n_bought, 1);
  if (w->number == 0)
    sem_post (&w->shared->first);
  if (r != NOT_NEEDED)
    w->outcome = STOPPED;
  if (r == FAILED)
    stop_fail (w->copy->stop, &e);
  if (r != BOUGHT)
    return;
  log_detail ("worker %u: start, connected in %" PRIu64 " us", w->number,
              (clock_now () - start) / NS_PER_US);
  pair_count (&w->loop.pair);
  w->loop.ordinal = atomic_fetch_add (&w->shared->n_connected, 1);
  work (w);
}

void *
worker_run (void *opaque)
{
  struct worker *w = opaque;
  struct loop *l = &w->loop;

  l->copy = w->copy;
  l->shared = w->shared;
  l->worker = w->number;
  l->track = trace_worker (w->copy->trace, w->number);
  track_state (l->track, "connecting");
  connect_and_work (w);
  leave (w);
  track_state (l->track, NULL);
  pair_close (&l->pair);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    extents_free (l->cursor.extents[side]);
  requests_free (&l->lane);
  lane_free (&l->lane);
  atomic_fetch_add (&w->shared->n_ended, 1);
  notifier_signal (w->shared->notifier);
  return NULL;
}
