/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors that are retried, and how often. */

#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>

#include "clock.h"
#include "plan/retry.h"

#define UNUSED __attribute__ ((unused))

static void
passing_failures_are_worth_a_try (void **state UNUSED)
{
  static const int errors[] = {
    EIO,    EPROTO, ENOTCONN,  ETIMEDOUT, ECONNREFUSED, ECONNRESET,
    ENOMEM, EAGAIN, ESHUTDOWN, EINTR,     ENOENT,
  };

  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    assert_true (retry_helps (errors[i]));
}

static void
permanent_errors_are_not (void **state UNUSED)
{
  static const int errors[] = {
    EINVAL, EPERM,   EACCES,    EROFS,   ENOSPC, EDQUOT,
    EFBIG,  ENODATA, EOVERFLOW, ENOTSUP, EPIPE,
  };

  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    assert_false (retry_helps (errors[i]));
}

static void
tries_are_counted (void **state UNUSED)
{
  const struct retry_plan p = { .tries = 2, .wait = NS_PER_S };
  uint64_t wait = 0;

  assert_true (retry_may (&p, 1, 0, &wait));
  assert_in_range (wait, NS_PER_S / 2, NS_PER_S);
  assert_true (retry_may (&p, 2, 0, &wait));
  assert_in_range (wait, NS_PER_S, 2 * NS_PER_S);
  assert_false (retry_may (&p, 3, 0, &wait));
}

static void
no_tries_are_none (void **state UNUSED)
{
  const struct retry_plan p = { .tries = 0, .wait = NS_PER_S };
  uint64_t wait;

  assert_false (retry_may (&p, 1, 0, &wait));
}

static void
no_wait_is_longer_than_a_minute (void **state UNUSED)
{
  const struct retry_plan p = { .tries = 1000, .wait = NS_PER_S };
  uint64_t wait = 0;

  assert_true (retry_may (&p, 999, UINT64_MAX, &wait));
  assert_in_range (wait, 30 * NS_PER_S, 60 * NS_PER_S);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (passing_failures_are_worth_a_try),
    cmocka_unit_test (permanent_errors_are_not),
    cmocka_unit_test (tries_are_counted),
    cmocka_unit_test (no_tries_are_none),
    cmocka_unit_test (no_wait_is_longer_than_a_minute),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
