/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Manifests: the arguments of each copy, and errors that name the place but no
 * secret.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/manifest.h"
#include "batch/part.h"

#define UNUSED __attribute__ ((unused))

static struct manifest manifest;
static struct error error;

/* JSON with ' for ". */
static int
parse (const char *text)
{
  char *json = strdup (text);
  int r;

  assert_non_null (json);
  for (char *p = json; *p; p++)
    if (*p == '\'')
      *p = '"';
  error = (struct error) { 0 };
  r = manifest_parse (&manifest, "FILE", json, strlen (json), &error);
  free (json);
  assert_int_equal (r == -1, error_is_set (&error));
  return r;
}

static void
assert_good (const char *text)
{
  if (parse (text) == -1)
    fail_msg ("%s", error.text);
}

static void
assert_bad (const char *text, const char *where, const char *why)
{
  assert_int_equal (parse (text), -1);
  if (strncmp (error.text, where, strlen (where)) != 0
      || strstr (error.text, why) == NULL)
    fail_msg ("'%s': not '%s', '%s'", error.text, where, why);
  assert_null (manifest.copies);
}

/* All arguments of a copy, each followed by a blank. */
static void
assert_words (size_t i, const char *expected)
{
  char text[1024] = "";

  assert_true (i < manifest.n_copies);
  for (size_t j = 0; j < manifest.copies[i].n_words; j++) {
    strcat (text, manifest.copies[i].words[j]);
    strcat (text, " ");
  }
  assert_string_equal (text, expected);
  assert_null (manifest.copies[i].words[manifest.copies[i].n_words]);
}

static int
forget (void **state UNUSED)
{
  manifest_free (&manifest);
  return 0;
}

#define ENDS "'source': 'a', 'destination': 'b'"

static void
each_copy_becomes_a_command_line (void **state UNUSED)
{
  assert_good ("[ { 'source': 'a', 'destination': 'b' },"
               "  { 'source': [ 'nbdkit', '-v', 'memory', '1G' ],"
               "    'destination': 'null:', 'disk': 'the second one' } ]");
  assert_int_equal (manifest.n_copies, 2);
  assert_words (0, "--disk=1 -- a b ");
  assert_string_equal (manifest.copies[0].disk, "1");
  assert_words (1, "--disk=the second one -- [ nbdkit -v memory 1G ] null: ");
  assert_string_equal (manifest.copies[1].disk, "the second one");
}

static void
options_have_their_long_names (void **state UNUSED)
{
  assert_good ("[ { 'flush': true, 'no-extents': false, 'threads': 2,"
               "    'queue-size': '4M', 'destination-is-zero': true, " ENDS
               " } ]");
  assert_words (0,
                "--disk=1 --flush --threads=2 --queue-size=4M"
                " --destination-is-zero -- a b ");
}

static void
an_empty_list_is_nothing_to_do (void **state UNUSED)
{
  assert_good ("[]");
  assert_int_equal (manifest.n_copies, 0);
}

static void
names_that_look_like_options_are_names (void **state UNUSED)
{
  assert_good ("[ { 'source': '--help', 'destination': '-x' } ]");
  assert_words (0, "--disk=1 -- --help -x ");
}

static void
malformed_json_is_refused_with_its_place (void **state UNUSED)
{
  assert_bad ("", "FILE: line 1, column 0: ", "");
  assert_bad ("[\n  { 'source': 'a',\n    'destination' 'b' } ]",
              "FILE: line 3, column ", "':' expected");
  assert_bad ("[ { " ENDS " } ] x", "FILE: line 1, column ", "end of file");
  assert_bad ("[ { " ENDS ", 'source': 'c' } ]", "FILE: line 1, column ",
              "duplicate");
}

static void
other_json_than_a_list_of_copies_is_refused (void **state UNUSED)
{
  assert_bad ("{ 'a': 1 }", "FILE: ", "not a list");
  assert_bad ("[ { " ENDS " }, 'a' ]", "FILE: copy 2: ", "not an object");
  assert_bad ("[ { 'source': 'a' } ]",
              "FILE: copy 1: ", "'destination' is missing");
  assert_bad ("[ { 'destination': 'a' } ]",
              "FILE: copy 1: ", "'source' is missing");
  assert_bad ("[ { 'source': 3, 'destination': 'a' } ]",
              "FILE: copy 1: ", "'source' must be");
}

static void
unknown_keys_are_named (void **state UNUSED)
{
  assert_bad ("[ { " ENDS ", 'sauce': 1 } ]", "FILE: copy 1: ", "'sauce'");
  assert_bad ("[ { " ENDS ", 'conn': 1 } ]", "FILE: copy 1: ", "'conn'");
  assert_bad ("[ { " ENDS ", '': 1 } ]", "FILE: copy 1: ", "''");
}

static void
options_of_all_copies_are_refused (void **state UNUSED)
{
  assert_bad ("[ { " ENDS ", 'jobs': 1 } ]", "FILE: copy 1: ", "'jobs'");
  assert_bad ("[ { " ENDS ", 'manifest': 'x' } ]",
              "FILE: copy 1: ", "'manifest'");
  assert_bad ("[ { " ENDS ", 'help': true } ]", "FILE: copy 1: ", "'help'");
}

static void
values_are_what_the_option_takes (void **state UNUSED)
{
  assert_bad ("[ { " ENDS ", 'flush': 'yes' } ]",
              "FILE: copy 1: ", "'flush' must be true or false");
  assert_bad ("[ { " ENDS ", 'threads': true } ]",
              "FILE: copy 1: ", "'threads' must be");
  assert_bad ("[ { " ENDS ", 'threads': null } ]",
              "FILE: copy 1: ", "'threads' must be");
  assert_bad ("[ { " ENDS ", 'threads': [ 1 ] } ]",
              "FILE: copy 1: ", "'threads' must be");
  assert_bad ("[ { " ENDS ", 'threads': -1 } ]",
              "FILE: copy 1: ", "--threads: ");
  assert_bad ("[ { " ENDS ", 'requests': 0 } ]",
              "FILE: copy 1: ", "--requests: must be from 1");
  assert_bad ("[ { " ENDS ", 'flush': true, 'no-flush': true } ]",
              "FILE: copy 1: ", "--no-flush");
}

static void
sides_are_names_or_commands (void **state UNUSED)
{
  assert_bad ("[ { 'source': '-', 'destination': 'b' } ]",
              "FILE: copy 1: ", "'source' cannot be '-'");
  assert_bad ("[ { 'source': 'a', 'destination': '' } ]",
              "FILE: copy 1: ", "'destination' cannot be ''");
  assert_bad ("[ { 'source': '[', 'destination': 'b' } ]",
              "FILE: copy 1: ", "'source' cannot be '['");
  assert_bad ("[ { 'source': [], 'destination': 'b' } ]",
              "FILE: copy 1: ", "'source' must be");
  assert_bad ("[ { 'source': [ 'a', ']', '[' ], 'destination': 'b' } ]",
              "FILE: copy 1: ", "'source': word 2");
  assert_bad ("[ { 'source': [ 'a', 1 ], 'destination': 'b' } ]",
              "FILE: copy 1: ", "'source': word 2");
}

static void
names_of_disks_are_their_own (void **state UNUSED)
{
  assert_bad ("[ { " ENDS ", 'disk': 1 } ]", "FILE: copy 1: ", "'disk'");
  assert_bad ("[ { " ENDS ", 'disk': '' } ]", "FILE: copy 1: ", "'disk'");
  assert_bad ("[ { " ENDS ", 'disk': 'a/b' } ]", "FILE: copy 1: ", "'disk'");
  assert_bad ("[ { " ENDS ", 'disk': 'a\\n' } ]", "FILE: copy 1: ", "'disk'");
  assert_bad ("[ { " ENDS ", 'disk': '\\u009b1m' } ]",
              "FILE: copy 1: ", "'disk'");
  assert_bad ("[ { 'source': 'a', 'destination': 'b', 'disk': 'x' },"
              "  { 'source': 'a', 'destination': 'c', 'disk': 'x' } ]",
              "FILE: copy 2: ", "the same as in copy 1");
  assert_bad ("[ { 'source': 'a', 'destination': 'b', 'disk': '2' },"
              "  { 'source': 'a', 'destination': 'c' } ]",
              "FILE: copy 2: ", "the same as in copy 1");
}

static void
groups_have_numbers (void **state UNUSED)
{
  assert_good ("[ { 'source': 'a', 'destination': 'b', 'group': 'esx1' },"
               "  { 'source': 'a', 'destination': 'c' },"
               "  { 'source': 'a', 'destination': 'd', 'group': 'esx2' },"
               "  { 'source': 'a', 'destination': 'e', 'group': 'esx1' } ]");
  assert_int_equal (manifest_group (&manifest, 0), 1);
  assert_int_equal (manifest_group (&manifest, 1), 0);
  assert_int_equal (manifest_group (&manifest, 2), 3);
  assert_int_equal (manifest_group (&manifest, 3), 1);
  forget (NULL);

  assert_bad ("[ { " ENDS ", 'group': 1 } ]", "FILE: copy 1: ", "'group'");
  assert_bad ("[ { " ENDS ", 'group': '' } ]", "FILE: copy 1: ", "'group'");
  assert_bad ("[ { " ENDS ", 'group': null } ]", "FILE: copy 1: ", "'group'");
  assert_bad ("[ { " ENDS ", 'groups': 'a' } ]",
              "FILE: copy 1: ", "unknown key 'groups'");
}

static void
sizes_are_bytes (void **state UNUSED)
{
  assert_good ("[ { 'source': 'a', 'destination': 'b', 'size': 5 },"
               "  { 'source': 'a', 'destination': 'c', 'size': '2K' },"
               "  { 'source': 'a', 'destination': 'd' } ]");
  assert_int_equal (manifest.copies[0].size, 5);
  assert_int_equal (manifest.copies[1].size, 2048);
  assert_int_equal (manifest.copies[2].size, PART_SIZE_UNKNOWN);
  forget (NULL);

  assert_bad ("[ { " ENDS ", 'size': -1 } ]", "FILE: copy 1: ", "negative");
  assert_bad ("[ { " ENDS ", 'size': '' } ]", "FILE: copy 1: ", "'size'");
  assert_bad ("[ { " ENDS ", 'size': 1.5 } ]", "FILE: copy 1: ", "'size'");
  assert_bad ("[ { " ENDS ", 'size': '9999999999999999999' } ]",
              "FILE: copy 1: ", "too large");
  assert_bad ("[ { " ENDS ", 'size': 99999999999999999999 } ]", "FILE: line 1",
              "too big");
}

static void
a_part_has_its_own_copies_only (void **state UNUSED)
{
  static const char list[] = "[ { 'source': 'a', 'destination': 'b',"
                             "    'group': 'g', 'size': 1 },"
                             "  { 'source': 'a', 'destination': 'c',"
                             "    'group': 'g', 'size': '1T' },"
                             "  { 'source': 'a', 'destination': 'd',"
                             "    'group': 'g', 'size': 1 } ]";

  assert_good (list);
  assert_int_equal (manifest_keep_part (&manifest, 1, 2), 0);
  assert_int_equal (manifest.n_copies, 1);
  assert_string_equal (manifest.copies[0].disk, "2");
  assert_int_equal (manifest_group (&manifest, 0), 1);
  forget (NULL);

  assert_good (list);
  assert_int_equal (manifest_keep_part (&manifest, 2, 2), 0);
  assert_int_equal (manifest.n_copies, 2);
  assert_string_equal (manifest.copies[0].disk, "1");
  assert_string_equal (manifest.copies[1].disk, "3");
  forget (NULL);

  assert_good (list);
  assert_int_equal (manifest_keep_part (&manifest, 9, 9), 0);
  assert_int_equal (manifest.n_copies, 0);
}

static void
secrets_are_not_shown (void **state UNUSED)
{
  assert_int_equal (parse ("[ { 'source': 'nbds://a:hunter2@h/' 'x' } ]"), -1);
  assert_null (strstr (error.text, "hunter2"));
  assert_int_equal (parse ("[ { 'source': 'nbds://a:hunter2@h/ } ]"), -1);
  assert_null (strstr (error.text, "hunter2"));
  assert_int_equal (parse ("[ { 'source': 'nbds://a:hunter2@h/',"
                           " 'destination': [ 'x', 'password=hunter2', ']' ]"
                           " } ]"),
                    -1);
  assert_null (strstr (error.text, "hunter2"));
}

#define TEST(f) cmocka_unit_test_teardown (f, forget)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (each_copy_becomes_a_command_line),
    TEST (options_have_their_long_names),
    TEST (an_empty_list_is_nothing_to_do),
    TEST (names_that_look_like_options_are_names),
    TEST (malformed_json_is_refused_with_its_place),
    TEST (other_json_than_a_list_of_copies_is_refused),
    TEST (unknown_keys_are_named),
    TEST (options_of_all_copies_are_refused),
    TEST (values_are_what_the_option_takes),
    TEST (sides_are_names_or_commands),
    TEST (names_of_disks_are_their_own),
    TEST (groups_have_numbers),
    TEST (sizes_are_bytes),
    TEST (a_part_has_its_own_copies_only),
    TEST (secrets_are_not_shown),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
