/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's map of what lies ahead on one side: data, or reads as zeroes.
 *
 * Block status is asked for ahead of the cursor, several questions at a time,
 * and the answers may come in any order.  What a server answers is advice that
 * can be missing, short, long or wrong: where nothing useful comes, the range
 * is data.
 */

#ifndef EXTENTS_H
#define EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "range.h"

struct extents; /* body in extents.c */

/* conn and ready are borrowed.  Questions are for at most ask_max bytes each;
 * ask_max 0 means that this side is never asked, and all of it is data.
 * NULL with errno.
 */
struct extents *extents_new (struct conn *conn, struct list *ready,
                             uint64_t ask_max);

/* The conn was closed, and no answer is on its way any more: nothing is known,
 * and nothing is asked, until there is another conn.
 */
void extents_lost (struct extents *x);
void extents_connect (struct extents *x, struct conn *conn);

/* No question may be in flight: close the conn before.  NULL is fine. */
void extents_free (struct extents *x);

/* Makes this the range of interest, and forgets what was known before. */
void extents_aim (struct extents *x, struct range range);

/* What is asked no further than here: the range's end has moved down. */
void extents_end_at (struct extents *x, uint64_t end);

/* From now on nothing is asked any more, and all of it is data.  What was known
 * goes with the next aim.
 */
void extents_ask_no_more (struct extents *x);

/* Sends as many questions as may be in flight. */
void extents_ask (struct extents *x);

/* Takes in the outcome of a question that came up on the ready list and was
 * retired with err; returns how many ranges the question holds now.
 */
unsigned extents_answer (struct extents *x, struct io *io, int err);

/* Whether this io is one of x's questions. */
bool extents_owns (const struct extents *x, const struct io *io);

enum extents_lookup { EXTENTS_WAIT, EXTENTS_KNOWN };

/* What is at offset, which never goes back between two calls of extents_aim:
 * its kind, and where that ends (*end > offset).  EXTENTS_WAIT when the answer
 * is still on its way.
 */
enum extents_lookup extents_lookup (struct extents *x, uint64_t offset,
                                    uint64_t *end, enum extent_value *value);

/* The same for a place further ahead: nothing before it is forgotten. */
enum extents_lookup extents_peek (const struct extents *x, uint64_t offset,
                                  uint64_t *end, enum extent_value *value);

/* Returns whether all of the range is known by now to read as zeroes. */
bool extents_all_zero (struct extents *x, struct range range);

/* Whether the last answer that was waited for did not come in time. */
bool extents_is_silent (const struct extents *x);

/* When extents_lookup stops waiting for the answer it needs and calls the range
 * data; clock_now time, 0 when it is not waiting.
 */
uint64_t extents_deadline (const struct extents *x);
void extents_give_up (struct extents *x, uint64_t now);

/* What is asked already counts as asked now: this process was stopped. */
void extents_restart (struct extents *x, uint64_t now);

/* How many questions got no useful answer, and the errno of the first of them
 * (0: it was an answer that made no progress, or none in time).
 */
unsigned extents_failures (const struct extents *x, int *first_errno);

#endif /* EXTENTS_H */
