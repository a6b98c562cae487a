/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's map of one side ahead of its cursor: data, or reads as zeroes.
 *
 * Block status is requested ahead of the cursor.  A question is one such
 * request: several are in flight at a time, and the answers may come in any
 * order.  An answer is only advice: it can be missing, short, long or wrong.  A
 * range without a useful answer counts as data.
 */

#ifndef EXTENTS_H
#define EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "engine/connection.h"
#include "range.h"

struct extents; /* body in extents.c */

/* Makes a map that knows nothing, before the first extents_aim.  @connection
 * and @ready are borrowed; questions are only sent while the connection is up.
 * One question asks for at most @ask_max bytes; with @ask_max 0, none is ever
 * sent, and all of the side counts as data.  With @changes, changes may select.
 * Returns NULL with errno.
 */
struct extents *extents_new (struct connection *connection, struct list *ready,
                             uint64_t ask_max, bool changes);

/* Forgets everything, because the conn was closed: no question is in flight any
 * more.
 */
void extents_lost (struct extents *x);

/* Selects ranges of a disk; the rest is EXTENT_UNSELECTED.  At most one of
 * list, changes and source is set; without any, everything is selected.
 */
struct selector {
  const struct ranges *list; /* borrowed */
  bool changes;              /* of the source: its context of changes selects */
  uint64_t grain;            /* power of two; changes are widened to it */
  /* For the extents of the destination: those of the source, which select on
   * both sides.  Borrowed.
   */
  const struct extents *source;
};

/* Returns how many bytes extents_new allocates. */
size_t extents_memory (bool changes);

/* Sets the selected ranges.  No block status is requested for a range that a
 * list does not select; with changes, only the reply says what is selected.
 * Call it before extents_aim.
 */
void extents_select (struct extents *x, struct selector selector);

/* Returns whether something is not selected: a list or changes select. */
bool extents_is_partial (const struct extents *x);

/* Frees the map.  No question may be in flight: the conn is closed before.
 * NULL is fine.
 */
void extents_free (struct extents *x);

/* Makes @range the range of interest: questions are sent for it only.  Discards
 * all known extents.
 */
void extents_aim (struct extents *x, struct range range);

/* Moves the end of the range of interest down to @end. */
void extents_end_at (struct extents *x, uint64_t end);

/* Sends no more questions: from now on, the whole side counts as data.  The
 * next extents_aim discards the known extents.
 */
void extents_ask_no_more (struct extents *x);

/* Sends as many questions as may be in flight. */
void extents_ask (struct extents *x);

/* Takes in the result of a question, whose io was taken off the ready list and
 * retired with @err.  Returns how many ranges are known from this question now.
 */
unsigned extents_answer (struct extents *x, struct io *io, int err);

/* Returns whether @io belongs to one of the questions of @x. */
bool extents_owns (const struct extents *x, const struct io *io);

enum extents_lookup { EXTENTS_WAIT, EXTENTS_KNOWN };

/* Looks up the extent at @offset, which is a multiple of the selector's grain:
 * sets *value to its value, and *end to its end, which is above @offset.
 * Between two calls of extents_aim, @offset never decreases.  Returns
 * EXTENTS_WAIT if the question about it is not answered yet.
 */
enum extents_lookup extents_lookup (struct extents *x, uint64_t offset,
                                    uint64_t *end, enum extent_value *value);

/* Does the same for a place further ahead: nothing before it is forgotten. */
enum extents_lookup extents_peek (const struct extents *x, uint64_t offset,
                                  uint64_t *end, enum extent_value *value);

/* Returns whether all of @range is known to read as zeroes. */
bool extents_all_zero (struct extents *x, struct range range);

/* Returns whether the worker waited in vain for the last answer that it needed.
 */
bool extents_is_silent (const struct extents *x);

/* Returns when extents_give_up will stop waiting for the answer that
 * extents_lookup needs, and count the range as data; clock_now time, 0 when no
 * answer is needed.
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
