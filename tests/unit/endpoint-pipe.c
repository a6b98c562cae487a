/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams: ios that come in any order leave in the order of their offsets, no
 * call blocks, and the end of a source ends all reads.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "endpoint/pipe.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

#define IOS 8
#define SIZE 1000 /* of one io */

static char fifo[PATH_MAX];
static int other_end; /* of the FIFO; it never blocks */
static struct endpoint *ep;
static struct conn *conn;
static struct list ready;
static struct io ios[IOS];
static char bytes[IOS][SIZE];

static int
make_fifo (void **state UNUSED)
{
  int fd;

  signal (SIGPIPE, SIG_IGN);
  temporary_name (fifo);
  fd = mkstemp (fifo);
  return fd == -1 || close (fd) == -1 || unlink (fifo) == -1
      || mkfifo (fifo, 0600) == -1
    ? -1
    : 0;
}

static int
remove_fifo (void **state UNUSED)
{
  return unlink (fifo);
}

static int
open_side (enum side side)
{
  const struct operand operand = { .name = fifo };
  const struct target target = { .side = side, .operand = &operand };
  const struct endpoint_request q = {
    .side = side,
    .name = strdup ("the FIFO"),
    .operand = &operand,
    .interrupt_fd = -1,
  };
  struct error e = { 0 };

  other_end = open (fifo, O_RDWR | O_NONBLOCK);
  list_init (&ready);
  if (other_end == -1 || endpoint_pipe_kind.check (&target, &e) == -1)
    return -1;
  ep = endpoint_pipe_kind.open (&q, &e);
  conn = ep ? ep->ops->conn (ep, 0, &e) : NULL;
  return conn && !error_is_set (&e) ? 0 : -1;
}

static int
open_source (void **state UNUSED)
{
  return open_side (SOURCE);
}

static int
open_destination (void **state UNUSED)
{
  return open_side (DESTINATION);
}

static int
close_both (void **state UNUSED)
{
  struct error e = { 0 };

  if (other_end != -1)
    close (other_end);
  conn_close (conn);
  return ep->ops->close (ep, 0, -1, &e) && !error_is_set (&e) ? 0 : -1;
}

static void
start (enum io_verb verb, unsigned i)
{
  ios[i] = (struct io) {
    .ready = &ready,
    .verb = verb,
    .offset = (uint64_t) i * SIZE,
    .length = SIZE,
    .buffer = bytes[i],
  };
  conn_start (conn, &ios[i]);
}

/* Lets the conn move until it would wait.  Returns true if it waits for its
 * descriptor.
 */
static bool
settle (void)
{
  const struct list_node *last = NULL;
  struct pollfd p;

  for (;;) {
    conn_submit (conn);
    conn_poll_events (conn, &p);
    if (p.fd != -1 || list_last (&ready) == last)
      return p.fd != -1;
    last = list_last (&ready);
  }
}

/* Takes the io that completed first, and returns its number, or -1. */
static int
next_over (void)
{
  struct list_node *n = list_take (&ready);

  return n ? (int) (list_entry (n, struct io, link) - ios) : -1;
}

/* -- destination ---------------------------------------------------------- */

static void
writes_leave_in_order (void **state UNUSED)
{
  static const unsigned order[IOS] = { 3, 1, 0, 7, 6, 2, 5, 4 };
  static const int over_after[IOS] = { 0, 0, 2, 2, 2, 4, 4, 8 };
  char got[IOS * SIZE];
  int over = 0;

  for (unsigned i = 0; i < IOS; i++)
    memset (bytes[i], 'a' + i, SIZE);
  for (unsigned i = 0; i < IOS; i++) {
    start (IO_WRITE, order[i]);
    assert_false (settle ());
    for (int n; (n = next_over ()) != -1; over++)
      assert_int_equal (n, over);
    assert_int_equal (over, over_after[i]);
  }
  assert_int_equal (read (other_end, got, sizeof got), sizeof got);
  assert_memory_equal (got, bytes, sizeof got);
  assert_int_equal (read (other_end, got, 1), -1);
}

static void
full_pipe_is_polled_for (void **state UNUSED)
{
  static char large[4 * MiB];
  struct io io = {
    .ready = &ready,
    .verb = IO_WRITE,
    .length = sizeof large,
    .buffer = large,
  };
  size_t sum = 0;
  ssize_t n;

  conn_start (conn, &io);
  while (settle ())
    while ((n = read (other_end, bytes, sizeof bytes)) > 0)
      sum += n;
  assert_int_equal (conn_retire (&io), 0);
  while ((n = read (other_end, bytes, sizeof bytes)) > 0)
    sum += n;
  assert_int_equal (sum, sizeof large);
}

static void
reader_that_left_is_an_error (void **state UNUSED)
{
  close (other_end);
  other_end = -1;
  start (IO_WRITE, 0);
  assert_false (settle ());
  assert_int_equal (next_over (), 0);
  assert_int_equal (conn_retire (&ios[0]), EPIPE);
}

static void
unfinished_ios_are_dropped_at_the_end (void **state UNUSED)
{
  start (IO_WRITE, 1);
  assert_true (conn_shutdown (conn));
  assert_false (settle ());
  assert_int_equal (next_over (), -1);
}

static void
nothing_is_zeroed_asked_or_flushed (void **state UNUSED)
{
  struct io io = { .ready = &ready, .verb = IO_ZERO, .length = 1 };

  for (int i = 0; i < 2; i++) {
    conn_start (conn, &io);
    assert_ptr_equal (list_take (&ready), &io.link);
    assert_int_equal (conn_retire (&io), ENOTSUP);
    io.verb = IO_EXTENTS;
  }
  assert_int_equal (ep->caps.zero_max, 0);
  assert_int_equal (ep->caps.extents_max, 0);
  assert_true (ep->caps.stream);
  assert_false (ep->caps.can_flush || ep->caps.can_multi_conn);
}

/* -- source --------------------------------------------------------------- */

static void
reads_are_filled_one_after_the_other (void **state UNUSED)
{
  char sent[2 * SIZE + 1];

  memset (sent, 'a', SIZE);
  memset (sent + SIZE, 'b', SIZE);
  sent[2 * SIZE] = 'c';
  start (IO_READ, 0);
  start (IO_READ, 1);
  start (IO_READ, 2);
  assert_true (settle ());
  assert_int_equal (write (other_end, sent, SIZE / 2), SIZE / 2);
  assert_true (settle ());
  assert_int_equal (next_over (), -1);
  assert_int_equal (write (other_end, sent + SIZE / 2, SIZE / 2), SIZE / 2);
  assert_int_equal (write (other_end, sent + SIZE, SIZE + 1), SIZE + 1);
  assert_true (settle ());
  assert_int_equal (next_over (), 0);
  assert_int_equal (next_over (), 1);
  assert_int_equal (next_over (), -1);
  assert_memory_equal (bytes, sent, sizeof sent);
}

static void
end_ends_all_reads (void **state UNUSED)
{
  start (IO_READ, 0);
  start (IO_READ, 1);
  assert_int_equal (write (other_end, "abc", 3), 3);
  close (other_end);
  other_end = -1;
  assert_false (settle ());
  start (IO_READ, 2);
  assert_false (settle ());
  for (int i = 0; i < 3; i++) {
    assert_int_equal (next_over (), i);
    assert_int_equal (conn_retire (&ios[i]), 0);
    assert_int_equal (ios[i].length, i == 0 ? 3 : 0);
  }
  assert_memory_equal (bytes, "abc", 3);
}

#define ON_SOURCE(f)                                                           \
  cmocka_unit_test_setup_teardown (f, open_source, close_both)
#define ON_DESTINATION(f)                                                      \
  cmocka_unit_test_setup_teardown (f, open_destination, close_both)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ON_DESTINATION (writes_leave_in_order),
    ON_DESTINATION (full_pipe_is_polled_for),
    ON_DESTINATION (reader_that_left_is_an_error),
    ON_DESTINATION (unfinished_ios_are_dropped_at_the_end),
    ON_DESTINATION (nothing_is_zeroed_asked_or_flushed),
    ON_SOURCE (reads_are_filled_one_after_the_other),
    ON_SOURCE (end_ends_all_reads),
  };

  return cmocka_run_group_tests (tests, make_fifo, remove_fifo);
}
