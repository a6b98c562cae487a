/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans the extents of the whole disk before it is copied: see scan.h. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "engine/extents.h"
#include "engine/scan.h"

struct scan {
  const struct copy *copy;   /* borrowed */
  const struct plan *plan;   /* the copy's */
  const struct ranges *todo; /* the map's; NULL: all of the disk */
  size_t next;               /* the first of them that ends after the cursor */
  struct connection connections[2]; /* by side; their conns are lent by the
                                       endpoints */
  struct extents *extents[2];       /* owned; by side; NULL: it is not asked */
  struct list ready;
  uint64_t cursor;
  struct scan_result found;
};

/* -- one side ------------------------------------------------------------- */

static void
look_at (struct scan *s, struct endpoint *ep, bool ask, struct error *e)
{
  struct connection *c = &s->connections[endpoint_side (ep)];
  struct extents *x;

  *c = (struct connection) {
    .endpoint = ep,
    .conn = endpoint_conn (ep, 0, e),
    .state = CONNECTION_UP,
  };
  if (c->conn == NULL)
    return;
  x = extents_new (c, &s->ready, ask ? endpoint_caps (ep)->extents_max : 0,
                   endpoint_side (ep) == SOURCE && s->copy->changed);
  if (x) {
    extents_select (
      x, copy_selector (s->copy, endpoint_side (ep), s->extents[SOURCE]));
    extents_aim (x, range_of (s->plan->start, s->plan->end));
  }
  s->extents[endpoint_side (ep)] = x;
}

static bool
asks_destination (const struct plan *plan)
{
  return plan->copies && !plan->updates ? plan->zero.ask_destination
                                        : plan->destination_extents;
}

/* A destination that cannot be asked before it is written to, such as an
 * existing image, leaves open which parts of it are zero.
 */
static bool
look_at_both (struct scan *s, struct endpoint *source,
              struct endpoint *destination, struct error *e)
{
  struct error ignored = { 0 };

  look_at (s, source, s->plan->source_extents, e);
  if (s->extents[SOURCE] == NULL) {
    error_set (e, errno, "cannot scan the extents: %s", strerror (errno));
    return false;
  }
  if (destination)
    look_at (s, destination, true, &ignored);
  s->found.told_apart = s->extents[DESTINATION] || !asks_destination (s->plan);
  return true;
}

/* -- the walk ------------------------------------------------------------- */

/* Returns which number of the result counts zeroes of the source at the cursor,
 * and moves *end down to where that holds.  Returns NULL when the destination
 * has not answered yet.
 */
static uint64_t *
zeroes_at_cursor (struct scan *s, uint64_t *end)
{
  const struct zero_plan *z = &s->plan->zero;
  enum extent_value there;
  uint64_t there_end;

  if (s->plan->copies && z->known == IS_ZERO_YES)
    return &s->found.skipped;
  if (s->extents[DESTINATION] == NULL)
    return s->plan->copies ? &s->found.zero : &s->found.data;
  if (extents_lookup (s->extents[DESTINATION], s->cursor, &there_end, &there)
      == EXTENTS_WAIT)
    return NULL;
  *end = min_u64 (*end, there_end);
  return there == EXTENT_ZERO ? &s->found.skipped
    : s->plan->copies         ? &s->found.zero
                              : &s->found.data;
}

/* Skips ranges that are already done.  Returns the end of the range that starts
 * at the cursor.
 */
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
  s->cursor = start;
  return start == s->plan->end ? start : r->end;
}

/* Moves the cursor as far as the answers reach. */
static void
walk (struct scan *s)
{
  enum extent_value value;
  uint64_t end, limit, *count;

  while (limit = find_todo (s), s->cursor < s->plan->end) {
    if (extents_lookup (s->extents[SOURCE], s->cursor, &end, &value)
        == EXTENTS_WAIT)
      return;
    end = min_u64 (end, limit);
    count = value == EXTENT_UNSELECTED ? &s->found.unselected
      : value == EXTENT_ZERO           ? zeroes_at_cursor (s, &end)
                                       : &s->found.data;
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
    const int err = conn_retire (io);

    extents_answer (s->extents[conn_side (io->conn)], io, err);
  }
}

static void
ask (struct scan *s, uint64_t now)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (s->extents[side]) {
      extents_give_up (s->extents[side], now);
      extents_ask (s->extents[side]);
    }
}

/* Sleeps until something can move.  Returns false when the scan has to end. */
static bool
turn (struct scan *s, int interrupt_fd, uint64_t deadline, uint64_t now)
{
  struct pollfd fds[3] = {
    [2] = { .fd = interrupt_fd, .events = POLLIN },
  };
  struct error ignored = { 0 };

  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    if (s->extents[side])
      deadline = clock_earlier (deadline, extents_deadline (s->extents[side]));
    connection_submit (&s->connections[side]);
    connection_poll_events (&s->connections[side], &fds[side]);
  }
  if (poll (fds, 3,
            list_empty (&s->ready) ? clock_poll_timeout (deadline, now) : 0)
      == -1)
    return errno == EINTR;
  if (fds[2].revents != 0)
    return false;
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (connection_dispatch (&s->connections[side], fds[side].revents, &ignored)
        == -1)
      return false;
  return true;
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

/* Hands the conns back to their endpoints, except for those that are lost. */
static void
hand_back (struct scan *s)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct connection *c = &s->connections[side];

    if (c->conn && conn_state (c->conn) == CONN_READY)
      endpoint_take_back (c->endpoint, c->conn);
    else
      conn_close (c->conn);
    c->conn = NULL;
  }
}

/* Works out the numbers that the walk does not count. */
static void
complete_result (struct scan *s)
{
  struct scan_result *f = &s->found;

  f->resumed = s->copy->map ? map_resumed (s->copy->map) : 0;
  if (s->copy->selection)
    f->unselected = copy_unselected (s->copy);
  f->unknown = plan_length (s->plan) - f->unselected - f->resumed - f->data
    - f->zero - f->skipped;
}

struct scan *
scan_run (const struct copy *copy, bool both, uint64_t wait_ns,
          int interrupt_fd, struct error *e)
{
  struct scan *s = calloc (1, sizeof *s);

  if (s == NULL) {
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
    return NULL;
  }
  s->copy = copy;
  s->plan = &copy->plan;
  s->todo = copy->map ? map_todo (copy->map) : NULL;
  s->found.unknown = plan_length (s->plan);
  s->cursor = s->plan->start;
  list_init (&s->ready);
  if (s->plan->open_ended)
    return s;
  if (look_at_both (s, copy->endpoints[SOURCE],
                    both && asks_destination (s->plan)
                      ? copy->endpoints[DESTINATION]
                      : NULL,
                    e))
    look_around (s, wait_ns, interrupt_fd);
  hand_back (s);
  complete_result (s);
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
  extents_free (s->extents[SOURCE]);
  extents_free (s->extents[DESTINATION]);
  free (s);
}
