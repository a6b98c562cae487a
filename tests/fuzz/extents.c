/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A worker's extents ahead of the cursor, with replies in any order: short,
 * late, failed, or missing, and a conn that is lost in between.
 *
 * The replies of the stub conn are true, though incomplete.  So only zeroes may
 * be reported as zeroes, and a walk over the disk must reach its end.
 */

#include <config.h>

#include <errno.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "engine/extents.h"
#include "fuzz.h"

#define CELLS 512
#define FLYING_MAX 8 /* requests at a time */

static struct {
  uint64_t cell; /* bytes that are all data or all zeroes */
  bool zero[CELLS];
} disk;

static struct {
  struct conn conn;
  struct connection connection;
  struct list ready;
  struct io *flying[FLYING_MAX];
  unsigned n_flying;
  uint64_t ask_max;
  uint64_t low, high; /* the range that may be asked for */
  bool refuses;       /* to start anything */
} stub;

static uint64_t
disk_end (void)
{
  return CELLS * disk.cell;
}

static void
make_disk (struct input *in)
{
  const uint8_t seed = input_byte (in), run = 1 + input_byte (in) % 16;

  disk.cell = UINT64_C (1) << input_byte (in) % 41;
  for (unsigned i = 0; i < CELLS; i++)
    disk.zero[i] = (i / run * 37 + i / run / 8 + seed) >> 3 & 1;
}

/* -- the stub -------------------------------------------------------------- */

static int
stub_start (struct conn *c, struct io *io)
{
  MUST (io->verb == IO_EXTENTS && io->ready == &stub.ready);
  MUST (io->length > 0 && io->length <= stub.ask_max);
  MUST (io->offset >= stub.low && io->offset < stub.high
        && io->length <= stub.high - io->offset);
  if (stub.refuses)
    return EIO;
  MUST (stub.n_flying < FLYING_MAX);
  io->learned_to = io->offset;
  stub.flying[stub.n_flying++] = io;
  return 0;
}

static const struct conn_ops stub_ops = { .start = stub_start };

/* Writes the true extents, up to a place or as far as there is room. */
static void
learn (struct io *io, uint64_t to)
{
  while (io->learned_to < to) {
    const uint64_t cell = io->learned_to / disk.cell;
    const uint64_t end = min_u64 ((cell + 1) * disk.cell, to);

    if (!ranges_set (io->learned, io->learned_to, end,
                     disk.zero[cell] ? EXTENT_ZERO : EXTENT_DATA))
      break;
    io->learned_to = end;
  }
}

/* Answers a request in flight for PARTS / 256 of its range. */
static void
answer (struct extents *x, unsigned which, unsigned parts, int err)
{
  struct io *io = stub.flying[which];

  learn (io,
         parts >= 255 ? io->offset + io->length
                      : io->offset + io->length / 256 * parts);
  stub.flying[which] = stub.flying[--stub.n_flying];
  MUST (extents_owns (x, io));
  extents_answer (x, io, err);
}

/* A request that could not be sent completes at once. */
static void
answer_refused (struct extents *x)
{
  struct list_node *n;

  while ((n = list_take (&stub.ready)) != NULL) {
    struct io *io = list_entry (n, struct io, link);

    MUST (extents_owns (x, io));
    extents_answer (x, io, conn_retire (io));
  }
}

static void
lose_conn (struct extents *x)
{
  while (list_take (&stub.ready))
    ;
  stub.n_flying = 0;
  stub.connection.state = CONNECTION_AWAY;
  extents_lost (x);
  extents_ask (x);
  MUST (stub.n_flying == 0);
  stub.connection.state = CONNECTION_UP;
}

/* -- the operations --------------------------------------------- */

static void
aim (struct extents *x, uint64_t start, uint64_t end)
{
  stub.low = start;
  stub.high = end;
  extents_aim (x, range_of (start, end));
}

static void
expect_true (uint64_t offset, uint64_t end, enum extent_value value)
{
  MUST (end > offset);
  if (value == EXTENT_ZERO)
    for (uint64_t i = offset / disk.cell; i * disk.cell < end; i++)
      MUST (disk.zero[i]);
}

/* Moves the cursor on, at most to end. */
static uint64_t
look (struct extents *x, uint64_t cursor)
{
  enum extent_value value;
  uint64_t to;

  if (extents_lookup (x, cursor, &to, &value) == EXTENTS_WAIT)
    return cursor;
  expect_true (cursor, to, value);
  return min_u64 (to, stub.high);
}

static void
peek (struct extents *x, uint64_t at)
{
  enum extent_value value;
  uint64_t to;

  if (extents_peek (x, at, &to, &value) == EXTENTS_KNOWN)
    expect_true (at, to, value);
}

/* Returns a place in [from, to], from a byte. */
static uint64_t
scripted_place (struct input *in, uint64_t from, uint64_t to)
{
  const uint8_t part = input_byte (in);

  return part == 255 ? to
                     : min_u64 (to, from + (to - from) / 256 * part + part % 3);
}

static uint64_t
act (struct extents *x, uint64_t cursor, struct input *in)
{
  const uint8_t op = input_byte (in), which = op >> 4;
  uint64_t at, now;

  switch (op % 16) {
  case 0:
  case 1:
  case 2:
  case 3:
    if (stub.n_flying > 0)
      answer (x, which % stub.n_flying, input_byte (in), 0);
    break;
  case 4:
  case 5:
    if (stub.n_flying > 0)
      answer (x, which % stub.n_flying, input_byte (in), EIO);
    break;
  case 6:
    extents_ask (x);
    break;
  case 7:
    now = extents_deadline (x);
    if (now != 0)
      extents_give_up (x, now + which);
    break;
  case 8: /* the rest of the stripe was stolen */
    at = scripted_place (in, cursor, stub.high);
    if (at > cursor) {
      stub.high = at;
      extents_end_at (x, at);
    }
    break;
  case 9: /* another stripe */
    cursor = scripted_place (in, 0, disk_end () - 1);
    aim (x, cursor, scripted_place (in, cursor + 1, disk_end ()));
    break;
  case 10:
    peek (x, scripted_place (in, cursor, stub.high));
    break;
  case 11:
    at = scripted_place (in, cursor, stub.high);
    if (extents_all_zero (x, range_of (cursor, at)) && at > cursor)
      expect_true (cursor, at, EXTENT_ZERO);
    break;
  case 12:
    stub.refuses = which & 1;
    break;
  case 13:
    answer_refused (x);
    break;
  case 14:
    lose_conn (x);
    break;
  default:
    cursor = look (x, cursor);
    if (cursor == stub.high) {
      cursor = 0;
      aim (x, cursor, disk_end ());
    }
  }
  return cursor;
}

/* With complete replies, a walk ends after a bounded number of steps. */
static void
walk_to_end (struct extents *x, uint64_t cursor)
{
  unsigned steps = 0;

  stub.refuses = false;
  answer_refused (x);
  while (stub.n_flying > 0)
    answer (x, 0, 255, 0);
  while (cursor < stub.high) {
    const uint64_t next = look (x, cursor);

    MUST (next > cursor || stub.n_flying > 0);
    if (next == cursor)
      answer (x, 0, 255, 0);
    cursor = next;
    MUST (steps++ < 1000 * 1000);
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  struct extents *x;
  uint64_t cursor = 0;
  int first_errno;

  make_disk (&in);
  memset (&stub, 0, sizeof stub);
  stub.conn.ops = &stub_ops;
  stub.connection.conn = &stub.conn;
  stub.connection.state = CONNECTION_UP;
  list_init (&stub.ready);
  stub.ask_max = max_u64 (UINT64_C (1) << input_byte (&in) % 61, disk.cell);
  x = extents_new (&stub.connection, &stub.ready, stub.ask_max, false);
  MUST (x != NULL);
  aim (x, 0, disk_end ());
  while (in.left > 0)
    cursor = act (x, cursor, &in);
  walk_to_end (x, cursor);
  extents_failures (x, &first_errno);
  extents_free (x);
  return 0;
}
