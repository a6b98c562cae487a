/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's connection to one side: see connection.h. */

#include <config.h>

#include <errno.h>

#include "backoff.h"
#include "clock.h"
#include "engine/connection.h"

bool
connection_drop (struct connection *c, const struct retry_plan *retry,
                 const struct error *why, uint64_t *wait)
{
  conn_close (c->conn);
  c->conn = NULL;
  c->state = CONNECTION_AWAY;
  if (!endpoint_caps (c->endpoint)->reconnects || !retry_helps (why->number)
      || !retry_may (retry, ++c->failures, backoff_dice (), wait))
    return false;
  c->due = clock_now () + *wait;
  return true;
}

static enum connection_news
look_at_conn (struct connection *c, uint64_t now, struct error *e)
{
  const int up = conn_came_up (c->conn, now, c->due, e);

  if (up != 1)
    return up == 0 ? CONNECTION_NO_NEWS : CONNECTION_FAILED;
  if (conn_verify (c->conn, e) == -1)
    return CONNECTION_DIFFERS;
  c->state = CONNECTION_UP;
  c->moved = now;
  return CONNECTION_IS_BACK;
}

static enum connection_news
connect_again (struct connection *c, uint64_t now, uint64_t patience,
               struct error *e)
{
  if (now < c->due)
    return CONNECTION_NO_NEWS;
  c->conn = endpoint_conn (c->endpoint, c->number, e);
  if (c->conn == NULL)
    return CONNECTION_FAILED;
  c->state = CONNECTION_CONNECTING;
  c->due = now + patience;
  return look_at_conn (c, now, e); /* a near server is quick */
}

enum connection_news
connection_mend (struct connection *c, uint64_t now, uint64_t patience,
                 struct error *e)
{
  switch (c->state) {
  case CONNECTION_AWAY:
    return connect_again (c, now, patience, e);
  case CONNECTION_CONNECTING:
    return look_at_conn (c, now, e);
  case CONNECTION_UP:
    break;
  }
  return CONNECTION_NO_NEWS;
}

void
connection_submit (struct connection *c)
{
  if (c->conn)
    conn_submit (c->conn);
}

void
connection_poll_events (const struct connection *c, struct pollfd *p)
{
  if (c->conn)
    conn_poll_events (c->conn, p);
  else
    *p = (struct pollfd) { .fd = -1 };
}

int
connection_dispatch (struct connection *c, short revents, struct error *e)
{
  return c->conn ? conn_dispatch (c->conn, revents, e) : 0;
}
