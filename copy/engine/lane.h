/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the requests of one worker share: buffers, the window, the list of ios
 * that are over, the record of unflushed writes, and the counters.
 *
 * The fields are for lane.c and request.c; the worker uses the functions.
 */

#ifndef LANE_H
#define LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/trace.h"
#include "endpoint/endpoint.h"
#include "engine/blkhash.h"
#include "engine/connection.h"
#include "engine/counters.h"
#include "engine/differences.h"
#include "engine/mailbox.h"
#include "engine/salvage.h"
#include "engine/unflushed.h"
#include "engine/unreadable.h"
#include "engine/window.h"
#include "engine/work.h"
#include "engine/zero.h"
#include "list.h"
#include "plan/plan.h"
#include "pool.h"

struct request; /* body in request.c */

struct lane {
  /* The worker sets these before lane_init; all are borrowed. */
  unsigned worker; /* number, for messages */
  const struct plan *plan;
  struct connection *connections; /* two, by side */
  uint8_t *zeroes;                /* plan->zero.write_max bytes, read only */
  struct stats *stats;
  struct mailbox *mailbox;
  struct track *track;             /* NULL: no trace is wanted */
  struct differences *differences; /* NULL: no phase compares */
  struct unreadable *unreadable;   /* NULL: nothing is salvaged */

  struct list ready; /* ios that are over */
  struct window window;
  enum zero_way zero_way;
  struct pool buffers;        /* slots; a request has some in a row */
  struct unflushed unflushed; /* writes that may be lost */
  struct salvage salvage;     /* reads that failed, and are to be split */
  struct io flush;
  bool flushing;     /* flush is in flight */
  bool ended;        /* the source is a stream, and its end was read */
  bool wrote;        /* something was sent to be written since the last flush,
                        or may have been lost */
  bool compares;     /* the present phase does; see lane_begin */
  struct feed *feed; /* of the present phase; borrowed; NULL: no digest */

  struct request *requests; /* owned */
  uint64_t n_started;       /* numbers the requests, for messages */
  struct list idle;         /* requests without work, last used first */
  struct list later;        /* requests in BACKOFF */
  struct list turns;        /* requests with data that the digest has not got,
                               in the order of the disk */
  uint64_t n_reads[2];      /* reads in flight, by side; all ios of a search
                               count as reads */
  uint64_t n_writing;       /* requests in WRITING */
  bool abandoned;           /* a request ended without having done its work */
};

/* Returns how many bytes the buffers, and the ranges of salvage, take at most. */
size_t lane_memory (const struct plan *plan);

/* Initialises a lane without requests and buffers: requests_init makes these.
 * Returns -1 with errno.  lane_free may be called in either case, once the
 * conns are closed.
 */
int lane_init (struct lane *l);
void lane_free (struct lane *l);

/* Allocates the buffers, after the requests have their memory.  Where that
 * leaves too little, the first worker, without which nothing is copied, takes
 * fewer buffers than planned.  Returns -1 with errno.
 */
int lane_buy_buffers (struct lane *l);

/* Begins a phase.  @feed is NULL where no digest is wanted.  With @compares,
 * everything is flushed already, and the record of unflushed writes is cleared.
 */
void lane_begin (struct lane *l, struct feed *feed, bool compares);

/* -- room ----------------------------------------------------------------- */

/* Sets how many bytes may be in flight.  More may be in flight already. */
static inline void
lane_set_window (struct lane *l, uint64_t bytes)
{
  window_limit (&l->window, bytes);
}

/* Returns how many bytes a request may have: @wanted, or less where there is
 * too little memory for that.
 */
uint64_t lane_request_max (const struct lane *l, uint64_t wanted);

/* Returns how many bytes the work moves through our memory: these count for the
 * window and for the rate limit.
 */
uint64_t lane_bytes (const struct lane *l, const struct work *work);

/* Returns how many slots of the buffers a request needs that reads this range
 * of these sides.
 */
size_t lane_slots (const struct lane *l, struct range range, unsigned sides);

/* Returns whether the work can be started now. */
bool lane_has_room (struct lane *l, const struct work *work);

/* Returns whether nothing is in flight, and nothing waits to be tried again. */
bool lane_is_empty (const struct lane *l);

/* Publishes how much is in flight, for the totals and the trace. */
void lane_publish (struct lane *l);

/* -- ios ------------------------------------------------------------------ */

static inline bool
lane_has_ready (const struct lane *l)
{
  return !list_empty (&l->ready);
}

/* Takes an io that is over off the ready list; NULL when there is none. */
struct io *lane_take_ready (struct lane *l);

/* Removes the ios of a conn from the ready list, because it is closed. */
void lane_drop_ready (struct lane *l, const struct conn *c);

/* Returns whether a request waits for an answer of this side.  False for a
 * stream, which may be silent for any time.
 */
bool lane_awaits (const struct lane *l, enum side side);

/* -- finished work -------------------------------------------------------- */

/* How a range was copied, in bytes. */
struct copied {
  uint64_t data;    /* written as data */
  uint64_t zero;    /* zeroed, in any way */
  uint64_t skipped; /* were zero at the destination already */
  uint64_t same;    /* were the same already */
  bool read;        /* the range was read; else nothing of it was */
};

/* Notes that @range is copied: in the counters, and as unflushed.  @again says
 * that it was copied before, and lost.
 */
void lane_copied (struct lane *l, struct range range, bool again,
                  const struct copied *how);

/* Notes that nothing more is done about a range that cannot be read.  While
 * copying, it counts as unflushed, too, so that many copied ranges around such
 * places become few.
 */
void lane_left_unreadable (struct lane *l, struct range range, bool again);

/* Notes that a range was compared, or that it was not read because both sides
 * are zero.
 */
void lane_compared (struct lane *l, struct range range, uint64_t differing);
void lane_passed_hole (struct lane *l, struct range range);

/* Notes that a range was passed over because it is not selected; @again says
 * that it was passed over before.  The resume map counts it as finished, so that
 * many small selected ranges become few.
 */
void lane_passed_unselected (struct lane *l, struct range range, bool again);

/* -- unflushed writes ----------------------------------------------------- */

/* Sends a flush; none is in flight. */
void lane_flush (struct lane *l);

static inline bool
lane_is_flushing (const struct lane *l)
{
  return l->flushing;
}

/* Returns the ranges that the flush in flight makes durable. */
static inline struct ranges *
lane_covered (struct lane *l)
{
  return &l->unflushed.covered;
}

/* Notes that the flush was answered without an error. */
void lane_flushed (struct lane *l);

static inline bool
lane_has_unflushed (const struct lane *l)
{
  return !unflushed_is_empty (&l->unflushed);
}

/* Returns whether nothing more may be written before a flush. */
static inline bool
lane_must_flush (const struct lane *l)
{
  return unflushed_wants_flush (&l->unflushed);
}

/* Returns whether a flush can make anything durable that this lane has written:
 * false only for an update that has found nothing to write.
 */
bool lane_wants_flush (const struct lane *l);

/* Returns whether another request may begin to write. */
bool lane_may_write (const struct lane *l);

/* Notes that the destination's connection is lost because of @why, and with it
 * all unflushed writes.  Returns false with the error set where these cannot be
 * copied again.
 */
bool lane_lose_unflushed (struct lane *l, const struct error *why,
                          struct error *e);

/* Returns whether there is work that has come up after the stripes were done. */
static inline bool
lane_has_late_work (const struct lane *l)
{
  return unflushed_has_again (&l->unflushed) || !salvage_is_empty (&l->salvage);
}

/* Returns whether ranges were lost that have to be copied again. */
static inline bool
lane_has_lost (const struct lane *l)
{
  return unflushed_has_again (&l->unflushed);
}

/* -- the end -------------------------------------------------------------- */

/* Returns whether the source is a stream whose end was read. */
static inline bool
lane_has_ended (const struct lane *l)
{
  return l->ended;
}

/* Returns whether the worker has not done all that it took: ranges have to be
 * copied again, or read in pieces, or a request was abandoned.
 */
static inline bool
lane_owes (const struct lane *l)
{
  return lane_has_lost (l) || !salvage_is_empty (&l->salvage) || l->abandoned;
}

#endif /* LANE_H */
