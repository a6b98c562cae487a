/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many requests and bytes one worker may have in flight.  Pure. */

#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
  uint64_t requests, requests_max;
  uint64_t bytes, bytes_max;
};

/* Initialises an empty window.  Both limits are at least 1. */
void window_init (struct window *w, uint64_t requests_max, uint64_t bytes_max);

/* Sets the limit of bytes.  More may be in flight already. */
void window_limit (struct window *w, uint64_t bytes_max);

/* Returns whether another request fits.  A request of any size fits into an
 * empty window, so that none has to wait for ever.
 */
bool window_has_room (const struct window *w, uint64_t bytes);

/* Charges a request.  Called before the request is issued, because it can be
 * over before issuing returns.
 */
void window_charge (struct window *w, uint64_t bytes);

/* Refunds a request that is over, or was refused. */
void window_refund (struct window *w, uint64_t bytes);

#endif /* WINDOW_H */
