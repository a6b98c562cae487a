/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All workers of one copy: starts them, adds them up, joins them. */

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

/* Starts the workers, which borrow the copy until workers_free.  NULL with the
 * error set; nothing is running then.
 */
struct workers *workers_start (const struct copy *copy, struct error *e);

/* Readable when a worker has ended, or has something to tell. */
int workers_fd (const struct workers *c);

/* What they have to tell while they work. */
struct mailbox *workers_mailbox (const struct workers *c);

/* Whether all have ended. */
bool workers_has_ended (struct workers *c);

/* At any time, from any thread, without a lock: each number is right, but they
 * need not be of the same moment.
 */
struct totals workers_totals (const struct workers *c);

/* Starts more workers, up to plan->workers_max in all: where the link is long,
 * a server may work on only so many requests of each connection.
 */
void workers_grow (struct workers *c);

/* The ns that so many percent of the reads, writes and zeroes did not exceed; 0
 * where there were none.
 */
uint64_t workers_latency (const struct workers *c, unsigned percent);

/* The pace that all workers have from now on. */
void workers_set_tuning (struct workers *c, const struct tuning *pace);

/* Waits for all workers.  True when the whole disk is copied, and flushed where
 * the plan says so, and compared where it says that, whatever was found.
 */
bool workers_join (struct workers *c);

/* What differs.  After workers_join, where the plan compares; until workers_free. */
const struct differences *workers_differences (const struct workers *c);

/* Writes the digest that the plan wants.  After workers_join, which was true.  -1
 * with the error set.
 */
int workers_digest (struct workers *c, char text[BLKHASH_TEXT],
                    struct error *e);

void workers_free (struct workers *c); /* after workers_join; NULL is fine */

#endif /* WORKERS_H */
