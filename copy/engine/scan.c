/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A look at the whole disk before it is copied: see scan.h. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "engine/extents.h"
#include "engine/scan.h"

struct scan {
  const struct plan *plan;   /* borrowed */
  const struct ranges *todo; /* borrowed; NULL: all of the disk */
  size_t next;               /* the first of them not behind the cursor */
  struct conn *source, *destination; /* the endpoints'; NULL: nobody looks
                                           there */
  struct extents *source_extents, *destination_extents; /* owned */
  struct list ready;
  uint64_t cursor;
  struct scan_result found;
};

/* -- one side ------------------------------------------------------------- */

static struct extents *
look_at (struct scan *s, struct endpoint *ep, bool ask, struct conn **conn,
         struct error *e)
{
  struct extents *x;

  *conn = endpoint_conn (ep, 0, e);
  if (*conn == NULL)
    return NULL;
  x = extents_new (*conn, &s->ready, ask ? endpoint_caps (ep)->extents_max : 0);
  if (x)
    extents_aim (x, range_of (s->plan->start, s->plan->end));
  return x;
}

static bool
asks_destination (const struct plan *plan)
{
  return plan->copies ? plan->zero.ask_destination : plan->destination_extents;
}

/* A destination that cannot be looked at before it is written to, as an image
 * that is there, leaves open what of it is zero.
 */
static bool
look_at_both (struct scan *s, struct endpoint *source,
              struct endpoint *destination, struct error *e)
{
  struct error ignored = { 0 };

  s->source_extents = look_at (s, source, s->plan->source_extents, &s->source,
                               e);
  if (s->source_extents == NULL) {
    error_set (e, errno, "cannot look at the extents: %s", strerror (errno));
    return false;
  }
  if (destination)
    s->destination_extents = look_at (s, destination, true, &s->destination,
                                      &ignored);
  s->found.told_apart = s->destination_extents || !asks_destination (s->plan);
  return true;
}

/* -- the walk ------------------------------------------------------------- */

/* What would be done about zeroes of the source from the cursor on, and how far
 * that holds.  NULL when the destination has yet to answer.
 */
static uint64_t *
zeroes_at_cursor (struct scan *s, uint64_t *end)
{
  const struct zero_plan *z = &s->plan->zero;
  enum extent_value there;
  uint64_t there_end;

  if (s->plan->copies && z->known == IS_ZERO_YES)
    return &s->found.skipped;
  if (s->destination_extents == NULL)
    return s->plan->copies ? &s->found.zero : &s->found.data;
  if (extents_lookup (s->destination_extents, s->cursor, &there_end, &there)
      == EXTENTS_WAIT)
    return NULL;
  *end = min_u64 (*end, there_end);
  return there == EXTENT_ZERO ? &s->found.skipped
    : s->plan->copies         ? &s->found.zero
                              : &s->found.data;
}

/* Passes over what is not to do.  Where what is begins there: its end. */
static uint64_t
find_todo (struct scan *s)
{
  const struct ranges_entry *r = NULL;
  uint64_t start = s->plan->end;

  if (s->todo == NULL)
    return s->plan->end;
  while (s->next < ranges_count (s->todo)
         && (r = ranges_at (s->todo, s->next))->end <= s->cursor)
    s->next++;
  if (s->next < ranges_count (s->todo))
    start = max_u64 (r->start, s->cursor);
  s->found.resumed += start - s->cursor;
  s->cursor = start;
  return start == s->plan->end ? start : r->end;
}

/* Goes on as far as the answers reach. */
static void
walk (struct scan *s)
{
  enum extent_value value;
  uint64_t end, limit, *count;

  while (limit = find_todo (s), s->cursor < s->plan->end) {
    if (extents_lookup (s->source_extents, s->cursor, &end, &value)
        == EXTENTS_WAIT)
      return;
    end = min_u64 (end, limit);
    count = value == EXTENT_ZERO ? zeroes_at_cursor (s, &end) : &s->found.data;
    if (count == NULL)
      return;
    *count += end - s->cursor;
    s->cursor = end;
  }
}

static void
take_answers (struct scan *s)
{
  struct list_node *n;

  while ((n = list_take (&s->ready)) != NULL) {
    struct io *io = list_entry (n, struct io, link);
    const bool is_source = extents_owns (s->source_extents, io);
    const int err = conn_retire (io);

    extents_answer (is_source ? s->source_extents : s->destination_extents, io,
                    err);
  }
}

static void
ask (struct scan *s, uint64_t now)
{
  extents_give_up (s->source_extents, now);
  extents_ask (s->source_extents);
  if (s->destination_extents) {
    extents_give_up (s->destination_extents, now);
    extents_ask (s->destination_extents);
  }
}

/* Sleeps until something can move.  False when that is the end of the look. */
static bool
turn (struct scan *s, int interrupt_fd, uint64_t deadline, uint64_t now)
{
  struct pollfd fds[3] = {
    { .fd = interrupt_fd, .events = POLLIN },
    { .fd = -1 },
    { .fd = -1 },
  };
  struct error ignored = { 0 };

  deadline = clock_earlier (deadline, extents_deadline (s->source_extents));
  if (s->destination_extents)
    deadline = clock_earlier (deadline,
                              extents_deadline (s->destination_extents));
  conn_submit (s->source);
  conn_poll_events (s->source, &fds[1]);
  if (s->destination) {
    conn_submit (s->destination);
    conn_poll_events (s->destination, &fds[2]);
  }
  if (poll (fds, 3,
            list_empty (&s->ready) ? clock_poll_timeout (deadline, now) : 0)
      == -1)
    return errno == EINTR;
  return fds[0].revents == 0
    && (fds[1].revents == 0
        || conn_dispatch (s->source, fds[1].revents, &ignored) == 0)
    && (fds[2].revents == 0
        || conn_dispatch (s->destination, fds[2].revents, &ignored) == 0);
}

static void
look_around (struct scan *s, uint64_t wait_ns, int interrupt_fd)
{
  uint64_t now = clock_now ();
  const uint64_t deadline = now + wait_ns;

  for (;;) {
    take_answers (s);
    walk (s);
    if (s->cursor == s->plan->end || now >= deadline)
      return;
    ask (s, now);
    if (!turn (s, interrupt_fd, deadline, now))
      return;
    now = clock_now ();
  }
}

/* One that is lost is no use to anybody. */
static void
hand_back (struct endpoint *ep, struct conn *c)
{
  if (c && conn_state (c) == CONN_READY)
    endpoint_take_back (ep, c);
  else
    conn_close (c);
}

struct scan *
scan_run (const struct plan *plan, const struct ranges *todo,
          struct endpoint *source, struct endpoint *destination,
          uint64_t wait_ns, int interrupt_fd, struct error *e)
{
  struct scan *s = calloc (1, sizeof *s);

  if (s == NULL) {
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
    return NULL;
  }
  s->plan = plan;
  s->todo = todo;
  s->found.unknown = plan_length (plan);
  s->cursor = plan->start;
  list_init (&s->ready);
  if (plan->open_ended)
    return s;
  if (!asks_destination (plan))
    destination = NULL;
  if (look_at_both (s, source, destination, e))
    look_around (s, wait_ns, interrupt_fd);
  hand_back (source, s->source);
  hand_back (destination, s->destination);
  s->found.unknown = plan->end - s->cursor;
  if (!error_is_set (e))
    return s;
  scan_free (s);
  return NULL;
}

const struct scan_result *
scan_result (const struct scan *s)
{
  return &s->found;
}

void
scan_free (struct scan *s)
{
  if (s == NULL)
    return;
  extents_free (s->source_extents);
  extents_free (s->destination_extents);
  free (s);
}
