/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small NBD server that misbehaves in one chosen way, so that tests can check
 * how a client handles it.
 *
 *   faulty-server [OPTIONS] FILE
 *     --unix=PATH       listen here; without it, on descriptor 3 (systemd)
 *     --pidfile=FILE    written once it listens
 *     --mode=MODE       the fault; "help" lists all modes
 *     --after=N         let N occasions pass first (0)
 *     --times=N         then make the fault N times (always), at each occasion, but
 *                       "crash", "drop", "stall", "garble" and "late-write"
 *                       let another N occasions pass first
 *     --offset=N        count only requests that cover this byte
 *     --bad=FILE        count only requests that meet one of the places in FILE,
 *                       whose lines are OFFSET LENGTH
 *     --block=N         the minimum block size (1)
 *     --log=FILE        gets a line for each fault: MODE OFFSET LENGTH
 *     --requests=FILE   gets a line for each request: read|write|zero|status
 *                       OFFSET LENGTH
 *     --context=NAME    another context beside base:allocation
 *     --changes=FILE    what it says: a byte for each 4 KiB is the value; 0 after
 *                       the end of FILE, and without it
 *     --in=CONTEXT      modes about contexts mean this one: base (base:allocation,
 *                       the default), changes (the other one), both
 *     --without=WHAT    not advertised: flush fua zero extents structured
 *                       multi-conn write
 *
 * The disk is FILE, mapped, so that the test can compare it.  Apart from its
 * fault it is a plain server: fixed newstyle, any export name, structured
 * replies, base:allocation in blocks of 4 KiB, multi-conn.  One thread per
 * connection, which answers its requests one by one.  Of the contexts that it
 * has, clients get those that they ask for, each in a chunk of its own.
 *
 * With "crash" and "flush-crash" there is a cache in memory over FILE: a flush
 * moves all of it to the file, and a crash closes every connection and discards
 * it.  Later clients are served again, as by a server that was restarted.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "wire.h"

/* Sizes, in bytes. */
enum {
  BLOCK = 4096,         /* granularity of block status */
  SHORT_STATUS = 65536, /* length of a reply of "status-short" */
  MAX_PAYLOAD = 64 << 20
};

enum { FLOOD = 4 << 20, MAX_EXTENTS = 32768, MAX_CONNS = 64 };

/* ------------------------------------------------------------- the modes */

/* The occasions that --after and --times count. */
enum occasion {
  ON_NOTHING,
  ON_CONNECT,
  ON_READ,
  ON_WRITE,
  ON_ZERO,
  ON_FLUSH,
  ON_STATUS,
  ON_REQUEST
};

#define MODES(M)                                                               \
  M (HONEST, "honest", ON_NOTHING, "no fault")                                 \
  M (SIZE_DIFFERS, "size-differs", ON_CONNECT, "half the size")                \
  M (SIZE_HUGE, "size-huge", ON_CONNECT, "a size over 2^63")                   \
  M (READ_ONLY, "read-only", ON_CONNECT, "read-only")                          \
  M (NO_CONTEXT, "no-context", ON_CONNECT, "a context is refused")             \
  M (GO_REFUSED, "go-refused", ON_CONNECT, "the export is refused")            \
  M (CONNECT_CLOSED, "connect-closed", ON_CONNECT, "closed at once")           \
  M (GREETING, "greeting", ON_CONNECT, "that of another protocol")             \
  M (CONNECT_SILENT, "connect-silent", ON_CONNECT, "no greeting")              \
  M (BLOCKS_ZERO, "blocks-zero", ON_CONNECT, "block sizes 0, 0, 0")            \
  M (BLOCKS_ODD, "blocks-odd", ON_CONNECT, "minimum block size 3")             \
  M (BLOCKS_CROSSED, "blocks-crossed", ON_CONNECT, "minimum over maximum")     \
  M (BLOCKS_HUGE, "blocks-huge", ON_CONNECT, "preferred block size 1 GiB")     \
  M (READ_HALF, "read-half", ON_READ, "half the data, no error")               \
  M (READ_TWICE, "read-twice", ON_READ, "one half twice, the other never")     \
  M (READ_OVERLAP, "read-overlap", ON_READ, "chunks that overlap")             \
  M (READ_OUTSIDE, "read-outside", ON_READ, "a chunk outside the range")       \
  M (READ_PIECES, "read-pieces", ON_READ, "odd pieces, last one first")        \
  M (READ_THEN_ERROR, "read-then-error", ON_READ, "all data, then an error")   \
  M (READ_ERROR, "read-error", ON_READ, "EIO")                                 \
  M (READ_ERROR_ZERO, "read-error-zero", ON_READ, "an error chunk, errno 0")   \
  M (READ_TEXT, "read-text", ON_READ, "an error with the longest text")        \
  M (READ_EMPTY, "read-empty", ON_READ, "chunks of no bytes in between")       \
  M (READ_SIMPLE, "read-simple", ON_READ, "no structured reply")               \
  M (READ_HUGE, "read-huge", ON_READ, "a chunk of 4 GiB less a byte")          \
  M (READ_STUCK, "read-stuck", ON_READ, "half a reply, then no more at all")   \
  M (READ_SILENT, "read-silent", ON_READ, "never answered")                    \
  M (READ_CUT, "read-cut", ON_READ, "closed in the middle of the data")        \
  M (WRITE_ERROR, "write-error", ON_WRITE, "EIO")                              \
  M (WRITE_SILENT, "write-silent", ON_WRITE, "never answered")                 \
  M (WRITE_DROP, "write-drop", ON_WRITE, "closed instead of an answer")        \
  M (LATE_WRITE, "late-write", ON_WRITE,                                       \
     "dropped, but executed after all:"                                        \
     " once a later connection has written the same range")                    \
  M (CRASH, "crash", ON_WRITE, "all closed, unflushed data lost")              \
  M (ZERO_ERROR, "zero-error", ON_ZERO, "EIO")                                 \
  M (ZERO_REFUSED, "zero-refused", ON_ZERO, "offered, but ENOTSUP")            \
  M (FLUSH_ERROR, "flush-error", ON_FLUSH, "EIO")                              \
  M (FLUSH_CRASH, "flush-crash", ON_FLUSH, "crash instead of a flush")         \
  M (STATUS_ERROR, "status-error", ON_STATUS, "EIO")                           \
  M (STATUS_SILENT, "status-silent", ON_STATUS, "never answered")              \
  M (STATUS_NONE, "status-none", ON_STATUS, "success, but no extents")         \
  M (STATUS_TWICE, "status-twice", ON_STATUS, "the same chunk twice")          \
  M (STATUS_CONTRADICTS, "status-contradicts", ON_STATUS,                      \
     "then a chunk that says that all is zero, or clean")                      \
  M (STATUS_REVERSED, "status-reversed", ON_STATUS, "the last context first")  \
  M (STATUS_THEN_ERROR, "status-then-error", ON_STATUS, "then an error")       \
  M (STATUS_ZERO_FIRST, "status-zero-first", ON_STATUS, "length 0 first")      \
  M (STATUS_ZERO_MIDDLE, "status-zero-middle", ON_STATUS, "0 in the middle")   \
  M (STATUS_ALL_ZERO, "status-zero-only", ON_STATUS, "one extent, length 0")   \
  M (STATUS_LONG, "status-long", ON_STATUS, "longer than asked")               \
  M (STATUS_PAST_END, "status-past-end", ON_STATUS, "past the disk's end")     \
  M (STATUS_ONE_MORE, "status-one-more", ON_STATUS, "one extent too many")     \
  M (STATUS_SHORT, "status-short", ON_STATUS, "64 KiB at a time")              \
  M (STATUS_FLOOD, "status-flood", ON_STATUS, "an extent for each byte")       \
  M (STATUS_WRONG_ID, "status-wrong-id", ON_STATUS, "an unknown context")      \
  M (STATUS_UNINVITED, "status-uninvited", ON_STATUS,                          \
     "first of a context that nobody asked for")                               \
  M (STATUS_FLAGS, "status-flags", ON_STATUS, "unknown flags")                 \
  M (STATUS_ODD, "status-odd", ON_STATUS, "cut at odd bytes")                  \
  M (GARBLE, "garble", ON_REQUEST, "a reply with a wrong magic")               \
  M (BAD_COOKIE, "bad-cookie", ON_REQUEST, "a reply to no request")            \
  M (DROP, "drop", ON_REQUEST, "this connection closed, others are not")       \
  M (CONTEXT_LOST, "context-lost", ON_REQUEST,                                 \
     "all closed, and a context is refused from now on")                       \
  M (STALL, "stall", ON_REQUEST,                                               \
     "this connection never answered again; never begins at a flush,"          \
     " because clients let those take as long as they need")                   \
  M (EXIT, "exit", ON_REQUEST, "the server exits with status 3")

enum mode {
#define M(id, name, occasion, text) id,
  MODES (M)
#undef M
    N_MODES
};

static const struct {
  const char *name;
  enum occasion occasion;
  const char *text;
} modes[N_MODES] = {
#define M(id, name, occasion, text) { name, occasion, text },
  MODES (M)
#undef M
};

/* ---------------------------------------------------- settings and state */

/* Set before the first connection, constant from then on. */
static struct {
  enum mode mode;
  uint64_t after, times;
  bool has_offset;
  uint64_t offset;
  bool *bad; /* owned: for each unit of the disk; NULL: all are */
  uint64_t n_bad, block;
  bool no_flush, no_fua, no_zero, no_extents, no_structured, no_multi_conn;
  bool no_write;
  const char *context;      /* a second one; NULL: there is none */
  bool in_base, in_changes; /* where modes about contexts make their fault */
  uint8_t *changes;         /* owned: what it says of each block */
  uint64_t n_changes;
  int log, requests; /* descriptors; -1: none */
} set = { .times = UINT64_MAX,
          .block = 1,
          .in_base = true,
          .log = -1,
          .requests = -1 };

static uint64_t disk_size;

/* Guards all that follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *disk;      /* what clients see */
static uint8_t *stored;    /* the file; != disk when there is a cache */
static bool *unflushed;    /* for each block: disk and file may differ */
static uint64_t occasions; /* with some modes, since the last fault */
static uint64_t n_faults;
static uint64_t crashes;
static uint64_t connections; /* accepted so far */
static bool context_is_lost;
static int conn_fds[MAX_CONNS]; /* 0: free */
static struct {                 /* a write that is executed too late */
  uint8_t *data;                /* owned; NULL: there is none */
  uint64_t offset;
  uint32_t length;
  uint64_t seen; /* connections, when it was dropped */
} late;

struct extent {
  uint64_t length;
  uint32_t flags;
};

/* One client's connection; lives on its thread. */
struct conn {
  struct wire wire;
  uint64_t number;  /* of the connection, counted from 1 */
  uint64_t crashes; /* number of crashes before it */
  bool stalled;     /* never to be answered again */
  bool has_fault;   /* its ON_CONNECT occasion made the fault */
  uint8_t *payload; /* MAX_PAYLOAD bytes */
  /* MAX_EXTENTS of each: of base:allocation, and of the other context. */
  struct extent *extents, *changes;
};

static void die (const char *fmt, ...)
  __attribute__ ((noreturn, format (printf, 1, 2)));

static void
die (const char *fmt, ...)
{
  va_list args;

  fputs ("faulty-server: ", stderr);
  va_start (args, fmt);
  vfprintf (stderr, fmt, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (EXIT_FAILURE);
}

static void
write_line (int fd, const char *what, uint64_t offset, uint64_t length)
{
  char line[128];
  int n;

  if (fd == -1)
    return;
  n = snprintf (line, sizeof line, "%s %" PRIu64 " %" PRIu64 "\n", what, offset,
                length);
  if (write (fd, line, n) != n)
    die ("log: %s", strerror (errno));
}

static void
log_fault (const char *what, uint64_t offset, uint64_t length)
{
  write_line (set.log, what, offset, length);
}

static void
log_request (const struct request *q)
{
  static const char *const names[] = {
    [NBD_CMD_READ] = "read",
    [NBD_CMD_WRITE] = "write",
    [NBD_CMD_WRITE_ZEROES] = "zero",
    [NBD_CMD_BLOCK_STATUS] = "status",
  };

  if (q->type < sizeof names / sizeof names[0] && names[q->type] != NULL)
    write_line (set.requests, names[q->type], q->offset, q->length);
}

/* Returns true if the occasions before the next fault are counted from 0 each
 * time: a client only survives the loss of connections with some time in
 * between.
 */
static bool
counts_anew (enum mode mode)
{
  return mode == CRASH || mode == DROP || mode == STALL || mode == GARBLE
    || mode == LATE_WRITE;
}

/* The places of --bad are multiples of this. */
enum { BAD_UNIT = 512 };

static bool
meets_bad_place (uint64_t offset, uint64_t length)
{
  for (uint64_t at = offset / BAD_UNIT; at * BAD_UNIT < offset + length; ++at)
    if (at < set.n_bad && set.bad[at])
      return true;
  return false;
}

/* Counts an occasion.  Returns true, and logs it, if the fault is to be made
 * now.
 */
static bool
is_faulty_now (enum mode mode, uint64_t offset, uint64_t length)
{
  bool yes;

  if (set.mode != mode)
    return false;
  if (set.has_offset && (set.offset < offset || set.offset - offset >= length))
    return false;
  if (set.bad != NULL && !meets_bad_place (offset, length))
    return false;
  pthread_mutex_lock (&lock);
  yes = occasions++ >= set.after && n_faults < set.times;
  n_faults += yes;
  if (yes && counts_anew (mode))
    occasions = 0;
  pthread_mutex_unlock (&lock);
  if (yes)
    log_fault (modes[mode].name, offset, length);
  return yes;
}

/* Returns true if this connection is to have this fault. */
static bool
conn_has_fault (const struct conn *c, enum mode mode)
{
  return c->has_fault && set.mode == mode;
}

/* ----------------------------------------------------------- the handshake */

static uint64_t
export_size (const struct conn *c)
{
  if (conn_has_fault (c, SIZE_DIFFERS))
    return disk_size / 2;
  if (conn_has_fault (c, SIZE_HUGE))
    return (UINT64_C (1) << 63) + BLOCK;
  return disk_size;
}

static uint16_t
export_flags (const struct conn *c)
{
  uint16_t flags = NBD_FLAG_HAS_FLAGS;

  if (set.no_write || conn_has_fault (c, READ_ONLY))
    flags |= NBD_FLAG_READ_ONLY;
  if (!set.no_flush)
    flags |= NBD_FLAG_SEND_FLUSH;
  if (!set.no_fua)
    flags |= NBD_FLAG_SEND_FUA;
  if (!set.no_zero)
    flags |= NBD_FLAG_SEND_WRITE_ZEROES;
  if (!set.no_multi_conn)
    flags |= NBD_FLAG_CAN_MULTI_CONN;
  return flags;
}

static void
choose_block_sizes (const struct conn *c, struct told *told)
{
  told->block_minimum = set.block;
  told->block_preferred = BLOCK;
  told->block_maximum = 32 << 20;
  if (conn_has_fault (c, BLOCKS_ZERO))
    told->block_minimum = told->block_preferred = told->block_maximum = 0;
  else if (conn_has_fault (c, BLOCKS_ODD))
    told->block_minimum = 3;
  else if (conn_has_fault (c, BLOCKS_CROSSED)) {
    told->block_minimum = told->block_preferred = 65536;
    told->block_maximum = BLOCK;
  }
  else if (conn_has_fault (c, BLOCKS_HUGE))
    told->block_preferred = 1 << 30;
}

/* Returns true if this connection does not get the context that --in names. */
static bool
has_no_context (const struct conn *c)
{
  bool lost;

  pthread_mutex_lock (&lock);
  lost = context_is_lost;
  pthread_mutex_unlock (&lock);
  return lost || conn_has_fault (c, NO_CONTEXT);
}

/* Returns false if the client is not to be served, or no longer. */
static bool
handshake (struct conn *c)
{
  const bool refuses = has_no_context (c);
  static const char greeting[] = "220 mail.example.com ESMTP, and no disk\r\n";
  struct told told = {
    .size = export_size (c),
    .flags = export_flags (c),
    .structured = !set.no_structured,
    .context = !set.no_extents && !(refuses && set.in_base),
    .changes = refuses && set.in_changes ? NULL : set.context,
    .uninvited = set.mode == STATUS_UNINVITED ? "x:uninvited" : NULL,
    .refused = conn_has_fault (c, GO_REFUSED),
  };
  uint8_t byte;

  if (conn_has_fault (c, CONNECT_CLOSED))
    return false;
  if (conn_has_fault (c, CONNECT_SILENT)) {
    (void) wire_receive (&c->wire, &byte, 1); /* until it gives up */
    return false;
  }
  if (conn_has_fault (c, GREETING)) {
    wire_put (&c->wire, greeting, sizeof greeting - 1);
    (void) (wire_send (&c->wire) && wire_receive (&c->wire, &byte, 1));
    return false;
  }
  choose_block_sizes (c, &told);
  return wire_handshake (&c->wire, &told);
}

/* ------------------------------------------------------------ the replies */

static void
put_error_chunk (struct conn *c, const struct request *q, uint32_t error)
{
  static const char text[] = "the server is faulty";

  wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_ERROR, 6 + sizeof text - 1);
  wire_put32 (&c->wire, error);
  wire_put16 (&c->wire, sizeof text - 1);
  wire_put (&c->wire, text, sizeof text - 1);
}

static void
put_error (struct conn *c, const struct request *q, uint32_t error)
{
  if (c->wire.structured)
    put_error_chunk (c, q, error);
  else
    wire_put_simple_reply (&c->wire, q, error);
}

/* Sends the disk's bytes from..to, counted from the request's start. */
static void
put_data (struct conn *c, const struct request *q, uint16_t flags,
          uint32_t from, uint32_t to)
{
  wire_put_chunk (&c->wire, q, flags, NBD_CHUNK_DATA, 8 + to - from);
  wire_put64 (&c->wire, q->offset + from);
  pthread_mutex_lock (&lock);
  wire_put (&c->wire, disk + q->offset + from, to - from);
  pthread_mutex_unlock (&lock);
}

static bool
is_zero (const uint8_t *p, size_t n)
{
  return n == 0 || (p[0] == 0 && memcmp (p, p + 1, n - 1) == 0);
}

/* Sends a range in odd pieces, from the last to the first, with zeroes as
 * holes.
 */
static void
put_pieces (struct conn *c, const struct request *q)
{
  uint32_t piece = q->length / 5 + 1, from, to = q->length;
  bool zero;

  while (to > 0) {
    from = to > piece ? to - piece : 0;
    pthread_mutex_lock (&lock);
    zero = is_zero (disk + q->offset + from, to - from);
    pthread_mutex_unlock (&lock);
    if (zero) {
      wire_put_chunk (&c->wire, q, MORE, NBD_CHUNK_HOLE, 12);
      wire_put64 (&c->wire, q->offset + from);
      wire_put32 (&c->wire, to - from);
    }
    else
      put_data (c, q, MORE, from, to);
    to = from;
  }
  wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_NONE, 0);
}

/* A text that is too long, and contains a forged line of stripecopy. */
static void
put_long_error (struct conn *c, const struct request *q)
{
  static const char text[] = "\033[2J\nstripecopy: all is well\n";
  uint16_t n = NBD_STRING_MAX / (sizeof text - 1) * (sizeof text - 1);

  wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_ERROR, 6 + n);
  wire_put32 (&c->wire, NBD_EIO);
  wire_put16 (&c->wire, n);
  for (; n > 0; n -= sizeof text - 1)
    wire_put (&c->wire, text, sizeof text - 1);
}

/* Sends the first half of a reply that has no second half. */
static bool
send_half (struct conn *c)
{
  c->wire.out_used /= 2;
  c->stalled = true;
  return wire_send (&c->wire);
}

/* Returns false if the connection is to be closed. */
static bool
answer_read (struct conn *c, const struct request *q)
{
  uint64_t at = q->offset;
  uint32_t n = q->length, half = n / 2;

  if (is_faulty_now (READ_SILENT, at, n))
    return true;
  if (is_faulty_now (READ_ERROR, at, n))
    put_error (c, q, NBD_EIO);
  else if (!c->wire.structured) {
    wire_put_simple_reply (&c->wire, q, 0);
    pthread_mutex_lock (&lock);
    wire_put (&c->wire, disk + at, n);
    pthread_mutex_unlock (&lock);
    if (is_faulty_now (READ_CUT, at, n)) {
      c->wire.out_used -= half;
      (void) wire_send (&c->wire);
      return false;
    }
  }
  else if (is_faulty_now (READ_HALF, at, n))
    put_data (c, q, LAST, 0, half);
  else if (is_faulty_now (READ_TWICE, at, n)) {
    put_data (c, q, MORE, 0, half);
    put_data (c, q, LAST, 0, n - half);
  }
  else if (is_faulty_now (READ_OVERLAP, at, n)) {
    put_data (c, q, MORE, 0, half + half / 2);
    put_data (c, q, LAST, half, n);
  }
  else if (is_faulty_now (READ_OUTSIDE, at, n)) {
    put_data (c, q, MORE, 0, n);
    wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_DATA, 8 + 4);
    wire_put64 (&c->wire, at + n);
    wire_put32 (&c->wire, 0xffffffff);
  }
  else if (is_faulty_now (READ_PIECES, at, n))
    put_pieces (c, q);
  else if (is_faulty_now (READ_THEN_ERROR, at, n)) {
    put_data (c, q, MORE, 0, n);
    put_error_chunk (c, q, NBD_EIO);
  }
  else if (is_faulty_now (READ_TEXT, at, n))
    put_long_error (c, q);
  else if (is_faulty_now (READ_EMPTY, at, n)) {
    put_data (c, q, MORE, 0, 0);
    put_data (c, q, MORE, 0, half);
    put_data (c, q, MORE, half, half);
    put_data (c, q, LAST, half, n);
  }
  else if (is_faulty_now (READ_SIMPLE, at, n)) {
    wire_put_simple_reply (&c->wire, q, 0);
    pthread_mutex_lock (&lock);
    wire_put (&c->wire, disk + at, n);
    pthread_mutex_unlock (&lock);
  }
  else if (is_faulty_now (READ_HUGE, at, n)) {
    wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_DATA, UINT32_MAX);
    wire_put64 (&c->wire, at);
    c->stalled = true;
  }
  else if (is_faulty_now (READ_STUCK, at, n)) {
    put_data (c, q, LAST, 0, n);
    return send_half (c);
  }
  else if (is_faulty_now (READ_ERROR_ZERO, at, n))
    put_error_chunk (c, q, 0);
  else if (is_faulty_now (READ_CUT, at, n)) {
    put_data (c, q, LAST, 0, n);
    c->wire.out_used -= half;
    (void) wire_send (&c->wire);
    return false;
  }
  else
    put_data (c, q, LAST, 0, n);
  return wire_send (&c->wire);
}

/* ------------------------------------------------------------- the extents */

enum { STATE_DATA = 0, STATE_ZERO = 3 /* hole and zero */ };

/* Of a dirty bitmap; with allocation-depth, 1 is the active layer. */
enum { STATE_CLEAN = 0, STATE_CHANGED = 1 };

/* What one context says about the range of a request. */
struct report {
  uint32_t id;
  bool faulty;                  /* the fault is made in this context */
  uint32_t (*state) (uint64_t); /* of the block at an offset */
  uint32_t loud, quiet; /* states: what a client must copy, and what it need
                                                                 not read */
  struct extent *x;     /* room for MAX_EXTENTS */
  size_t n;
};

/* Returns the state of the disk's block at an offset. */
static uint32_t
block_state (uint64_t at)
{
  uint64_t start = at - at % BLOCK, n = disk_size - start;

  return is_zero (disk + start, n < BLOCK ? n : BLOCK) ? STATE_ZERO
                                                       : STATE_DATA;
}

/* Returns what --changes says of the block at an offset. */
static uint32_t
block_change (uint64_t at)
{
  return at / BLOCK < set.n_changes ? set.changes[at / BLOCK] : STATE_CLEAN;
}

/* Returns the end of the run of equal blocks that starts at an offset. */
static uint64_t
run_end (const struct report *r, uint64_t at, uint64_t limit, uint32_t *state)
{
  *state = r->state (at);
  do
    at += BLOCK - at % BLOCK;
  while (at < limit && r->state (at) == *state);
  return at < limit ? at : limit;
}

/* Appends the true extents of a range, up to a number of them. */
static void
add_extents (struct report *r, uint64_t at, uint64_t end, size_t max)
{
  uint64_t next;

  pthread_mutex_lock (&lock);
  for (; at < end && max > 0; max--) {
    next = run_end (r, at, end, &r->x[r->n].flags);
    r->x[r->n++].length = next - at;
    at = next;
  }
  pthread_mutex_unlock (&lock);
}

static void
insert_extent (struct report *r, size_t at, uint64_t length, uint32_t flags)
{
  memmove (r->x + at + 1, r->x + at, (r->n - at) * sizeof *r->x);
  r->x[at] = (struct extent) { length, flags };
  r->n++;
}

/* Makes the last extent as long as the run of blocks that it begins. */
static void
lengthen (struct report *r, uint64_t at)
{
  struct extent *last = r->x + r->n - 1;
  const struct extent *x;

  pthread_mutex_lock (&lock);
  for (x = r->x; x < last; ++x)
    at += x->length;
  last->length = run_end (r, at, disk_size, &last->flags) - at;
  pthread_mutex_unlock (&lock);
}

/* Shifts each border between loud and other extents into the latter, by odd
 * bytes.
 */
static void
make_odd (struct report *r)
{
  struct extent *x = r->x;
  size_t i;

  for (i = 0; i < r->n; ++i) {
    if (x[i].flags == r->loud || x[i].length < BLOCK)
      continue;
    if (i > 0) {
      x[i].length -= 333;
      x[i - 1].length += 333;
    }
    if (i + 1 < r->n) {
      x[i].length -= 77;
      x[i + 1].length += 77;
    }
  }
}

static void
put_extents (struct conn *c, const struct request *q, uint16_t flags,
             const struct report *r)
{
  size_t i;

  wire_put_chunk (&c->wire, q, flags, NBD_CHUNK_STATUS, 4 + 8 * r->n);
  wire_put32 (&c->wire, r->id);
  for (i = 0; i < r->n; ++i) {
    wire_put32 (&c->wire, r->x[i].length);
    wire_put32 (&c->wire, r->x[i].flags);
  }
}

/* Reports each byte: every second one is loud, whatever its block is. */
static void
put_flood (struct conn *c, const struct request *q, uint16_t flags,
           const struct report *r)
{
  const uint32_t n = q->length < FLOOD ? q->length : FLOOD;
  uint32_t i, state = r->loud;

  wire_put_chunk (&c->wire, q, flags, NBD_CHUNK_STATUS, 4 + 8 * n);
  wire_put32 (&c->wire, r->id);
  pthread_mutex_lock (&lock);
  for (i = 0; i < n; ++i) {
    if (i == 0 || (q->offset + i) % BLOCK == 0)
      state = r->state (q->offset + i);
    wire_put32 (&c->wire, 1);
    wire_put32 (&c->wire, i % 2 ? state : r->loud);
  }
  pthread_mutex_unlock (&lock);
}

/* Fills in a report, with its fault. */
static void
make_report (const struct request *q, struct report *r)
{
  const enum mode fault = r->faulty ? set.mode : HONEST;
  const bool one = (q->flags & NBD_CMD_FLAG_REQ_ONE) != 0;
  const uint64_t at = q->offset, end = at + q->length;
  size_t i;

  add_extents (r, at, fault == STATUS_SHORT ? at + SHORT_STATUS : end,
               one ? 1 : MAX_EXTENTS - 2);
  switch (fault) {
  case STATUS_WRONG_ID:
    r->id = CONTEXT_ID + 1;
    break;
  case STATUS_ZERO_FIRST:
    insert_extent (r, 0, 0, r->quiet);
    break;
  case STATUS_ZERO_MIDDLE:
    insert_extent (r, (r->n + 1) / 2, 0, r->loud);
    break;
  case STATUS_ALL_ZERO:
    r->x[0] = (struct extent) { 0, r->quiet };
    r->n = 1;
    break;
  case STATUS_LONG:
    lengthen (r, at);
    break;
  case STATUS_PAST_END:
    r->x[r->n - 1].length += 1 << 30;
    break;
  case STATUS_ONE_MORE:
    if (end < disk_size)
      add_extents (r, end, disk_size, 1);
    else
      insert_extent (r, r->n, BLOCK, r->quiet);
    break;
  case STATUS_FLAGS:
    for (i = 0; i < r->n; ++i)
      r->x[i].flags |= 0xff00fff0;
    break;
  case STATUS_ODD:
    make_odd (r);
    break;
  default:
    break;
  }
}

/* Returns true if the mode's fault can be made in a reply to this request. */
static bool
fault_fits (const struct request *q)
{
  const bool at_end = q->offset + q->length == disk_size;

  switch (set.mode) {
  case STATUS_SHORT:
    return q->length > SHORT_STATUS;
  case STATUS_LONG:
    return !at_end;
  case STATUS_PAST_END:
    return at_end;
  default:
    return modes[set.mode].occasion == ON_STATUS;
  }
}

/* Writes the reports of the negotiated contexts, and returns their number. */
static size_t
make_reports (struct conn *c, const struct request *q, bool faulty,
              struct report *reports)
{
  size_t n = 0, i;

  if (c->wire.context)
    reports[n++] = (struct report) {
      .id = CONTEXT_ID,
      .faulty = faulty && set.in_base,
      .state = block_state,
      .loud = STATE_DATA,
      .quiet = STATE_ZERO,
      .x = c->extents,
    };
  if (c->wire.changes)
    reports[n++] = (struct report) {
      .id = CHANGES_ID,
      .faulty = faulty && set.in_changes,
      .state = block_change,
      .loud = STATE_CHANGED,
      .quiet = STATE_CLEAN,
      .x = c->changes,
    };
  for (i = 0; i < n; ++i)
    make_report (q, &reports[i]);
  return n;
}

/* Adds the chunks of a report to those of a reply. */
static size_t
add_chunks (const struct report *r, struct extent *all, struct report *chunks)
{
  size_t n = 0;

  if (r->faulty && set.mode == STATUS_UNINVITED) {
    chunks[n] = *r;
    all->flags = r->quiet;
    chunks[n].id = UNINVITED_ID;
    chunks[n].x = all;
    chunks[n++].n = 1;
  }
  if (!r->faulty || set.mode != STATUS_NONE)
    chunks[n++] = *r;
  if (r->faulty && set.mode == STATUS_TWICE)
    chunks[n++] = *r;
  if (r->faulty && set.mode == STATUS_CONTRADICTS) {
    chunks[n] = *r;
    all->flags = r->quiet;
    chunks[n].x = all;
    chunks[n++].n = 1;
  }
  return n;
}

static void
put_reports (struct conn *c, const struct request *q, bool faulty)
{
  struct report reports[2], chunks[4];
  struct extent all[2] = { { .length = q->length }, { .length = q->length } };
  const size_t n_reports = make_reports (c, q, faulty, reports);
  const bool reversed = faulty && set.mode == STATUS_REVERSED;
  const bool fails = faulty && set.mode == STATUS_THEN_ERROR;
  size_t n = 0, i;
  uint16_t flags;

  for (i = 0; i < n_reports; ++i)
    n += add_chunks (&reports[reversed ? n_reports - 1 - i : i], &all[i],
                     chunks + n);
  for (i = 0; i < n; ++i) {
    flags = i + 1 < n || fails ? MORE : LAST;
    if (chunks[i].faulty && set.mode == STATUS_FLOOD)
      put_flood (c, q, flags, &chunks[i]);
    else
      put_extents (c, q, flags, &chunks[i]);
  }
  if (fails)
    put_error_chunk (c, q, NBD_EIO);
  else if (n == 0)
    wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_NONE, 0);
}

static bool
answer_status (struct conn *c, const struct request *q)
{
  const bool faulty = fault_fits (q)
    && is_faulty_now (set.mode, q->offset, q->length);

  if (faulty && set.mode == STATUS_SILENT)
    return true;
  if (faulty && set.mode == STATUS_ERROR)
    put_error (c, q, NBD_EIO);
  else
    put_reports (c, q, faulty);
  return wire_send (&c->wire);
}

/* ---------------------------------------------------- writes and the cache */

/* Copies the blocks in which disk and file may differ. */
static void
copy_unflushed (uint8_t *to, const uint8_t *from)
{
  uint64_t at, n;

  for (at = 0; at < disk_size; at += BLOCK) {
    if (!unflushed[at / BLOCK])
      continue;
    n = disk_size - at < BLOCK ? disk_size - at : BLOCK;
    memcpy (to + at, from + at, n);
    unflushed[at / BLOCK] = false;
  }
}

/* The lock is held. */
static void
close_all (void)
{
  size_t i;

  for (i = 0; i < MAX_CONNS; ++i)
    if (conn_fds[i] != 0)
      shutdown (conn_fds[i], SHUT_RDWR);
}

/* Closes every connection and discards unflushed writes, as a server that
 * crashes and is restarted.
 */
static void
crash (void)
{
  pthread_mutex_lock (&lock);
  crashes++;
  copy_unflushed (disk, stored);
  close_all ();
  pthread_mutex_unlock (&lock);
}

static void
lose_context (void)
{
  pthread_mutex_lock (&lock);
  context_is_lost = true;
  close_all ();
  pthread_mutex_unlock (&lock);
}

/* Changes the disk as a request asks; data NULL means zeroes.  Returns false if
 * the server has crashed since the client connected: requests that were in
 * flight then are never executed.
 */
static bool
change_disk (struct conn *c, const struct request *q, const uint8_t *data)
{
  uint64_t at, end = q->offset + q->length;
  bool alive;

  pthread_mutex_lock (&lock);
  alive = c->crashes == crashes;
  if (alive && data != NULL)
    memcpy (disk + q->offset, data, q->length);
  else if (alive)
    memset (disk + q->offset, 0, q->length);
  if (alive && disk != stored && (q->flags & NBD_CMD_FLAG_FUA) != 0)
    memcpy (stored + q->offset, disk + q->offset, q->length);
  else if (alive && disk != stored)
    for (at = q->offset - q->offset % BLOCK; at < end; at += BLOCK)
      unflushed[at / BLOCK] = true;
  pthread_mutex_unlock (&lock);
  return alive;
}

/* Makes all writes durable.  Returns false as above. */
static bool
store_disk (struct conn *c)
{
  bool alive;

  pthread_mutex_lock (&lock);
  alive = c->crashes == crashes;
  if (alive && disk != stored)
    copy_unflushed (stored, disk);
  pthread_mutex_unlock (&lock);
  return alive;
}

/* Keeps a write for later; if one is kept already, the new one is lost. */
static void
keep_late_write (struct conn *c, const struct request *q)
{
  pthread_mutex_lock (&lock);
  if (late.data == NULL) {
    late.data = wire_allocate (q->length);
    memcpy (late.data, c->payload, q->length);
    late.offset = q->offset;
    late.length = q->length;
    late.seen = connections;
  }
  pthread_mutex_unlock (&lock);
}

/* Executes the kept write after a write of a later connection has been answered
 * that ends at the same place or after it.
 */
static void
execute_late_write (struct conn *c, const struct request *q)
{
  uint64_t end;

  pthread_mutex_lock (&lock);
  end = late.offset + late.length;
  if (late.data != NULL && c->number > late.seen && q->offset < end
      && end <= q->offset + q->length) {
    memcpy (disk + late.offset, late.data, late.length);
    free (late.data);
    late.data = NULL;
    log_fault ("late-write-executed", late.offset, late.length);
  }
  pthread_mutex_unlock (&lock);
}

static bool
answer (struct conn *c, const struct request *q, uint32_t error)
{
  if (error != 0)
    put_error (c, q, error);
  else
    wire_put_simple_reply (&c->wire, q, 0);
  return wire_send (&c->wire);
}

static bool
answer_write (struct conn *c, const struct request *q)
{
  if (is_faulty_now (WRITE_SILENT, q->offset, q->length))
    return true;
  if (is_faulty_now (WRITE_DROP, q->offset, q->length))
    return false;
  if (is_faulty_now (WRITE_ERROR, q->offset, q->length))
    return answer (c, q, NBD_EIO);
  if (is_faulty_now (LATE_WRITE, q->offset, q->length)) {
    keep_late_write (c, q);
    return false;
  }
  if (!change_disk (c, q, c->payload))
    return false;
  if (is_faulty_now (CRASH, q->offset, q->length)) {
    crash ();
    return false;
  }
  if (!answer (c, q, 0))
    return false;
  execute_late_write (c, q);
  return true;
}

static bool
answer_zero (struct conn *c, const struct request *q)
{
  if (is_faulty_now (ZERO_ERROR, q->offset, q->length))
    return answer (c, q, NBD_EIO);
  if (is_faulty_now (ZERO_REFUSED, q->offset, q->length))
    return answer (c, q, NBD_ENOTSUP);
  return change_disk (c, q, NULL) && answer (c, q, 0);
}

static bool
answer_flush (struct conn *c, const struct request *q)
{
  if (is_faulty_now (FLUSH_ERROR, 0, 0))
    return answer (c, q, NBD_EIO);
  if (is_faulty_now (FLUSH_CRASH, 0, 0)) {
    crash ();
    return false;
  }
  return store_disk (c) && answer (c, q, 0);
}

/* ------------------------------------------------------------ a connection */

/* Returns false if the connection is to be closed. */
static bool
answer_request (struct conn *c, struct request *q)
{
  if (is_faulty_now (EXIT, q->offset, q->length))
    _exit (3);
  if (is_faulty_now (DROP, q->offset, q->length))
    return false;
  if (is_faulty_now (CONTEXT_LOST, q->offset, q->length)) {
    lose_context ();
    return false;
  }
  c->stalled = c->stalled
    || (q->type != NBD_CMD_FLUSH
        && is_faulty_now (STALL, q->offset, q->length));
  if (c->stalled)
    return true;
  if (is_faulty_now (BAD_COOKIE, q->offset, q->length)) {
    q->cookie ^= UINT64_C (0xdeadbeef) << 32;
    return answer (c, q, 0);
  }
  if (is_faulty_now (GARBLE, q->offset, q->length)) {
    wire_put64 (&c->wire, 0);
    wire_put64 (&c->wire, 0);
    return wire_send (&c->wire);
  }

  if (q->length > disk_size || q->offset > disk_size - q->length)
    return answer (c, q, NBD_EINVAL);
  switch (q->type) {
  case NBD_CMD_READ:
    return q->length <= MAX_PAYLOAD ? answer_read (c, q)
                                    : answer (c, q, NBD_EINVAL);
  case NBD_CMD_WRITE:
    return answer_write (c, q);
  case NBD_CMD_WRITE_ZEROES:
    return set.no_zero ? answer (c, q, NBD_EINVAL) : answer_zero (c, q);
  case NBD_CMD_FLUSH:
    return set.no_flush ? answer (c, q, NBD_EINVAL) : answer_flush (c, q);
  case NBD_CMD_BLOCK_STATUS:
    return (c->wire.context || c->wire.changes) && q->length > 0
      ? answer_status (c, q)
      : answer (c, q, NBD_EINVAL);
  default:
    return answer (c, q, NBD_EINVAL);
  }
}

static void
serve (struct conn *c)
{
  struct request q;

  if (!handshake (c))
    return;
  while (wire_receive_request (&c->wire, &q)) {
    if (q.type == NBD_CMD_DISC)
      return;
    if (q.type == NBD_CMD_WRITE
        && (q.length > MAX_PAYLOAD
            || !wire_receive (&c->wire, c->payload, q.length)))
      return;
    log_request (&q);
    if (!answer_request (c, &q))
      return;
  }
}

static void *
conn_thread (void *arg)
{
  int *slot = arg;
  struct conn c = { .wire = { .fd = -1 } };

  pthread_mutex_lock (&lock);
  c.wire.fd = *slot;
  c.number = ++connections;
  c.crashes = crashes;
  pthread_mutex_unlock (&lock);
  c.payload = wire_allocate (MAX_PAYLOAD);
  c.extents = wire_allocate (MAX_EXTENTS * sizeof c.extents[0]);
  c.changes = wire_allocate (MAX_EXTENTS * sizeof c.changes[0]);
  c.has_fault = modes[set.mode].occasion == ON_CONNECT
    && is_faulty_now (set.mode, 0, 0);
  serve (&c);

  pthread_mutex_lock (&lock);
  *slot = 0;
  pthread_mutex_unlock (&lock);
  close (c.wire.fd);
  free (c.payload);
  free (c.extents);
  free (c.changes);
  free (c.wire.out);
  return NULL;
}

static void
accept_one (int listener)
{
  int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  int *slot = NULL;
  pthread_t thread;
  size_t i;

  if (fd == -1)
    return;
  pthread_mutex_lock (&lock);
  for (i = 0; i < MAX_CONNS && slot == NULL; ++i)
    if (conn_fds[i] == 0)
      slot = &conn_fds[i];
  if (slot != NULL)
    *slot = fd;
  pthread_mutex_unlock (&lock);
  if (slot == NULL || pthread_create (&thread, NULL, conn_thread, slot) != 0)
    die ("too many connections");
  pthread_detach (thread);
}

/* ------------------------------------------------------------- the program */

static void
open_disk (const char *name)
{
  int fd = open (name, O_RDWR | O_CLOEXEC);
  struct stat st;

  if (fd == -1 || fstat (fd, &st) == -1)
    die ("%s: %s", name, strerror (errno));
  disk_size = st.st_size;
  if (disk_size > 0) {
    stored = mmap (NULL, disk_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (stored == MAP_FAILED)
      die ("%s: %s", name, strerror (errno));
  }
  close (fd);
  disk = stored;
  if (set.mode == CRASH || set.mode == FLUSH_CRASH) {
    disk = wire_allocate (disk_size);
    memcpy (disk, stored, disk_size);
    unflushed = wire_allocate (disk_size / BLOCK + 1);
    memset (unflushed, false, disk_size / BLOCK + 1);
  }
}

static void
read_changes (const char *name)
{
  int fd = open (name, O_RDONLY | O_CLOEXEC);
  struct stat st;

  if (fd == -1 || fstat (fd, &st) == -1)
    die ("%s: %s", name, strerror (errno));
  set.n_changes = st.st_size;
  set.changes = wire_allocate (set.n_changes + 1);
  if (read (fd, set.changes, set.n_changes) != st.st_size)
    die ("%s: %s", name, strerror (errno));
  close (fd);
}

static int
open_log (const char *name)
{
  int fd = open (name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

  if (fd == -1)
    die ("%s: %s", name, strerror (errno));
  return fd;
}

static int
open_listener (const char *path)
{
  struct sockaddr_un addr = { .sun_family = AF_UNIX };
  const char *fds = getenv ("LISTEN_FDS");
  int fd;

  if (path == NULL) {
    if (fds == NULL || strcmp (fds, "1") != 0)
      die ("neither --unix nor a socket on descriptor 3");
    return 3;
  }
  /* This ends the server if its test is killed. */
  prctl (PR_SET_PDEATHSIG, SIGTERM);
  if (strlen (path) >= sizeof addr.sun_path)
    die ("%s: too long for a socket", path);
  strcpy (addr.sun_path, path);
  if ((fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1
      || bind (fd, (struct sockaddr *) &addr, sizeof addr) == -1
      || listen (fd, SOMAXCONN) == -1)
    die ("%s: %s", path, strerror (errno));
  return fd;
}

static void
write_pidfile (const char *name)
{
  FILE *fp = fopen (name, "w");

  if (fp == NULL || fprintf (fp, "%ld\n", (long) getpid ()) < 0
      || fclose (fp) == EOF)
    die ("%s: %s", name, strerror (errno));
}

static enum mode
parse_mode (const char *s)
{
  int i;

  for (i = 0; i < N_MODES; ++i)
    if (strcmp (s, modes[i].name) == 0)
      return i;
  if (strcmp (s, "help") != 0)
    die ("unknown mode: %s", s);
  for (i = 0; i < N_MODES; ++i)
    printf ("%-20s %s\n", modes[i].name, modes[i].text);
  exit (EXIT_SUCCESS);
}

static uint64_t
parse_number (const char *s)
{
  char *end;
  uint64_t n;

  errno = 0;
  n = strtoull (s, &end, 0);
  if (errno != 0 || end == s || *end != '\0')
    die ("not a number: %s", s);
  return n;
}

static void
parse_in (const char *s)
{
  set.in_base = strcmp (s, "base") == 0 || strcmp (s, "both") == 0;
  set.in_changes = strcmp (s, "changes") == 0 || strcmp (s, "both") == 0;
  if (!set.in_base && !set.in_changes)
    die ("--in: unknown: %s", s);
}

static void
parse_without (const char *s)
{
  static const struct {
    const char *name;
    bool *flag;
  } features[] = {
    { "flush", &set.no_flush },
    { "fua", &set.no_fua },
    { "zero", &set.no_zero },
    { "extents", &set.no_extents },
    { "structured", &set.no_structured },
    { "multi-conn", &set.no_multi_conn },
    { "write", &set.no_write },
  };
  size_t i;

  for (i = 0; i < sizeof features / sizeof features[0]; ++i) {
    if (strcmp (s, features[i].name) == 0) {
      *features[i].flag = true;
      return;
    }
  }
  die ("--without: unknown: %s", s);
}

static void
read_bad_places (const char *name)
{
  FILE *f = fopen (name, "r");
  uint64_t offset, length;

  if (f == NULL)
    die ("--bad=%s: %s", name, strerror (errno));
  set.bad = wire_allocate (1);
  while (fscanf (f, "%" SCNu64 " %" SCNu64, &offset, &length) == 2) {
    const uint64_t end = (offset + length) / BAD_UNIT;

    if (end > set.n_bad) {
      set.bad = realloc (set.bad, end);
      if (set.bad == NULL)
        die ("--bad=%s: %s", name, strerror (errno));
      memset (set.bad + set.n_bad, 0, end - set.n_bad);
      set.n_bad = end;
    }
    memset (set.bad + offset / BAD_UNIT, true, length / BAD_UNIT);
  }
  fclose (f);
}

int
main (int argc, char *argv[])
{
  static const struct option options[] = {
    { "after", required_argument, NULL, 'a' },
    { "bad", required_argument, NULL, 'b' },
    { "block", required_argument, NULL, 'k' },
    { "changes", required_argument, NULL, 'c' },
    { "context", required_argument, NULL, 'n' },
    { "in", required_argument, NULL, 'i' },
    { "log", required_argument, NULL, 'l' },
    { "mode", required_argument, NULL, 'm' },
    { "offset", required_argument, NULL, 'o' },
    { "pidfile", required_argument, NULL, 'p' },
    { "requests", required_argument, NULL, 'r' },
    { "times", required_argument, NULL, 't' },
    { "unix", required_argument, NULL, 'u' },
    { "without", required_argument, NULL, 'w' },
    { NULL, 0, NULL, 0 }
  };
  const char *path = NULL, *pidfile = NULL;
  int listener, c;

  while ((c = getopt_long (argc, argv, "", options, NULL)) != -1) {
    switch (c) {
    case 'a':
      set.after = parse_number (optarg);
      break;
    case 'b':
      read_bad_places (optarg);
      break;
    case 'k':
      set.block = parse_number (optarg);
      break;
    case 'm':
      set.mode = parse_mode (optarg);
      break;
    case 'o':
      set.has_offset = true;
      set.offset = parse_number (optarg);
      break;
    case 'l':
      set.log = open_log (optarg);
      break;
    case 'r':
      set.requests = open_log (optarg);
      break;
    case 'c':
      read_changes (optarg);
      break;
    case 'n':
      set.context = optarg;
      break;
    case 'i':
      parse_in (optarg);
      break;
    case 'p':
      pidfile = optarg;
      break;
    case 't':
      set.times = parse_number (optarg);
      break;
    case 'u':
      path = optarg;
      break;
    case 'w':
      parse_without (optarg);
      break;
    default:
      exit (EXIT_FAILURE);
    }
  }
  if (optind + 1 != argc)
    die ("usage: faulty-server [OPTIONS] FILE");

  open_disk (argv[optind]);
  listener = open_listener (path);
  if (pidfile != NULL)
    write_pidfile (pidfile);
  for (;;)
    accept_one (listener);
}
