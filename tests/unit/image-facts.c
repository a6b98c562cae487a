/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about an image, from the JSON of qemu-img. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "endpoint/image-facts.h"

#define UNUSED __attribute__ ((unused))

static struct image_facts
facts (const char *text)
{
  struct image_facts f;

  assert_int_equal (image_facts_read (text, &f), 0);
  return f;
}

static void
an_image_that_stands_alone (void **state UNUSED)
{
  const struct image_facts f = facts ("{\"virtual-size\": 1048576,"
                                      "\"filename\": \"\\\"data-file\\\": \"}");

  assert_int_equal (f.size, 1048576);
  assert_null (f.names);
  assert_false (f.written_once);
}

static void
other_files_are_found_in_any_layer (void **state UNUSED)
{
  assert_string_equal (facts ("{\"virtual-size\":1,"
                              "\"backing-filename\":\"x\"}")
                         .names,
                       "a backing file");
  assert_string_equal (facts ("{\"virtual-size\":1,\"format-specific\":"
                              "{\"data\":{\"data-file\" :\n\"x\"}}}")
                         .names,
                       "a file with its data");
  assert_string_equal (facts ("{\"virtual-size\":1,\"children\":[{\"info\":"
                              "{\"data-file\":\"x\"}}]}")
                         .names,
                       "a file with its data");
}

static void
kinds_of_vmdk_are_distinguished (void **state UNUSED)
{
#define KIND(kind)                                                             \
  facts ("{\"virtual-size\":1,\"format-specific\":{\"data\":"                  \
         "{\"create-type\":\"" kind "\"}}}")
  assert_null (KIND ("monolithicSparse").names);
  assert_false (KIND ("monolithicSparse").written_once);
  assert_null (KIND ("streamOptimized").names);
  assert_true (KIND ("streamOptimized").written_once);
  assert_string_equal (KIND ("twoGbMaxExtentSparse").names,
                       "files with its extents");
}

static void
malformed_descriptions_are_refused (void **state UNUSED)
{
  static const char *const texts[] = {
    "", "{", "[]", "{}", "{\"virtual-size\":\"1\"}", "{\"virtual-size\":-1}",
  };
  struct image_facts f;

  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_int_equal (image_facts_read (texts[i], &f), -1);
    assert_int_equal (errno, EPROTO);
  }
}

static void
the_end_of_the_data_is_found (void **state UNUSED)
{
  uint64_t end;

  assert_int_equal (image_facts_end ("[]", &end), 0);
  assert_int_equal (end, 0);
  assert_int_equal (image_facts_end ("[{\"length\":5,\"offset\":7,\"depth\":0},"
                                     "{\"length\":1,\"offset\":2,\"depth\":0},"
                                     "{\"length\":99,\"depth\":0},"
                                     "{\"length\":99,\"offset\":1,"
                                     "\"depth\":1}]",
                                     &end),
                    0);
  assert_int_equal (end, 12);
  assert_int_equal (image_facts_end ("{}", &end), -1);
}

static void
a_check_counts_for_some_formats (void **state UNUSED)
{
  assert_true (image_facts_checked ("{\"format\":\"qcow2\"}"));
  assert_false (image_facts_checked ("{\"format\":\"vdi\"}"));
  assert_false (image_facts_checked ("{}"));
  assert_false (image_facts_checked (""));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (an_image_that_stands_alone),
    cmocka_unit_test (other_files_are_found_in_any_layer),
    cmocka_unit_test (kinds_of_vmdk_are_distinguished),
    cmocka_unit_test (malformed_descriptions_are_refused),
    cmocka_unit_test (the_end_of_the_data_is_found),
    cmocka_unit_test (a_check_counts_for_some_formats),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
