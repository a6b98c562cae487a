/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syntax of maps: reading, writing, and refusals. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "resume/map-text.h"

#define UNUSED __attribute__ ((unused))

static struct ranges finished;
static struct map_text parsed;
static struct error error;

static int
start (void **state UNUSED)
{
  return ranges_init (&finished, 8);
}

static int
end (void **state UNUSED)
{
  ranges_free (&finished);
  return 0;
}

/* Copies the text to the end of an allocation, so that reads beyond it are
 * found.
 */
static int
parse_bytes (const char *text, size_t length)
{
  char *copy = malloc (length ? length : 1);
  int r;

  assert_non_null (copy);
  memcpy (copy, text, length);
  error = (struct error) { 0 };
  r = map_parse (copy, length, &parsed, &finished, &error);
  assert_int_equal (r == -1, error_is_set (&error));
  free (copy);
  return r;
}

static void
assert_read (const char *text, uint64_t size, uint64_t done, size_t n)
{
  if (parse_bytes (text, strlen (text)) == -1)
    fail_msg ("refused: %s: %s", error.text, text);
  assert_int_equal (parsed.size, size);
  assert_int_equal (ranges_bytes (&finished), done);
  assert_int_equal (ranges_count (&finished), n);
}

static void
assert_refused (const char *text, const char *why)
{
  if (parse_bytes (text, strlen (text)) == 0)
    fail_msg ("not refused: %s", text);
  assert_int_equal (error.number, EBADMSG);
  if (strstr (error.text, why) == NULL)
    fail_msg ("'%s' is not in '%s': %s", why, error.text, text);
}

static void
maps_of_ddrescue_are_read (void **state UNUSED)
{
  assert_read ("# Mapfile. Created by GNU ddrescue version 1.27\n"
               "# Command line: ddrescue a b c\n"
               "# current_pos  current_status  current_pass\n"
               "0x00120000     ?               1\n"
               "#      pos        size  status\n"
               "0x00000000  0x00117000  +\n"
               "0x00117000  0x00000200  -\n"
               "0x00117200  0x00001000  /\n"
               "0x00118200  0x00007E00  *\n"
               "0x00120000  0x00048000  ?\n"
               "0x00168000  0x00000100  +\n",
               0x168100, 0x117100, 2);
  assert_int_equal (ranges_at (&finished, 1)->start, 0x168000);
  for (unsigned i = 0; i < MAP_KEYS; i++)
    assert_null (parsed.values[i].start);

  /* Without current_pass, as in older mapfiles, and in other notations. */
  assert_read ("0 ?\n0 16 +\n0x10 0X10 +\n040 1 ?\n", 33, 32, 1);
  assert_read ("\n \t\n0 + 1 # so\n0\t16 + # far\n  # good\n\n", 16, 16, 1);
  assert_read ("0 F\r\n0 1 +\r\n", 1, 1, 1);
  assert_read ("0 G 07\n0 1 +", 1, 1, 1);
  assert_read ("9223372036854775807 / 1\n0 0x7fffffffffffffff +", INT64_MAX,
               INT64_MAX, 1);
  assert_read ("0 -\n", 0, 0, 0);
}

static void
malformed_maps_are_refused_with_the_line (void **state UNUSED)
{
  assert_refused ("", "line 0: the map ends before its status line");
  assert_refused ("# a\n# b\n", "line 2: the map ends before");
  assert_refused ("hello\n", "line 1: malformed status line");
  assert_refused ("0\n", "line 1: malformed status line");
  assert_refused ("0 x\n", "line 1: malformed status line");
  assert_refused ("0 ??\n", "line 1: malformed status line");
  assert_refused ("0 ?1\n", "line 1: malformed status line");
  assert_refused ("0 ? 1 1\n", "line 1: malformed status line");
  assert_refused ("0 ? -1\n", "line 1: malformed status line");
  assert_refused ("0 # ?\n", "line 1: malformed status line");
  assert_refused ("0x ?\n", "line 1: malformed status line");
  assert_refused ("08 ?\n", "line 1: malformed status line");
  assert_refused ("#\n0 ?\n0 1\n", "line 3: malformed block line");
  assert_refused ("0 ?\n0 1 F\n", "line 2: malformed block line");
  assert_refused ("0 ?\n0 1 + +\n", "line 2: malformed block line");
  assert_refused ("0 ?\n0 1+\n", "line 2: malformed block line");
  assert_refused ("0 ?\n0 +1 +\n", "line 2: malformed block line");
  assert_refused ("0 ?\n0,1 1 +\n", "line 2: malformed block line");
  assert_refused ("0 ?\n0 0x8000000000000000 +\n",
                  "line 2: malformed block line");
  assert_refused ("0 ?\n0 99999999999999999999999 +\n",
                  "line 2: malformed block line");
  assert_refused ("0 ?\n0 0 +\n", "line 2: invalid block size");
  assert_refused ("0 ?\n0 1 ?\n1 0x7fffffffffffffff +\n",
                  "line 3: invalid block size");
  assert_refused ("0 ?\n1 1 +\n", "line 2: there is a gap");
  assert_refused ("0 ?\n0 2 +\n1 2 +\n", "line 3: the block overlaps");
  assert_refused ("0 ?\n0 2 +\n3 2 +\n", "line 3: there is a gap");

  assert_int_equal (parse_bytes ("0 ?\n0 1 \0\n", 10), -1);
  assert_int_equal (parse_bytes ("\0\0\0\0", 4), -1);
}

#define SAID(key, value) "# stripecopy " key ": " value "\n"

static void
lines_of_our_own_are_taken (void **state UNUSED)
{
  const char text[] = SAID ("source", "a: b") SAID ("source size", "16")
    SAID ("map version", "")
      SAID ("unheard of", "x") "#  stripecopy options: no\n0 ?\n0 16 ?\n";

  error = (struct error) { 0 };
  assert_int_equal (map_parse (text, strlen (text), &parsed, &finished, &error),
                    0);
  assert_int_equal (parsed.values[MAP_SOURCE].length, 4);
  assert_memory_equal (parsed.values[MAP_SOURCE].start, "a: b", 4);
  assert_int_equal (parsed.values[MAP_SOURCE_SIZE].length, 2);
  assert_non_null (parsed.values[MAP_VERSION].start);
  assert_int_equal (parsed.values[MAP_VERSION].length, 0);
  assert_null (parsed.values[MAP_OPTIONS].start);
  assert_null (parsed.values[MAP_DESTINATION].start);
  assert_null (parsed.values[MAP_SOURCE_ID].start);

  assert_refused (SAID ("source", "a") SAID ("source", "a") "0 ?\n",
                  "line 2: duplicate key");
  assert_refused (SAID ("source size", "x") "0 ?\n0 16 ?\n",
                  "line 3: the source size is not a number");
}

/* The text, cut at each place. */
static void
torn_maps_are_refused (void **state UNUSED)
{
  const char text[] = SAID (
    "source size",
    "0x1000") "0x0 ? 1\n0x0 0x400 +\n0x400 0x800 ?\n0xc00 0x400 +";

  assert_read (text, 0x1000, 0x800, 2);
  for (size_t n = 0; n < strlen (text); n++)
    assert_int_equal (parse_bytes (text, n), -1);
  assert_refused (SAID ("source size", "16") "0 ?\n0 15 +\n",
                  "line 3: map ends early");
  assert_refused (SAID ("source size", "16") "0 ?\n0 17 +\n",
                  "line 3: the blocks extend beyond the end");
}

static void
ranges_without_room_are_not_finished (void **state UNUSED)
{
  char text[1024] = "0 ?\n";

  for (unsigned i = 0; i < 20; i++)
    sprintf (text + strlen (text), "%u 1 %c\n", i, i % 2 ? '?' : '+');
  assert_read (text, 20, 8, 8);
}

/* Text that is nearly correct gets further than noise. */
static void
no_text_does_any_harm (void **state UNUSED)
{
  const char good[] = SAID ("source size", "0x1000")
    SAID ("source", "a") "0x0 ? 1\n0x0 0x400 +\n0x400 0x800 ?\n0xc00 0x400 +\n";
  const char likely[] = "0123456789abcdefxX \t\n\r#?*/-+FG: \377";
  unsigned refused = 0;

  srandom (1);
  for (unsigned i = 0; i < 20000; i++) {
    char text[sizeof good + 8];
    size_t length = strlen (good);

    memcpy (text, good, length);
    for (unsigned n = random () % 4 + 1; n > 0; n--)
      switch (random () % 3) {
      case 0:
        text[random () % length] = likely[random () % (sizeof likely)];
        break;
      case 1:
        length = random () % length + 1;
        break;
      case 2:
        text[random () % length] = random ();
        break;
      }
    if (parse_bytes (text, length) == -1)
      refused++;
    else
      assert_true (ranges_bytes (&finished) <= parsed.size);
  }
  assert_in_range (refused, 10000, 19999);
}

/* The largest text that is ever read, parsed once. */
static void
large_texts_take_no_time (void **state UNUSED)
{
  const size_t length = 16 * MiB;
  char *text = malloc (length);

  assert_non_null (text);
  for (unsigned i = 0; i < 4; i++) {
    memset (text, "\n# 0"[i], length);
    assert_int_equal (map_parse (text, length, &parsed, &finished, &error), -1);
  }
  memcpy (text, "0 ?\n", 4);
  for (size_t i = 4; i < length; i += 4)
    memcpy (text + i, "# x\n", 4);
  assert_int_equal (map_parse (text, length, &parsed, &finished, &error), 0);
  free (text);
}

static char *
print (const char *const values[MAP_KEYS], const struct ranges *r,
       const struct ranges *bad, uint64_t size)
{
  char *text = NULL;
  size_t length;
  FILE *f = open_memstream (&text, &length);

  assert_non_null (f);
  map_print (f, values, r, bad, size);
  assert_int_equal (fclose (f), 0);
  return text;
}

static void
written_data_is_read_back (void **state UNUSED)
{
  const char *values[MAP_KEYS] = {
    [MAP_SOURCE] = "nbd://a/b: c",
    [MAP_SOURCE_ID] = " ",
    [MAP_SOURCE_SIZE] = "4096",
  };
  const struct ranges none = { 0 };
  struct ranges r;

  srandom (2);
  assert_int_equal (ranges_init (&r, 8), 0);
  for (unsigned i = 0; i < 2000; i++) {
    char *text;

    ranges_clear (&r);
    for (unsigned n = random () % 9; n > 0; n--) {
      const uint64_t at = random () % 4096;

      ranges_set (&r, at, min_u64 (4096, at + random () % 700), 0);
    }
    text = print (values, &r, &none, 4096);
    assert_read (text, 4096, ranges_bytes (&r), ranges_count (&r));
    for (size_t n = 0; n < ranges_count (&r); n++) {
      assert_int_equal (ranges_at (&finished, n)->start,
                        ranges_at (&r, n)->start);
      assert_int_equal (ranges_at (&finished, n)->end, ranges_at (&r, n)->end);
    }
    assert_int_equal (parsed.values[MAP_SOURCE].length,
                      strlen (values[MAP_SOURCE]));
    assert_int_equal (parsed.values[MAP_SOURCE_ID].length, 1);
    assert_null (parsed.values[MAP_DESTINATION].start);
    assert_true (map_is_ours (text, strlen (text)));
    free (text);
  }
  ranges_free (&r);
}

static void
the_status_line_has_the_first_unfinished_place (void **state UNUSED)
{
  const char *const values[MAP_KEYS] = { NULL };
  const struct ranges none = { 0 };
  struct ranges r;
  char *text;

  assert_int_equal (ranges_init (&r, 2), 0);
  text = print (values, &r, &none, 4096);
  assert_non_null (strstr (text, "\n0x00000000     ?               1\n"));
  free (text);
  ranges_set (&r, 0, 512, 0);
  ranges_set (&r, 1024, 4096, 0);
  text = print (values, &r, &none, 4096);
  assert_non_null (strstr (text, "\n0x00000200     ?               1\n"));
  free (text);
  ranges_set (&r, 512, 1024, 0);
  text = print (values, &r, &none, 4096);
  assert_non_null (strstr (text, "\n0x00001000     +               1\n"));
  free (text);
  text = print (values, &r, &none, 0);
  assert_false (map_is_ours (text + 1, strlen (text + 1)));
  assert_false (map_is_ours (text, 10));
  free (text);
  ranges_free (&r);
}

static void
unreadable_ranges_are_no_finished_ones (void **state UNUSED)
{
  const char *const values[MAP_KEYS] = { NULL };
  struct ranges r, bad;
  char *text;

  assert_int_equal (ranges_init (&r, 4), 0);
  assert_int_equal (ranges_init (&bad, 4), 0);
  ranges_set (&r, 0, 4096, 0);
  ranges_set (&bad, 0, 512, 0);
  ranges_set (&bad, 1024, 2048, 0);
  ranges_set (&bad, 4096, 4608, 0);
  text = print (values, &r, &bad, 8192);
  assert_non_null (strstr (text,
                           "0x00000000     ?               1\n"
                           "#      pos        size  status\n"
                           "0x00000000  0x00000200  -\n"
                           "0x00000200  0x00000200  +\n"
                           "0x00000400  0x00000400  -\n"
                           "0x00000800  0x00000800  +\n"
                           "0x00001000  0x00000200  -\n"
                           "0x00001200  0x00000E00  ?\n"));
  assert_read (text, 8192, 512 + 2048, 2);
  free (text);
  ranges_free (&r);
  ranges_free (&bad);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (maps_of_ddrescue_are_read),
    cmocka_unit_test (malformed_maps_are_refused_with_the_line),
    cmocka_unit_test (lines_of_our_own_are_taken),
    cmocka_unit_test (torn_maps_are_refused),
    cmocka_unit_test (ranges_without_room_are_not_finished),
    cmocka_unit_test (no_text_does_any_harm),
    cmocka_unit_test (large_texts_take_no_time),
    cmocka_unit_test (written_data_is_read_back),
    cmocka_unit_test (the_status_line_has_the_first_unfinished_place),
    cmocka_unit_test (unreadable_ranges_are_no_finished_ones),
  };

  return cmocka_run_group_tests (tests, start, end);
}
