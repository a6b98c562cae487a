/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's connection to one side.  The conn behind it can be lost, and is
 * then replaced by a new one; this object stays the same.
 *
 *      UP --connection_drop--> AWAY --its time has come--> CONNECTING --> UP
 *                          ^_____________ fails ________|
 *
 * Nothing here waits: the worker's loop calls connection_mend again and again.
 */

#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "plan/retry.h"

struct connection {
  struct endpoint *endpoint; /* borrowed */
  unsigned number;           /* of the conn, for endpoint_conn */
  struct conn *conn;         /* owned; NULL while AWAY */
  enum { CONNECTION_AWAY, CONNECTION_CONNECTING, CONNECTION_UP } state;
  unsigned failures; /* in a row: see connection_works */
  uint64_t due;      /* clock_now time.  AWAY: to connect again; CONNECTING:
                        to give up */
  uint64_t moved;    /* clock_now time of the last answer */
};

/* Returns whether ios can be started on it. */
static inline bool
connection_is_up (const struct connection *c)
{
  return c->state == CONNECTION_UP;
}

/* Closes the conn, which failed because of @why.  Returns true if a new conn
 * will replace it, and sets *wait to the ns until then.  Returns false if none
 * will, because connecting was tried often enough or cannot help.
 */
bool connection_drop (struct connection *c, const struct retry_plan *retry,
                      const struct error *why, uint64_t *wait);

/* Notes that the conn has answered a read or a flush without an error: earlier
 * failures do not count any more.
 */
static inline void
connection_works (struct connection *c)
{
  c->failures = 0;
}

enum connection_news {
  CONNECTION_NO_NEWS,
  CONNECTION_IS_BACK, /* it is UP now */
  CONNECTION_FAILED,  /* the error is set: drop it */
  CONNECTION_DIFFERS, /* the error is set: it leads to another export now */
};

/* Connects again once the time for that has come.  A conn may take @patience ns
 * to come up.
 */
enum connection_news connection_mend (struct connection *c, uint64_t now,
                                      uint64_t patience, struct error *e);

/* Do the same as conn_submit, conn_poll_events and conn_dispatch, for a
 * connection in any state.
 */
void connection_submit (struct connection *c);
void connection_poll_events (const struct connection *c, struct pollfd *p);
int connection_dispatch (struct connection *c, short revents, struct error *e);

/* Returns when connection_mend has something to do although nothing moves; 0
 * for never.
 */
static inline uint64_t
connection_deadline (const struct connection *c)
{
  return connection_is_up (c) ? 0 : c->due;
}

#endif /* CONNECTION_H */
