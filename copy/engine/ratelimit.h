/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Limits the bytes per second that all workers together move: --bwlimit.
 *
 * There is one limit for all, so that a worker without work takes nothing from
 * the others.  Nothing here waits: ratelimit_take returns when to ask again.
 */

#ifndef RATELIMIT_H
#define RATELIMIT_H

#include <stdint.h>

#include "error.h"
#include "options/types.h"

struct ratelimit; /* body in ratelimit.c */

/* Returns a rate limiter; without a limit it lets everything pass.  @all_fd is
 * the inherited descriptor of a limit for all copies of a manifest
 * (shared-limit.h), which holds as well; -1: there is none.  Returns NULL with
 * the error set, for example if the rate cannot be read from its file.
 */
struct ratelimit *ratelimit_new (const struct bwlimit *limit, int all_fd,
                                 uint64_t now, struct error *e);
void ratelimit_free (struct ratelimit *l); /* NULL is fine */

/* For the next two functions, @l may be NULL, which means no limit. */

/* Returns the most bytes of one request, a power of two and at least @least:
 * small enough for many requests in a second.  Any thread.
 */
uint64_t ratelimit_request (const struct ratelimit *l, uint64_t least);

/* Returns 0 when this many bytes may be moved, and counts them.  Else returns
 * the clock_now time to ask again, which is soon, because the rate can change.
 * Any thread.
 */
uint64_t ratelimit_take (struct ratelimit *l, uint64_t bytes, uint64_t now);

/* Returns when ratelimit_tick has to be called; clock_now time, 0 for never. */
uint64_t ratelimit_deadline (const struct ratelimit *l);

/* Reads the rate from its file again when that is due.  Warns when the file has
 * no rate; then the old one stays.  Main thread only.
 */
void ratelimit_tick (struct ratelimit *l, uint64_t now);

#endif /* RATELIMIT_H */
