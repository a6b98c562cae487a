/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines from a pipe: in pieces, several at once, too long, without an end. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line-reader.h"

#define UNUSED __attribute__ ((unused))

static struct line_reader lines;
static int theirs;

static int
open_pipe (void **state UNUSED)
{
  assert_int_equal (line_reader_open (&lines, 20000, &theirs), 0);
  return 0;
}

static int
close_pipe (void **state UNUSED)
{
  line_reader_close (&lines);
  line_reader_close (&lines);
  if (theirs != -1)
    close (theirs);
  return 0;
}

static void
say (const char *text)
{
  assert_int_equal (write (theirs, text, strlen (text)), strlen (text));
  line_reader_read (&lines);
}

static void
assert_line (const char *expected)
{
  size_t length;
  const char *line = line_reader_next (&lines, &length);

  if (line == NULL)
    line_reader_read (&lines);
  if (line == NULL)
    line = line_reader_next (&lines, &length);
  assert_non_null (line);
  assert_string_equal (line, expected);
  assert_int_equal (length, strlen (expected));
}

static void
assert_none (void)
{
  size_t length;

  line_reader_read (&lines);
  assert_null (line_reader_next (&lines, &length));
}

static void
nothing_is_waited_for (void **state UNUSED)
{
  assert_none ();
  assert_int_not_equal (lines.fd, -1);
}

static void
lines_come_whole (void **state UNUSED)
{
  say ("on");
  assert_none ();
  say ("e\ntwo\n\nfo");
  assert_line ("one");
  assert_line ("two");
  assert_line ("");
  assert_none ();
  say ("ur\n");
  assert_line ("four");
  assert_none ();
}

static void
text_without_an_end_is_not_a_line (void **state UNUSED)
{
  say ("one\ntwo");
  close (theirs);
  theirs = -1;
  assert_line ("one");
  assert_none ();
  assert_int_equal (lines.fd, -1);
}

static void
lines_before_the_end_are_not_lost (void **state UNUSED)
{
  assert_int_equal (write (theirs, "a\nb\nc\n", 6), 6);
  close (theirs);
  theirs = -1;
  assert_line ("a");
  assert_line ("b");
  assert_line ("c");
  assert_none ();
  assert_int_equal (lines.fd, -1);
}

static void
long_lines_come_or_are_left_out (void **state UNUSED)
{
  static const size_t lengths[] = { 4095, 4096, 19999, 20000, 20001, 50000 };
  char *text = calloc (1, 50002);

  assert_non_null (text);
  for (unsigned i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
    memset (text, 'x', lengths[i]);
    strcpy (text + lengths[i], "\n");
    say (text);
    say ("next\n");
    text[lengths[i]] = '\0';
    if (lengths[i] <= 20000)
      assert_line (text);
    assert_line ("next");
    assert_none ();
  }
  free (text);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, open_pipe, close_pipe)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (nothing_is_waited_for),
    TEST (lines_come_whole),
    TEST (text_without_an_end_is_not_a_line),
    TEST (lines_before_the_end_are_not_lost),
    TEST (long_lines_come_or_are_left_out),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
