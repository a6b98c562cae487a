/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of one range: read, look for zeroes, write or zero, done;
 * or read both sides, and compare.
 *
 * A request is stepped by its worker each time one of its ios is over.  What
 * failed is put off, and resumed by lane_resume once its time has come and its
 * side is there.
 */

#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/trace.h"
#include "endpoint/endpoint.h"
#include "engine/blkhash.h"
#include "engine/connection.h"
#include "engine/counters.h"
#include "engine/differences.h"
#include "engine/mailbox.h"
#include "engine/unflushed.h"
#include "engine/window.h"
#include "engine/work.h"
#include "engine/zero.h"
#include "list.h"
#include "plan/plan.h"
#include "pool.h"

/* Most segments that one buffer is cut into, and one of up to 1 MiB: they then
 * have 16 KiB on average, however broken up the data is.
 */
#define REQUEST_SEGMENTS 192
#define REQUEST_SEGMENTS_USUAL 64

enum request_state {
  IDLE,      /* in the lane's list */
  READING,   /* its reads are in flight */
  WRITING,   /* its segments are in flight */
  DIGESTING, /* written; its turn in the digest is to come */
  SEARCHING, /* it has failed: where exactly? */
  BACKOFF,   /* put off, until it is due and can go on */
};

struct request;

/* What the requests of one worker share; the worker owns it. */
struct lane {
  unsigned worker; /* number, for messages */
  const struct plan *plan;
  struct connection *connections; /* borrowed; two, by side */
  struct list ready;              /* ios that are over */
  struct window window;
  enum zero_way zero_way;
  uint8_t *zeroes;            /* zero.write_max bytes; borrowed, read only */
  struct pool buffers;        /* slots, of which a request has some in a row */
  struct request *requests;   /* owned */
  struct list idle;           /* requests, last used first */
  struct list later;          /* requests in BACKOFF */
  bool forgot;                /* some of those, for good */
  uint64_t n_reads[2];        /* in flight, with all ios of a search; by
                                   side */
  uint64_t n_writing;         /* requests in this state */
  bool ended;                 /* the source is a stream, and this its end */
  uint64_t n_started;         /* so that a message can name a request */
  struct stats *stats;        /* borrowed */
  struct mailbox *mailbox;    /* borrowed */
  struct unflushed unflushed; /* what was written and may be lost */
  struct feed *feed;          /* borrowed; NULL: no digest is wanted */
  struct track *track;        /* borrowed; NULL: no trace is wanted */
  struct list turns;          /* reads whose bytes it has not got, in order */
  struct differences *differences; /* borrowed; NULL: nothing compares */
};

/* How many bytes lane_init takes at most. */
size_t lane_memory (const struct plan *plan);

/* Buys all memory.  The conns are the caller's.  -1 with errno. */
int lane_init (struct lane *l, unsigned worker, const struct plan *plan,
               uint8_t *zeroes, struct stats *stats);
void lane_free (struct lane *l); /* after the conns were closed */

/* How many bytes a request may have, at most the size that is wanted: less
 * where there is no memory for that.
 */
uint64_t lane_request_max (const struct lane *l, uint64_t wanted);

/* Whether a request can be started now.  bytes is what it will have in flight,
 * length what it reads of one side, or 0 when it reads nothing.
 */
bool lane_has_room (struct lane *l, uint64_t bytes, uint64_t length);

bool lane_is_empty (const struct lane *l);

/* Whether anything in flight waits for this side, and it owes an answer: a
 * stream may be silent for as long as it likes.
 */
bool lane_awaits (const struct lane *l, enum side side);

/* Sets the error to a request of those: nothing moves. */
void lane_blame (const struct lane *l, enum side side, struct error *e);

/* Puts off what was in flight on this side until its connection is up again.
 * The conn was closed, and none of its ios are on the ready list.
 */
void lane_lost (struct lane *l, enum side side);

/* Resumes what was put off and is due. */
void lane_resume (struct lane *l, uint64_t now);

/* When lane_resume has something to do; clock_now time, 0 for never. */
uint64_t lane_deadline (const struct lane *l);

/* Drops what was put off, for good. */
void lane_forget_later (struct lane *l);

/* Start work of the kind COPY, ZERO or COMPARE.  lane_has_room has returned true
 * for it.  The range of COPY and COMPARE has at most lane_request_max bytes, that
 * of ZERO at most zero_way_max bytes for the lane's way.
 */
void request_copy (struct lane *l, const struct work *work);
void request_zero (struct lane *l, const struct work *work);
void request_compare (struct lane *l, const struct work *work);

/* How many bytes reading these sides has in flight. */
uint64_t request_read_bytes (uint64_t length, unsigned sides);

/* Moves the request on whose io was retired with err.  -1 with the error set
 * when the copy has failed; the lane stays as good as before, so what else is
 * in flight can be completed.
 */
int request_step (struct lane *l, struct io *io, int err, struct error *e);

/* Gives the digest some of what was read, in order; all that was claimed before
 * the cursor and is not read is zeroes.  True when it got something: that can
 * have made room in the window, and there can be more.
 */
bool lane_digest (struct lane *l, uint64_t cursor);

/* The words for an errno that conn_retire or conn_start gave. */
const char *request_strerror (int err);

#endif /* REQUEST_H */
