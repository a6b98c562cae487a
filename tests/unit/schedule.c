/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which copy of a batch is started next. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "batch/schedule.h"

#define UNUSED __attribute__ ((unused))

static struct schedule
schedule_of (size_t n, size_t jobs)
{
  struct schedule s;

  assert_int_equal (schedule_init (&s, n, jobs), 0);
  return s;
}

static void
assert_starts (struct schedule *s, size_t expected)
{
  size_t i;

  assert_true (schedule_start (s, &i));
  assert_int_equal (i, expected);
  assert_int_equal (s->states[i], RUN_RUNNING);
}

static void
assert_starts_none (struct schedule *s)
{
  size_t i;

  assert_false (schedule_start (s, &i));
}

static void
copies_start_in_the_order_of_the_list (void **state UNUSED)
{
  struct schedule s = schedule_of (3, 2);

  assert_starts (&s, 0);
  assert_starts (&s, 1);
  assert_starts_none (&s);
  assert_int_equal (s.n_running, 2);
  schedule_end (&s, 0);
  assert_int_equal (s.states[0], RUN_ENDED);
  assert_starts (&s, 2);
  schedule_end (&s, 1);
  assert_starts_none (&s);
  schedule_end (&s, 2);
  assert_int_equal (s.n_running, 0);
  assert_starts_none (&s);
  schedule_free (&s);
}

static void
a_closed_schedule_starts_none (void **state UNUSED)
{
  struct schedule s = schedule_of (2, 1);

  assert_starts (&s, 0);
  schedule_close (&s);
  schedule_end (&s, 0);
  assert_starts_none (&s);
  assert_int_equal (s.states[1], RUN_WAITING);
  schedule_free (&s);
}

static void
an_empty_list_ends_at_once (void **state UNUSED)
{
  struct schedule s = schedule_of (0, 1);

  assert_starts_none (&s);
  schedule_free (&s);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (copies_start_in_the_order_of_the_list),
    cmocka_unit_test (a_closed_schedule_starts_none),
    cmocka_unit_test (an_empty_list_ends_at_once),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
