/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of an image, from the JSON of qemu-img. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "endpoint/image-files.h"

#define UNUSED __attribute__ ((unused))

/* Parses the text, and compares the files with the paths that follow, up to
 * NULL. Each is preceded by a letter: D for data, B for a backing file.
 */
static void
assert_files (const char *text, ...)
{
  struct image_files found;
  struct error e = { 0 };
  const char *expected;
  size_t n = 0;
  va_list args;

  assert_int_equal (image_files_parse (&found, text, strlen (text), &e), 0);
  va_start (args, text);
  while ((expected = va_arg (args, const char *)) != NULL) {
    assert_true (n < found.n_files);
    assert_string_equal (found.files[n].path, expected + 1);
    assert_int_equal (found.files[n].kind,
                      expected[0] == 'D' ? IMAGE_DATA : IMAGE_BACKING);
    n++;
  }
  va_end (args);
  assert_int_equal (found.n_files, n);
  image_files_free (&found);
}

static void
assert_refused (const char *text)
{
  struct image_files found;
  struct error e = { 0 };

  assert_int_equal (image_files_parse (&found, text, strlen (text), &e), -1);
  assert_true (error_is_set (&e));
  image_files_free (&found);
}

static void
an_image_that_stands_alone_has_none (void **state UNUSED)
{
  assert_files ("[]", NULL);
  assert_files ("[ { \"filename\": \"a\", \"format\": \"qcow2\","
                "    \"format-specific\": { \"data\": { \"compat\": \"1.1\" } }"
                "} ]",
                NULL);
}

static void
backing_files_are_named_by_the_chain (void **state UNUSED)
{
  assert_files ("[ { \"filename\": \"d/top\", \"backing-filename\": \"x\" },"
                "  { \"filename\": \"d/../middle\" },"
                "  { \"filename\": \"/base\" } ]",
                "Bd/../middle", "B/base", NULL);
  assert_files ("[ { \"filename\": \"top\" },"
                "  { \"filename\": \"json:{ \\\"driver\\\": \\\"raw\\\","
                " \\\"file\\\": { \\\"driver\\\": \\\"file\\\","
                " \\\"filename\\\": \\\"base\\\" } }\" } ]",
                "Bbase", NULL);
}

static void
data_files_are_beside_their_image (void **state UNUSED)
{
  assert_files ("[ { \"filename\": \"d/top\", \"format-specific\":"
                "    { \"data\": { \"data-file\": \"../data\" } } },"
                "  { \"filename\": \"/e/base\", \"format-specific\":"
                "    { \"data\": { \"data-file\": \"data\" } } } ]",
                "Dd/../data", "B/e/base", "B/e/data", NULL);
  assert_files ("[ { \"filename\": \"d/top\", \"format-specific\":"
                "    { \"data\": { \"data-file\": \"/data\" } } } ]",
                "D/data", NULL);
}

static void
extents_are_named_whole (void **state UNUSED)
{
  assert_files ("[ { \"filename\": \"d/x.vmdk\", \"format-specific\":"
                "    { \"data\": { \"extents\": ["
                "      { \"filename\": \"d/x-1.vmdk\" }, {},"
                "      { \"filename\": \"d/x-2.vmdk\" } ] } } } ]",
                "Dd/x-1.vmdk", "Dd/x-2.vmdk", NULL);
}

static void
anything_else_does_no_harm (void **state UNUSED)
{
  assert_refused ("");
  assert_refused ("{}");
  assert_refused ("[ ");
  assert_files ("[ 1, null, {}, { \"filename\": 1 },"
                "  { \"filename\": \"json:{\" },"
                "  { \"filename\": \"a\", \"format-specific\": 1 } ]",
                "Ba", NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (an_image_that_stands_alone_has_none),
    cmocka_unit_test (backing_files_are_named_by_the_chain),
    cmocka_unit_test (data_files_are_beside_their_image),
    cmocka_unit_test (extents_are_named_whole),
    cmocka_unit_test (anything_else_does_no_harm),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
