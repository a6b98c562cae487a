/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests to web servers, and their replies. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint/web.h"

#define UNUSED __attribute__ ((unused))

static struct web_answer
answer (const char *text)
{
  struct web_answer a;

  assert_int_equal (web_answer_read (text, &a), 0);
  return a;
}

static void
a_range_is_read (void **state UNUSED)
{
  struct web_answer a = answer ("HTTP/1.1 206 Partial Content\r\n"
                                "accept-ranges: bytes\r\n"
                                "Content-Range: bytes 10-19/1000\r\n"
                                "ETag: \"x\"\r\nLast-Modified: today\r\n\r\n"
                                "http://host/x\n");

  assert_int_equal (a.status, 206);
  assert_true (a.promises_ranges);
  assert_int_equal (a.total, 1000);
  assert_true (web_answer_is (&a, 10, 20));
  assert_false (web_answer_is (&a, 10, 21));
  assert_false (web_answer_is (&a, 9, 20));
  assert_string_equal (a.tag, "\"x\"");
  assert_string_equal (a.modified, "today");
  assert_string_equal (a.address, "http://host/x");
  web_answer_free (&a);
}

static void
the_last_of_several_answers_counts (void **state UNUSED)
{
  struct web_answer a = answer ("HTTP/2 302 \r\nlocation: /y\r\n"
                                "etag: old\r\n\r\nHTTP/2 200 \r\n\r\n"
                                "https://me:secret@host/y\n");

  assert_int_equal (a.status, 200);
  assert_string_equal (a.tag, "");
  assert_false (a.promises_ranges);
  assert_false (web_answer_is (&a, 0, 1));
  assert_string_equal (a.address, "https://host/y");
  web_answer_free (&a);
}

static void
the_end_of_a_small_file_is_enough (void **state UNUSED)
{
  struct web_answer a = answer ("HTTP/1.1 206\r\n"
                                "Content-Range: bytes 0-4/5\r\n\r\n"
                                "http://host/x\n");

  assert_true (web_answer_is (&a, 0, 65536));
  web_answer_free (&a);
}

static void
nonsense_is_not_a_range (void **state UNUSED)
{
  static const char *const ranges[] = {
    "bytes 5-4/10", "bytes 0-10/10", "bytes 0-9",
    "bytes 0-9/*",  "items 0-9/10",  "",
  };
  char text[256];

  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
    struct web_answer a;

    snprintf (text, sizeof text,
              "HTTP/1.1 206\r\nContent-Range: %s\r\n\r\n"
              "http://host/x\n",
              ranges[i]);
    a = answer (text);
    assert_false (a.has_range);
    web_answer_free (&a);
  }
}

static void
malformed_answers_are_refused (void **state UNUSED)
{
  static const char *const texts[] = {
    "", "\n", "http://host/x\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1\nx\n",
  };
  struct web_answer a;

  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_int_equal (web_answer_read (texts[i], &a), -1);
    assert_int_equal (errno, EPROTO);
  }
}

static void
differences_are_named (void **state UNUSED)
{
  struct web_answer a = { .total = 5, .tag = "x", .modified = "y" }, b = a;

  assert_null (web_answers_differ (&a, &b));
  strcpy (b.modified, "z");
  assert_string_equal (web_answers_differ (&a, &b), "Last-Modified");
  strcpy (b.tag, "z");
  assert_string_equal (web_answers_differ (&a, &b), "ETag");
  b.total = 6;
  assert_string_equal (web_answers_differ (&a, &b), "size");
}

static void
different_servers_are_recognised (void **state UNUSED)
{
  assert_true (web_same_server ("http://host/x", "HTTP://HOST/y?z"));
  assert_true (web_same_server ("http://host", "http://host/y"));
  assert_false (web_same_server ("http://host/x", "https://host/x"));
  assert_false (web_same_server ("http://host/x", "http://host:81/x"));
  assert_false (web_same_server ("http://host/x", "http://host.evil/x"));
}

static void
each_word_of_a_question_stays_on_its_line (void **state UNUSED)
{
  char address[] = "http://host/\"\noutput = \"/x", user[] = "a\\b";
  char password[] = "c\"d";
  const struct url url = { address, user, password };
  char *text = web_question (&url, 10, 20);

  assert_non_null (text);
  assert_non_null (strstr (text,
                           "\nurl = \"http://host/\\\"\\noutput = \\\"/x\""
                           "\nuser = \"a\\\\b:c\\\"d\"\nrequest = \"GET\""
                           "\nrange = \"10-19\"\n"));
  assert_null (strstr (text, "\noutput"));
  free (text);
  text = web_question (&url, 0, 0);
  assert_non_null (text);
  assert_null (strstr (text, "range"));
  free (text);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (a_range_is_read),
    cmocka_unit_test (the_last_of_several_answers_counts),
    cmocka_unit_test (the_end_of_a_small_file_is_enough),
    cmocka_unit_test (nonsense_is_not_a_range),
    cmocka_unit_test (malformed_answers_are_refused),
    cmocka_unit_test (differences_are_named),
    cmocka_unit_test (different_servers_are_recognised),
    cmocka_unit_test (each_word_of_a_question_stays_on_its_line),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
