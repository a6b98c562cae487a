/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Extents ahead of the cursor, with replies of any kind.
 *
 * A stub replaces the conn.  It has a model disk, checks every request, and
 * replies as the test says: in any order, short, not at all, or with an error.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "engine/extents.h"

#define UNUSED __attribute__ ((unused))

/* The number of requests that may be in flight. */
#define AT_MOST 8

/* -- the model disk ------------------------------------------------------- */

#define CELLS 131072

static uint64_t base; /* where it begins */
static uint64_t cell; /* bytes in one cell */
static unsigned n_cells;
static bool zero_at[CELLS];  /* each cell is all of one kind */
static bool clean_at[CELLS]; /* what the context of changes says */

static uint64_t
disk_end (void)
{
  return base + n_cells * cell;
}

/* Returns the kind of data at offset, and sets *end to its end, at most limit.
 */
static enum extent_value
truth (uint64_t offset, uint64_t limit, uint64_t *end)
{
  unsigned first = (unsigned) ((offset - base) / cell), i = first;

  while (i < n_cells && zero_at[i] == zero_at[first] && base + i * cell < limit)
    i++;
  *end = min_u64 (base + i * cell, limit);
  return zero_at[first] ? EXTENT_ZERO : EXTENT_DATA;
}

/* Returns what the context of changes says, in the same way. */
static enum extent_value
change (uint64_t offset, uint64_t limit, uint64_t *end)
{
  unsigned first = (unsigned) ((offset - base) / cell), i = first;

  while (i < n_cells && clean_at[i] == clean_at[first]
         && base + i * cell < limit)
    i++;
  *end = min_u64 (base + i * cell, limit);
  return clean_at[first] ? EXTENT_UNSELECTED : EXTENT_DATA;
}

static bool
is_clean (uint64_t start, uint64_t end)
{
  uint64_t to;

  return change (start, end, &to) == EXTENT_UNSELECTED && to == end;
}

static bool
is_truly_zero (uint64_t start, uint64_t end)
{
  uint64_t to;

  return truth (start, end, &to) == EXTENT_ZERO && to == end;
}

/* Makes a disk of n cells of the given size.  In the pattern, which is
 * repeated, z is zeroes, c is clean data, and any other letter dirty data.
 */
static void
make_disk (uint64_t at, uint64_t bytes, unsigned n, const char *pattern)
{
  unsigned i;

  assert_true (n <= CELLS);
  base = at;
  cell = bytes;
  n_cells = n;
  for (i = 0; i < n; ++i) {
    zero_at[i] = pattern[i % strlen (pattern)] == 'z';
    clean_at[i] = pattern[i % strlen (pattern)] == 'c';
  }
}

/* -- the stub ------------------------------------------------------------- */

static struct {
  struct conn conn;
  struct connection connection;
  struct list ready;
  struct io *flying[AT_MOST];
  unsigned n_flying;
  uint64_t ask_max;
  uint64_t low, high; /* requests must stay within */
  unsigned questions;
  uint64_t bytes; /* of all requests */
  uint64_t longest, furthest;
  int refusal; /* errno with which each start fails, or 0 */
} stub;

static int
stub_start (struct conn *c, struct io *io)
{
  assert_ptr_equal (c, &stub.conn);
  assert_int_equal (io->verb, IO_EXTENTS);
  assert_ptr_equal (io->ready, &stub.ready);
  assert_non_null (io->learned);
  assert_true (io->length > 0 && io->length <= stub.ask_max);
  assert_true (io->offset >= stub.low && io->offset < stub.high);
  assert_true (io->length <= stub.high - io->offset);
  stub.questions++;
  if (stub.refusal != 0)
    return stub.refusal;
  assert_true (stub.n_flying < AT_MOST);
  stub.bytes += io->length;
  stub.longest = max_u64 (stub.longest, io->length);
  stub.furthest = max_u64 (stub.furthest, io->offset + io->length);
  io->learned_to = io->offset;
  stub.flying[stub.n_flying++] = io;
  return 0;
}

static int
stub_retire (struct conn *c, struct io *io)
{
  assert_ptr_equal (c, &stub.conn);
  return io->error;
}

static const struct conn_ops stub_ops = {
  .start = stub_start,
  .retire = stub_retire,
};

static struct extents *x;

static void
start_extents (uint64_t ask_max)
{
  memset (&stub, 0, sizeof stub);
  stub.conn.ops = &stub_ops;
  stub.connection.conn = &stub.conn;
  stub.connection.state = CONNECTION_UP;
  list_init (&stub.ready);
  stub.ask_max = ask_max;
  x = extents_new (&stub.connection, &stub.ready, ask_max, true);
  assert_non_null (x);
}

static void
aim (uint64_t start, uint64_t end)
{
  stub.low = start;
  stub.high = end;
  extents_aim (x, range_of (start, end));
}

/* Cleans up after a test, even if it failed. */
static int
free_extents (void **state UNUSED)
{
  extents_free (x);
  x = NULL;
  return 0;
}

/* The same for the context of changes, as far as the other one is known, and
 * there is room.
 */
static void
learn_changes (struct io *io)
{
  uint64_t at = io->offset, end;
  enum extent_value value;

  while (at < io->learned_to) {
    value = change (at, io->learned_to, &end);
    if (!ranges_set (io->changes, at, end, value))
      break;
    at = end;
  }
  io->learned_to = at;
}

/* The server's part of a reply: the truth up to a place, or as far as there is
 * room.
 */
static void
learn (struct io *io, uint64_t to)
{
  uint64_t end;
  enum extent_value value;

  to = min_u64 (to, io->offset + io->length);
  while (io->learned_to < to) {
    value = truth (io->learned_to, to, &end);
    if (!ranges_set (io->learned, io->learned_to, end, value))
      break;
    io->learned_to = end;
  }
  if (io->changes)
    learn_changes (io);
}

/* A request that could not be sent completes at once. */
static bool
answer_refused (void)
{
  struct list_node *n = list_take (&stub.ready);
  struct io *io = n ? list_entry (n, struct io, link) : NULL;

  if (io)
    extents_answer (x, io, conn_retire (io));
  return io != NULL;
}

/* The part of the conn and the worker: the request completes. */
static unsigned
finish (struct io *io, int err)
{
  unsigned i;

  while (answer_refused ())
    ;
  for (i = 0; stub.flying[i] != io; ++i)
    assert_true (i + 1 < stub.n_flying);
  stub.flying[i] = stub.flying[--stub.n_flying];
  io->error = err;
  list_append (io->ready, &io->link);
  assert_ptr_equal (list_take (&stub.ready), &io->link);
  assert_true (extents_owns (x, io));
  return extents_answer (x, io, conn_retire (io));
}

static unsigned
answer (struct io *io, uint64_t to, int err)
{
  learn (io, to);
  return finish (io, err);
}

static void
answer_all (void)
{
  while (stub.n_flying > 0)
    answer (stub.flying[0], UINT64_MAX, 0);
}

/* Returns the request in flight that begins here. */
static struct io *
question_at (uint64_t offset)
{
  unsigned i;

  for (i = 0; i < stub.n_flying; ++i)
    if (stub.flying[i]->offset == offset)
      return stub.flying[i];
  fail_msg ("no request begins at %llu", (unsigned long long) offset);
  return NULL;
}

/* -- looking -------------------------------------------------------------- */

static void
assert_waits (uint64_t offset)
{
  enum extent_value value;
  uint64_t end;

  assert_int_equal (extents_lookup (x, offset, &end, &value), EXTENTS_WAIT);
}

static void
assert_known (uint64_t offset, enum extent_value expected, uint64_t to)
{
  enum extent_value value = EXTENT_DATA;
  uint64_t end = 0;

  assert_int_equal (extents_lookup (x, offset, &end, &value), EXTENTS_KNOWN);
  assert_int_equal (value, expected);
  assert_int_equal (end, to);
}

/* Walks from start to end, replies to all requests in full if there is nothing
 * else to do, and checks that only zeroes are reported as zeroes.  Returns the
 * number of these bytes.
 */
static uint64_t
walk (uint64_t start, uint64_t end)
{
  enum extent_value value;
  uint64_t to = start, zeroes = 0;

  for (; start < end; start = to)
    if (extents_lookup (x, start, &to, &value) == EXTENTS_WAIT) {
      if (!answer_refused ()) {
        assert_true (stub.n_flying > 0);
        answer_all ();
      }
      to = start;
    }
    else {
      assert_true (to > start);
      to = min_u64 (to, end);
      if (value == EXTENT_ZERO) {
        assert_true (is_truly_zero (start, to));
        zeroes += to - start;
      }
    }
  return zeroes;
}

/* Fails each request that begins here, until the place counts as data.  Returns
 * the end of that data.
 */
static uint64_t
fail_at (uint64_t offset, int err)
{
  enum extent_value value;
  uint64_t end;

  while (extents_lookup (x, offset, &end, &value) == EXTENTS_WAIT) {
    answer (question_at (offset), 0, err);
  }
  assert_int_equal (value, EXTENT_DATA);
  return end;
}

static unsigned
failures (int expected_errno)
{
  int first_errno = -1;
  unsigned n = extents_failures (x, &first_errno);

  assert_int_equal (first_errno, expected_errno);
  return n;
}

/* -- by example ----------------------------------------------------------- */

static void
side_that_is_never_asked_is_data (void **state UNUSED)
{
  enum extent_value value;
  uint64_t end;

  make_disk (0, MiB, 100, "z");
  start_extents (0);
  aim (10, 100 * MiB);
  extents_ask (x);
  assert_known (10, EXTENT_DATA, 100 * MiB);
  assert_int_equal (extents_peek (x, 20, &end, &value), EXTENTS_KNOWN);
  assert_int_equal (end, 100 * MiB);
  assert_false (extents_all_zero (x, range_of (20, 30)));
  extents_end_at (x, 50);
  assert_known (30, EXTENT_DATA, 50);
  assert_int_equal (extents_deadline (x), 0);
  assert_int_equal (stub.questions, 0);
  assert_int_equal (failures (0), 0);
}

static void
answers_agree_with_look (void **state UNUSED)
{
  make_disk (0, MiB, 100, "zzdzd");
  start_extents (GiB);
  aim (0, 100 * MiB);
  assert_waits (0);
  assert_int_equal (stub.n_flying, 1);
  assert_int_equal (answer (question_at (0), UINT64_MAX, 0), 80);
  assert_known (0, EXTENT_ZERO, 2 * MiB);
  assert_known (1, EXTENT_ZERO, 2 * MiB);
  assert_known (2 * MiB, EXTENT_DATA, 3 * MiB);
  assert_known (4 * MiB - 1, EXTENT_ZERO, 4 * MiB);
  assert_known (99 * MiB, EXTENT_DATA, 100 * MiB);
  assert_int_equal (extents_deadline (x), 0);
  assert_int_equal (failures (0), 0);
}

static void
peeking_forgets_nothing (void **state UNUSED)
{
  enum extent_value value;
  uint64_t end;

  make_disk (0, MiB, 100, "zd");
  start_extents (GiB);
  aim (0, 100 * MiB);
  assert_int_equal (extents_peek (x, 0, &end, &value), EXTENTS_WAIT);
  assert_int_equal (stub.questions, 0);
  assert_waits (0);
  answer_all ();
  assert_int_equal (extents_peek (x, 99 * MiB, &end, &value), EXTENTS_KNOWN);
  assert_int_equal (value, EXTENT_DATA);
  assert_int_equal (end, 100 * MiB);
  assert_int_equal (extents_peek (x, 100 * MiB, &end, &value), EXTENTS_WAIT);
  assert_known (0, EXTENT_ZERO, MiB);
}

static void
everything_is_asked_once_and_ahead (void **state UNUSED)
{
  make_disk (0, MiB, 4096, "zzzd");
  start_extents (64 * MiB);
  aim (0, 4096 * MiB);
  extents_ask (x);
  assert_int_equal (stub.n_flying, AT_MOST);
  assert_int_equal (stub.furthest, AT_MOST * 64 * MiB);
  extents_ask (x);
  assert_int_equal (stub.questions, AT_MOST);
  assert_int_equal (walk (0, 4096 * MiB), 3072 * MiB);
  assert_int_equal (stub.questions, 64);
  assert_int_equal (stub.bytes, 4096 * MiB);
}

static void
answers_may_come_in_any_order (void **state UNUSED)
{
  make_disk (0, MiB, 512, "zd");
  start_extents (64 * MiB);
  aim (0, 512 * MiB);
  assert_waits (0);
  answer (question_at (448 * MiB), UINT64_MAX, 0);
  answer (question_at (64 * MiB), UINT64_MAX, 0);
  assert_waits (0);
  answer (question_at (0), UINT64_MAX, 0);
  assert_known (0, EXTENT_ZERO, MiB);
  assert_known (127 * MiB, EXTENT_DATA, 128 * MiB);
  assert_waits (128 * MiB);
  assert_known (511 * MiB, EXTENT_DATA, 512 * MiB);
}

static void
short_answer_is_asked_on_from_its_end (void **state UNUSED)
{
  make_disk (0, MiB, 100, "zd");
  start_extents (GiB);
  aim (0, 100 * MiB);
  assert_waits (0);
  assert_int_equal (answer (question_at (0), 12345, 0), 1);
  assert_known (0, EXTENT_ZERO, 12345);
  assert_waits (12345);
  assert_int_equal (stub.questions, 2);
  answer (question_at (12345), UINT64_MAX, 0);
  assert_known (12345, EXTENT_ZERO, MiB);
  assert_known (MiB, EXTENT_DATA, 2 * MiB);
  assert_int_equal (failures (0), 0);
}

/* Replies of one byte are slow, but the walk ends. */
static void
smallest_progress_is_progress (void **state UNUSED)
{
  uint64_t at;

  make_disk (0, 5, 200, "zd");
  start_extents (GiB);
  aim (0, 1000);
  for (at = 0; at < 1000; ++at) {
    assert_waits (at);
    answer (question_at (at), at + 1, 0);
    assert_known (at, at / 5 % 2 ? EXTENT_DATA : EXTENT_ZERO, at + 1);
  }
  assert_int_equal (stub.questions, 1000);
  assert_int_equal (failures (0), 0);
}

static void
answer_that_makes_no_progress_means_data (void **state UNUSED)
{
  make_disk (0, MiB, 100, "z");
  start_extents (GiB);
  aim (0, 100 * MiB);
  assert_waits (0);
  assert_int_equal (answer (question_at (0), 0, 0), 0);
  assert_waits (0); /* a smaller request is sent */
  assert_int_equal (question_at (0)->length, 50 * MiB);
  assert_true (fail_at (0, 0) <= MiB);
  assert_int_equal (failures (0), 1);
}

static void
error_means_data_and_later_ranges_are_asked_again (void **state UNUSED)
{
  uint64_t end;

  make_disk (0, MiB, 4096, "z");
  start_extents (GiB);
  aim (0, 4096 * MiB);
  end = fail_at (0, EIO);
  assert_int_equal (end, 256 * KiB);
  assert_int_equal (failures (EIO), 1);
  assert_int_equal (walk (end, 4096 * MiB), 4096 * MiB - end);

  /* The first errno is kept. */
  aim (0, 4096 * MiB);
  fail_at (0, ENOTSUP);
  assert_int_equal (failures (EIO), 2);
}

/* Walks to the end, and fails each request that covers this place.  Returns how
 * many bytes count as data.
 */
static uint64_t
walk_across (uint64_t place, uint64_t end)
{
  enum extent_value value;
  uint64_t at, to, data = 0;

  for (at = 0; at < end; at = to) {
    if (extents_lookup (x, at, &to, &value) == EXTENTS_WAIT) {
      while (stub.n_flying > 0) {
        struct io *io = stub.flying[0];
        const bool bad = io->offset <= place && place - io->offset < io->length;

        answer (io, bad ? 0 : UINT64_MAX, bad ? EIO : 0);
      }
      to = at;
    }
    else if (value == EXTENT_DATA)
      data += to - at;
  }
  return data;
}

/* Walks over a disk of zeroes.  Returns the number of requests. */
static unsigned
start_walk (uint64_t ask_max)
{
  unsigned n;

  make_disk (0, TiB, 1, "z");
  start_extents (ask_max);
  aim (0, TiB);
  walk (0, TiB);
  n = stub.questions;
  extents_free (x);
  start_extents (ask_max);
  aim (0, TiB);
  return n;
}

/* For requests of any length, and for any place. */
static void
one_place_that_fails_is_data_alone (void **state UNUSED)
{
  static const uint64_t places[] = { 0, MiB - 1, 5 * GiB + 12345, 700 * GiB,
                                     TiB - 1 };

  for (unsigned i = 0; i < 2 * sizeof places / sizeof places[0]; i++) {
    const uint64_t ask_max = i % 2 ? UINT64_C (1) << 60 : 4 * GiB - 64 * MiB;
    unsigned least;

    extents_free (x);
    least = start_walk (ask_max);
    assert_in_range (walk_across (places[i / 2], TiB), 1, 256 * KiB);
    assert_int_equal (failures (EIO), 1);
    assert_true (stub.questions <= least + 60);
  }
}

/* A server that always fails is not asked for each small step. */
static void
errors_everywhere_take_few_questions (void **state UNUSED)
{
  enum extent_value value;
  uint64_t at, to;

  make_disk (0, TiB, 1, "z");
  start_extents (4 * GiB - 64 * MiB);
  aim (0, TiB);
  for (at = 0; at < TiB; at = to)
    if (extents_lookup (x, at, &to, &value) == EXTENTS_WAIT) {
      while (stub.n_flying > 0)
        answer (stub.flying[0], 0, EIO);
      to = at;
    }
    else
      assert_int_equal (value, EXTENT_DATA);
  assert_true (stub.questions <= TiB / (128 * MiB) + 200);
}

/* Half a reply does not count: extents before the error are not believed. */
static void
half_an_answer_is_forgotten (void **state UNUSED)
{
  make_disk (0, MiB, 100, "z");
  start_extents (GiB);
  aim (0, 100 * MiB);
  assert_waits (0);
  answer (question_at (0), 10 * MiB, 0);
  assert_known (0, EXTENT_ZERO, 10 * MiB);
  extents_ask (x);
  answer (question_at (10 * MiB), 20 * MiB, EIO);
  assert_known (0, EXTENT_ZERO, 10 * MiB);
  assert_waits (10 * MiB);
  assert_true (fail_at (10 * MiB, EIO) <= 11 * MiB);
  assert_int_equal (failures (EIO), 1);
}

/* Not even before the error arrives, and not where they continue known extents.
 */
static void
answer_that_is_still_coming_is_not_used (void **state UNUSED)
{
  enum extent_value value;
  uint64_t end;
  struct io *io;

  make_disk (0, MiB, 100, "z");
  start_extents (GiB);
  aim (0, 100 * MiB);
  assert_waits (0);
  learn (question_at (0), 50 * MiB);
  assert_waits (0);
  finish (question_at (0), 0);
  assert_known (0, EXTENT_ZERO, 50 * MiB);
  extents_ask (x);
  io = question_at (50 * MiB);
  learn (io, 60 * MiB);
  assert_int_equal (extents_peek (x, 50 * MiB, &end, &value), EXTENTS_WAIT);
  assert_known (0, EXTENT_ZERO, 50 * MiB);
  finish (io, EIO);
  assert_waits (50 * MiB);
  assert_true (fail_at (50 * MiB, EIO) <= 51 * MiB);
}

static void
question_that_cannot_be_sent_means_data (void **state UNUSED)
{
  make_disk (0, MiB, 4096, "z");
  start_extents (GiB);
  aim (0, 4096 * MiB);
  stub.refusal = ENOTCONN;
  assert_int_equal (walk (0, 4096 * MiB), 0);
  assert_true (failures (ENOTCONN) > 0);
  assert_true (stub.questions <= 100);

  /* The next request may succeed. */
  while (answer_refused ())
    ;
  stub.refusal = 0;
  aim (0, 4096 * MiB);
  assert_int_equal (walk (0, 4096 * MiB), 4096 * MiB);
}

static void
lost_connection_is_not_used_and_the_next_one_is_asked (void **state UNUSED)
{
  enum extent_value value;
  uint64_t end;

  make_disk (0, MiB, 4096, "z");
  start_extents (GiB);
  aim (0, 4096 * MiB);
  extents_ask (x);
  assert_true (stub.n_flying > 0);
  finish (question_at (0), 0);
  stub.connection.state = CONNECTION_AWAY;
  extents_lost (x);
  stub.n_flying = stub.questions = 0; /* they ended with the connection */
  extents_ask (x);
  assert_int_equal (stub.questions, 0);
  assert_int_equal (extents_peek (x, 0, &end, &value), EXTENTS_WAIT);

  stub.connection.state = CONNECTION_UP;
  assert_int_equal (walk (0, 4096 * MiB), 4096 * MiB);
}

/* -- silence -------------------------------------------------------------- */

static void
silence_is_waited_for_up_to_a_deadline (void **state UNUSED)
{
  uint64_t before = clock_now (), deadline, end;
  enum extent_value value;

  make_disk (0, MiB, 1000, "z");
  start_extents (64 * MiB);
  aim (0, 1000 * MiB);
  assert_int_equal (extents_deadline (x), 0);
  extents_ask (x);
  assert_int_equal (extents_deadline (x), 0); /* the cursor does not wait */
  extents_give_up (x, UINT64_MAX);
  assert_waits (0);
  deadline = extents_deadline (x);
  assert_true (deadline >= before + NS_PER_S);
  assert_true (deadline <= clock_now () + 60 * NS_PER_S);

  extents_give_up (x, deadline - 1);
  assert_waits (0);
  assert_int_equal (extents_deadline (x), deadline);
  assert_int_equal (failures (0), 0);

  extents_give_up (x, deadline);
  assert_int_equal (extents_lookup (x, 0, &end, &value), EXTENTS_KNOWN);
  assert_int_equal (value, EXTENT_DATA);
  assert_true (end <= 64 * MiB); /* at most the range of the request */
  assert_int_equal (extents_deadline (x), 0);
  assert_int_equal (failures (0), 1);

  /* The late reply is ignored, and the other ones are used. */
  answer (question_at (0), UINT64_MAX, 0);
  assert_int_equal (extents_lookup (x, 0, &end, &value), EXTENTS_KNOWN);
  assert_int_equal (value, EXTENT_DATA);
  assert_int_equal (walk (end, 1000 * MiB), 1000 * MiB - end);
  assert_int_equal (failures (0), 1);
}

static void
server_that_never_answers_is_waited_for_so_often (void **state UNUSED)
{
  unsigned waits = 0;
  enum extent_value value;
  uint64_t at = 0, end;

  make_disk (0, GiB, 1024, "z");
  start_extents (4 * GiB - 64 * MiB);
  aim (0, 1024 * GiB);
  while (at < 1024 * GiB) {
    if (extents_lookup (x, at, &end, &value) == EXTENTS_WAIT) {
      assert_true (++waits <= AT_MOST);
      assert_int_not_equal (extents_deadline (x), 0);
      extents_give_up (x, extents_deadline (x));
      continue;
    }
    assert_int_equal (value, EXTENT_DATA);
    assert_true (end > at);
    at = end;
    extents_ask (x);
  }
  assert_int_equal (stub.questions, AT_MOST);
  assert_int_equal (failures (0), waits);

  /* When the server answers again, it is asked again. */
  aim (0, 1024 * GiB);
  answer_all ();
  assert_int_equal (walk (0, 1024 * GiB), 1024 * GiB);
}

/* -- moving to another place ---------------------------------------------- */

static void
new_aim_drops_known_and_requested_extents (void **state UNUSED)
{
  make_disk (0, MiB, 2048, "z");
  memset (zero_at + 1024, 0, 1024 * sizeof zero_at[0]);
  start_extents (64 * MiB);
  aim (0, 1024 * MiB);
  assert_waits (0);
  answer (question_at (0), UINT64_MAX, 0);
  assert_known (0, EXTENT_ZERO, 64 * MiB);

  /* Seven requests are still in flight, for the wrong place. */
  aim (1024 * MiB, 2048 * MiB);
  assert_waits (1024 * MiB);
  assert_int_equal (stub.n_flying, AT_MOST);
  answer (question_at (64 * MiB), UINT64_MAX, 0);
  answer (question_at (128 * MiB), 0, EIO);
  assert_waits (1024 * MiB);
  answer (question_at (1024 * MiB), UINT64_MAX, 0);
  assert_known (1024 * MiB, EXTENT_DATA, 1088 * MiB);
  assert_int_equal (failures (0), 0); /* that reply was not needed */
  answer_all ();
  assert_int_equal (walk (1088 * MiB, 2048 * MiB), 0);

  /* Back again: it is asked again, and the cursor does not wait yet. */
  aim (1024 * MiB, 2048 * MiB);
  assert_waits (1024 * MiB);
  aim (0, 1024 * MiB);
  answer_all ();
  extents_ask (x);
  assert_int_equal (stub.n_flying, AT_MOST);
  assert_int_equal (extents_deadline (x), 0);
  assert_waits (0);
  assert_int_equal (walk (0, 1024 * MiB), 1024 * MiB);
}

/* All requests are in flight, for another place: the copy does not wait for
 * replies that may never come.
 */
static void
new_aim_without_a_free_question_is_data_for_now (void **state UNUSED)
{
  enum extent_value value;
  uint64_t end;

  make_disk (0, MiB, 4096, "z");
  start_extents (64 * MiB);
  aim (0, 1024 * MiB);
  extents_ask (x);
  assert_int_equal (stub.n_flying, AT_MOST);
  aim (2048 * MiB, 4096 * MiB);
  extents_ask (x);
  assert_int_equal (extents_lookup (x, 2048 * MiB, &end, &value),
                    EXTENTS_KNOWN);
  assert_int_equal (value, EXTENT_DATA);
  assert_true (end < 4096 * MiB);
  answer_all ();
  assert_true (walk (end, 4096 * MiB) == 4096 * MiB - end);
}

static void
end_that_moves_down_is_asked_no_further (void **state UNUSED)
{
  make_disk (0, MiB, 2048, "z");
  start_extents (64 * MiB);
  aim (0, 2048 * MiB);
  extents_ask (x);
  extents_end_at (x, 600 * MiB);
  stub.high = 600 * MiB;
  assert_int_equal (walk (0, 600 * MiB), 600 * MiB);
  assert_int_equal (stub.furthest, 600 * MiB);
}

/* Nor for the rest of an earlier request. */
static void
rest_of_a_short_answer_is_asked_no_further_than_the_end (void **state UNUSED)
{
  make_disk (0, MiB, 2048, "z");
  start_extents (GiB);
  aim (0, 2048 * MiB);
  assert_waits (0);
  extents_end_at (x, 100 * MiB);
  stub.high = 100 * MiB;
  answer (question_at (0), 10 * MiB, 0);
  assert_int_equal (walk (0, 100 * MiB), 100 * MiB);
}

static void
all_zero_is_sure_or_false (void **state UNUSED)
{
  make_disk (0, MiB, 1000, "zzzd");
  start_extents (64 * MiB);
  aim (0, 1000 * MiB);
  assert_false (extents_all_zero (x, range_of (0, MiB)));
  extents_ask (x);
  assert_false (extents_all_zero (x, range_of (0, MiB)));
  answer (question_at (0), 2 * MiB, 0);
  assert_true (extents_all_zero (x, range_of (0, 2 * MiB)));
  assert_false (extents_all_zero (x, range_of (0, 2 * MiB + 1)));
  extents_ask (x);
  answer_all ();
  assert_true (extents_all_zero (x, range_of (0, 3 * MiB)));
  assert_false (extents_all_zero (x, range_of (0, 3 * MiB + 1)));
  assert_true (extents_all_zero (x, range_of (4 * MiB, 7 * MiB)));
  assert_false (extents_all_zero (x, range_of (7 * MiB, 7 * MiB + 1)));

  /* Across two requests. */
  make_disk (0, MiB, 1000, "z");
  aim (0, 1000 * MiB);
  extents_ask (x);
  answer_all ();
  assert_true (extents_all_zero (x, range_of (60 * MiB, 200 * MiB)));
}

static void
cursor_may_pass_unanswered_ranges (void **state UNUSED)
{
  make_disk (0, MiB, 1000, "z");
  start_extents (64 * MiB);
  aim (0, 1000 * MiB);
  extents_ask (x);
  assert_false (extents_all_zero (x, range_of (512 * MiB + 5, 600 * MiB)));
  answer_all (); /* for the ranges after it */
  assert_int_equal (walk (512 * MiB + 5, 1000 * MiB), 488 * MiB - 5);
}

static void
only_its_own_questions_are_its_own (void **state UNUSED)
{
  struct io other = { .verb = IO_EXTENTS };
  struct extents *y;

  make_disk (0, MiB, 1000, "z");
  start_extents (64 * MiB);
  y = x;
  aim (0, 1000 * MiB);
  extents_ask (y);
  assert_true (extents_owns (y, stub.flying[0]));
  assert_true (extents_owns (y, stub.flying[7]));
  assert_false (extents_owns (y, &other));
  extents_free (NULL);
}

/* -- sizes of requests ---------------------------------------------------- */

/* The cursor waits for the first reply; there should be few later ones. */
static void
questions_start_small_and_grow (void **state UNUSED)
{
  const uint64_t max = 4 * GiB - 64 * MiB;

  make_disk (0, 16 * TiB, 1, "z");
  start_extents (max);
  aim (0, 16 * TiB);
  assert_waits (0);
  assert_true (stub.longest <= 128 * MiB);
  assert_int_equal (walk (0, 16 * TiB), 16 * TiB);
  assert_int_equal (stub.longest, max);
  assert_true (stub.questions < 16 * TiB / max + 100);
}

/* Repeatedly more extents than one reply can hold: the result is exact, and not
 * much more is asked for than is used.
 */
static void
very_fragmented_disk_is_known_exactly (void **state UNUSED)
{
  enum extent_value value;
  uint64_t at, end;

  make_disk (0, 16 * KiB, CELLS, "zd");
  start_extents (4 * GiB - 64 * MiB);
  aim (0, disk_end ());
  for (at = 0; at < disk_end ();)
    if (extents_lookup (x, at, &end, &value) == EXTENTS_WAIT) {
      assert_true (stub.n_flying > 0);
      answer_all ();
    }
    else {
      assert_int_equal (end, at + cell);
      assert_int_equal (value, at / cell % 2 ? EXTENT_DATA : EXTENT_ZERO);
      at = end;
      if (at % MiB == 0)
        extents_ask (x);
    }
  assert_int_equal (failures (0), 0);
  assert_true (stub.questions >= CELLS / 4096);
  assert_true (stub.questions <= 4 * CELLS / 1024);
  assert_true (stub.bytes <= 2 * disk_end ());
}

/* The extents of a reply do not take room from the next reply. */
static void
full_questions_are_as_good_as_new (void **state UNUSED)
{
  make_disk (0, 4 * KiB, CELLS, "zd");
  start_extents (16 * MiB);
  aim (0, 128 * MiB);
  extents_ask (x);
  answer_all ();
  aim (256 * MiB, 512 * MiB);
  assert_int_equal (walk (256 * MiB, 512 * MiB), 128 * MiB);
  assert_int_equal (failures (0), 0);
}

static void
questions_keep_to_a_small_maximum (void **state UNUSED)
{
  make_disk (0, 16, CELLS, "zd");
  start_extents (64 * KiB); /* the stub refuses more */
  aim (0, disk_end ());
  assert_int_equal (walk (0, disk_end ()), disk_end () / 2);
}

static void
offsets_reach_to_the_largest_disk (void **state UNUSED)
{
  make_disk (INT64_MAX - 1000 * MiB, MiB, 1000, "zzd");
  start_extents (UINT64_C (1) << 60);
  aim (base, INT64_MAX);
  assert_int_equal (walk (base, INT64_MAX), 667 * MiB);
  aim (base, INT64_MAX);
  assert_waits (base);
  answer (question_at (base), 0, EIO);
  assert_int_equal (walk (base, INT64_MAX), 667 * MiB);

  /* All of it in one go. */
  make_disk (0, INT64_MAX, 1, "z");
  aim (0, INT64_MAX);
  assert_int_equal (walk (0, INT64_MAX), INT64_MAX);
}

/* -- anything, against the model ------------------------------------------ */

static unsigned current_seed;

/* Counts how often each case occurred: the test must provoke all of them. */
static struct {
  unsigned errors, shorts, silent, given_up, refused, aims, lowered, zeroes;
} seen;

static uint64_t
up_to (unsigned short *dice, uint64_t n)
{
  return n == 0
    ? 0
    : (((uint64_t) nrand48 (dice) << 31) | (uint64_t) nrand48 (dice)) % n;
}

static void
any_disk (unsigned short *dice)
{
  const unsigned like_zero = nrand48 (dice) % 5;
  unsigned i, j, n = 1 + nrand48 (dice) % 600;
  const uint64_t bytes = UINT64_C (1) << nrand48 (dice) % 24;

  make_disk (0, bytes, n, "d");
  if (nrand48 (dice) % 3 == 0)
    base = INT64_MAX - n * bytes;
  for (i = 0; i < n; i = j) {
    bool zero = nrand48 (dice) % 4 < like_zero;

    for (j = i; j < n && j <= i + nrand48 (dice) % 20; ++j)
      zero_at[j] = zero;
  }
}

static void
any_answer (unsigned short *dice)
{
  struct io *io = stub.flying[nrand48 (dice) % stub.n_flying];

  switch (nrand48 (dice) % 8) {
  case 0: /* an error, perhaps after half a reply */
    seen.errors++;
    answer (io, io->offset + up_to (dice, io->length + 1), EIO);
    break;
  case 1: /* cut anywhere, or no progress */
    seen.shorts++;
    answer (io, io->offset + up_to (dice, io->length + 1), 0);
    break;
  case 2:
  case 3: /* cut, but after a large part */
    seen.shorts++;
    answer (io, io->offset + io->length / 2 + up_to (dice, io->length / 2 + 1),
            0);
    break;
  default:
    answer (io, UINT64_MAX, 0);
    break;
  }
}

static void
check_peek (uint64_t from, uint64_t end, unsigned short *dice)
{
  const uint64_t at = from + up_to (dice, end - from);
  enum extent_value value;
  uint64_t to;

  if (extents_peek (x, at, &to, &value) == EXTENTS_WAIT)
    return;
  assert_true (to > at);
  if (value == EXTENT_ZERO)
    assert_true (is_truly_zero (at, min_u64 (to, disk_end ())));
}

/* Makes one walk over a random part of the disk.  With silent N, only one
 * request in N is answered; with 0, all are.
 */
static void
walk_any_way (unsigned short *dice, unsigned silent)
{
  uint64_t at = base + up_to (dice, disk_end () - base);
  uint64_t end = at + 1 + up_to (dice, disk_end () - at), to, deadline;
  enum extent_value value;
  unsigned steps = 0;

  aim (at, end);
  while (at < end) {
    assert_true (++steps < 20000);
    stub.refusal = nrand48 (dice) % 16 == 0 ? ENOMEM : 0;
    seen.refused += stub.refusal != 0;
    if (nrand48 (dice) % 4 == 0)
      extents_ask (x);
    check_peek (at, end, dice);
    if (nrand48 (dice) % 200 == 0)
      return; /* the stripe is left: move to another place */
    if (nrand48 (dice) % 20 == 0) {
      end = at + 1 + up_to (dice, end - at);
      extents_end_at (x, end);
      seen.lowered++;
    }
    if (stub.n_flying > 0 && nrand48 (dice) % 2
        && (silent == 0 || nrand48 (dice) % silent == 0))
      any_answer (dice);
    if (nrand48 (dice) % 4 == 0) {
      to = at + 1 + up_to (dice, end - at);
      if (extents_all_zero (x, range_of (at, to)))
        assert_true (is_truly_zero (at, to));
    }

    if (extents_lookup (x, at, &to, &value) == EXTENTS_WAIT) {
      if (answer_refused ())
        continue;
      /* A request covers this place, so the wait will end. */
      deadline = extents_deadline (x);
      assert_int_not_equal (deadline, 0);
      assert_true (stub.n_flying > 0);
      if (silent == 0 || nrand48 (dice) % silent == 0)
        any_answer (dice);
      else if (nrand48 (dice) % 4 == 0) {
        seen.given_up++;
        extents_give_up (x, deadline);
        assert_int_equal (extents_lookup (x, at, &to, &value), EXTENTS_KNOWN);
        assert_int_equal (value, EXTENT_DATA);
      }
      else
        extents_give_up (x, deadline - 1);
      continue;
    }
    assert_int_equal (extents_deadline (x), 0);
    assert_true (to > at);
    to = min_u64 (to, end);
    if (value == EXTENT_ZERO) {
      assert_true (is_truly_zero (at, to));
      seen.zeroes++;
    }
    at += nrand48 (dice) % 2 ? to - at : 1 + up_to (dice, to - at);
  }
}

static void
run_seed (unsigned seed)
{
  unsigned short dice[3] = { 0x330e, (unsigned short) seed, 82 };
  const unsigned silent = nrand48 (dice) % 3 == 0 ? 20 : 0;
  unsigned i, n = 1 + nrand48 (dice) % 6;

  any_disk (dice);
  /* Not below the size of one reply: see questions_keep_to_a_small_maximum. */
  start_extents (n_cells * cell / 32 + 1 + up_to (dice, 2 * n_cells * cell));
  for (i = 0; i < n; ++i) {
    walk_any_way (dice, silent);
    seen.aims++;
  }
  seen.silent += silent != 0;
  free_extents (NULL);
}

static void
only_zeroes_are_called_zero (void **state UNUSED)
{
  memset (&seen, 0, sizeof seen);
  for (current_seed = 1; current_seed <= 1500; ++current_seed)
    run_seed (current_seed);
  current_seed = 0;
  assert_true (seen.errors > 500);
  assert_true (seen.shorts > 500);
  assert_true (seen.silent > 100);
  assert_true (seen.given_up > 100);
  assert_true (seen.refused > 500);
  assert_true (seen.aims > 1000);
  assert_true (seen.lowered > 500);
  assert_true (seen.zeroes > 1000);
}

/* -- changes -------------------------------------------------------------- */

static void
select_changes (uint64_t grain)
{
  extents_select (x, (struct selector) { .changes = true, .grain = grain });
}

static void
what_is_clean_is_unselected (void **state UNUSED)
{
  make_disk (0, MiB, 6, "ccdzcd");
  start_extents (UINT64_MAX);
  select_changes (4096);
  aim (0, 6 * MiB);
  extents_ask (x);
  answer_all ();
  assert_known (0, EXTENT_UNSELECTED, 2 * MiB);
  assert_known (2 * MiB, EXTENT_DATA, 3 * MiB);
  assert_known (3 * MiB, EXTENT_ZERO, 4 * MiB);
  assert_known (4 * MiB, EXTENT_UNSELECTED, 5 * MiB);
  assert_known (5 * MiB, EXTENT_DATA, 6 * MiB);
}

/* Blocks of four cells; in the pattern, one line is a block. */
static void
block_with_any_change_is_selected_as_a_whole (void **state UNUSED)
{
  make_disk (0, 1024, 24,
             "cccc"
             "cddc"
             "cccc"
             "dccc"
             "cccd"
             "cccc");
  start_extents (UINT64_MAX);
  select_changes (4096);
  aim (0, 24 * KiB);
  extents_ask (x);
  answer_all ();
  assert_known (0, EXTENT_UNSELECTED, 4096);
  for (uint64_t at = 4096; at < 20 * KiB; at += 4096) {
    enum extent_value value;
    uint64_t to;

    assert_int_equal (extents_lookup (x, at, &to, &value), EXTENTS_KNOWN);
    assert_int_equal (value == EXTENT_UNSELECTED, at == 8 * KiB);
  }
  assert_known (20 * KiB, EXTENT_UNSELECTED, 24 * KiB);
}

static void
changes_without_an_answer_are_selected (void **state UNUSED)
{
  make_disk (0, MiB, 4, "c");
  start_extents (UINT64_MAX);
  select_changes (4096);
  aim (0, 4 * MiB);
  extents_ask (x);
  assert_true (fail_at (0, EPERM) >= 4 * MiB);
  assert_known (3 * MiB, EXTENT_DATA, 4 * MiB);
}

static void
destination_is_asked_only_where_the_source_has_changed (void **state UNUSED)
{
  struct extents *source;

  make_disk (0, MiB, 100, "ccccccccdz");
  start_extents (UINT64_MAX);
  source = x;
  select_changes (4096);
  aim (0, 100 * MiB);
  x = extents_new (&stub.connection, &stub.ready, UINT64_MAX, false);
  assert_non_null (x);
  extents_select (x, (struct selector) { .source = source });
  aim (0, 100 * MiB);
  extents_ask (x);
  assert_int_equal (stub.n_flying, 0); /* the source has not answered */

  extents_ask (source);
  for (unsigned i = 0; stub.n_flying > 0; i++) {
    struct io *io = stub.flying[--stub.n_flying];

    learn (io, UINT64_MAX);
    extents_answer (source, io, 0);
  }
  extents_ask (x);
  assert_int_equal (question_at (8 * MiB)->length, 92 * MiB);
  answer_all ();
  assert_known (8 * MiB, EXTENT_DATA, 9 * MiB);
  assert_known (19 * MiB, EXTENT_ZERO, 20 * MiB);
  extents_free (source);
}

/* Walks over a random disk with random blocks, and checks that exactly the
 * blocks that are clean are unselected, unless an answer was missing.
 */
static void
walk_changes (unsigned short *dice)
{
  const uint64_t grain = max_u64 (cell, UINT64_C (1) << nrand48 (dice) % 17);
  const bool honest = nrand48 (dice) % 2;
  enum extent_value value;
  uint64_t to;

  start_extents (align_up (
    n_cells * cell / 32 + 1 + up_to (dice, 2 * n_cells * cell), grain));
  select_changes (grain);
  aim (0, disk_end ());
  for (uint64_t at = 0; at < disk_end (); at = to) {
    while (extents_lookup (x, at, &to, &value) == EXTENTS_WAIT)
      if (honest)
        answer_all ();
      else
        any_answer (dice);
    to = min_u64 (to, disk_end ());
    if (value == EXTENT_UNSELECTED)
      assert_true (is_clean (at, to) && (to % grain == 0 || to == disk_end ()));
    else if (value == EXTENT_ZERO)
      assert_true (is_truly_zero (at, to));
    if (value != EXTENT_UNSELECTED)
      to = min_u64 (align_down (at, grain) + grain, disk_end ());
    if (value != EXTENT_UNSELECTED && honest)
      assert_false (is_clean (at, to));
    seen.zeroes += value == EXTENT_UNSELECTED;
  }
  free_extents (NULL);
}

static void
only_clean_blocks_are_called_unselected (void **state UNUSED)
{
  memset (&seen, 0, sizeof seen);
  for (current_seed = 1; current_seed <= 1000; ++current_seed) {
    unsigned short dice[3] = { 0x330e, (unsigned short) current_seed, 16 };

    any_disk (dice);
    base = 0;
    for (unsigned i = 0; i < n_cells; i++)
      clean_at[i] = nrand48 (dice) % 20 < 19 ? i > 0 && clean_at[i - 1]
                                             : nrand48 (dice) % 2;
    walk_changes (dice);
  }
  current_seed = 0;
  assert_true (seen.zeroes > 1000);
  assert_true (seen.errors > 100);
}

/* An assertion leaves by longjmp, so the seed is printed here. */
static int
print_seed (void **state)
{
  if (current_seed != 0)
    print_error ("failed with seed %u\n", current_seed);
  return free_extents (state);
}

#define TEST(f) cmocka_unit_test_teardown (f, free_extents)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (side_that_is_never_asked_is_data),
    TEST (answers_agree_with_look),
    TEST (peeking_forgets_nothing),
    TEST (everything_is_asked_once_and_ahead),
    TEST (answers_may_come_in_any_order),
    TEST (short_answer_is_asked_on_from_its_end),
    TEST (smallest_progress_is_progress),
    TEST (answer_that_makes_no_progress_means_data),
    TEST (error_means_data_and_later_ranges_are_asked_again),
    TEST (one_place_that_fails_is_data_alone),
    TEST (errors_everywhere_take_few_questions),
    TEST (half_an_answer_is_forgotten),
    TEST (answer_that_is_still_coming_is_not_used),
    TEST (question_that_cannot_be_sent_means_data),
    TEST (lost_connection_is_not_used_and_the_next_one_is_asked),
    TEST (silence_is_waited_for_up_to_a_deadline),
    TEST (server_that_never_answers_is_waited_for_so_often),
    TEST (new_aim_drops_known_and_requested_extents),
    TEST (new_aim_without_a_free_question_is_data_for_now),
    TEST (end_that_moves_down_is_asked_no_further),
    TEST (rest_of_a_short_answer_is_asked_no_further_than_the_end),
    TEST (all_zero_is_sure_or_false),
    TEST (cursor_may_pass_unanswered_ranges),
    TEST (only_its_own_questions_are_its_own),
    TEST (questions_start_small_and_grow),
    TEST (very_fragmented_disk_is_known_exactly),
    TEST (full_questions_are_as_good_as_new),
    TEST (questions_keep_to_a_small_maximum),
    TEST (offsets_reach_to_the_largest_disk),
    TEST (what_is_clean_is_unselected),
    TEST (block_with_any_change_is_selected_as_a_whole),
    TEST (changes_without_an_answer_are_selected),
    TEST (destination_is_asked_only_where_the_source_has_changed),
    cmocka_unit_test_teardown (only_zeroes_are_called_zero, print_seed),
    cmocka_unit_test_teardown (only_clean_blocks_are_called_unselected,
                               print_seed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
