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

/* Both at least 1. */
void window_init (struct window *w, uint64_t requests_max, uint64_t bytes_max);

/* What is in flight already may be more. */
void window_limit (struct window *w, uint64_t bytes_max);

/* Whether another request fits.  One always fits into an empty window, whatever
 * its size, so that nothing can wait for ever.
 */
bool window_has_room (const struct window *w, uint64_t bytes);

/* Charge before a request is issued: it may be over before issuing returns. */
void window_charge (struct window *w, uint64_t bytes);

/* Once the request is over, or was refused. */
void window_refund (struct window *w, uint64_t bytes);

#endif /* WINDOW_H */
