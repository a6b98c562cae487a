/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's pair of connections: see pair.h. */

#include <config.h>

#include <errno.h>

#include "engine/pair.h"
#include "engine/request.h"

void
pair_count (const struct pair *p)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    counter_set (&p->lane->stats->connections[side],
                 connection_is_up (&p->connections[side]));
}

static void
report_loss (struct pair *p, enum side side, const struct error *why,
             uint64_t wait)
{
  static const char *const marks[] = {
    [SOURCE] = "source lost",
    [DESTINATION] = "destination lost",
  };

  counter_add (&p->lane->stats->retries, 1);
  counter_add (&p->lane->stats->retried[side], 1);
  track_mark (p->lane->track, marks[side], 0, 0);
  mailbox_post (p->lane->mailbox,
                &(struct notice) { .kind = NOTICE_LOST,
                                   .side = side,
                                   .worker = p->lane->worker,
                                   .attempt = p->connections[side].failures,
                                   .wait = wait,
                                   .why = *why });
}

int
pair_lose (struct pair *p, enum side side, const struct error *why,
           struct error *e)
{
  struct connection *c = &p->connections[side];
  const struct conn *conn = c->conn;
  bool all_known = true, connects_again;
  uint64_t wait;

  if (side == DESTINATION)
    track_close (p->lane->track, p->lane->flush.traced, ENOTCONN);
  if (side == DESTINATION && connection_is_up (c))
    all_known = lane_lose_unflushed (p->lane, why, e);
  lane_drop_ready (p->lane, conn);
  connects_again = connection_drop (c, &p->copy->plan.retry, why, &wait);
  pair_count (p);
  lane_drop_ready (p->lane, conn); /* closing can have finished more ios */
  requests_lost (p->lane, side);
  extents_lost (p->extents[side]);
  if (stop_is_winding_down (p->copy->stop)) {
    *e = (struct error) { 0 };
    return 0;
  }
  if (!all_known)
    return -1;
  if (!connects_again) {
    *e = *why;
    return -1;
  }
  report_loss (p, side, why, wait);
  return 0;
}

static void
report_return (struct pair *p, enum side side)
{
  static const char *const marks[] = {
    [SOURCE] = "source back",
    [DESTINATION] = "destination back",
  };

  pair_count (p);
  track_mark (p->lane->track, marks[side], 0, 0);
  mailbox_post (p->lane->mailbox,
                &(struct notice) { .kind = NOTICE_BACK,
                                   .side = side,
                                   .worker = p->lane->worker });
}

int
pair_mend (struct pair *p, uint64_t now, struct error *e)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct error why = { 0 };

    extents_give_up (p->extents[side], now);
    switch (connection_mend (&p->connections[side], now, p->copy->plan.patience,
                             &why)) {
    case CONNECTION_NO_NEWS:
      break;
    case CONNECTION_IS_BACK:
      report_return (p, side);
      break;
    case CONNECTION_FAILED:
      if (pair_lose (p, side, &why, e) == -1)
        return -1;
      break;
    case CONNECTION_DIFFERS:
      *e = why;
      return -1;
    }
  }
  return 0;
}

uint64_t
pair_deadline (const struct pair *p)
{
  uint64_t deadline = 0;

  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    deadline = clock_earlier (deadline,
                              connection_deadline (&p->connections[side]));
    deadline = clock_earlier (deadline, extents_deadline (p->extents[side]));
  }
  return deadline;
}

void
pair_submit (struct pair *p, struct pollfd fds[2])
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    connection_submit (&p->connections[side]);
    connection_poll_events (&p->connections[side], &fds[side]);
  }
}

int
pair_dispatch (struct pair *p, const struct pollfd fds[2], struct error *e)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct error why = { 0 };

    if (connection_dispatch (&p->connections[side], fds[side].revents, &why)
          == -1
        && pair_lose (p, side, &why, e) == -1)
      return -1;
  }
  return 0;
}

void
pair_restart (struct pair *p, uint64_t now, uint64_t away)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct connection *c = &p->connections[side];

    c->moved = now;
    if (c->state == CONNECTION_CONNECTING)
      c->due += away;
    extents_restart (p->extents[side], now);
  }
}

void
pair_close (struct pair *p)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    conn_close (p->connections[side].conn);
  for (enum side side = SOURCE; p->lane && side <= DESTINATION; side++)
    counter_set (&p->lane->stats->connections[side], 0);
}
