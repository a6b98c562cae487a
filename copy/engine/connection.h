/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's way to one side: a conn that can be lost, and is then made anew.
 *
 *      UP --connection_drop--> AWAY --its time has come--> CONNECTING --> UP
 *                          ^_____________ fails ________|
 *
 * Nothing here waits: connection_mend is asked again and again by the worker's loop.
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
  uint64_t due;      /* clock_now time.  AWAY: to try again;
                                   CONNECTING: to give that up */
  uint64_t moved;    /* clock_now time of the last answer */
};

/* Drops the conn, which failed because of why.  When it is to be made anew:
 * true, with *wait the ns until then.  False when it is not, because it was
 * tried often enough or never helps.
 */
bool connection_drop (struct connection *l, const struct retry_plan *retry,
                      const struct error *why, uint64_t *wait);

/* What the side did shows that this conn does its work: earlier failures do not
 * count any more.
 */
static inline void
connection_works (struct connection *l)
{
  l->failures = 0;
}

enum connection_news {
  CONNECTION_NO_NEWS,
  CONNECTION_IS_BACK, /* it is UP now */
  CONNECTION_FAILED,  /* the error is set: drop it */
  CONNECTION_DIFFERS, /* the same, and it leads elsewhere now */
};

/* Moves on a link that is not UP.  A conn may take patience ns to come up. */
enum connection_news connection_mend (struct connection *l, uint64_t now,
                                      uint64_t patience, struct error *e);

/* These do the same as conn_submit, conn_poll_events and conn_dispatch, for a
 * connection in any state.
 */
void connection_submit (struct connection *l);
void connection_poll_events (const struct connection *l, struct pollfd *p);
int connection_dispatch (struct connection *l, short revents, struct error *e);

/* When connection_mend has something to do although nothing moves; 0 for never. */
static inline uint64_t
connection_deadline (const struct connection *l)
{
  return l->state == CONNECTION_UP ? 0 : l->due;
}

#endif /* CONNECTION_H */
