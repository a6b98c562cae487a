/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of one range: read, look for zeroes, write or zero, done.
 *
 * A request is stepped by its worker each time one of its ios is over, and by
 * nothing else.
 */

#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "blkhash.h"
#include "counter.h"
#include "endpoint.h"
#include "list.h"
#include "plan.h"
#include "pool.h"
#include "window.h"
#include "zero.h"

/* Most segments that one buffer is cut into: at 1 MiB they then have 16 KiB on
 * average, however broken up the data is.
 */
#define REQUEST_SEGMENTS 64

enum request_state {
  IDLE,                         /* in the lane's list */
  READING,                      /* its read is in flight */
  WRITING,                      /* its segments are in flight */
  DIGESTING,                    /* written; its turn in the digest is to come */
};

/* What is added up; one writer, the worker. */
struct stats {
  counter data;                 /* bytes written as data */
  counter zero;                 /* bytes made zero, by whatever way */
  counter skipped;              /* bytes that were zero at the destination */
  counter moved;                /* bytes that went through the window */
  counter refused;              /* how often the window had no room */
  counter reads, writes, zeroes, questions;     /* requests */
  counter end;                  /* where a stream ended; before that 0 */
};

struct request;

/* What the requests of one worker share; the worker owns it. */
struct lane {
  unsigned worker;              /* number, for messages */
  const struct plan *plan;
  struct conn *source, *destination;
  struct list ready;            /* ios that are over */
  struct window window;
  enum zero_way zero_way;
  uint8_t *zeroes;              /* zero.write_max bytes; borrowed, read only */
  struct pool buffers;
  struct request *requests;     /* owned */
  struct list idle;             /* requests, last used first */
  uint64_t n_reading;           /* requests in this state */
  bool ended;                   /* the source is a stream, and this its end */
  uint64_t n_started;           /* so that a message can name a request */
  struct stats *stats;          /* borrowed */
  struct feed *feed;            /* borrowed; NULL: no digest is wanted */
  struct list turns;            /* reads whose bytes it has not got, in order */
};

/* Buys all memory.  The conns are the caller's.  -1 with errno. */
int lane_init (struct lane *l, unsigned worker, const struct plan *plan,
               uint8_t *zeroes, struct stats *stats);
void lane_free (struct lane *l);        /* after the conns were closed */

/* Whether another request of so many bytes can be started now. */
bool lane_has_room (struct lane *l, uint64_t bytes);

bool lane_is_empty (const struct lane *l);

/* Whether anything in flight waits for a side that owes an answer: a stream may
 * be silent for as long as it likes.
 */
bool lane_awaits_answer (const struct lane *l);

/* Sets the error to a request of those and its side: nothing moves. */
void lane_blame (const struct lane *l, struct error *e);

/* Starts copying [start, start + length): at most plan->request_size bytes.
 * already_zero says that the destination reads as zeroes there.  lane_has_room
 * holds.  -1 with the error set.
 */
int request_copy (struct lane *l, uint64_t start, uint64_t length,
                  bool already_zero, struct error *e);

/* Starts making [start, start + length) zero, at most what zero_way_max says
 * for the lane's way.
 */
int request_zero (struct lane *l, uint64_t start, uint64_t length,
                  struct error *e);

/* Moves the request on whose io was retired with err.  -1 with the error set
 * when the copy has failed.
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
