/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading --destination-options. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "endpoint/image-options.h"

#define UNUSED __attribute__ ((unused))

static void
check_read (const char *text, const char *path, const char *backing,
            const char *backing_path, const char *format)
{
  struct image_options o;
  struct error e = { 0 };

  assert_int_equal (image_options_read (&o, text, "qcow2", path, &e), 0);
  if (backing) {
    assert_string_equal (o.backing, backing);
    assert_string_equal (o.backing_path, backing_path);
    assert_string_equal (o.backing_format, format);
  }
  else
    assert_null (o.backing);
  image_options_free (&o);
}

static void
check_refused (const char *text, const char *why)
{
  struct image_options o;
  struct error e = { 0 };

  assert_int_equal (image_options_read (&o, text, "qcow2", "x", &e), -1);
  assert_int_equal (e.kind, ERROR_REFUSED);
  assert_non_null (strstr (e.text, why));
  assert_null (o.backing);
}

static void
test_read (void **state UNUSED)
{
  check_read (NULL, "x", NULL, NULL, NULL);
  check_read ("cluster_size=2M", "x", NULL, NULL, NULL);
  check_read ("a=", "x", NULL, NULL, NULL);
  check_read ("a=b=c", "x", NULL, NULL, NULL);
  check_read ("backing_file=b,backing_fmt=raw", "x", "b", "b", "raw");
  check_read ("backing_fmt=raw,backing_file=b", "d/x", "b", "d/b", "raw");
  check_read ("backing_fmt=raw,backing_file=/b", "d/x", "/b", "/b", "raw");
  check_read ("backing_fmt=raw,backing_file=../b", "/x", "../b", "/../b",
              "raw");
}

static void
test_commas (void **state UNUSED)
{
  check_read ("backing_file=a,,b,backing_fmt=raw", "x", "a,b", "a,b", "raw");
  check_read ("backing_file=,,,backing_fmt=raw", "x", ",", ",", "raw");
  check_read ("k=,,backing_file=q,backing_file=a,,,,,,,backing_fmt=raw", "x",
              "a,,,", "a,,,", "raw");
  check_refused ("k=a,,,", "KEY=VALUE");
  check_refused ("k=a,", "KEY=VALUE");
  check_refused (",k=a", "KEY=VALUE");
}

static void
test_refused (void **state UNUSED)
{
  check_refused ("", "KEY=VALUE");
  check_refused ("help", "KEY=VALUE");
  check_refused ("k=a,?", "KEY=VALUE");
  check_refused ("-o=a", "KEY=VALUE");
  check_refused ("a b=c", "KEY=VALUE");
  check_refused ("k=a,k=b", "twice");
  check_refused ("k=a,size=1", "size");
  check_refused ("data_file=a", "another file");
  check_refused ("encrypt.format=luks", "encrypted");
  check_refused ("backing_file=a", "backing_fmt");
  check_refused ("backing_fmt=a", "backing_file");
  check_refused ("backing_file=,backing_fmt=raw", "empty");
  check_refused ("backing_file=nbd:x,backing_fmt=raw", "name of a file");
  check_read ("backing_file=./nbd:x,backing_fmt=raw", "x", "./nbd:x", "./nbd:x",
              "raw");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (test_read),
    cmocka_unit_test (test_commas),
    cmocka_unit_test (test_refused),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
