/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NBD kind of endpoint: handles, asynchronous calls, completions.
 *
 * libnbd runs callbacks with the handle's lock held, so they call nothing: they
 * record the result and move the io to its ready list.  They return 0, and the
 * loop retires the command: only nbd_aio_command_completed notices a reply that
 * is shorter than the request.
 *
 * Everything that comes from a server is checked before it is used.
 */

#include <config.h>

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <libnbd.h>

#include "arith.h"
#include "base/log.h"
#include "clock.h"
#include "endpoint/nbd-abstract.h"
#include "endpoint/nbd-address.h"
#include "endpoint/nbd.h"
#include "endpoint/server.h"
#include "endpoint/tls-reason.h"
#include "endpoint/written-once.h"
#include "options/types.h"
#include "secrets.h"

/* The largest read or write that every server must accept unless it says
 * otherwise, and the largest one that we use.
 */
#define PAYLOAD_MAX (32 * MiB)

/* 32-bit lengths, rounded down to an alignment that suits every server. */
#define LENGTH_MAX_32 align_down (UINT32_MAX, 64 * MiB)
#define LENGTH_MAX_64 (UINT64_C (1) << 60)

/* Unix sockets start with some 200 KiB, and each time that one is full both
 * ends have to wake up.  The kernel clips this to its limit.  Only the sender's
 * size counts, see unix(7), so it does not change how much a server sends at
 * once.
 */
#define SOCKET_BUFFER (4 * MiB)

/* A host that has vanished sends nothing, and a flush may take any time: so the
 * kernel sends probes, and after two minutes the connection is lost.  In
 * seconds, and a number of probes.
 */
#define KEEP_ALIVE_IDLE 60
#define KEEP_ALIVE_INTERVAL 10
#define KEEP_ALIVE_COUNT 6

/* The pause between two tries to reach a server that is not there yet. */
#define CONNECT_PAUSE (NS_PER_S / 2)

#define CONTEXT LIBNBD_CONTEXT_BASE_ALLOCATION

/* The address of a server, to find out whether two exports are the same disk.
 */
struct place {
  struct sockaddr_storage address;
  socklen_t length; /* 0: unknown */
  char *export;     /* owned */
};

/* Failures to connect for which libnbd has no errno, only a message. */
enum failure {
  FAILURE_OTHER,
  FAILURE_NO_HOST, /* the name of the host cannot be resolved */
  FAILURE_HANG_UP, /* a tunnel does that when its other end is missing */
  FAILURE_CERTIFICATE,
};

struct nbd_conn {
  struct conn base;
  struct nbd_handle *nbd; /* owned */
  bool up;                /* it has been ready once */
  bool greeted;           /* the server is known to speak NBD */
  bool reached;           /* it was connected once */
  bool leaving;           /* the goodbye has begun */
  enum failure failure;   /* why it was not connected, or was lost */
  char name[32];          /* its name in libnbd's messages */
};

struct nbd_endpoint {
  struct endpoint base;
  char *uri; /* owned; NULL: started by us */
  /* of the URI; without length: it is another address */
  struct nbd_abstract abstract;
  struct server *spawn; /* owned; NULL: not started by us */
  uint64_t grain;       /* of a destination written once; 0: it is not */
  bool wants_extents;
  const char *changed; /* the context of changes; NULL: it is not asked for */
  bool debug;
  struct nbd_conn *first; /* owned until endpoint_conn returns it */
  atomic_uint conns;      /* for which the goodbye has not begun */
  struct place place;
};

static struct nbd_conn *
nbd_conn_of (struct conn *c)
{
  return (struct nbd_conn *) c;
}

static struct nbd_endpoint *
nbd_endpoint_of (struct endpoint *ep)
{
  return (struct nbd_endpoint *) ep;
}

const char *
endpoint_nbd_library (void)
{
  static char name[64];
  struct nbd_handle *h = nbd_create ();
  const char *version = h ? nbd_get_version (h) : NULL;

  snprintf (name, sizeof name, "libnbd %s", version ? version : "?");
  nbd_close (h);
  return name;
}

/* Finds which failure a message of libnbd's is about. */
static enum failure
find_failure (const char *text)
{
  return strstr (text, "getaddrinfo: ") ? FAILURE_NO_HOST
    : strstr (text, "disconnected") || strstr (text, strerror (ECONNRESET))
    ? FAILURE_HANG_UP
    : strstr (text, "in the certificate") ? FAILURE_CERTIFICATE
                                          : FAILURE_OTHER;
}

/* Sets the error to libnbd's message, without the name of its function.  The
 * message may quote a URI, so it is masked.
 */
static enum failure
set_nbd_error (const struct endpoint *ep, struct error *e, const char *what)
{
  const int err = nbd_get_errno ();
  const char *text = nbd_get_error ();
  const char *colon;
  char *masked;

  if (text == NULL)
    text = err ? strerror (err) : "unknown error";
  else if (strncmp (text, "nbd_", 4) == 0 && (colon = strstr (text, ": ")))
    text = colon + 2;
  masked = secrets_mask (text);
  endpoint_error (ep, e, ERROR_PLAIN, err ? err : EIO, "%s: %s", what,
                  masked ? masked : "unknown error");
  free (masked);
  return find_failure (text);
}

/* -- callbacks ------------------------------------------------------------ */

static int
on_completion (void *opaque, int *err)
{
  struct io *io = opaque;

  io->error = *err;
  list_append (io->ready, &io->link);
  return 0;
}

/* Adds [start, end) to the runs that a read has received.  False when it
 * overlaps one of them, lies outside the request, or makes too many runs:
 * libnbd only counts bytes, and would take a repeated piece for a missing one.
 */
static bool
add_run (struct io *io, uint32_t start, uint32_t end)
{
  unsigned i, at = io->n_runs, touching = io->n_runs;

  for (i = 0; i < io->n_runs; i++) {
    if (start < io->runs[i].end && io->runs[i].start < end)
      return false;
    if (io->runs[i].end == start)
      at = i;
    else if (io->runs[i].start == end)
      touching = i;
  }
  if (at < io->n_runs && touching < io->n_runs) {
    io->runs[at].end = io->runs[touching].end;
    io->runs[touching] = io->runs[--io->n_runs];
  }
  else if (at < io->n_runs)
    io->runs[at].end = end;
  else if (touching < io->n_runs)
    io->runs[touching].start = start;
  else if (io->n_runs < IO_RUNS) {
    io->runs[io->n_runs].start = start;
    io->runs[io->n_runs++].end = end;
  }
  else
    return false;
  return true;
}

static int
on_chunk (void *opaque, const void *piece, size_t count, uint64_t offset,
          unsigned status, int *err)
{
  struct io *io = opaque;

  if (status == LIBNBD_READ_ERROR || count == 0)
    return 0;
  if (offset < io->offset || offset - io->offset > io->length
      || count > io->length - (offset - io->offset)
      || !add_run (io, offset - io->offset, offset - io->offset + count)) {
    if (*err == 0)
      *err = EPROTO;
    return -1;
  }
  return 0;
}

static bool
read_is_whole (const struct io *io)
{
  return io->n_runs == 1 && io->runs[0].start == 0
    && io->runs[0].end == io->length;
}

/* One context's part of a block status reply. */
struct context_reply {
  struct io *io;
  struct ranges *ranges;
  uint64_t *to;
  enum extent_value (*value_of) (uint64_t flags);
};

static enum extent_value
value_of_allocation (uint64_t flags)
{
  return flags & LIBNBD_STATE_ZERO ? EXTENT_ZERO : EXTENT_DATA;
}

/* Bit 0 of a dirty bitmap says that a block is dirty; servers may set others.
 * See "qemu:" in QEMU's docs/interop/nbd.rst.
 */
static enum extent_value
value_of_bitmap (uint64_t flags)
{
  return flags & 1 ? EXTENT_DATA : EXTENT_UNSELECTED;
}

/* A depth is a number: 1 is the active layer, 2 its backing file, 0 nowhere. */
static enum extent_value
value_of_depth (uint64_t depth)
{
  return depth == 1 ? EXTENT_DATA : EXTENT_UNSELECTED;
}

/* Adds one extent of a block status reply.  False when no more is wanted. */
static bool
learn_extent (const struct context_reply *r, uint64_t length, uint64_t flags)
{
  const uint64_t end = r->io->offset + r->io->length;
  const uint64_t to = min_u64 (add_saturated (*r->to, length), end);

  if (!ranges_set (r->ranges, *r->to, to, r->value_of (flags)))
    return false;
  *r->to = to;
  return to < end;
}

/* Finds out what a reply is about.  Returns false if it is not for this io, or
 * of a context that was not asked for: libnbd accepts any that a server
 * negotiates.  A server that sends a second reply for the same context makes a
 * mistake: the first one counts.
 */
static bool
find_reply (struct io *io, const char *context, uint64_t offset,
            struct context_reply *r)
{
  const char *changed =
    ((const struct nbd_endpoint *) io->conn->endpoint)->changed;

  if (strcmp (context, CONTEXT) == 0)
    *r = (struct context_reply) { io, io->learned, &io->learned_to,
                                  value_of_allocation };
  else if (changed == NULL || strcmp (context, changed) != 0)
    return false;
  else
    *r = (struct context_reply) {
      io,
      io->changes,
      &io->changes_to,
      strcmp (context, CONTEXT_DEPTH) == 0 ? value_of_depth : value_of_bitmap,
    };
  return r->ranges && offset == io->offset && *r->to == io->offset;
}

#ifdef HAVE_NBD_AIO_BLOCK_STATUS_64

static int
on_extents (void *opaque, const char *context, uint64_t offset,
            nbd_extent *entries, size_t n, int *err)
{
  struct context_reply r;

  if (find_reply (opaque, context, offset, &r))
    for (size_t i = 0; i < n; i++)
      if (!learn_extent (&r, entries[i].length, entries[i].flags))
        break;
  return 0;
}

#else /* !HAVE_NBD_AIO_BLOCK_STATUS_64 */

static int
on_extents (void *opaque, const char *context, uint64_t offset,
            uint32_t *entries, size_t n, int *err)
{
  struct context_reply r;

  if (find_reply (opaque, context, offset, &r))
    for (size_t i = 0; i + 1 < n; i += 2)
      if (!learn_extent (&r, entries[i], entries[i + 1]))
        break;
  return 0;
}

#endif

/* -- one connection ------------------------------------------------------- */

static void
keep_alive (struct nbd_handle *h)
{
  static const struct {
    int level, option, value;
  } settings[] = {
    { SOL_SOCKET, SO_KEEPALIVE, 1 },
    { IPPROTO_TCP, TCP_KEEPIDLE, KEEP_ALIVE_IDLE },
    { IPPROTO_TCP, TCP_KEEPINTVL, KEEP_ALIVE_INTERVAL },
    { IPPROTO_TCP, TCP_KEEPCNT, KEEP_ALIVE_COUNT },
  };
  const int fd = nbd_aio_get_fd (h);

  /* It is not needed where the server is on this host, and fails there. */
  for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
    if (fd == -1
        || setsockopt (fd, settings[i].level, settings[i].option,
                       &settings[i].value, sizeof (int))
          == -1)
      return;
}

static enum conn_state
nbd_conn_state (struct conn *c)
{
  struct nbd_conn *nc = nbd_conn_of (c);
  struct nbd_handle *h = nc->nbd;

  if (nbd_aio_is_ready (h) > 0 || nbd_aio_is_processing (h) > 0) {
    if (!nc->up)
      keep_alive (h);
    nc->up = true;
    return CONN_READY;
  }
  if (nbd_aio_is_connecting (h) > 0 || nbd_aio_is_negotiating (h) > 0)
    return CONN_CONNECTING;
  return CONN_DEAD;
}

static int64_t
start_extents (struct nbd_handle *h, struct io *io,
               nbd_completion_callback done)
{
#ifdef HAVE_NBD_AIO_BLOCK_STATUS_64
  nbd_extent64_callback each = { .callback = on_extents, .user_data = io };

  return nbd_aio_block_status_64 (h, io->length, io->offset, each, done, 0);
#else
  nbd_extent_callback each = { .callback = on_extents, .user_data = io };

  return nbd_aio_block_status (h, io->length, io->offset, each, done, 0);
#endif
}

static int
nbd_conn_start (struct conn *c, struct io *io)
{
  struct nbd_handle *h = nbd_conn_of (c)->nbd;
  nbd_completion_callback done = { .callback = on_completion, .user_data = io };
  nbd_chunk_callback chunk = { .callback = on_chunk, .user_data = io };
  int64_t cookie = -1;

  io->error = 0;
  io->n_runs = 0;
  switch (io->verb) {
  case IO_READ:
    cookie = nbd_aio_pread_structured (h, io->buffer, io->length, io->offset,
                                       chunk, done, 0);
    break;
  case IO_WRITE:
    cookie = nbd_aio_pwrite (h, io->buffer, io->length, io->offset, done, 0);
    break;
  case IO_ZERO:
    cookie = nbd_aio_zero (h, io->length, io->offset, done,
                           (io->allocate ? LIBNBD_CMD_FLAG_NO_HOLE : 0)
                             | (io->fast ? LIBNBD_CMD_FLAG_FAST_ZERO : 0));
    break;
  case IO_EXTENTS:
    io->learned_to = io->changes_to = io->offset;
    cookie = start_extents (h, io, done);
    break;
  case IO_FLUSH:
    cookie = nbd_aio_flush (h, done, 0);
    break;
  }
  if (cookie == -1)
    return nbd_get_errno () ? nbd_get_errno () : EIO;
  io->cookie = cookie;
  return 0;
}

/* Sets learned_to to the end of the range for which both contexts have been
 * answered, in whole blocks.
 * Where a reply has changes but no allocation, which the server may not offer,
 * all that has changed counts as data.
 */
static void
end_learned (struct io *io, uint64_t block)
{
  if (io->changes && io->learned_to == io->offset
      && ranges_set (io->learned, io->offset, io->changes_to, EXTENT_DATA))
    io->learned_to = io->changes_to;
  if (io->changes)
    io->learned_to = min_u64 (io->learned_to, io->changes_to);
  if (io->learned_to < io->offset + io->length)
    io->learned_to = align_down (io->learned_to, block);
}

static int
nbd_conn_retire (struct conn *c, struct io *io)
{
  const int r = nbd_aio_command_completed (nbd_conn_of (c)->nbd, io->cookie);

  if (io->error)
    return io->error;
  if (io->verb == IO_READ && !read_is_whole (io))
    return EPROTO;
  if (r == -1)
    return nbd_get_errno () ? nbd_get_errno () : EIO;
  assert (r == 1);
  if (io->verb == IO_EXTENTS)
    end_learned (io, endpoint_caps (c->endpoint)->block_min);
  return 0;
}

static void
nbd_conn_poll_events (struct conn *c, struct pollfd *p)
{
  struct nbd_handle *h = nbd_conn_of (c)->nbd;
  const unsigned direction = nbd_aio_get_direction (h);

  p->fd = direction ? nbd_aio_get_fd (h) : -1;
  p->events = (direction & LIBNBD_AIO_DIRECTION_READ ? POLLIN : 0)
    | (direction & LIBNBD_AIO_DIRECTION_WRITE ? POLLOUT : 0);
}

/* Returns whether the handle's state is this one or a part of it, by libnbd's
 * name.
 */
static bool
is_in_state (struct nbd_handle *h, const char *name)
{
  const char *state = nbd_connection_state (h);

  return state && strncmp (state, name, strlen (name)) == 0;
}

/* Returns, for an error message, how far a conn has come that is not ready. */
static const char *
nbd_conn_stage (struct conn *c)
{
  struct nbd_handle *h = nbd_conn_of (c)->nbd;

  return is_in_state (h, "START") || is_in_state (h, "CONNECT")
    ? "the connection is not established"
    : is_in_state (h, "MAGIC")
    ? "it is connected, but the server sent no greeting"
    : is_in_state (h, "NEWSTYLE.OPT_STARTTLS")
    ? "the server sent its greeting, but TLS was not set up"
    : "the server sent its greeting, but did not answer all NBD options";
}

/* Notes how far connecting has come, because libnbd forgets that when it fails.
 */
static void
note_stage (struct nbd_conn *nc)
{
  nc->greeted = nc->greeted || is_in_state (nc->nbd, "NEWSTYLE");
  nc->reached = nc->reached || nc->greeted || is_in_state (nc->nbd, "MAGIC");
}

static int
nbd_conn_dispatch (struct conn *c, short revents, struct error *e)
{
  struct nbd_conn *nc = nbd_conn_of (c);
  const unsigned direction = nbd_aio_get_direction (nc->nbd);
  const short broken = POLLERR | POLLHUP | POLLNVAL;
  int r = 0;

  if (!nc->up)
    note_stage (nc);
  if ((direction & LIBNBD_AIO_DIRECTION_READ) && (revents & (POLLIN | broken)))
    r = nbd_aio_notify_read (nc->nbd);
  else if ((direction & LIBNBD_AIO_DIRECTION_WRITE)
           && (revents & (POLLOUT | broken)))
    r = nbd_aio_notify_write (nc->nbd);
  if (r == -1) {
    nc->failure = set_nbd_error (
      c->endpoint, e, nc->up ? "the connection is lost" : "cannot connect");
    e->kind = ERROR_CONNECTION_LOST;
    e->number = ENOTCONN;
    return -1;
  }
  if (!nc->leaving && nbd_aio_get_direction (nc->nbd) == 0) {
    endpoint_error (c->endpoint, e, ERROR_CONNECTION_LOST, ENOTCONN,
                    "the server closed the connection");
    return -1;
  }
  return 0;
}

/* Reads the block sizes, and checks that requests are possible with them. */
static int
read_block_sizes (const struct endpoint *ep, struct nbd_handle *h,
                  struct caps *caps, struct error *e)
{
  const int64_t least = nbd_get_block_size (h, LIBNBD_SIZE_MINIMUM);
  const int64_t preferred = nbd_get_block_size (h, LIBNBD_SIZE_PREFERRED);
  const int64_t most = nbd_get_block_size (h, LIBNBD_SIZE_MAXIMUM);

  caps->block_min = least > 0 ? least : 1;
  caps->block_max = most > 0 ? min_u64 (most, PAYLOAD_MAX) : PAYLOAD_MAX;
  if (!is_power_of_2 (caps->block_min) || caps->block_min > caps->block_max) {
    endpoint_error (ep, e, ERROR_PLAIN, EPROTO,
                    "the server reports impossible block sizes:"
                    " minimum %" PRIi64 ", maximum %" PRIi64,
                    least, most);
    return -1;
  }
  caps->block_max = align_down (caps->block_max, caps->block_min);

  /* Only advice: an impossible value is ignored. */
  caps->block_preferred = max_u64 (4096, caps->block_min);
  if (preferred > 0 && is_power_of_2 (preferred))
    caps->block_preferred = max_u64 (preferred, caps->block_min);
  while (caps->block_preferred > caps->block_max)
    caps->block_preferred /= 2;
  return 0;
}

static bool
has_64_bit_lengths (struct nbd_handle *h)
{
#ifdef HAVE_NBD_AIO_BLOCK_STATUS_64
  return nbd_get_extended_headers_negotiated (h) > 0;
#else
  return false;
#endif
}

/* Makes requests whole grains, where each can be written only once. */
static void
set_grain (struct caps *caps, uint64_t grain)
{
  if (grain == 0 || grain > caps->block_max)
    return;
  caps->written_once = true;
  caps->block_min = max_u64 (caps->block_min, grain);
  caps->block_preferred = max_u64 (caps->block_preferred, grain);
  caps->block_max = align_down (caps->block_max, caps->block_min);
}

static int
read_caps (const struct nbd_endpoint *ep, struct nbd_handle *h,
           struct caps *caps, struct error *e)
{
  const int64_t size = nbd_get_size (h);

  *caps = (struct caps) { 0 };
  if (size < 0) {
    set_nbd_error (&ep->base, e, "cannot get its size");
    return -1;
  }
  caps->size = size;
  if (read_block_sizes (&ep->base, h, caps, e) == -1)
    return -1;
  caps->read_only = nbd_is_read_only (h) > 0;
  caps->can_flush = nbd_can_flush (h) > 0;
  caps->can_multi_conn = nbd_can_multi_conn (h) > 0;
  caps->reconnects = true;
  if (nbd_can_zero (h) > 0) {
    caps->zero_max = LENGTH_MAX_32;
    caps->can_fast_zero = nbd_can_fast_zero (h) > 0;
  }
  if (ep->changed && nbd_can_meta_context (h, ep->changed) <= 0) {
    endpoint_error (&ep->base, e, ERROR_REFUSED, ENOTSUP,
                    "the server does not offer the meta context of"
                    " --changed=%s",
                    ep->changed);
    return -1;
  }
  if (ep->changed || nbd_can_meta_context (h, CONTEXT) > 0)
    caps->extents_max = has_64_bit_lengths (h) ? LENGTH_MAX_64 : LENGTH_MAX_32;
  set_grain (caps, ep->grain);
  return 0;
}

static int
nbd_conn_verify (struct conn *c, struct error *e)
{
  const struct caps *first = endpoint_caps (c->endpoint);
  struct caps caps;
  const char *what = NULL;

  if (read_caps ((const struct nbd_endpoint *) c->endpoint,
                 nbd_conn_of (c)->nbd, &caps, e)
      == -1)
    return -1;
  if (caps.size != first->size)
    what = "size";
  else if (caps.read_only != first->read_only)
    what = "read-only flag";
  else if (caps.block_min != first->block_min
           || caps.block_max != first->block_max)
    what = "block sizes";
  else if (caps.zero_max != first->zero_max
           || caps.can_fast_zero != first->can_fast_zero
           || caps.can_flush != first->can_flush
           || caps.can_multi_conn != first->can_multi_conn)
    what = "flags";
  else if (caps.extents_max != first->extents_max)
    what = "block status";
  if (what == NULL)
    return 0;
  endpoint_error (c->endpoint, e, ERROR_PLAIN, EPROTO,
                  "a further connection differs from the first: %s", what);
  return -1;
}

/* Begins to disconnect.  A server complains if it still has replies to send,
 * and nothing that it prints after the last conn is gone is about the copy.
 */
static void
say_goodbye (struct nbd_conn *nc)
{
  struct nbd_endpoint *ep = (struct nbd_endpoint *) nc->base.endpoint;
  const bool last = atomic_fetch_sub (&ep->conns, 1) == 1;
  const bool busy = nbd_aio_get_direction (nc->nbd) != 0
    && nbd_aio_in_flight (nc->nbd) > 0;

  nc->leaving = true;
  if (ep->spawn && nc->up && (last || busy))
    server_hush (ep->spawn, true);
}

static bool
nbd_conn_shutdown (struct conn *c)
{
  struct nbd_conn *nc = nbd_conn_of (c);

  if (!nc->leaving) {
    say_goodbye (nc);
    if (nbd_aio_disconnect (nc->nbd, 0) == -1)
      return true; /* it is dead already */
  }
  return nbd_aio_get_direction (nc->nbd) == 0;
}

static void
nbd_conn_close (struct conn *c)
{
  struct nbd_conn *nc = nbd_conn_of (c);

  if (!nc->leaving)
    say_goodbye (nc);
  nbd_close (nc->nbd);
  free (nc);
}

static const struct conn_ops nbd_conn_ops = {
  .state = nbd_conn_state,
  .verify = nbd_conn_verify,
  .start = nbd_conn_start,
  .poll_events = nbd_conn_poll_events,
  .dispatch = nbd_conn_dispatch,
  .retire = nbd_conn_retire,
  .stage = nbd_conn_stage,
  .shutdown = nbd_conn_shutdown,
  .close = nbd_conn_close,
};

/* -- connecting ----------------------------------------------------------- */

/* Prints libnbd's debug message as libnbd would, but with secrets masked, and
 * without waiting for the reader.
 */
static int
on_debug (void *opaque, const char *context, const char *message)
{
  const struct nbd_conn *nc = opaque;
  char *masked = secrets_mask (message);

  if (masked)
    log_library ("libnbd: debug: %s: %s: %s", nc->name, context, masked);
  free (masked);
  return 0;
}

static int
set_debug (struct nbd_handle *h, struct nbd_conn *nc)
{
  nbd_debug_callback each = { .callback = on_debug, .user_data = nc };

  return nbd_set_debug_callback (h, each) == 0 && nbd_set_debug (h, true) == 0
    ? 0
    : -1;
}

/* Makes a handle for a conn that lives as long. */
static struct nbd_handle *
make_handle (const struct nbd_endpoint *ep, unsigned number,
             struct nbd_conn *nc)
{
  struct nbd_handle *h = nbd_create ();

  if (h == NULL)
    return NULL;
  snprintf (nc->name, sizeof nc->name, "%s%u",
            ep->base.side == SOURCE ? "src" : "dst", number);

  /* Every read is checked for completeness, so no byte is used that was not
   * received, and libnbd need not clear the buffer first.
   */
  if ((ep->debug ? set_debug (h, nc) : nbd_set_debug (h, false)) == -1
      || nbd_set_handle_name (h, nc->name) == -1
      || nbd_set_pread_initialize (h, false) == -1
      || nbd_set_uri_allow_local_file (h, true) == -1
      || (ep->wants_extents && nbd_add_meta_context (h, CONTEXT) == -1)
      || (ep->changed && nbd_add_meta_context (h, ep->changed) == -1)) {
    nbd_close (h);
    return NULL;
  }
  return h;
}

/* Enlarges the buffer of a Unix socket.  TCP chooses its own size, unless it is
 * set.
 */
static void
enlarge_unix_buffer (struct nbd_handle *h)
{
  const int fd = nbd_aio_get_fd (h);
  const int size = SOCKET_BUFFER;
  int domain;
  socklen_t length = sizeof domain;

  if (fd == -1 || getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == -1
      || domain != AF_UNIX)
    return;
  /* A failure only costs speed. */
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

/* Connects a handle to an abstract socket, whose URI libnbd cannot use. */
static int
connect_abstract (const struct nbd_endpoint *ep, struct nbd_handle *h,
                  struct error *e)
{
  int fd;

  if (nbd_set_export_name (h, ep->abstract.export) == -1) {
    set_nbd_error (&ep->base, e, "cannot connect");
    return -1;
  }
  fd = nbd_abstract_connect (&ep->abstract);
  if (fd == -1) {
    error_set (e, errno, "%s: cannot connect: %s", ep->base.name,
               strerror (errno));
    return -1;
  }
  if (nbd_aio_connect_socket (h, fd) == -1) {
    set_nbd_error (&ep->base, e, "cannot connect");
    close (fd);
    return -1;
  }
  return 0;
}

/* Starts to connect.  NULL with the error set, and libnbd's failure in
 * *failure.
 */
static struct conn *
start_connecting (struct nbd_endpoint *ep, unsigned number,
                  enum failure *failure, struct error *e)
{
  struct nbd_conn *nc = calloc (1, sizeof *nc);
  int r;

  if (nc == NULL) {
    error_set (e, ENOMEM, "%s: %s", ep->base.name, strerror (ENOMEM));
    return NULL;
  }
  atomic_fetch_add (&ep->conns, 1);
  if (ep->spawn)
    server_hush (ep->spawn, false);
  nc->base.ops = &nbd_conn_ops;
  nc->base.endpoint = &ep->base;
  nc->nbd = make_handle (ep, number, nc);
  if (nc->nbd == NULL) {
    set_nbd_error (&ep->base, e, "cannot make a handle");
    atomic_fetch_sub (&ep->conns, 1);
    free (nc);
    return NULL;
  }
  if (ep->abstract.length > 0)
    r = connect_abstract (ep, nc->nbd, e);
  else {
    r = ep->spawn ? nbd_aio_connect_unix (nc->nbd, server_socket (ep->spawn))
                  : nbd_aio_connect_uri (nc->nbd, ep->uri);
    if (r == -1)
      *failure = set_nbd_error (&ep->base, e, "cannot connect");
  }
  if (r == -1) {
    nbd_conn_close (&nc->base);
    return NULL;
  }
  enlarge_unix_buffer (nc->nbd);
  return &nc->base;
}

static struct conn *
nbd_endpoint_conn (struct endpoint *base, unsigned number, struct error *e)
{
  struct nbd_endpoint *ep = nbd_endpoint_of (base);
  struct nbd_conn *first;
  enum failure ignored;

  if (number > 0 || ep->first == NULL)
    return start_connecting (ep, number, &ignored, e);
  first = ep->first; /* only the worker with number 0 gets here */
  ep->first = NULL;
  return &first->base;
}

/* -- the endpoint --------------------------------------------------------- */

/* Returns whether an address may become reachable later. */
static bool
can_come (const struct error *e, enum failure failure)
{
  switch (e->number) {
  case EAGAIN:
  case ECONNABORTED:
  case ECONNREFUSED:
  case ECONNRESET:
  case EHOSTDOWN:
  case EHOSTUNREACH:
  case ENETDOWN:
  case ENETUNREACH:
  case ENOENT:
  case ETIMEDOUT:
    return true;
  }
  return failure == FAILURE_NO_HOST || failure == FAILURE_HANG_UP;
}

/* Returns whether a conn failed because no server was there: it was never
 * connected, or a tunnel accepted it for a server that has not started.
 */
static bool
seems_absent (const struct nbd_conn *nc, const struct error *e)
{
  return !nc->greeted
    && (!nc->reached || e->number == ETIMEDOUT
        || nc->failure == FAILURE_HANG_UP);
}

static void
add_hint (struct error *e, const char *hint)
{
  const size_t used = strlen (e->text);

  snprintf (e->text + used, sizeof e->text - used, " (%s)", hint);
}

/* Explains that the server's certificate is not accepted: libnbd does not say
 * why.
 */
static void
explain_certificate (const struct nbd_endpoint *ep, struct error *e)
{
  char *host = nbd_address_host (ep->uri);
  char *port = nbd_address_port (ep->uri);
  char *socket = nbd_address_parameter (ep->uri, "socket");
  char *folder = nbd_address_parameter (ep->uri, "tls-certificates");
  const struct tls_server s = {
    .host = host,
    .port = port,
    .socket = socket,
    .folder = folder,
  };
  const int number = e->number;
  char why[256];

  if (tls_reason (&s, why, sizeof why)) {
    *e = (struct error) { 0 };
    error_set (e, number,
               "%s: cannot connect: the server's certificate is not"
               " accepted: %s",
               ep->base.name, why);
  }
  free (host);
  free (port);
  free (socket);
  free (folder);
}

static void
find_place (struct nbd_endpoint *ep)
{
  struct place *p = &ep->place;
  const int fd = nbd_aio_get_fd (ep->first->nbd);

  p->length = sizeof p->address;
  if (fd == -1
      || getpeername (fd, (struct sockaddr *) &p->address, &p->length) == -1
      || p->length > sizeof p->address)
    p->length = 0;
  p->export = nbd_get_export_name (ep->first->nbd);
}

static bool
same_unix_socket (const struct sockaddr_un *a, const struct sockaddr_un *b)
{
  struct stat sa, sb;

  return a->sun_path[0] != '\0' && b->sun_path[0] != '\0'
    && stat (a->sun_path, &sa) == 0 && stat (b->sun_path, &sb) == 0
    && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool
nbd_endpoint_same (const struct endpoint *a, const struct endpoint *b)
{
  const struct place *pa = &((const struct nbd_endpoint *) a)->place;
  const struct place *pb = &((const struct nbd_endpoint *) b)->place;

  if (pa->length == 0 || pb->length == 0 || pa->export == NULL
      || pb->export == NULL || strcmp (pa->export, pb->export) != 0)
    return false;
  if (pa->length == pb->length
      && memcmp (&pa->address, &pb->address, pa->length) == 0)
    return true;
  return pa->address.ss_family == AF_UNIX && pb->address.ss_family == AF_UNIX
    && same_unix_socket ((const struct sockaddr_un *) &pa->address,
                         (const struct sockaddr_un *) &pb->address);
}

static int
nbd_endpoint_server_fd (const struct endpoint *base)
{
  const struct nbd_endpoint *ep = (const struct nbd_endpoint *) base;

  return ep->spawn ? server_fd (ep->spawn) : -1;
}

static bool
nbd_endpoint_server_ended (struct endpoint *base, int wait_ms, struct error *e)
{
  struct nbd_endpoint *ep = nbd_endpoint_of (base);

  return ep->spawn && server_has_ended (ep->spawn, wait_ms, e);
}

static void
nbd_endpoint_explain (struct endpoint *base, struct error *e)
{
  struct nbd_endpoint *ep = nbd_endpoint_of (base);

  if (ep->spawn)
    server_explain (ep->spawn, e);
}

static bool
nbd_endpoint_close (struct endpoint *base, uint64_t grace_ns, int interrupt_fd,
                    struct error *e)
{
  struct nbd_endpoint *ep = nbd_endpoint_of (base);
  bool good;

  conn_close (ep->first ? &ep->first->base : NULL);
  if (ep->spawn)
    server_hush (ep->spawn, true);
  good = server_end (ep->spawn, grace_ns, interrupt_fd, e);
  free (ep->place.export);
  nbd_abstract_free (&ep->abstract);
  free (ep->uri);
  free (ep->base.name);
  free (ep);
  return good;
}

static const struct endpoint_ops nbd_endpoint_ops = {
  .conn = nbd_endpoint_conn,
  .same = nbd_endpoint_same,
  .server_fd = nbd_endpoint_server_fd,
  .server_ended = nbd_endpoint_server_ended,
  .explain = nbd_endpoint_explain,
  .close = nbd_endpoint_close,
};

/* Returns 1 when the conn is ready, 0 when the caller does not want to wait any
 * longer, or -1; then *absent says whether the server may only not be there
 * yet.
 */
static int
try_to_connect (struct nbd_endpoint *ep, const struct endpoint_request *q,
                uint64_t deadline, bool *absent, struct error *e)
{
  enum failure failure = FAILURE_OTHER;
  struct conn *c = start_connecting (ep, 0, &failure, e);
  const int watch[2] = { q->interrupt_fd,
                         ep->spawn ? server_fd (ep->spawn) : -1 };
  unsigned which;
  int r = -1;

  *absent = c == NULL && can_come (e, failure);
  if (c) {
    ep->first = nbd_conn_of (c);
    r = conn_wait_ready (&c, 1, watch, 2, deadline, &which, e);
    failure = ep->first->failure;
    *absent = r == -1 && seems_absent (ep->first, e);
  }
  if (r == -1 && ep->uri && failure == FAILURE_CERTIFICATE)
    explain_certificate (ep, e);
  if (r == -1 && c && e->number == ETIMEDOUT)
    add_hint (e, "a longer --open-timeout may help");
  return r;
}

/* Returns true when it is time to try again, false when the caller does not
 * want to wait.
 */
static bool
pause_connecting (int interrupt_fd, uint64_t until)
{
  const uint64_t now = clock_now ();
  const uint64_t next = min_u64 (until, now + CONNECT_PAUSE);
  struct pollfd p = { .fd = interrupt_fd, .events = POLLIN };

  return poll (&p, 1, clock_poll_timeout (next, now)) == 0;
}

static int
connect_first (struct nbd_endpoint *ep, const struct endpoint_request *q,
               struct error *e)
{
  const uint64_t began = clock_now ();
  const uint64_t until = began + q->connect_wait;
  uint64_t deadline = q->deadline;
  bool absent, told = false;
  int r;

  while ((r = try_to_connect (ep, q, deadline, &absent, e)) == -1
         && ep->spawn == NULL && absent && clock_now () < until) {
    if (!told)
      log_say ("%s: waiting for the server", e->text);
    told = true;
    conn_close (ep->first ? &ep->first->base : NULL);
    ep->first = NULL;
    if (!pause_connecting (q->interrupt_fd, until)) {
      r = 0;
      break;
    }
    *e = (struct error) { 0 };
    deadline = clock_now () + (q->deadline - began);
  }
  /* That the server has ended explains more than any other error. */
  if (r != 1 && ep->spawn && server_has_ended (ep->spawn, SERVER_DEATH_MS, e))
    return -1;
  if (r == 0) {
    *e = (struct error) { 0 };
    endpoint_error (&ep->base, e, ERROR_INTERRUPTED, EINTR, "interrupted");
  }
  else if (r != 1 && ep->spawn)
    server_explain (ep->spawn, e);
  else if (ep->spawn)
    server_is_up (ep->spawn);
  return r == 1 ? 0 : -1;
}

/* Copies a URI, with its scheme in lower case: older releases of libnbd do not
 * accept any other.
 */
static char *
copy_uri (const char *name)
{
  char *uri = strdup (name);

  for (char *p = uri; p && *p && *p != ':'; p++)
    *p = tolower ((unsigned char) *p);
  return uri;
}

struct endpoint *
endpoint_nbd_open (const struct endpoint_request *q, struct error *e)
{
  struct nbd_endpoint *ep = endpoint_new (q, sizeof *ep, &nbd_endpoint_ops, e);

  if (ep == NULL)
    return NULL;
  ep->wants_extents = q->wants.extents;
  ep->changed = q->wants.changed;
  ep->debug = q->libnbd_debug;

  if (q->operand->command) {
    if (q->wants.write)
      ep->grain = written_once_grain (q->operand->command);
    ep->spawn = server_start (q->operand->command, ep->base.name, q->program,
                              q->server_kind, e);
    if (ep->spawn == NULL)
      goto fail;
  }
  else if ((ep->uri = copy_uri (q->operand->name)) == NULL) {
    error_set (e, ENOMEM, "%s: %s", ep->base.name, strerror (ENOMEM));
    goto fail;
  }
  if (ep->uri && nbd_abstract_parse (ep->uri, &ep->abstract) == -1) {
    error_set (e, errno, "%s: cannot use an abstract socket%s: %s",
               ep->base.name, errno == ENOTSUP ? " with TLS" : "",
               strerror (errno));
    goto fail;
  }
  if ((ep->uri && nbd_address_check_files (ep->uri, ep->base.name, e) == -1)
      || connect_first (ep, q, e) == -1
      || read_caps (ep, ep->first->nbd, &ep->base.caps, e) == -1)
    goto fail;
  server_give_up_names (ep->spawn);
  find_place (ep);
  return &ep->base;

fail:
  nbd_endpoint_close (&ep->base, SERVER_GRACE, q->interrupt_fd, e);
  return NULL;
}

static int
nbd_check (const struct target *t, struct error *e)
{
  return t->operand->kind == OPERAND_NBD
    ? nbd_address_check (t->operand->name, t->name, e)
    : 0;
}

const struct endpoint_kind endpoint_nbd_kind = {
  .check = nbd_check,
  .open = endpoint_nbd_open,
};
