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
 *     --log=FILE        gets a line for each fault: MODE OFFSET LENGTH
 *     --without=WHAT    not advertised: flush fua zero extents structured
 *                       multi-conn write
 *
 * The disk is FILE, mapped, so that the test can compare it.  Apart from its
 * fault it is a plain server: fixed newstyle, any export name, structured
 * replies, base:allocation in blocks of 4 KiB, multi-conn.  One thread per
 * connection, which answers its requests one by one.
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
  M (NO_CONTEXT, "no-context", ON_CONNECT, "base:allocation is refused")       \
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
  M (STATUS_FLAGS, "status-flags", ON_STATUS, "unknown flags")                 \
  M (STATUS_ODD, "status-odd", ON_STATUS, "cut at odd bytes")                  \
  M (GARBLE, "garble", ON_REQUEST, "a reply with a wrong magic")               \
  M (BAD_COOKIE, "bad-cookie", ON_REQUEST, "a reply to no request")            \
  M (DROP, "drop", ON_REQUEST, "this connection closed, others are not")       \
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
  bool no_flush, no_fua, no_zero, no_extents, no_structured, no_multi_conn;
  bool no_write;
  int log; /* descriptor; -1: none */
} set = { .times = UINT64_MAX, .log = -1 };

static uint64_t disk_size;

/* Guards all that follows. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *disk;      /* what clients see */
static uint8_t *stored;    /* the file; != disk when there is a cache */
static bool *unflushed;    /* for each block: disk and file may differ */
static uint64_t occasions; /* with some modes, since the last fault */
static uint64_t n_faults;
static uint64_t crashes;
static uint64_t connections;    /* accepted so far */
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
  uint64_t number;        /* of the connection, counted from 1 */
  uint64_t crashes;       /* number of crashes before it */
  bool stalled;           /* never to be answered again */
  bool has_fault;         /* its ON_CONNECT occasion made the fault */
  uint8_t *payload;       /* MAX_PAYLOAD bytes */
  struct extent *extents; /* MAX_EXTENTS of them */
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
log_line (const char *what, uint64_t offset, uint64_t length)
{
  char line[128];
  int n;

  if (set.log == -1)
    return;
  n = snprintf (line, sizeof line, "%s %" PRIu64 " %" PRIu64 "\n", what, offset,
                length);
  if (write (set.log, line, n) != n)
    die ("log: %s", strerror (errno));
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
  pthread_mutex_lock (&lock);
  yes = occasions++ >= set.after && n_faults < set.times;
  n_faults += yes;
  if (yes && counts_anew (mode))
    occasions = 0;
  pthread_mutex_unlock (&lock);
  if (yes)
    log_line (modes[mode].name, offset, length);
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
  told->block_minimum = 1;
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

/* Returns false if the client is not to be served, or no longer. */
static bool
handshake (struct conn *c)
{
  static const char greeting[] = "220 mail.example.com ESMTP, and no disk\r\n";
  struct told told = {
    .size = export_size (c),
    .flags = export_flags (c),
    .structured = !set.no_structured,
    .context = !set.no_extents && !conn_has_fault (c, NO_CONTEXT),
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

/* Returns the state of the disk's block at an offset. */
static uint32_t
block_state (uint64_t at)
{
  uint64_t start = at - at % BLOCK, n = disk_size - start;

  return is_zero (disk + start, n < BLOCK ? n : BLOCK) ? STATE_ZERO
                                                       : STATE_DATA;
}

/* Returns the end of the run of equal blocks that starts at an offset. */
static uint64_t
run_end (uint64_t at, uint64_t limit, uint32_t *state)
{
  *state = block_state (at);
  do
    at += BLOCK - at % BLOCK;
  while (at < limit && block_state (at) == *state);
  return at < limit ? at : limit;
}

/* Writes the true extents of a range; returns their number. */
static size_t
true_extents (struct extent *x, uint64_t at, uint64_t end, size_t max)
{
  uint64_t next;
  size_t n = 0;

  pthread_mutex_lock (&lock);
  while (at < end && n < max) {
    next = run_end (at, end, &x[n].flags);
    x[n++].length = next - at;
    at = next;
  }
  pthread_mutex_unlock (&lock);
  return n;
}

static size_t
insert_extent (struct extent *x, size_t n, size_t at, uint64_t length,
               uint32_t flags)
{
  memmove (x + at + 1, x + at, (n - at) * sizeof *x);
  x[at] = (struct extent) { length, flags };
  return n + 1;
}

/* Shifts each border between data and zeroes into the zeroes, by odd bytes. */
static void
make_odd (struct extent *x, size_t n)
{
  size_t i;

  for (i = 0; i < n; ++i) {
    if (x[i].flags == STATE_DATA || x[i].length < BLOCK)
      continue;
    if (i > 0) {
      x[i].length -= 333;
      x[i - 1].length += 333;
    }
    if (i + 1 < n) {
      x[i].length -= 77;
      x[i + 1].length += 77;
    }
  }
}

static void
put_extents (struct conn *c, const struct request *q, uint16_t flags,
             uint32_t id, size_t n)
{
  size_t i;

  wire_put_chunk (&c->wire, q, flags, NBD_CHUNK_STATUS, 4 + 8 * n);
  wire_put32 (&c->wire, id);
  for (i = 0; i < n; ++i) {
    wire_put32 (&c->wire, c->extents[i].length);
    wire_put32 (&c->wire, c->extents[i].flags);
  }
}

/* Reports zeroes as alternating zeroes and data, byte by byte. */
static void
put_flood (struct conn *c, const struct request *q)
{
  const uint32_t n = q->length < FLOOD ? q->length : FLOOD;
  uint32_t i, state = STATE_DATA;

  wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_STATUS, 4 + 8 * n);
  wire_put32 (&c->wire, CONTEXT_ID);
  pthread_mutex_lock (&lock);
  for (i = 0; i < n; ++i) {
    if (i == 0 || (q->offset + i) % BLOCK == 0)
      state = block_state (q->offset + i);
    wire_put32 (&c->wire, 1);
    wire_put32 (&c->wire, i % 2 ? state : STATE_DATA);
  }
  pthread_mutex_unlock (&lock);
}

static bool
answer_status (struct conn *c, const struct request *q)
{
  uint64_t at = q->offset, end = at + q->length;
  struct extent *x = c->extents;
  bool one = (q->flags & NBD_CMD_FLAG_REQ_ONE) != 0;
  size_t n, i;

  if (is_faulty_now (STATUS_SILENT, at, q->length))
    return true;
  if (is_faulty_now (STATUS_ERROR, at, q->length)) {
    put_error (c, q, NBD_EIO);
    return wire_send (&c->wire);
  }
  if (is_faulty_now (STATUS_NONE, at, q->length)) {
    wire_put_chunk (&c->wire, q, LAST, NBD_CHUNK_NONE, 0);
    return wire_send (&c->wire);
  }

  if (is_faulty_now (STATUS_FLOOD, at, q->length)) {
    put_flood (c, q);
    return wire_send (&c->wire);
  }

  if (is_faulty_now (STATUS_SHORT, at, q->length) && q->length > SHORT_STATUS)
    end = at + SHORT_STATUS;
  n = true_extents (x, at, end, one ? 1 : MAX_EXTENTS - 2);

  if (is_faulty_now (STATUS_WRONG_ID, at, q->length)) {
    put_extents (c, q, LAST, CONTEXT_ID + 1, n);
    return wire_send (&c->wire);
  }
  if (is_faulty_now (STATUS_ZERO_FIRST, at, q->length))
    n = insert_extent (x, n, 0, 0, STATE_ZERO);
  else if (is_faulty_now (STATUS_ZERO_MIDDLE, at, q->length))
    n = insert_extent (x, n, (n + 1) / 2, 0, STATE_DATA);
  else if (is_faulty_now (STATUS_ALL_ZERO, at, q->length)) {
    x[0] = (struct extent) { 0, STATE_ZERO };
    n = 1;
  }
  else if (end < disk_size && is_faulty_now (STATUS_LONG, at, q->length)) {
    pthread_mutex_lock (&lock);
    for (i = 0; i + 1 < n; ++i)
      at += x[i].length;
    x[i].length = run_end (at, disk_size, &x[i].flags) - at;
    pthread_mutex_unlock (&lock);
  }
  else if (end == disk_size && is_faulty_now (STATUS_PAST_END, at, q->length))
    x[n - 1].length += 1 << 30;
  else if (end < disk_size && is_faulty_now (STATUS_ONE_MORE, at, q->length))
    n += true_extents (x + n, end, disk_size, 1);
  else if (end == disk_size && is_faulty_now (STATUS_ONE_MORE, at, q->length))
    n = insert_extent (x, n, n, BLOCK, STATE_ZERO);
  else if (is_faulty_now (STATUS_FLAGS, at, q->length)) {
    for (i = 0; i < n; ++i)
      x[i].flags |= 0xff00fff0;
  }
  else if (is_faulty_now (STATUS_ODD, at, q->length))
    make_odd (x, n);
  else if (is_faulty_now (STATUS_TWICE, at, q->length))
    put_extents (c, q, MORE, CONTEXT_ID, n);
  else if (is_faulty_now (STATUS_THEN_ERROR, at, q->length)) {
    put_extents (c, q, MORE, CONTEXT_ID, n);
    put_error_chunk (c, q, NBD_EIO);
    return wire_send (&c->wire);
  }
  put_extents (c, q, LAST, CONTEXT_ID, n);
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

/* Closes every connection and discards unflushed writes, as a server that
 * crashes and is restarted.
 */
static void
crash (void)
{
  size_t i;

  pthread_mutex_lock (&lock);
  crashes++;
  copy_unflushed (disk, stored);
  for (i = 0; i < MAX_CONNS; ++i)
    if (conn_fds[i] != 0)
      shutdown (conn_fds[i], SHUT_RDWR);
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
    log_line ("late-write-executed", late.offset, late.length);
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
    return c->wire.context && q->length > 0 ? answer_status (c, q)
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
  c.has_fault = modes[set.mode].occasion == ON_CONNECT
    && is_faulty_now (set.mode, 0, 0);
  serve (&c);

  pthread_mutex_lock (&lock);
  *slot = 0;
  pthread_mutex_unlock (&lock);
  close (c.wire.fd);
  free (c.payload);
  free (c.extents);
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

int
main (int argc, char *argv[])
{
  static const struct option options[] = {
    { "after", required_argument, NULL, 'a' },
    { "log", required_argument, NULL, 'l' },
    { "mode", required_argument, NULL, 'm' },
    { "offset", required_argument, NULL, 'o' },
    { "pidfile", required_argument, NULL, 'p' },
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
    case 'm':
      set.mode = parse_mode (optarg);
      break;
    case 'o':
      set.has_offset = true;
      set.offset = parse_number (optarg);
      break;
    case 'l':
      set.log = open (optarg, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
      if (set.log == -1)
        die ("%s: %s", optarg, strerror (errno));
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
