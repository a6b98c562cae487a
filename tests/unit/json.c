/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our additions to jansson: numbers, times, untrusted text. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"

#define UNUSED __attribute__ ((unused))

/* Takes the reference. */
static void
expect_line (json_t *value, const char *want)
{
  json_t *list = json_pack ("[o]", value);
  size_t length;
  char *line = json_line (list, &length);

  assert_non_null (line);
  assert_int_equal (length, strlen (line));
  assert_string_equal (line, want);
  free (line);
  json_decref (list);
}

static void
numbers_and_times_are_exact (void **state UNUSED)
{
  const struct timespec t = { .tv_sec = 1769860800, .tv_nsec = 1234567 };

  expect_line (json_of_number (0), "[0]\n");
  expect_line (json_of_number (INT64_MAX), "[9223372036854775807]\n");
  expect_line (json_of_number (UINT64_MAX), "[9223372036854775807]\n");
  expect_line (json_of_ns (0), "[0.0]\n");
  expect_line (json_of_ns (NS_PER_S / 10), "[0.1]\n");
  expect_line (json_of_ns (123456789), "[0.123456]\n");
  expect_line (json_of_ns (86400 * NS_PER_S + 1500), "[86400.000001]\n");
  expect_line (json_of_time (&t), "[\"2026-01-31T12:00:00.001234Z\"]\n");
}

static void
text_is_always_text (void **state UNUSED)
{
  expect_line (json_of_text (NULL, 9), "[null]\n");
  expect_line (json_of_text ("", 9), "[\"\"]\n");
  expect_line (json_of_text ("a\"b\\c\n", 9), "[\"a\\\"b\\\\c\\n\"]\n");
  expect_line (json_of_text ("caf\xc3\xa9", 9), "[\"caf\xc3\xa9\"]\n");
  expect_line (json_of_text ("\xf0\x9f\x92\xbe", 9),
               "[\"\xf0\x9f\x92\xbe\"]\n");
  /* Latin-1, a lone end, an overlong slash, a surrogate, beyond Unicode. */
  expect_line (json_of_text ("caf\xe9", 9), "[\"caf\xef\xbf\xbd\"]\n");
  expect_line (json_of_text ("\x80", 9), "[\"\xef\xbf\xbd\"]\n");
  expect_line (json_of_text ("\xc0\xaf", 9),
               "[\"\xef\xbf\xbd\xef\xbf\xbd\"]\n");
  expect_line (json_of_text ("\xed\xa0\x80", 9),
               "[\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]\n");
  expect_line (json_of_text ("\xf7\xbf\xbf\xbf", 2),
               "[\"\xef\xbf\xbd\xef\xbf\xbd\"]\n");
}

static void
text_is_cut (void **state UNUSED)
{
  expect_line (json_of_text ("abcdef", 3), "[\"abc\"]\n");
  expect_line (json_of_text ("ab\xc3\xa9", 3), "[\"ab\xef\xbf\xbd\"]\n");
}

static void
nothing_is_no_line (void **state UNUSED)
{
  size_t length;

  assert_null (json_line (NULL, &length));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (numbers_and_times_are_exact),
    cmocka_unit_test (text_is_always_text),
    cmocka_unit_test (text_is_cut),
    cmocka_unit_test (nothing_is_no_line),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
