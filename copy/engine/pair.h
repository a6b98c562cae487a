/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's pair of connections, and what happens when one of them is lost
 * and comes back: requests are put off, writes that no flush has covered are
 * copied again, and the extents of that side are forgotten.
 */

#ifndef PAIR_H
#define PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/connection.h"
#include "engine/copy.h"
#include "engine/extents.h"
#include "engine/lane.h"

struct pair {
  const struct copy *copy; /* borrowed, as are these */
  struct lane *lane;
  struct extents *const *extents;   /* two, by side */
  struct connection connections[2]; /* owned; by side */
};

static inline bool
pair_is_up (const struct pair *p)
{
  return connection_is_up (&p->connections[SOURCE])
    && connection_is_up (&p->connections[DESTINATION]);
}

/* Counts the connections that are up: a pair counts its later changes itself. */
void pair_count (const struct pair *p);

/* Handles the loss of the connection to a side because of @why: puts off the
 * requests that it had in flight, and connects again after a while.  Returns -1
 * with the error set when the copy has failed with that.  While the copy is
 * winding down, the loss is no failure, and pair_mend is not called any more.
 */
int pair_lose (struct pair *p, enum side side, const struct error *why,
               struct error *e);

/* Connects lost sides again, and gives up waiting for extents, once it is time
 * for that.  Returns -1 with the error set when the copy has failed with that.
 */
int pair_mend (struct pair *p, uint64_t now, struct error *e);

/* Returns when pair_mend has something to do although no answer comes;
 * clock_now time, 0 for never.
 */
uint64_t pair_deadline (const struct pair *p);

/* Moves the bytes of both sides that can move at once, and sets @fds, by side,
 * to what to poll for.
 */
void pair_submit (struct pair *p, struct pollfd fds[2]);

/* Moves bytes after poll has set @fds.  Handles the loss of a side as pair_lose
 * does.
 */
int pair_dispatch (struct pair *p, const struct pollfd fds[2], struct error *e);

/* Gives both sides their whole time to answer again, because this process was
 * stopped for @away ns.
 */
void pair_restart (struct pair *p, uint64_t now, uint64_t away);

/* Closes both conns.  Safe on a zeroed struct. */
void pair_close (struct pair *p);

#endif /* PAIR_H */
