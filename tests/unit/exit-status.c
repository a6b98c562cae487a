/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exit status of each kind of error. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "base/exit-status.h"

#define UNUSED __attribute__ ((unused))

static enum exit_status
status (enum error_kind kind, enum stage stage)
{
  const struct error e = { .kind = kind, .text = "x" };

  return exit_status_of (&e, stage, false);
}

static void
nothing_was_written_before_the_copy_begins (void **state UNUSED)
{
  assert_int_equal (status (ERROR_PLAIN, STAGE_CHECKING), REFUSED);
  assert_int_equal (status (ERROR_PLAIN, STAGE_OPENING), FAILED);
  assert_int_equal (status (ERROR_PLAIN, STAGE_PREPARING), FAILED);
  assert_int_equal (status (ERROR_OTHER_COPY, STAGE_CHECKING), MAP_MISMATCH);
  for (enum stage stage = STAGE_CHECKING; stage < STAGE_COPYING; stage++) {
    assert_int_equal (status (ERROR_IN_USE, stage), IN_USE);
    assert_int_equal (status (ERROR_REFUSED, stage), REFUSED);
  }
}

static void
a_copy_that_has_begun_fails (void **state UNUSED)
{
  for (enum error_kind kind = ERROR_PLAIN; kind < ERROR_KINDS; kind++)
    assert_int_equal (status (kind, STAGE_COPYING), FAILED);
}

static void
resumable_failures_are_incomplete (void **state UNUSED)
{
  const struct error plain = { .kind = ERROR_PLAIN, .text = "x" };
  const struct error in_use = { .kind = ERROR_IN_USE, .text = "x" };

  assert_int_equal (exit_status_of (&plain, STAGE_COPYING, true), INCOMPLETE);
  assert_int_equal (exit_status_of (&plain, STAGE_OPENING, true), INCOMPLETE);
  assert_int_equal (exit_status_of (&in_use, STAGE_OPENING, true), IN_USE);
  assert_int_equal (exit_status_of (&plain, STAGE_CHECKING, true), REFUSED);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (nothing_was_written_before_the_copy_begins),
    cmocka_unit_test (a_copy_that_has_begun_fails),
    cmocka_unit_test (resumable_failures_are_incomplete),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
