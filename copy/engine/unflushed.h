/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one worker has written, and what no flush has covered yet.  Pure.
 *
 * Written is not durable: the answer to a write says that the server has the
 * data, not that the data survives the server.  Only a flush that is answered
 * on the same connection says that, of all writes answered before it was sent.
 * So when the connection is lost, everything written on it after that may be
 * lost, too.
 *
 *      note            flush_begins        flush_ends
 *   --------> written -------------> covered --------> durable
 *                 \_______ lost _______/
 *                            v
 *                          again --take--> copied again, and noted
 *
 * The record of a connection ends with it: a server that has lost its memory
 * has also lost its connections, so no flush is answered on them any more.
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
  struct ranges again;   /* lost, and not taken yet */
  uint64_t notes;        /* times that something was added to written */
  uint64_t limit;        /* times that it may be; at least 1 */
  bool flushed;          /* there are flushes before the end */
  bool forgotten;        /* written had no room for a range */
};

/* Initialises the record.  @flushed says whether flushes are sent before the
 * end of the copy; without them, no write waits for a flush.  Returns -1 with
 * errno.
 */
int unflushed_init (struct unflushed *d, bool flushed);
void unflushed_free (struct unflushed *d); /* safe on a zeroed struct */

/* Notes that all writes of the range have been answered, or that nothing has to
 * be written there.
 */
void unflushed_note (struct unflushed *d, struct range range);

/* Returns whether another request may begin to write while @in_flight others
 * do.  After a loss, only a quarter of the requests that were lost may be
 * unflushed at a time, and fewer after each further loss, so that a copy gets
 * to its end even when the server crashes again and again.  Each answered flush
 * doubles that limit.
 */
bool unflushed_allows (const struct unflushed *d, uint64_t in_flight);

/* Returns whether a flush has to come before anything more is written, because
 * of that limit or because there is little room for further ranges.
 */
bool unflushed_wants_flush (const struct unflushed *d);

/* Returns whether there is no room for another range. */
bool unflushed_is_full (const struct unflushed *d);

/* Returns whether no range is unflushed: a flush would make nothing durable. */
bool unflushed_is_empty (const struct unflushed *d);

/* Notes that a flush is sent; none is in flight. */
void unflushed_flush_begins (struct unflushed *d);

/* Notes that the flush was answered: the ranges in covered are durable, and are
 * removed.
 */
void unflushed_flush_ends (struct unflushed *d);

/* Notes that the connection is lost, and with it @in_flight requests that were
 * writing.  Returns false when there was no room to note all ranges that were
 * lost.
 */
bool unflushed_lost (struct unflushed *d, uint64_t in_flight);

/* Forgets everything: comparing reads again all that was written. */
void unflushed_forget (struct unflushed *d);

/* Takes out the first of the ranges that have to be copied again.  Returns
 * false when there is none.
 */
bool unflushed_take (struct unflushed *d, struct range *out);

static inline bool
unflushed_has_again (const struct unflushed *d)
{
  return ranges_count (&d->again) > 0;
}

#endif /* UNFLUSHED_H */
