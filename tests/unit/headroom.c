/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Headroom: the memory that is asked for is available or not, and is released.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "headroom.h"

#define UNUSED __attribute__ ((unused))

/* Returns the lowest unused descriptor. */
static int
next_descriptor (void)
{
  const int fd = dup (STDERR_FILENO);

  assert_int_not_equal (fd, -1);
  close (fd);
  return fd;
}

static void
counts_descriptors (void **state UNUSED)
{
  const int next = next_descriptor ();
  struct rlimit before, few;

  assert_int_equal (getrlimit (RLIMIT_NOFILE, &before), 0);
  few = before;
  few.rlim_cur = next + 3;
  assert_int_equal (setrlimit (RLIMIT_NOFILE, &few), 0);
  assert_true (headroom_is_left (0, 4096));
  assert_true (headroom_is_left (3, 4096));
  errno = 0;
  assert_false (headroom_is_left (4, 4096));
  assert_int_equal (errno, EMFILE);
  assert_true (headroom_is_left (3, 4096));
  assert_int_equal (setrlimit (RLIMIT_NOFILE, &before), 0);
  assert_true (headroom_is_left (4, 4096));
  assert_int_equal (next_descriptor (), next);
}

static void
asks_for_memory (void **state UNUSED)
{
  assert_true (headroom_is_left (1, 1024 * 1024));
  errno = 0;
  assert_false (headroom_is_left (1, SIZE_MAX / 2));
  assert_int_equal (errno, ENOMEM);
}

static void
knows_the_limit_of_addresses (void **state UNUSED)
{
  struct rlimit before, little;
  uint64_t left;

  assert_int_equal (getrlimit (RLIMIT_AS, &before), 0);
  if (before.rlim_max != RLIM_INFINITY)
    skip ();
  little = before;
  little.rlim_cur = RLIM_INFINITY;
  assert_int_equal (setrlimit (RLIMIT_AS, &little), 0);
  assert_true (headroom_addresses () == UINT64_MAX);

  /* A sanitizer takes terabytes. */
  little.rlim_cur = (rlim_t) 1 << 46;
  assert_int_equal (setrlimit (RLIMIT_AS, &little), 0);
  left = headroom_addresses ();
  assert_true (left > 0);
  assert_true (left <= little.rlim_cur - 2 * HEADROOM_MEMORY);
  little.rlim_cur -= left;
  assert_int_equal (setrlimit (RLIMIT_AS, &little), 0);
  assert_int_equal (headroom_addresses (), 0);
  assert_true (headroom_is_left (0, HEADROOM_MEMORY));
  assert_false (headroom_is_left (0, 3 * HEADROOM_MEMORY));
  assert_int_equal (setrlimit (RLIMIT_AS, &before), 0);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (counts_descriptors),
    cmocka_unit_test (asks_for_memory),
    cmocka_unit_test (knows_the_limit_of_addresses),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
