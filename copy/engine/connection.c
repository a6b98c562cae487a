/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's way to one side: see connection.h. */

#include <config.h>

#include <errno.h>

#include "backoff.h"
#include "clock.h"
#include "engine/connection.h"

bool
connection_drop (struct connection *l, const struct retry_plan *retry,
                 const struct error *why, uint64_t *wait)
{
  conn_close (l->conn);
  l->conn = NULL;
  l->state = CONNECTION_AWAY;
  if (!endpoint_caps (l->endpoint)->reconnects || !retry_helps (why->number)
      || !retry_may (retry, ++l->failures, backoff_dice (), wait))
    return false;
  l->due = clock_now () + *wait;
  return true;
}

static enum connection_news
look_at_conn (struct connection *l, uint64_t now, struct error *e)
{
  const int up = conn_came_up (l->conn, now, l->due, e);

  if (up != 1)
    return up == 0 ? CONNECTION_NO_NEWS : CONNECTION_FAILED;
  if (conn_verify (l->conn, e) == -1)
    return CONNECTION_DIFFERS;
  l->state = CONNECTION_UP;
  l->moved = now;
  return CONNECTION_IS_BACK;
}

static enum connection_news
connect_again (struct connection *l, uint64_t now, uint64_t patience,
               struct error *e)
{
  if (now < l->due)
    return CONNECTION_NO_NEWS;
  l->conn = endpoint_conn (l->endpoint, l->number, e);
  if (l->conn == NULL)
    return CONNECTION_FAILED;
  l->state = CONNECTION_CONNECTING;
  l->due = now + patience;
  return look_at_conn (l, now, e); /* a near server is quick */
}

enum connection_news
connection_mend (struct connection *l, uint64_t now, uint64_t patience,
                 struct error *e)
{
  switch (l->state) {
  case CONNECTION_AWAY:
    return connect_again (l, now, patience, e);
  case CONNECTION_CONNECTING:
    return look_at_conn (l, now, e);
  case CONNECTION_UP:
    break;
  }
  return CONNECTION_NO_NEWS;
}

void
connection_submit (struct connection *l)
{
  if (l->conn)
    conn_submit (l->conn);
}

void
connection_poll_events (const struct connection *l, struct pollfd *p)
{
  if (l->conn)
    conn_poll_events (l->conn, p);
  else
    *p = (struct pollfd) { .fd = -1 };
}

int
connection_dispatch (struct connection *l, short revents, struct error *e)
{
  return l->conn ? conn_dispatch (l->conn, revents, e) : 0;
}
