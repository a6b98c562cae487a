/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All workers of one copy: starts them, adds up their counters, joins them. */

#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/blkhash.h"
#include "engine/counters.h"
#include "engine/copy.h"
#include "engine/differences.h"
#include "engine/mailbox.h"
#include "engine/tuner.h"
#include "error.h"

struct workers; /* body in workers.c */

/* Starts the workers, which borrow @copy until workers_free.  Returns NULL with
 * the error set; no worker is running then.
 */
struct workers *workers_start (const struct copy *copy, struct error *e);

/* Returns a descriptor that is readable when a worker has ended, or has posted
 * a notice.
 */
int workers_fd (const struct workers *c);

/* Returns the mailbox where workers post notices. */
struct mailbox *workers_mailbox (const struct workers *c);

/* Returns whether all workers have ended. */
bool workers_has_ended (struct workers *c);

/* Adds up the counters, at any time, in any thread, without a lock.  Each
 * number is right, but two numbers can be of slightly different moments.
 */
struct totals workers_totals (const struct workers *c);

/* Starts more workers, up to plan->workers_max in all: on a long link, a server
 * may process only a few requests of each connection at a time.
 */
void workers_grow (struct workers *c);

/* Returns the ns within which @percent of the reads, writes and zeroes
 * finished; 0 if there were none.
 */
uint64_t workers_latency (const struct workers *c, unsigned percent);

/* Sets the request size and the window of all workers from now on. */
void workers_set_tuning (struct workers *c, const struct tuning *pace);

/* Waits for all workers.  Returns true when the whole disk is copied, flushed
 * if the plan says so, and compared if the plan says so, with any result.
 */
bool workers_join (struct workers *c);

/* Returns the ranges that differ.  Called after workers_join, if the plan
 * compares; valid until workers_free.
 */
const struct differences *workers_differences (const struct workers *c);

/* Hands over all ranges that differ, sorted; the caller frees them.  Called once,
 * after workers_join, if the plan lists them.
 */
struct range_collector workers_take_differences (struct workers *c);

/* Writes the digest that the plan wants.  Called after workers_join has
 * returned true.  Returns -1 with the error set.
 */
int workers_digest (struct workers *c, char text[BLKHASH_TEXT],
                    struct error *e);

void workers_free (struct workers *c); /* after workers_join; NULL is fine */

#endif /* WORKERS_H */
