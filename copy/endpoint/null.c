/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* null: is a destination that accepts everything and keeps nothing.
 *
 * An io is complete at once, but goes to the ready list like any other, so that
 * the loop above works in one way.
 */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "endpoint/null.h"

static enum conn_state
null_state (struct conn *c)
{
  return CONN_READY;
}

static int
null_start (struct conn *c, struct io *io)
{
  if (io->verb == IO_READ || io->verb == IO_EXTENTS)
    return ENOTSUP;
  list_append (io->ready, &io->link);
  return 0;
}

static int
null_retire (struct conn *c, struct io *io)
{
  return 0;
}

static void
null_poll_events (struct conn *c, struct pollfd *p)
{
  p->fd = -1;
  p->events = 0;
}

static bool
null_shutdown (struct conn *c)
{
  return true;
}

static void
null_conn_close (struct conn *c)
{
  free (c);
}

static const struct conn_ops null_conn_ops = {
  .state = null_state,
  .start = null_start,
  .poll_events = null_poll_events,
  .retire = null_retire,
  .shutdown = null_shutdown,
  .close = null_conn_close,
};

static struct conn *
null_conn (struct endpoint *ep, unsigned number, struct error *e)
{
  struct conn *c = calloc (1, sizeof *c);

  if (c == NULL) {
    error_set (e, ENOMEM, "%s: %s", ep->name, strerror (ENOMEM));
    return NULL;
  }
  c->ops = &null_conn_ops;
  c->endpoint = ep;
  return c;
}

static bool
null_same (const struct endpoint *a, const struct endpoint *b)
{
  return true;
}

static bool
null_close (struct endpoint *ep, uint64_t grace_ns, int interrupt_fd,
            struct error *e)
{
  free (ep->name);
  free (ep);
  return true;
}

static const struct endpoint_ops null_ops = {
  .conn = null_conn,
  .same = null_same,
  .close = null_close,
};

static struct endpoint *
null_open (const struct endpoint_request *q, struct error *e)
{
  struct endpoint *ep = endpoint_new (q, sizeof *ep, &null_ops, e);

  if (ep == NULL)
    return NULL;
  ep->caps = (struct caps) {
    .size = INT64_MAX,
    .block_min = 1,
    .block_preferred = 4096,
    .block_max = GiB,
    .zero_max = INT64_MAX,
    .can_flush = true,
    .can_multi_conn = true,
  };
  return ep;
}

const struct endpoint_kind endpoint_null_kind = {
  .not_comparable = "nothing can be read from it",
  .open = null_open,
};
