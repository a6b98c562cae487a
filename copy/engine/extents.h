/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's map of one side ahead of its cursor: data, or reads as zeroes.
 *
 * Block status is asked for ahead of the cursor, several questions at a time,
 * and the answers may come in any order.  An answer is only advice: it can be
 * missing, short, long or wrong.  A range without a useful answer counts as
 * data.
 */

#ifndef EXTENTS_H
#define EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "engine/connection.h"
#include "range.h"

struct extents; /* body in extents.c */

/* Makes a map without a range of interest.  connection and ready are borrowed;
 * the side is only asked while the connection is up.  One question asks for at
 * most ask_max bytes; with ask_max 0, the side is never asked, and all of it
 * counts as data.  Returns NULL with errno.
 */
struct extents *extents_new (struct connection *connection, struct list *ready,
                             uint64_t ask_max);

/* Forgets everything, because the conn was closed: no answer is on its way any
 * more.
 */
void extents_lost (struct extents *x);

/* No question may be in flight: close the conn before.  NULL is fine. */
void extents_free (struct extents *x);

/* Makes this the range of interest, and forgets what was known before. */
void extents_aim (struct extents *x, struct range range);

/* Moves the end of the range of interest down: nothing after it is asked. */
void extents_end_at (struct extents *x, uint64_t end);

/* Asks nothing any more: from now on, all of the side counts as data.  What is
 * known is forgotten with the next extents_aim.
 */
void extents_ask_no_more (struct extents *x);

/* Sends as many questions as may be in flight. */
void extents_ask (struct extents *x);

/* Takes in the result of a question that was taken off the ready list and
 * retired with err.  Returns how many ranges the question holds now.
 */
unsigned extents_answer (struct extents *x, struct io *io, int err);

/* Returns whether this io is one of x's questions. */
bool extents_owns (const struct extents *x, const struct io *io);

enum extents_lookup { EXTENTS_WAIT, EXTENTS_KNOWN };

/* Looks up the extent at offset, which never decreases between two calls of
 * extents_aim: its value, and its end (*end > offset).  Returns EXTENTS_WAIT
 * when the answer is still on its way.
 */
enum extents_lookup extents_lookup (struct extents *x, uint64_t offset,
                                    uint64_t *end, enum extent_value *value);

/* Does the same for a place further ahead: nothing before it is forgotten. */
enum extents_lookup extents_peek (const struct extents *x, uint64_t offset,
                                  uint64_t *end, enum extent_value *value);

/* Returns whether all of the range is known by now to read as zeroes. */
bool extents_all_zero (struct extents *x, struct range range);

/* Returns whether the last answer that was waited for did not come in time. */
bool extents_is_silent (const struct extents *x);

/* Returns when extents_give_up stops waiting for the answer that extents_lookup
 * needs, and calls the range data; clock_now time, 0 when it is not waiting.
 */
uint64_t extents_deadline (const struct extents *x);
void extents_give_up (struct extents *x, uint64_t now);

/* Starts all waits for answers again, because this process was stopped. */
void extents_restart (struct extents *x, uint64_t now);

/* Returns how many questions got no useful answer, and sets *first_errno to the
 * errno of the first of them (0: the answer made no progress, or did not come
 * in time).
 */
unsigned extents_failures (const struct extents *x, int *first_errno);

#endif /* EXTENTS_H */
