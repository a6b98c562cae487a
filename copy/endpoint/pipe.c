/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipe kind of endpoint: bytes in order, without offsets.
 *
 * Reads are filled in the order of their offsets, one after the other, and
 * writes leave in that order, whatever the order in which their data arrived:
 * the others wait in a list.  There is one conn, and it starts at offset 0,
 * which is the present position of the descriptor.
 *
 *   conn_start -> waiting, by offset -> read or write until it would block
 *                                                  |
 *                                 complete -> ready list
 *
 * A stream must not block the worker, and O_NONBLOCK must not be set on a
 * descriptor that other processes share.  So a pipe is opened once more;
 * sockets take a flag with each call; other devices are asked by poll before
 * each call, and are written to in small pieces, because a device that is ready
 * may still block until it has taken all of a write.  Regular files and block
 * devices, which standard input and output can be, only wait for the disk.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "base/log.h"
#include "descriptor.h"
#include "device.h"
#include "endpoint/pipe.h"

#define BLOCK_MAX GiB

/* The size of a pipe, if the kernel allows it: each time that it is full or
 * empty, a process has to be woken.
 */
#define PIPE_SIZE MiB

/* The largest write to a descriptor that may block. */
#define PIECE (64 * KiB)

/* How often to look whether the other end of a FIFO was opened. */
#define LOOK_MS 10

enum channel {
  NEVER_BLOCKS, /* a file, or a pipe that we opened with O_NONBLOCK */
  SOCKET,       /* each call takes a flag */
  MAY_BLOCK,    /* poll says whether it would */
};

struct pipe_endpoint {
  struct endpoint base;
  int fd;
  bool owned; /* we close fd */
  enum channel channel;
  uint64_t piece; /* bytes of one write */
  struct device device;
  bool has_first; /* first was read while waiting for a writer */
  char first;
};

struct pipe_conn {
  struct conn base;
  const struct pipe_endpoint *endpoint; /* borrowed; this is its only conn */
  bool has_first;      /* the endpoint's first is still to be returned */
  struct list waiting; /* ios, by offset, with gaps between them */
  uint64_t position;   /* bytes read or written so far */
  bool ended;          /* the end was read */
  bool blocked;        /* the first io waits for the descriptor */
};

static struct pipe_conn *
pipe_conn_of (struct conn *c)
{
  return (struct pipe_conn *) c;
}

static struct pipe_endpoint *
pipe_endpoint_of (struct endpoint *ep)
{
  return (struct pipe_endpoint *) ep;
}

static struct io *
io_of (struct list_node *n)
{
  return n ? list_entry (n, struct io, link) : NULL;
}

/* -- moving bytes --------------------------------------------------------- */

static bool
would_block (const struct pipe_endpoint *ep)
{
  struct pollfd p = { .fd = ep->fd,
                      .events = ep->base.side == SOURCE ? POLLIN : POLLOUT };

  return ep->channel == MAY_BLOCK && poll (&p, 1, 0) == 0;
}

static ssize_t
read_some (struct pipe_conn *pc, char *buffer, size_t length)
{
  const struct pipe_endpoint *ep = pc->endpoint;

  if (pc->has_first) {
    pc->has_first = false;
    buffer[0] = ep->first;
    return 1;
  }
  return ep->channel == SOCKET ? recv (ep->fd, buffer, length, MSG_DONTWAIT)
                               : read (ep->fd, buffer, length);
}

static ssize_t
write_some (const struct pipe_endpoint *ep, const char *buffer, size_t length)
{
  length = min_u64 (length, ep->piece);
  return ep->channel == SOCKET
    ? send (ep->fd, buffer, length, MSG_DONTWAIT | MSG_NOSIGNAL)
    : write (ep->fd, buffer, length);
}

/* Makes one system call.  Returns a count, or -1 with errno. */
static ssize_t
transfer (struct pipe_conn *pc, const struct io *io)
{
  const uint64_t done = pc->position - io->offset;
  char *buffer = io->buffer;

  if (would_block (pc->endpoint)) {
    errno = EAGAIN;
    return -1;
  }
  return io->verb == IO_READ
    ? read_some (pc, buffer + done, io->length - done)
    : write_some (pc->endpoint, buffer + done, io->length - done);
}

static void
finish (struct io *io, int err)
{
  /* These have another meaning for the caller of retire. */
  io->error = err == ENODATA || err == EPROTO ? EIO : err;
  list_remove (&io->link);
  list_append (io->ready, &io->link);
}

/* Returns the first io in the list if it is its turn: a write waits until all
 * data before it has been written.
 */
static struct io *
next_io (const struct pipe_conn *pc)
{
  struct io *io = io_of (list_first (&pc->waiting));

  return io && io->offset <= pc->position ? io : NULL;
}

/* Moves one io until it is complete, or until it would block; then returns
 * true.
 */
static bool
move (struct pipe_conn *pc, struct io *io)
{
  while (pc->position < io->offset + io->length) {
    const ssize_t n = transfer (pc, io);

    if (n > 0)
      pc->position += n;
    else if (n == -1 && errno == EAGAIN)
      return true;
    else if (n == 0 && io->verb == IO_READ) {
      pc->ended = true;
      io->length = pc->position - io->offset;
    }
    else if (n == 0 || errno != EINTR) {
      finish (io, n == 0 ? EIO : errno);
      return false;
    }
  }
  finish (io, 0);
  return false;
}

/* Completes reads after the end, with length 0. */
static void
finish_behind_end (struct pipe_conn *pc)
{
  struct io *io;

  while ((io = io_of (list_first (&pc->waiting))) != NULL) {
    io->length = 0;
    finish (io, 0);
  }
}

/* -- one conn ------------------------------------------------------------- */

static enum conn_state
pipe_state (struct conn *c)
{
  return CONN_READY;
}

static void
wait_in_order (struct pipe_conn *pc, struct io *io)
{
  struct list_node *n = list_last (&pc->waiting);

  while (n && io_of (n)->offset > io->offset)
    n = list_prev (&pc->waiting, n);
  if (n)
    list_insert_after (n, &io->link);
  else
    list_push (&pc->waiting, &io->link);
}

static int
pipe_start (struct conn *c, struct io *io)
{
  struct pipe_conn *pc = pipe_conn_of (c);

  io->error = 0;
  switch (io->verb) {
  case IO_READ:
  case IO_WRITE:
    wait_in_order (pc, io);
    return 0;
  case IO_FLUSH: /* only files and disks get a flush */
    if (fsync (pc->endpoint->fd) == -1)
      io->error = errno;
    list_append (io->ready, &io->link);
    return 0;
  case IO_ZERO:
  case IO_EXTENTS:
    break;
  }
  return ENOTSUP;
}

static int
pipe_retire (struct conn *c, struct io *io)
{
  return io->error;
}

/* Reads or writes before the loop polls, and lets it poll only after a call
 * would have blocked.  Polling first is not possible: on a FIFO whose last
 * writer left before we opened it again, poll does not report the end.  Moves
 * one io at a time, so that the loop also serves the other side.
 */
static void
pipe_submit (struct conn *c)
{
  struct pipe_conn *pc = pipe_conn_of (c);
  struct io *io = next_io (pc);

  pc->blocked = io && !pc->ended && move (pc, io);
  if (pc->ended)
    finish_behind_end (pc);
}

static void
pipe_poll_events (struct conn *c, struct pollfd *p)
{
  const struct pipe_conn *pc = pipe_conn_of (c);

  p->fd = pc->blocked ? pc->endpoint->fd : -1;
  p->events = c->endpoint->side == SOURCE ? POLLIN : POLLOUT;
}

static bool
pipe_shutdown (struct conn *c)
{
  list_init (&pipe_conn_of (c)->waiting);
  return true;
}

static void
pipe_conn_close (struct conn *c)
{
  free (pipe_conn_of (c));
}

static const struct conn_ops pipe_conn_ops = {
  .state = pipe_state,
  .start = pipe_start,
  .submit = pipe_submit,
  .poll_events = pipe_poll_events,
  .retire = pipe_retire,
  .shutdown = pipe_shutdown,
  .close = pipe_conn_close,
};

static struct conn *
pipe_endpoint_conn (struct endpoint *base, unsigned number, struct error *e)
{
  struct pipe_conn *pc = calloc (1, sizeof *pc);

  assert (number == 0);
  if (pc == NULL) {
    error_set (e, ENOMEM, "%s: %s", base->name, strerror (ENOMEM));
    return NULL;
  }
  pc->base.ops = &pipe_conn_ops;
  pc->base.endpoint = base;
  pc->endpoint = pipe_endpoint_of (base);
  pc->has_first = pc->endpoint->has_first;
  list_init (&pc->waiting);
  return &pc->base;
}

/* -- the endpoint --------------------------------------------------------- */

static bool
pipe_endpoint_close (struct endpoint *base, uint64_t grace_ns, int interrupt_fd,
                     struct error *e)
{
  struct pipe_endpoint *ep = pipe_endpoint_of (base);
  bool good = true;

  if (ep->owned && close (ep->fd) == -1 && errno != EINTR
      && base->side == DESTINATION)
    good = endpoint_fail (&ep->base, "cannot close it", e) == 0;
  free (base->name);
  free (ep);
  return good;
}

static const struct endpoint_ops pipe_endpoint_ops = {
  .conn = pipe_endpoint_conn,
  .close = pipe_endpoint_close,
};

/* -- checking ------------------------------------------------------------- */

static int
standard_fd (enum side side)
{
  return side == SOURCE ? STDIN_FILENO : STDOUT_FILENO;
}

static int
refuse (const char *name, const char *why, struct error *e)
{
  error_set (e, ENOTSUP, "%s: %s", name, why);
  return -1;
}

static bool
is_stream_socket (int fd)
{
  int type;
  socklen_t size = sizeof type;

  return getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0
    && type == SOCK_STREAM;
}

static int
check_standard (enum side side, const char *name, struct error *e)
{
  const int fd = standard_fd (side);
  const int flags = fcntl (fd, F_GETFL);
  struct stat st;

  if (flags == -1 || fstat (fd, &st) == -1)
    return refuse (name,
                   side == SOURCE ? "standard input is closed"
                                  : "standard output is closed",
                   e);
  if (S_ISDIR (st.st_mode))
    return refuse (name, "is a folder", e);
  if (S_ISSOCK (st.st_mode) && !is_stream_socket (fd))
    return refuse (name, "not a stream socket", e);
  if ((flags & O_ACCMODE) == (side == SOURCE ? O_WRONLY : O_RDONLY))
    return refuse (
      name, side == SOURCE ? "not open for reading" : "not open for writing",
      e);
  if (side == DESTINATION && isatty (fd))
    return refuse (name, "refusing to write to a terminal", e);
  return 0;
}

static int
pipe_check (const struct target *t, struct error *e)
{
  const char *name = t->name;
  struct stat st;

  if (t->operand->kind == OPERAND_STANDARD)
    return check_standard (t->side, name, e);
  if (stat (t->operand->name, &st) == -1)
    return 0; /* it was removed: opening it reports that */
  if (S_ISDIR (st.st_mode))
    return refuse (name, "is a folder", e);
  if (S_ISSOCK (st.st_mode))
    return refuse (name,
                   "is a socket: use nbd+unix:// for a server, or pass a"
                   " connected socket as standard input or output and use -",
                   e);
  return 0;
}

/* -- opening -------------------------------------------------------------- */

/* Waits for a moment.  -1 with the error set when the time is up. */
static int
let_time_pass (const struct pipe_endpoint *ep, const struct endpoint_request *q,
               struct error *e)
{
  struct pollfd p = { .fd = q->interrupt_fd, .events = POLLIN };

  if (poll (&p, 1, LOOK_MS) == 1) {
    endpoint_error (&ep->base, e, ERROR_INTERRUPTED, EINTR, "interrupted");
    return -1;
  }
  if (clock_now () >= q->deadline) {
    error_set (e, ETIMEDOUT, "%s: its other end was not opened in time",
               ep->base.name);
    return -1;
  }
  return 0;
}

/* Returns whether a process writes to a FIFO that is open for reading, or did
 * so and has closed it.  Without a writer, a read returns the end; otherwise it
 * blocks, or returns a byte.
 */
static bool
has_writer (struct pipe_endpoint *ep)
{
  struct pollfd p = { .fd = ep->fd, .events = POLLIN };
  ssize_t n;

  if (poll (&p, 1, 0) == 1)
    return true;
  n = read (ep->fd, &ep->first, 1);
  ep->has_first = n == 1;
  return n != 0;
}

/* Opens a FIFO.  For writing, that needs a reader; for reading it works at
 * once, but then the FIFO seems to be at its end until there is a writer.
 */
static int
open_path (struct pipe_endpoint *ep, const struct endpoint_request *q,
           struct error *e)
{
  const int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK
    | (q->side == SOURCE ? O_RDONLY : O_WRONLY);
  struct stat st;

  while ((ep->fd = open (q->operand->name, flags)) == -1) {
    const int err = errno;

    if (err == ENXIO && stat (q->operand->name, &st) == 0
        && S_ISFIFO (st.st_mode)) {
      if (let_time_pass (ep, q, e) == -1)
        return -1;
    }
    else {
      errno = err;
      return endpoint_fail (&ep->base, "cannot open it", e);
    }
  }
  ep->owned = true;
  if (fstat (ep->fd, &st) == -1)
    return endpoint_fail (&ep->base, "cannot stat it", e);
  if (q->side == SOURCE && S_ISFIFO (st.st_mode))
    while (!has_writer (ep))
      if (let_time_pass (ep, q, e) == -1)
        return -1;
  return 0;
}

/* Opens a shared pipe once more, only for us. */
static int
reopen_pipe (enum side side)
{
  return descriptor_reopen (standard_fd (side),
                            O_CLOEXEC | O_NONBLOCK
                              | (side == SOURCE ? O_RDONLY : O_WRONLY));
}

static int
take_standard (struct pipe_endpoint *ep, struct error *e)
{
  struct stat st;
  int own;

  ep->fd = standard_fd (ep->base.side);
  if (fstat (ep->fd, &st) == -1)
    return endpoint_fail (&ep->base, "cannot stat it", e);
  if (S_ISREG (st.st_mode) || S_ISBLK (st.st_mode))
    return 0;
  if (S_ISSOCK (st.st_mode)) {
    ep->channel = SOCKET;
    return 0;
  }
  if (S_ISFIFO (st.st_mode) && (own = reopen_pipe (ep->base.side)) != -1) {
    ep->fd = own;
    ep->owned = true;
    return 0;
  }
  ep->channel = MAY_BLOCK; /* a pipe that is ready takes PIPE_BUF bytes */
  ep->piece = S_ISFIFO (st.st_mode) ? PIPE_BUF : PIECE;
  return 0;
}

/* Enlarges a pipe; everything else refuses that, which does not matter. */
static void
enlarge (const struct pipe_endpoint *ep)
{
  const int size = fcntl (ep->fd, F_GETPIPE_SZ);

  if (size != -1 && (unsigned) size < PIPE_SIZE)
    fcntl (ep->fd, F_SETPIPE_SZ, (int) PIPE_SIZE);
}

static void
set_caps (struct pipe_endpoint *ep)
{
  ep->base.caps = (struct caps) {
    .size = INT64_MAX,
    .block_min = 1,
    .block_preferred = 4096,
    .block_max = BLOCK_MAX,
    .can_flush = ep->device.kind != DEVICE_OTHER,
    .stream = true,
    .terminal = isatty (ep->fd),
  };
}

static struct endpoint *
pipe_open (const struct endpoint_request *q, struct error *e)
{
  static const char *const kinds[] = {
    [NEVER_BLOCKS] = "without blocking",
    [SOCKET] = "as a socket",
    [MAY_BLOCK] = "when poll says so",
  };
  struct pipe_endpoint *ep = endpoint_new (q, sizeof *ep, &pipe_endpoint_ops,
                                           e);

  if (ep == NULL)
    return NULL;
  ep->base.device = &ep->device;
  ep->fd = -1;
  ep->piece = BLOCK_MAX;
  if ((q->operand->kind == OPERAND_STANDARD ? take_standard (ep, e)
                                            : open_path (ep, q, e))
      == -1)
    goto fail;
  if (device_describe (ep->fd, &ep->device) == -1) {
    endpoint_fail (&ep->base, "cannot stat it", e);
    goto fail;
  }
  enlarge (ep);
  set_caps (ep);
  log_detail ("%s: a stream, read or written %s", ep->base.name,
              kinds[ep->channel]);
  return &ep->base;

fail:
  pipe_endpoint_close (&ep->base, 0, -1, e);
  return NULL;
}

const struct endpoint_kind endpoint_pipe_kind = {
  .not_comparable = "a stream can be read, or written, only once",
  .check = pipe_check,
  .open = pipe_open,
};
