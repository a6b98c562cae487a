/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's way to one side: see link.h. */

#include <config.h>

#include <errno.h>

#include "backoff.h"
#include "clock.h"
#include "link.h"

bool
link_drop (struct link *l, const struct retry_plan *retry,
           const struct error *why, uint64_t *wait)
{
  conn_close (l->conn);
  l->conn = NULL;
  l->state = LINK_AWAY;
  if (!endpoint_caps (l->endpoint)->reconnects || !retry_helps (why->number)
      || !retry_may (retry, ++l->failures, backoff_dice (), wait))
    return false;
  l->due = clock_now () + *wait;
  return true;
}

static enum link_news
look_at_conn (struct link *l, uint64_t now, struct error *e)
{
  const int up = conn_came_up (l->conn, now, l->due, e);

  if (up != 1)
    return up == 0 ? LINK_NO_NEWS : LINK_FAILED;
  if (conn_compare (l->conn, e) == -1)
    return LINK_DIFFERS;
  l->state = LINK_UP;
  l->moved = now;
  return LINK_IS_BACK;
}

static enum link_news
connect_again (struct link *l, uint64_t now, uint64_t patience,
               struct error *e)
{
  if (now < l->due)
    return LINK_NO_NEWS;
  l->conn = endpoint_conn (l->endpoint, l->number, e);
  if (l->conn == NULL)
    return LINK_FAILED;
  l->state = LINK_CONNECTING;
  l->due = now + patience;
  return look_at_conn (l, now, e);      /* a near server is quick */
}

enum link_news
link_mend (struct link *l, uint64_t now, uint64_t patience, struct error *e)
{
  switch (l->state) {
  case LINK_AWAY:
    return connect_again (l, now, patience, e);
  case LINK_CONNECTING:
    return look_at_conn (l, now, e);
  case LINK_UP:
    break;
  }
  return LINK_NO_NEWS;
}

void
link_want (const struct link *l, struct pollfd *p)
{
  if (l->conn)
    conn_want (l->conn, p);
  else
    *p = (struct pollfd) { .fd = -1 };
}

int
link_turn (struct link *l, short revents, struct error *e)
{
  return l->conn && revents ? conn_turn (l->conn, revents, e) : 0;
}
