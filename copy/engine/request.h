/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine of one range: read, look for zeroes, write or zero, done;
 * or read both sides, and compare, or write what differs.
 *
 * request_start begins a request, and request_step moves it on each time one of
 * its ios is over.  A request that failed, or lost its connection, is put off
 * (its state is BACKOFF) until requests_resume finds that it is due and its
 * sides are connected.
 */

#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/lane.h"

/* Returns how many bytes the requests take, without their buffers. */
size_t requests_memory (const struct plan *plan);

/* Makes the requests of a lane and their buffers, after lane_init.  Returns -1
 * with errno.  requests_free may be called in either case, once the conns are
 * closed; lane_free frees the buffers.
 */
int requests_init (struct lane *l);
void requests_free (struct lane *l);

/* Starts work of any kind except NO_WORK, AWAIT_EXTENTS and AWAIT_DIGEST;
 * lane_has_room has returned true for it.  The range of a COPY, COMPARE or
 * UPDATE has at most lane_request_max bytes, and that of a ZERO at most
 * zero_way_max bytes for the lane's way to zero.
 */
void request_start (struct lane *l, const struct work *work);

/* Moves on the request that @io belongs to, after @io was retired with @err.
 * Returns -1 with the error set when the copy has failed; the lane stays
 * intact, so that everything else in flight can be completed.
 */
int request_step (struct lane *l, struct io *io, int err, struct error *e);

/* Puts off everything that was in flight on this side, until its connection is
 * up again.  The conn is closed, and none of its ios are on the ready list.
 */
void requests_lost (struct lane *l, enum side side);

/* Resumes the requests in BACKOFF that are due, if their sides are connected.
 */
void requests_resume (struct lane *l, uint64_t now);

/* Returns when requests_resume has something to do; clock_now time, 0 for
 * never.
 */
uint64_t requests_deadline (const struct lane *l);

/* Drops the requests in BACKOFF for good, because the copy is winding down. */
void requests_discard (struct lane *l);

/* Sets the error to a request that waits for this side, as lane_awaits says. */
void requests_blame (const struct lane *l, enum side side, struct error *e);

/* Gives the digest, where one is wanted, some of the data in the order of the
 * disk, and folds some claims.  Everything claimed before @cursor that no
 * request reads is zeroes.  Returns whether it has done anything, so that the
 * loop continues at once: there can be more to do, and the window can have room
 * again.
 */
bool requests_digest (struct lane *l, uint64_t cursor);

/* Returns the words for an errno that conn_retire or conn_start gave. */
const char *request_strerror (int err);

#endif /* REQUEST_H */
