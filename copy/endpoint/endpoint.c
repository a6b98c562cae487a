/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all kinds of endpoint have in common: see endpoint.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "device.h"
#include "endpoint/endpoint-private.h"

/* Enough for all callers of conn_wait_ready: two conns, and the descriptors
 * that end the wait.
 */
#define WAIT_MAX 8

const char *
side_name (enum side side)
{
  return side == SOURCE ? "source" : "destination";
}

const char *
io_verb_name (enum io_verb verb)
{
  static const char *const names[] = {
    [IO_READ] = "read",   [IO_WRITE] = "write",
    [IO_ZERO] = "zero",   [IO_EXTENTS] = "block status",
    [IO_FLUSH] = "flush",
  };

  return names[verb];
}

void *
endpoint_new (const struct endpoint_request *q, size_t size,
              const struct endpoint_ops *ops, struct error *e)
{
  struct endpoint *ep = calloc (1, size);

  if (ep == NULL) {
    error_set (e, ENOMEM, "%s: %s", q->name, strerror (ENOMEM));
    free (q->name);
    return NULL;
  }
  ep->ops = ops;
  ep->side = q->side;
  ep->name = q->name;
  return ep;
}

static void __attribute__ ((format (printf, 5, 0)))
set_error (const struct endpoint *ep, struct error *e, enum error_kind kind,
           int number, const char *fs, va_list args)
{
  char why[sizeof e->text];

  vsnprintf (why, sizeof why, fs, args);
  error_set_kind (e, kind, number, "%s: %s", ep->name, why);
  error_set_side (e, side_name (ep->side));
}

void
endpoint_error (const struct endpoint *ep, struct error *e,
                enum error_kind kind, int number, const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  set_error (ep, e, kind, number, fs, args);
  va_end (args);
}

int
endpoint_fail (const struct endpoint *ep, const char *what, struct error *e)
{
  const int err = errno;
  const enum error_kind kind = err == EBUSY ? ERROR_IN_USE
    : err == EINTR                          ? ERROR_INTERRUPTED
                                            : ERROR_PLAIN;

  endpoint_error (ep, e, kind, err, "%s: %s", what, strerror (err));
  return -1;
}

int
endpoint_refuse (const struct endpoint *ep, struct error *e, const char *fs,
                 ...)
{
  va_list args;

  va_start (args, fs);
  set_error (ep, e, ERROR_REFUSED, ENOTSUP, fs, args);
  va_end (args);
  return -1;
}

const char *
endpoint_name (const struct endpoint *ep)
{
  return ep->name;
}

enum side
endpoint_side (const struct endpoint *ep)
{
  return ep->side;
}

const struct caps *
endpoint_caps (const struct endpoint *ep)
{
  return &ep->caps;
}

/* Returns what an operation returned, and adds the side to its error. */
static int
with_side (const struct endpoint *ep, int r, struct error *e)
{
  if (r == -1)
    error_set_side (e, side_name (ep->side));
  return r;
}

bool
endpoint_same (const struct endpoint *a, const struct endpoint *b)
{
  if (a->device && b->device)
    return device_same (a->device, b->device);
  return a->ops == b->ops && a->ops->same (a, b);
}

int
endpoint_prepare (struct endpoint *ep, const struct preparation *p,
                  struct error *e)
{
  if (ep->ops->prepare && ep->ops->prepare (ep, p, e) == -1)
    return with_side (ep, -1, e);
  ep->caps.kept = p->keep;
  return 0;
}

char *
endpoint_describe_file (const struct endpoint *ep, char text[FILE_TEXT])
{
  const struct device *d = ep->device;

  if (d == NULL || d->kind != DEVICE_FILE)
    strcpy (text, "none");
  else if (d->born.tv_sec == 0 && d->born.tv_nsec == 0)
    snprintf (text, FILE_TEXT, "%" PRIu64, (uint64_t) d->inode);
  else
    snprintf (text, FILE_TEXT, "%" PRIu64 " born %" PRId64 ".%09ld",
              (uint64_t) d->inode, (int64_t) d->born.tv_sec, d->born.tv_nsec);
  return text;
}

bool
endpoint_was_changed (const struct endpoint *ep)
{
  return ep->changed;
}

int
endpoint_finish (struct endpoint *ep, uint64_t size, bool flush,
                 struct error *e)
{
  return ep->ops->finish
    ? with_side (ep, ep->ops->finish (ep, size, flush, e), e)
    : 0;
}

int
endpoint_recheck (struct endpoint *ep, struct error *e)
{
  return ep->ops->recheck ? with_side (ep, ep->ops->recheck (ep, e), e) : 0;
}

int
endpoint_unchanged (struct endpoint *ep, struct error *e)
{
  return ep->ops->unchanged ? with_side (ep, ep->ops->unchanged (ep, e), e) : 0;
}

const char *
endpoint_version (const struct endpoint *ep)
{
  return ep->ops->version ? ep->ops->version (ep) : NULL;
}

bool
endpoint_room (struct endpoint *ep, uint64_t size, uint64_t *there,
               uint64_t *besides)
{
  return ep->ops->room && ep->ops->room (ep, size, there, besides);
}

void
endpoint_keep (struct endpoint *ep)
{
  ep->kept = true;
}

int
endpoint_server_fd (const struct endpoint *ep)
{
  return ep->ops->server_fd ? ep->ops->server_fd (ep) : -1;
}

bool
endpoint_server_ended (struct endpoint *ep, int wait_ms, struct error *e)
{
  const bool ended = ep->ops->server_ended
    && ep->ops->server_ended (ep, wait_ms, e);

  if (ended)
    error_set_side (e, side_name (ep->side));
  return ended;
}

void
endpoint_explain (struct endpoint *ep, struct error *e)
{
  if (ep->ops->explain)
    ep->ops->explain (ep, e);
}

bool
endpoint_close (struct endpoint *ep, uint64_t grace_ns, int interrupt_fd,
                struct error *e)
{
  enum side side;
  bool good;

  if (ep == NULL)
    return true;
  side = ep->side;
  conn_close (ep->spare);
  good = ep->ops->close (ep, grace_ns, interrupt_fd, e);
  if (!good)
    error_set_side (e, side_name (side));
  return good;
}

struct conn *
endpoint_conn (struct endpoint *ep, unsigned number, struct error *e)
{
  struct conn *c = number == 0 ? ep->spare : NULL;

  if (c) {
    ep->spare = NULL; /* only the worker with number 0 gets here */
    return c;
  }
  c = ep->ops->conn (ep, number, e);
  if (c == NULL)
    error_set_side (e, side_name (ep->side));
  return c;
}

void
endpoint_take_back (struct endpoint *ep, struct conn *c)
{
  assert (ep->spare == NULL);
  ep->spare = c;
}

/* Dispatches each conn that has events.  Returns -1 with *which and the error
 * set when one is lost.
 */
static int
dispatch_all (struct conn *const *conns, unsigned n, const struct pollfd *fds,
              unsigned *which, struct error *e)
{
  for (unsigned i = 0; i < n; i++)
    if (conn_dispatch (conns[i], fds[i].revents, e) == -1) {
      *which = i;
      return -1;
    }
  return 0;
}

int
conn_came_up (struct conn *c, uint64_t now, uint64_t deadline, struct error *e)
{
  const char *stage;

  switch (conn_state (c)) {
  case CONN_READY:
    return 1;
  case CONN_CONNECTING:
    if (now < deadline)
      return 0;
    stage = c->ops->stage ? c->ops->stage (c) : NULL;
    endpoint_error (c->endpoint, e, ERROR_PLAIN, ETIMEDOUT,
                    "no answer from the server in time%s%s", stage ? ": " : "",
                    stage ? stage : "");
    return -1;
  case CONN_DEAD:
    break;
  }
  endpoint_error (c->endpoint, e, ERROR_PLAIN, ECONNREFUSED,
                  "the server closed the connection");
  return -1;
}

/* Returns 1 when all are ready; else *which is the first that is not. */
static int
all_came_up (struct conn *const *conns, unsigned n, uint64_t now,
             uint64_t deadline, unsigned *which, struct error *e)
{
  int r = 1;

  for (*which = 0; *which < n; (*which)++)
    if ((r = conn_came_up (conns[*which], now, deadline, e)) != 1)
      break;
  return r;
}

/* Returns the deadline, later by the time during which this process was
 * stopped.
 */
static uint64_t
put_off (uint64_t deadline, uint64_t *looked, int wait_ms)
{
  const uint64_t before = *looked, now = clock_now ();

  *looked = now;
  return clock_overslept (before, wait_ms, now) ? deadline + (now - before)
                                                : deadline;
}

int
conn_wait_ready (struct conn *const *conns, unsigned n, const int *watch,
                 unsigned n_watch, uint64_t deadline, unsigned *which,
                 struct error *e)
{
  struct pollfd fds[WAIT_MAX];
  uint64_t looked = clock_now ();

  assert (n + n_watch <= WAIT_MAX);
  for (unsigned i = 0; i < n_watch; i++)
    fds[n + i] = (struct pollfd) { .fd = watch[i], .events = POLLIN };

  for (;;) {
    const uint64_t now = clock_now ();
    const int up = all_came_up (conns, n, now, deadline, which, e);
    int wait_ms;

    if (up != 0)
      return up;
    wait_ms = clock_poll_timeout (deadline, now);
    for (unsigned i = 0; i < n; i++)
      conn_poll_events (conns[i], &fds[i]);
    if (poll (fds, n + n_watch, wait_ms) == -1) {
      if (errno == EINTR)
        continue;
      error_set (e, errno, "poll: %s", strerror (errno));
      return -1;
    }
    for (unsigned i = 0; i < n_watch; i++)
      if (fds[n + i].revents != 0)
        return 0;
    deadline = put_off (deadline, &looked, wait_ms);
    if (dispatch_all (conns, n, fds, which, e) == -1)
      return -1;
  }
}
