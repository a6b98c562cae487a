/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors: the first is kept, on one line, shortened if needed. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "error.h"

#define UNUSED __attribute__ ((unused))

/* Longer than any text, with a different letter at the end. */
static char long_text[4096];

static int
make_long_text (void **state UNUSED)
{
  memset (long_text, 'x', sizeof long_text - 2);
  long_text[sizeof long_text - 2] = 'y';
  return 0;
}

static void
zeroed_error_is_not_set (void **state UNUSED)
{
  struct error e = { .number = 0 };

  assert_false (error_is_set (&e));
}

static void
first_error_is_kept (void **state UNUSED)
{
  struct error e = { .number = 0 };

  error_set (&e, EIO, "read of %d bytes at %s", 512, "0x10");
  assert_true (error_is_set (&e));
  error_set (&e, ENOSPC, "later");
  assert_int_equal (e.number, EIO);
  assert_string_equal (e.text, "read of 512 bytes at 0x10");
}

static void
error_without_errno_is_set (void **state UNUSED)
{
  struct error e = { .number = 0 };

  error_set (&e, 0, "no errno fits");
  error_set (&e, EIO, "later");
  assert_true (error_is_set (&e));
  assert_int_equal (e.number, 0);
  assert_string_equal (e.text, "no errno fits");
}

static void
error_without_text_is_set (void **state UNUSED)
{
  struct error e = { .number = 0 }, f = { .number = 0 };

  error_set (&e, ENOSPC, "%s", "");
  assert_true (error_is_set (&e));
  assert_string_equal (e.text, strerror (ENOSPC));
  error_set (&f, 0, "%s", "\n");
  assert_true (error_is_set (&f));
}

static void
long_text_is_cut (void **state UNUSED)
{
  struct error e = { .number = 0 };

  error_set (&e, EIO, "%s", long_text);
  assert_int_equal (strlen (e.text), sizeof e.text - 1);
  assert_memory_equal (e.text, long_text, sizeof e.text - 1);
}

static void
text_stays_one_harmless_line (void **state UNUSED)
{
  struct error e = { .number = 0 };

  error_set (&e, EIO, "%s",
             "one\ntwo\tthree\033[2J\r\177 caf\303\251 \302\2332J\n\n");
  assert_string_equal (e.text, "one two three?[2J?? caf\303\251 ??2J");
}

static void
place_is_kept_with_the_error (void **state UNUSED)
{
  static const struct error_place here = { "source", "read", true, 512, 4096 };
  struct error e = { 0 };

  error_set_at (&e, EIO, &here, "read failed");
  error_set (&e, EPERM, "something else");
  assert_int_equal (e.number, EIO);
  assert_string_equal (e.text, "read failed");
  assert_string_equal (e.place.side, "source");
  assert_string_equal (e.place.op, "read");
  assert_true (e.place.has_range);
  assert_int_equal (e.place.offset, 512);
  assert_int_equal (e.place.length, 4096);

  /* An error without a place does not get that of a later one. */
  e = (struct error) { 0 };
  error_set (&e, EPERM, "something");
  error_set_at (&e, EIO, &here, "read failed");
  assert_null (e.place.side);
  assert_false (e.place.has_range);
}

static void
kind_and_side_are_kept_with_the_error (void **state UNUSED)
{
  struct error e = { 0 };

  error_set_side (&e, "source");
  assert_null (e.place.side); /* there is no error yet */
  error_set_kind (&e, ERROR_IN_USE, EBUSY, "in use by %s", "another");
  error_set_kind (&e, ERROR_REFUSED, EINVAL, "refused");
  assert_int_equal (e.kind, ERROR_IN_USE);
  assert_int_equal (e.number, EBUSY);
  assert_string_equal (e.text, "in use by another");
  error_set_side (&e, "destination");
  error_set_side (&e, "source");
  assert_string_equal (e.place.side, "destination");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (zeroed_error_is_not_set),
    cmocka_unit_test (first_error_is_kept),
    cmocka_unit_test (error_without_errno_is_set),
    cmocka_unit_test (error_without_text_is_set),
    cmocka_unit_test (place_is_kept_with_the_error),
    cmocka_unit_test (kind_and_side_are_kept_with_the_error),
    cmocka_unit_test (long_text_is_cut),
    cmocka_unit_test (text_stays_one_harmless_line),
  };

  return cmocka_run_group_tests (tests, make_long_text, NULL);
}
