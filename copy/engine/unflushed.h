/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one worker has written, and what no flush has covered yet.  Pure.
 *
 * Written is not durable: an answer to a write says that the server has the
 * data, not that it survives the server.  Only a flush that was answered on the
 * same connection says that, of all writes answered before it was sent.  So
 * when the connection is lost, all that it has written since may be gone.
 *
 *      note            flush_begins        flush_ends
 *   --------> written -------------> covered --------> durable
 *                 \_______ lost _______/
 *                            v
 *                          again --take--> copied once more, and noted
 *
 * Each connection is its own witness: a server that has lost its memory has
 * also lost the connections that it had, and no flush is answered on them.
 */

#ifndef UNFLUSHED_H
#define UNFLUSHED_H

#include <stdbool.h>
#include <stdint.h>

#include "range.h"
#include "ranges.h"

struct unflushed {
  struct ranges written; /* answered since the last flush was sent */
  struct ranges covered; /* answered before the flush in flight */
  struct ranges again;   /* were lost */
  uint64_t notes;        /* how often something was added to written */
  uint64_t limit;        /* how often that may be; at least 1 */
  bool flushed;          /* now and then; else all stays in unflushed */
  bool forgotten;        /* written had no room for something */
};

/* Where it is never flushed, nothing has to wait for that.  -1 with errno. */
int unflushed_init (struct unflushed *d, bool flushed);
void unflushed_free (struct unflushed *d); /* safe on a zeroed struct */

/* Notes that all writes of the range have been answered, or that nothing has to
 * be written there.
 */
void unflushed_note (struct unflushed *d, struct range range);

/* Whether more may be written while so many requests are in flight.  After a
 * loss only a quarter as many as were at stake then may be, and less with each
 * further one, so that even a server that fails again and again is got through;
 * each flush that is answered makes it more.
 */
bool unflushed_allows (const struct unflushed *d, uint64_t in_flight);

/* Whether a flush has to come before anything more is written: because of that,
 * or because there is hardly room to remember more.
 */
bool unflushed_wants_flush (const struct unflushed *d);

/* Whether there is no room to note anything more. */
bool unflushed_is_full (const struct unflushed *d);

/* Whether there is anything that a flush would make durable. */
bool unflushed_is_empty (const struct unflushed *d);

/* A flush is sent; none is in flight. */
void unflushed_flush_begins (struct unflushed *d);

/* It was answered: covered, which the caller has read before if it wants to, is
 * durable, and forgotten.
 */
void unflushed_flush_ends (struct unflushed *d);

/* The connection is lost, with so many requests in flight.  False when what is
 * in unflushed is not all known.
 */
bool unflushed_lost (struct unflushed *d, uint64_t in_flight);

/* What was written is read once more, and told by that. */
void unflushed_forget (struct unflushed *d);

/* Takes out the first of the ranges that have to be copied again.  Returns false
 * when there is none.
 */
bool unflushed_take (struct unflushed *d, struct range *out);

static inline bool
unflushed_has_again (const struct unflushed *d)
{
  return ranges_count (&d->again) > 0;
}

#endif /* UNFLUSHED_H */
