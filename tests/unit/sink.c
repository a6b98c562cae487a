/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines that are written without blocking: whole or not at all, and in order.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sink.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

static struct sink
open_fd (int fd)
{
  struct sink out;
  struct error e = { 0 };
  char word[16];

  snprintf (word, sizeof word, "%d", fd);
  assert_int_equal (sink_open (&out, SINK_EVENTS, word, &e), 0);
  assert_false (error_is_set (&e));
  return out;
}

/* A line of 1000 bytes of one letter. */
static bool
put_line (struct sink *out, char letter)
{
  char line[1000];

  memset (line, letter, sizeof line);
  line[sizeof line - 1] = '\n';
  return sink_line (out, line, sizeof line, 0);
}

/* Reads everything, and checks that each line is whole and of one letter.
 * Returns the number of lines.
 */
static unsigned
read_lines (int fd)
{
  static char text[1 << 20];
  size_t n = 0;
  ssize_t r;

  fcntl (fd, F_SETFL, O_NONBLOCK);
  while ((r = read (fd, text + n, sizeof text - n)) > 0)
    n += r;
  assert_int_equal (n % 1000, 0);
  for (size_t i = 0; i < n; i++)
    if (i % 1000 == 999)
      assert_int_equal (text[i], '\n');
    else
      assert_int_equal (text[i], text[i - i % 1000]);
  return n / 1000;
}

static void
full_pipe_drops_whole_lines (void **state UNUSED)
{
  struct sink out;
  unsigned written = 0;
  int fds[2];

  assert_int_equal (pipe (fds), 0);
  out = open_fd (fds[1]);
  while (put_line (&out, 'a' + written % 26))
    written++;
  assert_in_range (written, 4, 1000);
  assert_false (put_line (&out, 'X'));
  assert_int_equal (read_lines (fds[0]), written);

  /* There is room again. */
  assert_true (put_line (&out, 'Y'));
  assert_int_equal (read_lines (fds[0]), 1);
  sink_close (&out);
  assert_int_not_equal (fcntl (fds[1], F_GETFD), -1); /* it is still open */
  close (fds[0]);
  close (fds[1]);
}

/* A stream socket may take a part of a line: its rest comes before other lines.
 */
static void
full_socket_keeps_the_order (void **state UNUSED)
{
  struct sink out;
  const int small = 1;
  unsigned written = 0, got;
  int fds[2];

  assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), 0);
  setsockopt (fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  out = open_fd (fds[1]);
  for (unsigned i = 0; i < 100; i++)
    written += put_line (&out, 'a' + i % 26);
  assert_in_range (written, 1, 99);
  got = read_lines (fds[0]);
  for (unsigned i = 0; i < 10; i++) {
    written += put_line (&out, '0' + i);
    got += read_lines (fds[0]);
  }
  assert_int_equal (got, written);
  sink_close (&out);
  close (fds[0]);
  close (fds[1]);
}

static void
reader_that_goes_ends_it (void **state UNUSED)
{
  struct sink out;
  int fds[2];

  signal (SIGPIPE, SIG_IGN);
  assert_int_equal (pipe (fds), 0);
  out = open_fd (fds[1]);
  assert_true (put_line (&out, 'a'));
  close (fds[0]);
  assert_false (put_line (&out, 'b'));
  assert_int_equal (out.fd, -1);
  assert_false (put_line (&out, 'c'));
  sink_close (&out);

  /* Nor is a line missed that was written before. */
  out = open_fd (fds[1]);
  assert_false (put_line (&out, 'd'));
  assert_int_equal (out.fd, -1);
  close (fds[1]);
}

static void
files_that_cannot_be_opened_are_refused (void **state UNUSED)
{
  static const char *const words[] = { "987654", "/nowhere/file", "/" };
  struct sink out;

  for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
    struct error e = { 0 };

    assert_int_equal (sink_open (&out, SINK_EVENTS, words[i], &e), -1);
    assert_non_null (strstr (e.text, "--events="));
    assert_int_equal (out.fd, -1);
  }
}

static void
all_of_a_report_is_written (void **state UNUSED)
{
  static char text[200000], got[200001];
  struct sink out;
  struct error e = { 0 };
  char name[PATH_MAX];
  int fd;

  temporary_name (name);
  fd = mkstemp (name);
  memset (text, 'x', sizeof text);
  assert_int_not_equal (fd, -1);
  assert_int_equal (write (fd, "old", 3), 3);
  assert_int_equal (sink_open (&out, SINK_REPORT, name, &e), 0);
  assert_int_equal (read (fd, got, sizeof got), 0); /* it was emptied */
  assert_true (sink_all (&out, text, sizeof text, 0));
  sink_close (&out);
  assert_int_equal (pread (fd, got, sizeof got, 0), sizeof text);
  unlink (name);
  close (fd);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (full_pipe_drops_whole_lines),
    cmocka_unit_test (full_socket_keeps_the_order),
    cmocka_unit_test (reader_that_goes_ends_it),
    cmocka_unit_test (files_that_cannot_be_opened_are_refused),
    cmocka_unit_test (all_of_a_report_is_written),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
