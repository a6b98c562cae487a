/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unreadable ranges are counted once, however many there are. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "engine/unreadable.h"

#define UNUSED __attribute__ ((unused))

static struct range
block (uint64_t number)
{
  return range_of (number * 1024, number * 1024 + 512);
}

/* Each range was lost, and comes a second time. */
static void
add_and_lose (uint64_t count)
{
  struct unreadable *u = unreadable_new (NULL);

  assert_non_null (u);
  for (uint64_t i = 0; i < count; i++)
    unreadable_add (u, block (i), false);
  assert_int_equal (unreadable_bytes (u), count * 512);
  for (uint64_t i = 0; i < count; i++)
    unreadable_add (u, block (i), true);
  assert_int_equal (unreadable_bytes (u), count * 512);
  unreadable_free (u);
}

static void
ranges_that_come_again_count_once (void **state UNUSED)
{
  add_and_lose (1);
  add_and_lose (UNREADABLE_RANGES);
}

static void
joined_ranges_that_come_again_count_once (void **state UNUSED)
{
  add_and_lose (UNREADABLE_RANGES + 1000);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (ranges_that_come_again_count_once),
    cmocka_unit_test (joined_ranges_that_come_again_count_once),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
