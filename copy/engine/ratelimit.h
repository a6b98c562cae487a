/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes a second that all workers together may move: --bwlimit.
 *
 * There is one limit for all, so a worker without work takes nothing from the
 * others.  Nobody waits in here: a worker is told when to look again.
 */

#ifndef RATELIMIT_H
#define RATELIMIT_H

#include <stdint.h>

#include "error.h"
#include "options/types.h"

struct ratelimit; /* body in ratelimit.c */

/* Returns a rate limiter; without a limit it lets everything pass.  NULL with
 * the error set, for example if the rate cannot be read from its file.
 */
struct ratelimit *ratelimit_new (const struct bwlimit *limit, uint64_t now,
                                 struct error *e);
void ratelimit_free (struct ratelimit *l); /* NULL is fine */

/* Two questions, also to NULL, which is no limit. */

/* The most bytes for one request, a power of two: small enough that a second
 * has many.  least is what it never is less than.  Any thread.
 */
uint64_t ratelimit_request (const struct ratelimit *l, uint64_t least);

/* 0 when so many bytes may be moved; then they count.  Else the clock_now time
 * to ask again, which is soon, for the rate can change.  Any thread.
 */
uint64_t ratelimit_take (struct ratelimit *l, uint64_t bytes, uint64_t now);

/* When ratelimit_tick wants to be called; 0 for never. */
uint64_t ratelimit_deadline (const struct ratelimit *l);

/* Reads the file again where it is due, and warns when there is no rate in it:
 * the old one stays.  Main thread only.
 */
void ratelimit_tick (struct ratelimit *l, uint64_t now);

#endif /* RATELIMIT_H */
