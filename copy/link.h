/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's way to one side: a conn that can be lost, and is then made anew.
 *
 *      UP --link_drop--> AWAY --its time has come--> CONNECTING --> UP
 *                          ^_____________ fails ________|
 *
 * Nothing here waits: link_mend is asked again and again by the worker's loop.
 */

#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint.h"
#include "retry.h"

struct link {
  struct endpoint *endpoint;    /* borrowed */
  unsigned number;              /* of the conn, for endpoint_conn */
  struct conn *conn;            /* owned; NULL while AWAY */
  enum { LINK_AWAY, LINK_CONNECTING, LINK_UP } state;
  unsigned failures;            /* in a row: see link_works */
  uint64_t due;                 /* clock_now time.  AWAY: to try again;
                                   CONNECTING: to give that up */
  uint64_t moved;               /* clock_now time of the last answer */
};

/* Drops the conn, which failed because of why.  When it is to be made anew:
 * true, with *wait the ns until then.  False when it is not, because it was
 * tried often enough or never helps.
 */
bool link_drop (struct link *l, const struct retry_plan *retry,
                const struct error *why, uint64_t *wait);

/* What the side did shows that this conn does its work: earlier failures do not
 * count any more.
 */
static inline void
link_works (struct link *l)
{
  l->failures = 0;
}

enum link_news {
  LINK_NO_NEWS,
  LINK_IS_BACK,                 /* it is UP now */
  LINK_FAILED,                  /* the error is set: drop it */
  LINK_DIFFERS,                 /* the same, and it leads elsewhere now */
};

/* Moves on a link that is not UP.  A conn may take patience ns to come up. */
enum link_news link_mend (struct link *l, uint64_t now, uint64_t patience,
                          struct error *e);

/* conn_want and conn_turn, for a link in any state. */
void link_want (const struct link *l, struct pollfd *p);
int link_turn (struct link *l, short revents, struct error *e);

/* When link_mend has something to do although nothing moves; 0 for never. */
static inline uint64_t
link_due (const struct link *l)
{
  return l->state == LINK_UP ? 0 : l->due;
}

#endif /* LINK_H */
