/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring: each operation that is added completes once, with its result. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "uring.h"

#define UNUSED __attribute__ ((unused))

#define DEPTH 8
#define PIECE 1000
#define PATIENCE_MS 600000 /* a slow disk has this time */

static struct uring *ring;
static FILE *file;

static int
open_ring (void **state UNUSED)
{
  ring = uring_new (DEPTH);
  if (ring == NULL)
    print_message ("no ring: %s\n", strerror (errno));
  file = tmpfile ();
  return file ? 0 : -1;
}

static int
close_ring (void **state UNUSED)
{
  uring_free (ring);
  return fclose (file);
}

/* Waits as the worker's loop does. */
static int
take (void **tag)
{
  struct pollfd p = { .fd = uring_fd (ring), .events = POLLIN };
  int result;

  while (!uring_take (ring, tag, &result))
    assert_int_equal (poll (&p, 1, PATIENCE_MS), 1);
  return result;
}

static void
writes_are_read_back (void **state UNUSED)
{
  char from[DEPTH][PIECE], to[DEPTH][PIECE];
  bool seen[DEPTH] = { false };
  void *tag;

  if (ring == NULL)
    skip ();
  for (int i = 0; i < DEPTH; i++) {
    memset (from[i], 'a' + i, PIECE);
    assert_true (uring_room (ring) > 0);
    uring_write (ring, fileno (file), from[i], PIECE, i * PIECE, from[i]);
  }
  assert_int_equal (uring_room (ring), 0);
  assert_int_equal (uring_submit (ring), 0);
  for (int i = 0; i < DEPTH; i++) {
    assert_int_equal (take (&tag), PIECE);
    seen[((char *) tag - from[0]) / PIECE] = true;
  }
  for (int i = 0; i < DEPTH; i++)
    assert_true (seen[i]);
  assert_int_equal (uring_in_flight (ring), 0);

  uring_fsync (ring, fileno (file), &tag);
  assert_int_equal (uring_submit (ring), 0);
  assert_int_equal (take (&tag), 0);
  uring_read (ring, fileno (file), to, sizeof to, 0, to);
  assert_int_equal (uring_submit (ring), 0);
  assert_int_equal (take (&tag), sizeof to);
  assert_ptr_equal (tag, to);
  assert_memory_equal (from, to, sizeof to);
}

/* Operations that finish before a write has no reader. */
static void
settling_is_silent (void **state UNUSED)
{
  char from[PIECE], to[PIECE];
  void *tag;

  if (ring == NULL)
    skip ();
  memset (from, 'x', sizeof from);
  uring_write (ring, fileno (file), from, sizeof from, 0, from);
  assert_int_equal (uring_submit (ring), 0);
  assert_int_equal (take (&tag), PIECE);
  for (int i = 0; i < 2; i++) { /* the second one cannot be synced */
    const int fd = i == 0 ? fileno (file) : -1;

    uring_settle (ring, fd, 0, PIECE);
    uring_write (ring, fileno (file), from, sizeof from, PIECE, &from[i]);
    assert_int_equal (uring_in_flight (ring), URING_SETTLE_PLACES + 1);
    assert_int_equal (uring_submit (ring), 0);
    assert_int_equal (take (&tag), PIECE);
    assert_ptr_equal (tag, &from[i]);
    assert_int_equal (uring_in_flight (ring), 0);
  }
  assert_int_equal (pread (fileno (file), to, PIECE, PIECE), PIECE);
  assert_memory_equal (from, to, PIECE);
}

static void
the_end_of_a_file_is_a_short_read (void **state UNUSED)
{
  char buffer[100];
  void *tag;

  if (ring == NULL)
    skip ();
  assert_int_equal (ftruncate (fileno (file), 30), 0);
  uring_read (ring, fileno (file), buffer, sizeof buffer, 0, buffer);
  assert_int_equal (uring_submit (ring), 0);
  assert_int_equal (take (&tag), 30);
  uring_read (ring, fileno (file), buffer, sizeof buffer, 30, buffer);
  assert_int_equal (uring_submit (ring), 0);
  assert_int_equal (take (&tag), 0);
}

static void
an_error_is_minus_an_errno (void **state UNUSED)
{
  char buffer[1];
  void *tag;

  if (ring == NULL)
    skip ();
  uring_read (ring, -1, buffer, 1, 0, NULL);
  uring_fallocate (ring, -1, 0, 0, 1, NULL);
  assert_int_equal (uring_submit (ring), 0);
  assert_int_equal (take (&tag), -EBADF);
  assert_int_equal (take (&tag), -EBADF);
}

/* close_ring waits for operations in flight, and drops the others. */
static void
a_ring_may_end_with_something_in_it (void **state UNUSED)
{
  static char buffer[PIECE];

  if (ring == NULL)
    skip ();
  uring_write (ring, fileno (file), buffer, sizeof buffer, 0, NULL);
  uring_fsync (ring, fileno (file), NULL);
  assert_int_equal (uring_submit (ring), 0);
  uring_write (ring, fileno (file), buffer, sizeof buffer, 0, NULL);
  assert_int_equal (uring_in_flight (ring), 3);
}

#define ON_RING(f) cmocka_unit_test_setup_teardown (f, open_ring, close_ring)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    ON_RING (writes_are_read_back),
    ON_RING (settling_is_silent),
    ON_RING (the_end_of_a_file_is_a_short_read),
    ON_RING (an_error_is_minus_an_errno),
    ON_RING (a_ring_may_end_with_something_in_it),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
