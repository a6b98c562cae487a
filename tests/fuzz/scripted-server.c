/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An NBD server whose replies follow a script: see scripted-server.h. */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "iszero.h"
#include "scripted-server.h"

/* The operations of a script: the low bits of a byte, followed by their
 * arguments.  After the end of the script, all replies are true; so are replies
 * to requests for which the next operation is not meant.
 */
enum op {
  HONEST,     /* a true answer; the next request */
  DATA,       /* FROM LENGTH: a chunk with data */
  HOLE,       /* FROM LENGTH: a chunk without */
  FAILURE,    /* ERRNO TEXT: an error */
  FAILURE_AT, /* ERRNO TEXT FROM: an error at a place */
  STATES,     /* COUNT (LENGTH FLAGS)...: extents of a
                                   context, see put_scripted_states */
  NOTHING,    /* a chunk with nothing in it */
  SIMPLE,     /* ERRNO: a simple reply */
  RAW,        /* COUNT BYTE...: bytes that are sent unchanged */
  CUT,        /* KEEP: a part of the reply, and the end of
                                   the connection */
  SILENT,     /* no answer; the next request */
  HOLD,       /* a true answer, but after the next one;
                                   the next request */
  RESIZE,     /* BITS: the next chunk lies about its length */
  N_OPS
};

enum {
  OP_MASK = 0x0f,
  OP_LAST = 0x10,    /* it is the last chunk */
  OP_GARBLED = 0x20, /* the magic is wrong */
  OP_FOREIGN = 0x40, /* the reply to another request */
  OP_NEXT = 0x80     /* go on with the next request */
};

enum {
  IDLE_MS = 15, /* then idle connections are closed */
  HELD_MAX = 4,
  PARTS = 64, /* parts of offsets and lengths */
  EXTENTS_MAX = 64,
  BLOCK = SCRIPTED_BLOCK /* of true extents */
};

static int listener = -1;

/* Guards all that follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t clients_left = PTHREAD_COND_INITIALIZER;
static unsigned n_clients;
static struct told told;
static uint8_t *disk;
static const bool *changes;
static struct input script;
static struct played played;

struct client {
  struct wire wire;
  struct told told;
  uint8_t *payload; /* as large as the disk */
  struct request held[HELD_MAX];
  unsigned n_held;
  bool faulty;     /* the client may wait for a reply that never comes */
  uint32_t resize; /* of the next chunk */
};

/* Extents after the end of the disk may have any state. */
static bool
reads_as_zero (uint64_t from, uint64_t to)
{
  to = to < told.size ? to : told.size;
  return from >= to || is_zero (disk + from, to - from);
}

/* Blocks after the end of the disk may have any state. */
static bool
is_clean (uint64_t from, uint64_t to)
{
  to = to < told.size ? to : told.size;
  for (uint64_t at = from; at < to; at += BLOCK - at % BLOCK)
    if (changes[at / BLOCK])
      return false;
  return true;
}

/* -- chunks ---------------------------------------------------------------- */

/* All functions below are called with the lock held, and only build replies. */

static void
put_chunk (struct client *c, const struct request *q, uint8_t op, uint16_t type,
           uint32_t length)
{
  struct request of = *q;

  if (op & OP_FOREIGN)
    of.cookie--;
  if (c->resize != 0)
    played.lied = true; /* the client misinterprets the following bytes */
  wire_put_chunk (&c->wire, &of, op & OP_LAST ? LAST : MORE, type,
                  length ^ c->resize);
  c->resize = 0;
  if (op & OP_GARBLED)
    c->wire.out[c->wire.out_used - 20] ^= 1;
}

static void
put_content (struct client *c, uint64_t from, uint32_t length)
{
  static const uint8_t beyond = 0xee;

  if (from <= told.size && length <= told.size - from)
    wire_put (&c->wire, disk + from, length);
  else
    for (; length > 0; length--, from++)
      wire_put (&c->wire, from < told.size ? disk + from : &beyond, 1);
}

static void
put_data (struct client *c, const struct request *q, uint8_t op, uint64_t from,
          uint32_t length)
{
  put_chunk (c, q, op, NBD_CHUNK_DATA, 8 + length);
  wire_put64 (&c->wire, from);
  put_content (c, from, length);
}

static void
put_hole (struct client *c, const struct request *q, uint8_t op, uint64_t from,
          uint32_t length)
{
  if (!reads_as_zero (from, from + length)) {
    put_data (c, q, op, from, length);
    return;
  }
  put_chunk (c, q, op, NBD_CHUNK_HOLE, 12);
  wire_put64 (&c->wire, from);
  wire_put32 (&c->wire, length);
}

/* Text with control characters for a terminal, and a forged line. */
static void
put_failure (struct client *c, const struct request *q, uint8_t op,
             uint16_t type, uint32_t error, uint8_t n, uint64_t at)
{
  static const char text[] = "\033[31m\nstripecopy: all is well\r";

  put_chunk (c, q, op, type, 6 + n + (type == NBD_CHUNK_ERROR_OFFSET ? 8 : 0));
  wire_put32 (&c->wire, error);
  wire_put16 (&c->wire, n);
  for (unsigned i = 0; i < n; i++)
    wire_put (&c->wire, &text[i % (sizeof text - 1)], 1);
  if (type == NBD_CHUNK_ERROR_OFFSET)
    wire_put64 (&c->wire, at);
}

struct state {
  uint32_t length, flags;
};

static void
put_states (struct client *c, const struct request *q, uint8_t op, uint32_t id,
            const struct state *states, unsigned n)
{
  put_chunk (c, q, op, NBD_CHUNK_STATUS, 4 + 8 * n);
  wire_put32 (&c->wire, id);
  for (unsigned i = 0; i < n; i++) {
    wire_put32 (&c->wire, states[i].length);
    wire_put32 (&c->wire, states[i].flags);
  }
}

/* Returns flags for a range that are no lie.  All other bits of a bitmap's
 * flags, and all other depths, can be anything.
 */
static uint32_t
true_flags (uint32_t id, uint64_t from, uint64_t to, uint32_t flags)
{
  if (id == CHANGES_ID)
    return is_clean (from, to)         ? flags
      : strstr (told.changes, "depth") ? 1
                                       : flags | 1;
  return reads_as_zero (from, to) ? flags : flags & ~2U;
}

/* Adds the extents of the script, corrected where they would be lies.  The high
 * bits of their number tell the context: base:allocation, the one of changes,
 * or none.
 */
static void
put_scripted_states (struct client *c, const struct request *q, uint8_t op)
{
  struct state states[EXTENTS_MAX];
  const uint8_t count = input_byte (&script);
  const unsigned n = count % EXTENTS_MAX;
  const uint32_t id = count < EXTENTS_MAX        ? CONTEXT_ID
    : count < 2 * EXTENTS_MAX && c->wire.changes ? CHANGES_ID
                                                 : CONTEXT_ID + 1;
  uint64_t at = q->offset;

  for (unsigned i = 0; i < n; i++) {
    const uint8_t length = input_byte (&script);
    const uint8_t flags = input_byte (&script);

    states[i].length = length == 255 ? UINT32_MAX
      : length == 254                ? 1
                                     : (uint64_t) q->length * length / PARTS;
    states[i].flags = true_flags (id, at, at + states[i].length,
                                  flags | (uint32_t) (flags & 0xf0) << 24);
    at += states[i].length;
  }
  if (op & OP_FOREIGN)
    played.lied = true; /* the client applies it to another range */
  put_states (c, q, op, id, states, n);
}

static void
put_simple (struct client *c, const struct request *q, uint8_t op,
            uint32_t error)
{
  struct request of = *q;

  if (op & OP_FOREIGN)
    of.cookie--;
  wire_put_simple_reply (&c->wire, &of, error);
  if (op & OP_GARBLED)
    c->wire.out[c->wire.out_used - 16] ^= 1;
  if (error == 0 && (op & OP_FOREIGN))
    played.lied = true; /* the client may take the following bytes for data */
  if (error == 0 && q->type == NBD_CMD_READ)
    put_content (c, q->offset, q->length);
}

/* -- answers --------------------------------------------------------------- */

/* Returns the true flags of a block in a context. */
static uint32_t
block_flags (uint32_t id, uint64_t at)
{
  if (id == CHANGES_ID)
    return changes[at / BLOCK];
  return reads_as_zero (at, at - at % BLOCK + BLOCK) ? 3 : 0;
}

static void
put_true_states (struct client *c, const struct request *q, uint8_t op,
                 uint32_t id)
{
  struct state states[EXTENTS_MAX];
  uint64_t at = q->offset, end = at + q->length, next;
  unsigned n = 0;

  for (; at < end && n < EXTENTS_MAX; at = next, n++) {
    const uint32_t flags = block_flags (id, at);

    next = at - at % BLOCK + BLOCK;
    while (next < end && block_flags (id, next) == flags)
      next += BLOCK;
    next = next < end ? next : end;
    states[n] = (struct state) { next - at, flags };
  }
  put_states (c, q, op, id, states, n);
}

static void
put_true_answer (struct client *c, const struct request *q)
{
  if (c->wire.context)
    put_true_states (c, q, c->wire.changes ? 0 : OP_LAST, CONTEXT_ID);
  if (c->wire.changes)
    put_true_states (c, q, OP_LAST, CHANGES_ID);
}

static void
put_honest (struct client *c, const struct request *q)
{
  if (q->type == NBD_CMD_BLOCK_STATUS)
    put_true_answer (c, q);
  else if (q->type == NBD_CMD_READ && c->wire.structured)
    put_data (c, q, OP_LAST, q->offset, q->length);
  else
    put_simple (c, q, 0, 0);
}

static void
put_held (struct client *c)
{
  while (c->n_held > 0)
    put_honest (c, &c->held[--c->n_held]);
}

/* Returns a place in, before or after the requested range, from a byte of the
 * script.
 */
static uint64_t
scripted_offset (const struct request *q)
{
  const int part = (int8_t) input_byte (&script);

  return q->offset + (int64_t) part * (int64_t) q->length / PARTS;
}

static uint32_t
scripted_length (const struct request *q)
{
  return (uint64_t) input_byte (&script) * q->length / PARTS;
}

static void
put_raw (struct client *c)
{
  uint8_t byte;

  played.lied = true;
  for (unsigned n = input_byte (&script); n > 0; n--) {
    byte = input_byte (&script);
    wire_put (&c->wire, &byte, 1);
  }
}

/* Runs one operation that does not end a reply. */
static void
put_scripted (struct client *c, const struct request *q, uint8_t op)
{
  uint64_t at;
  uint8_t error, n;

  switch (op & OP_MASK) {
  case DATA:
    at = scripted_offset (q);
    put_data (c, q, op, at, scripted_length (q));
    break;
  case HOLE:
    at = scripted_offset (q);
    put_hole (c, q, op, at, scripted_length (q));
    break;
  case FAILURE:
    error = input_byte (&script);
    n = input_byte (&script);
    put_failure (c, q, op, NBD_CHUNK_ERROR, error, n, 0);
    break;
  case FAILURE_AT:
    error = input_byte (&script);
    n = input_byte (&script);
    at = scripted_offset (q);
    put_failure (c, q, op, NBD_CHUNK_ERROR_OFFSET, error, n, at);
    break;
  case STATES:
    put_scripted_states (c, q, op);
    break;
  case NOTHING:
    put_chunk (c, q, op, NBD_CHUNK_NONE, 0);
    break;
  case SIMPLE:
    put_simple (c, q, op, input_byte (&script));
    break;
  case RAW:
    put_raw (c);
    break;
  case RESIZE:
    c->resize = UINT32_C (1) << (input_byte (&script) % 32);
    break;
  }
}

/* Returns true if the next operation is meant for another kind of request: data
 * for a read, extents for block status.
 */
static bool
is_passed_over (const struct request *q)
{
  const unsigned kind = script.left > 0 ? *script.next & OP_MASK : HONEST;

  return ((kind == DATA || kind == HOLE) && q->type != NBD_CMD_READ)
    || (kind == STATES && q->type != NBD_CMD_BLOCK_STATUS);
}

/* Builds the script's reply to a request.  Returns false if the connection is
 * to be closed after it is sent.
 */
static bool
put_answer (struct client *c, const struct request *q)
{
  if (is_passed_over (q)) {
    put_honest (c, q);
    return true;
  }
  for (;;) {
    const uint8_t op = input_byte (&script);
    const unsigned kind = (op & OP_MASK) % N_OPS;

    switch (kind) {
    case HONEST:
      put_honest (c, q);
      put_held (c);
      return true;
    case HOLD:
      if (c->n_held == HELD_MAX)
        put_held (c);
      c->held[c->n_held++] = *q;
      return true;
    case SILENT:
      played.faulty = c->faulty = true;
      return true;
    case CUT:
      played.faulty = c->faulty = true;
      c->wire.out_used = c->wire.out_used * input_byte (&script) / 256;
      return false;
    default:
      played.faulty = c->faulty = true;
      put_scripted (c, q, (op & ~OP_MASK) | kind);
      if (op & OP_NEXT)
        return true;
    }
  }
}

/* -- clients --------------------------------------------------------------- */

/* Block sizes that contradict each other need not be respected. */
static bool
blocks_make_sense (void)
{
  return told.block_minimum > 0 && told.block_preferred >= told.block_minimum
    && told.block_preferred >= 512
    && told.block_maximum >= told.block_preferred;
}

/* Every request must respect what the server has announced. */
static void
expect_fit (const struct request *q)
{
  const uint64_t end = q->offset + q->length;

  MUST (q->length > 0 && q->length <= told.size
        && q->offset <= told.size - q->length);
  if (!blocks_make_sense ())
    return;
  MUST (q->offset % told.block_minimum == 0);
  MUST (q->length % told.block_minimum == 0 || end == told.size);
  if (q->type == NBD_CMD_READ || q->type == NBD_CMD_WRITE)
    MUST (q->length <= told.block_maximum);
}

/* The write is done at once, so that no reply of success is a lie. */
static void
execute (const struct client *c, const struct request *q)
{
  if (q->type != NBD_CMD_FLUSH)
    expect_fit (q);
  if (q->type == NBD_CMD_WRITE)
    memcpy (disk + q->offset, c->payload, q->length);
  else if (q->type == NBD_CMD_WRITE_ZEROES)
    memset (disk + q->offset, 0, q->length);
}

/* Returns true if the client sends more before the idle time is over. */
static bool
is_heard (struct client *c)
{
  struct pollfd p = { .fd = c->wire.fd, .events = POLLIN };
  bool sent = true;

  for (;;) {
    const bool waits = c->n_held > 0 || c->faulty;
    const int r = poll (&p, 1, waits ? IDLE_MS : -1);

    if (r == 1)
      return true;
    if (r == -1 && errno == EINTR)
      continue;
    if (c->n_held == 0)
      return false;
    pthread_mutex_lock (&lock);
    put_held (c);
    pthread_mutex_unlock (&lock);
    sent = wire_send (&c->wire);
    if (!sent)
      return false;
  }
}

static void
serve (struct client *c)
{
  struct request q;
  bool goes_on = true;

  if (!wire_handshake (&c->wire, &c->told))
    return;
  while (goes_on && is_heard (c) && wire_receive_request (&c->wire, &q)
         && q.type != NBD_CMD_DISC) {
    if (q.type == NBD_CMD_WRITE) {
      MUST (q.length <= c->told.size);
      if (!wire_receive (&c->wire, c->payload, q.length))
        return;
    }
    pthread_mutex_lock (&lock);
    execute (c, &q);
    goes_on = put_answer (c, &q);
    pthread_mutex_unlock (&lock);
    if (!wire_send (&c->wire))
      return;
  }
}

static void *
client_thread (void *arg)
{
  struct client *c = arg;

  serve (c);
  close (c->wire.fd);
  free (c->wire.out);
  free (c->payload);
  free (c);
  pthread_mutex_lock (&lock);
  n_clients--;
  pthread_cond_signal (&clients_left);
  pthread_mutex_unlock (&lock);
  return NULL;
}

static void *
listener_thread (void *arg)
{
  pthread_t thread;

  for (;;) {
    const int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
    struct client *c = wire_allocate (sizeof *c);

    MUST (fd != -1);
    pthread_mutex_lock (&lock);
    n_clients++;
    *c = (struct client) { .wire = { .fd = fd }, .told = told };
    c->payload = wire_allocate (told.size + 1);
    pthread_mutex_unlock (&lock);
    MUST (pthread_create (&thread, NULL, client_thread, c) == 0);
    pthread_detach (thread);
  }
  return NULL;
}

/* -- playing --------------------------------------------------------------- */

const char *
scripted_server_listen (void)
{
  static char uri[160];
  struct sockaddr_un addr = { .sun_family = AF_UNIX };
  pthread_t thread;
  int n;

  if (uri[0] != '\0')
    return uri;
  /* An abstract name leaves no file behind, however this ends. */
  n = snprintf (addr.sun_path + 1, sizeof addr.sun_path - 1,
                "stripecopy-fuzz-%ld", (long) getpid ());
  listener = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  MUST (listener != -1
        && bind (listener, (struct sockaddr *) &addr,
                 offsetof (struct sockaddr_un, sun_path) + 1 + n)
          == 0
        && listen (listener, SOMAXCONN) == 0
        && pthread_create (&thread, NULL, listener_thread, NULL) == 0);
  pthread_detach (thread);
  snprintf (uri, sizeof uri, "nbd+unix:///?socket=%%00%s", addr.sun_path + 1);
  return uri;
}

void
scripted_server_play (const struct told *told_, uint8_t *disk_,
                      const bool *changes_, struct input script_)
{
  pthread_mutex_lock (&lock);
  told = *told_;
  disk = disk_;
  changes = changes_;
  script = script_;
  played = (struct played) { 0 };
  pthread_mutex_unlock (&lock);
}

struct played
scripted_server_end (void)
{
  struct played result;

  pthread_mutex_lock (&lock);
  while (n_clients > 0)
    pthread_cond_wait (&clients_left, &lock);
  result = played;
  pthread_mutex_unlock (&lock);
  return result;
}
