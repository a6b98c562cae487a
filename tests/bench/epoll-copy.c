/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A copier with a single event loop, for comparison:
 *
 *     epoll-copy [-r REQUEST-SIZE] [-n REQUESTS] SOURCE DESTINATION
 *
 * One thread, one connection to each side, epoll, and a fixed number of
 * requests in flight, without workers and without a window that is tuned.  It
 * is meant to be good of its kind: reads, writes and block status are all
 * asynchronous, zeroes are neither read nor written as data, and libnbd is
 * called by the loop alone.  It knows NBD URIs only, does not look for zeroes
 * in data, and ends at the first error.
 */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <libnbd.h>

#include "arith.h"

/* As in nbdcopy. */
#define REQUEST_SIZE (256 * KiB)
#define REQUESTS 64

#define ZERO_MAX GiB /* of one zero request */
#define ASK GiB      /* of one block status request */
#define ASK_AHEAD (4 * ASK)
#define RUNS 65536 /* known ahead of the cursor, at most */

struct side {
  struct nbd_handle *nbd;
  int fd;
  uint32_t events; /* that epoll waits for */
};

enum state { FREE, READING, WRITING };

/* One range in flight. */
struct slot {
  enum state state;
  bool done; /* its step is complete: the loop starts the next one */
  int error;
  uint64_t offset, length;
  int64_t cookie;
  char *buffer;
};

struct run {
  uint64_t end;
  bool zero;
};

struct copy {
  struct side source, destination;
  int epoll;
  uint64_t size, cursor;
  uint64_t request_size, zero_max;
  unsigned n_slots, busy;
  struct slot *slots;

  /* Known extents of the source, from the cursor to known_to, in a ring. */
  bool has_extents, asking;
  uint64_t known_to, asked_from, asked_to;
  struct run *runs;
  unsigned first_run, n_runs;
};

static void
die (const char *what, int err)
{
  fprintf (stderr, "epoll-copy: %s: %s\n", what,
           err ? strerror (err) : nbd_get_error ());
  exit (1);
}

/* -- the source's extents ------------------------------------------------- */

static void
add_run (struct copy *c, uint64_t end, bool zero)
{
  struct run *last = &c->runs[(c->first_run + c->n_runs - 1) % RUNS];

  if (c->n_runs > 0 && last->zero == zero)
    last->end = end;
  else
    c->runs[(c->first_run + c->n_runs++) % RUNS] = (struct run) { end, zero };
  c->known_to = end;
}

static int
on_extents (void *opaque, const char *context, uint64_t offset,
            uint32_t *entries, size_t n, int *error)
{
  struct copy *c = opaque;

  if (*error || strcmp (context, LIBNBD_CONTEXT_BASE_ALLOCATION) != 0
      || offset != c->known_to)
    return 0;
  for (size_t i = 0; i + 1 < n && c->known_to < c->asked_to && c->n_runs < RUNS;
       i += 2)
    if (entries[i] > 0)
      add_run (c, min_u64 (c->known_to + entries[i], c->asked_to),
               entries[i + 1] & LIBNBD_STATE_ZERO);
  return 0;
}

/* Ranges that the server did not report are data. */
static int
on_extents_end (void *opaque, int *error)
{
  struct copy *c = opaque;

  c->asking = false;
  if (*error || c->known_to == c->asked_from)
    add_run (c, c->asked_to, false);
  return 1;
}

static void
ask_ahead (struct copy *c)
{
  const uint64_t length = min_u64 (ASK, c->size - c->known_to);

  if (c->asking || length == 0 || c->n_runs > RUNS / 2
      || c->known_to - c->cursor >= ASK_AHEAD)
    return;
  c->asked_from = c->known_to;
  c->asked_to = c->known_to + length;
  if (!c->has_extents) {
    add_run (c, c->asked_to, false);
    return;
  }
  c->asking = true;
  if (nbd_aio_block_status (c->source.nbd, length, c->known_to,
                            (nbd_extent_callback) {
                              .callback = on_extents,
                              .user_data = c,
                            },
                            (nbd_completion_callback) {
                              .callback = on_extents_end,
                              .user_data = c,
                            },
                            0)
      == -1)
    die ("block status", 0);
}

/* -- slots ---------------------------------------------------------------- */

/* libnbd must not be called from here.  Returns 0, so that the loop retires the
 * command and learns of short reads.
 */
static int
on_done (void *opaque, int *error)
{
  struct slot *s = opaque;

  s->error = *error;
  s->done = true;
  return 0;
}

static nbd_completion_callback
when_done (struct slot *s, enum state state)
{
  s->state = state;
  s->done = false;
  return (nbd_completion_callback) { .callback = on_done, .user_data = s };
}

static void
start (struct copy *c, struct slot *s, bool zero, uint64_t length)
{
  s->offset = c->cursor;
  s->length = length;
  c->cursor += length;
  c->busy++;
  s->cookie = zero ? nbd_aio_zero (c->destination.nbd, length, s->offset,
                                   when_done (s, WRITING), 0)
                   : nbd_aio_pread (c->source.nbd, s->buffer, length, s->offset,
                                    when_done (s, READING), 0);
  if (s->cookie == -1)
    die (zero ? "zero" : "read", 0);
}

/* Starts the next step of a slot. */
static void
advance (struct copy *c, struct slot *s)
{
  struct nbd_handle *nbd = s->state == READING ? c->source.nbd
                                               : c->destination.nbd;

  if (s->error)
    die (s->state == READING ? "read" : "write", s->error);
  if (nbd_aio_command_completed (nbd, s->cookie) != 1)
    die (s->state == READING ? "read" : "write", 0);
  if (s->state == READING) {
    s->cookie = nbd_aio_pwrite (c->destination.nbd, s->buffer, s->length,
                                s->offset, when_done (s, WRITING), 0);
    if (s->cookie == -1)
      die ("write", 0);
    return;
  }
  s->state = FREE;
  c->busy--;
}

/* Starts as many requests as slots and extents allow. */
static void
fill (struct copy *c)
{
  for (unsigned i = 0; i < c->n_slots; i++) {
    struct slot *s = &c->slots[i];
    struct run *run;

    if (s->state != FREE)
      continue;
    ask_ahead (c);
    if (c->cursor == c->known_to)
      return;
    run = &c->runs[c->first_run];
    start (
      c, s, run->zero && c->zero_max > 0,
      min_u64 (run->end - c->cursor,
               run->zero && c->zero_max > 0 ? c->zero_max : c->request_size));
    if (c->cursor == run->end) {
      c->first_run = (c->first_run + 1) % RUNS;
      c->n_runs--;
    }
  }
  ask_ahead (c);
}

static bool
drain (struct copy *c)
{
  bool any = false;

  for (unsigned i = 0; i < c->n_slots; i++)
    while (c->slots[i].state != FREE && c->slots[i].done) {
      advance (c, &c->slots[i]);
      any = true;
    }
  return any;
}

/* -- the loop ------------------------------------------------------------- */

static void
open_side (struct side *side, const char *uri, bool extents)
{
  side->nbd = nbd_create ();
  if (side->nbd == NULL || nbd_set_uri_allow_local_file (side->nbd, true) == -1
      || (extents
          && nbd_add_meta_context (side->nbd, LIBNBD_CONTEXT_BASE_ALLOCATION)
            == -1)
      || nbd_connect_uri (side->nbd, uri) == -1)
    die (uri, 0);
  side->fd = nbd_aio_get_fd (side->nbd);
}

/* Updates the events that epoll waits for. */
static void
watch (struct copy *c, struct side *side)
{
  const unsigned direction = nbd_aio_get_direction (side->nbd);
  struct epoll_event event = { .data.ptr = side };

  if (direction & LIBNBD_AIO_DIRECTION_READ)
    event.events |= EPOLLIN;
  if (direction & LIBNBD_AIO_DIRECTION_WRITE)
    event.events |= EPOLLOUT;
  if (event.events == side->events)
    return;
  if (epoll_ctl (c->epoll, side->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
                 side->fd, &event)
      == -1)
    die ("epoll", errno);
  side->events = event.events;
}

static void
notify (struct side *side, uint32_t events)
{
  const unsigned direction = nbd_aio_get_direction (side->nbd);

  if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR))
      && (direction & LIBNBD_AIO_DIRECTION_READ)) {
    if (nbd_aio_notify_read (side->nbd) == -1)
      die ("read from a server", 0);
  }
  else if ((events & EPOLLOUT) && (direction & LIBNBD_AIO_DIRECTION_WRITE)
           && nbd_aio_notify_write (side->nbd) == -1)
    die ("write to a server", 0);
}

static void
turn (struct copy *c)
{
  struct epoll_event events[2];
  int n;

  watch (c, &c->source);
  watch (c, &c->destination);
  while ((n = epoll_wait (c->epoll, events, 2, -1)) == -1)
    if (errno != EINTR)
      die ("epoll", errno);
  for (int i = 0; i < n; i++)
    notify (events[i].data.ptr, events[i].events);
}

static void
open_both (struct copy *c, char **uris)
{
  int64_t size;

  open_side (&c->source, uris[0], true);
  open_side (&c->destination, uris[1], false);
  if ((size = nbd_get_size (c->source.nbd)) == -1)
    die (uris[0], 0);
  if (nbd_get_size (c->destination.nbd) < size)
    die (uris[1], ENOSPC);
  c->size = size;
  c->has_extents = nbd_can_meta_context (c->source.nbd,
                                         LIBNBD_CONTEXT_BASE_ALLOCATION)
    == 1;
  c->zero_max = nbd_can_zero (c->destination.nbd) == 1 ? ZERO_MAX : 0;
}

static void
buy_memory (struct copy *c)
{
  c->slots = calloc (c->n_slots, sizeof *c->slots);
  c->runs = calloc (RUNS, sizeof *c->runs);
  if (c->slots == NULL || c->runs == NULL)
    die ("memory", errno);
  for (unsigned i = 0; i < c->n_slots; i++)
    if ((c->slots[i].buffer = malloc (c->request_size)) == NULL)
      die ("memory", errno);
}

int
main (int argc, char **argv)
{
  struct copy c = {
    .epoll = epoll_create1 (EPOLL_CLOEXEC),
    .request_size = REQUEST_SIZE,
    .n_slots = REQUESTS,
  };
  int option;

  while ((option = getopt (argc, argv, "r:n:")) != -1)
    switch (option) {
    case 'r':
      c.request_size = strtoull (optarg, NULL, 10);
      break;
    case 'n':
      c.n_slots = strtoul (optarg, NULL, 10);
      break;
    default:
      return 2;
    }
  if (argc - optind != 2 || c.request_size == 0 || c.n_slots == 0) {
    fprintf (stderr,
             "usage: %s [-r REQUEST-SIZE] [-n REQUESTS] SOURCE"
             " DESTINATION\n",
             argv[0]);
    return 2;
  }
  if (c.epoll == -1)
    die ("epoll", errno);
  open_both (&c, argv + optind);
  buy_memory (&c);
  while (c.cursor < c.size || c.busy > 0) {
    fill (&c);
    if (!drain (&c))
      turn (&c);
  }
  if (nbd_can_flush (c.destination.nbd) == 1
      && nbd_flush (c.destination.nbd, 0) == -1)
    die ("flush", 0);
  nbd_shutdown (c.source.nbd, 0);
  nbd_shutdown (c.destination.nbd, 0);
  nbd_close (c.source.nbd);
  nbd_close (c.destination.nbd);
  for (unsigned i = 0; i < c.n_slots; i++)
    free (c.slots[i].buffer);
  free (c.slots);
  free (c.runs);
  close (c.epoll);
  return 0;
}
