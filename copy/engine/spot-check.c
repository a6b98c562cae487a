/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a few places of a destination: see spot-check.h. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "arith.h"
#include "clock.h"
#include "engine/spot-check.h"
#include "iszero.h"

/* How many places, and the bytes of each where the minimum block is less.  The
 * first and the last are the ends, where disks have their partition tables.
 */
#define PLACES 16
#define SIZE 4096

struct spot_check {
  struct conn *conn;
  struct list ready;
  struct io ios[PLACES];
  unsigned in_flight;
  uint8_t *buffers;       /* owned; as large as all ios */
  const struct io *found; /* NULL: none */
};

static void
start_reads (struct spot_check *s, uint64_t start, uint64_t end, uint64_t size,
             uint64_t align)
{
  const uint64_t step = max_u64 (
    align_down ((end - start) / (PLACES - 1), align), size);
  uint64_t at = start, next = start; /* two never overlap */

  for (unsigned i = 0; i < PLACES && next < end; i++) {
    struct io *io = &s->ios[i];

    if (end - at < size)
      at = max_u64 (next, end - min_u64 (size, end));
    *io = (struct io) {
      .verb = IO_READ,
      .ready = &s->ready,
      .buffer = s->buffers + i * size,
      .offset = at,
      .length = min_u64 (size, end - at),
    };
    next = at + io->length;
    at = min_u64 (at + step, end);
    s->in_flight++;
    conn_start (s->conn, io);
  }
}

/* Takes the reads that are over. */
static void
take_reads (struct spot_check *s)
{
  struct list_node *n;

  while ((n = list_take (&s->ready)) != NULL) {
    struct io *io = list_entry (n, struct io, link);

    s->in_flight--;
    if (conn_retire (io) == 0 && !is_zero (io->buffer, io->length)
        && (s->found == NULL || io->offset < s->found->offset))
      s->found = io;
  }
}

/* Sleeps until something can move.  Returns false when the check has to end. */
static bool
turn (struct spot_check *s, int interrupt_fd, uint64_t deadline, uint64_t now)
{
  struct pollfd fds[2] = { { .fd = interrupt_fd, .events = POLLIN } };
  struct error ignored = { 0 };

  conn_submit (s->conn);
  conn_poll_events (s->conn, &fds[1]);
  if (poll (fds, 2,
            list_empty (&s->ready) ? clock_poll_timeout (deadline, now) : 0)
      == -1)
    return errno == EINTR;
  return fds[0].revents == 0
    && conn_dispatch (s->conn, fds[1].revents, &ignored) == 0;
}

static void
look (struct spot_check *s, uint64_t wait_ns, int interrupt_fd)
{
  uint64_t now = clock_now ();
  const uint64_t deadline = now + wait_ns;

  for (;;) {
    take_reads (s);
    if (s->in_flight == 0 || s->found || now >= deadline
        || !turn (s, interrupt_fd, deadline, now))
      return;
    now = clock_now ();
  }
}

struct spot_check *
spot_check_new (struct endpoint *ep, uint64_t start, uint64_t end,
                uint64_t wait_ns, int interrupt_fd)
{
  const uint64_t align = endpoint_caps (ep)->block_min;
  const uint64_t size = min_u64 (max_u64 (align, SIZE),
                                 endpoint_caps (ep)->block_max);
  struct spot_check *s = calloc (1, sizeof *s);
  struct error ignored = { 0 };

  if (s == NULL)
    return NULL;
  list_init (&s->ready);
  s->buffers = calloc (PLACES, size);
  if (s->buffers == NULL) {
    free (s);
    return NULL;
  }
  s->conn = endpoint_conn (ep, 0, &ignored);
  if (s->conn == NULL)
    return s;
  start_reads (s, start, align_down (end, align), size, align);
  look (s, wait_ns, interrupt_fd);
  if (conn_state (s->conn) == CONN_READY)
    endpoint_take_back (ep, s->conn);
  else
    conn_close (s->conn);
  return s;
}

bool
spot_check_found (const struct spot_check *s, uint64_t *offset,
                  uint64_t *length)
{
  if (s->found == NULL)
    return false;
  *offset = s->found->offset;
  *length = s->found->length;
  return true;
}

void
spot_check_free (struct spot_check *s)
{
  if (s == NULL)
    return;
  free (s->buffers);
  free (s);
}
