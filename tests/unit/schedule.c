/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The next copy of a batch, and failed copies that are started again. */

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
assert_starts (struct schedule *s, uint64_t now, size_t expected)
{
  size_t i;

  assert_true (schedule_start (s, now, &i));
  assert_int_equal (i, expected);
  assert_int_equal (s->entries[i].state, RUN_RUNNING);
}

static void
assert_starts_none (struct schedule *s, uint64_t now)
{
  size_t i;

  assert_false (schedule_start (s, now, &i));
}

static void
assert_ends (struct schedule *s, size_t i, enum again again, uint64_t now,
             bool comes_again)
{
  assert_int_equal (schedule_end (s, i, again, now), comes_again);
  assert_int_equal (s->entries[i].state, comes_again ? RUN_WAITING : RUN_ENDED);
}

static void
copies_start_in_the_order_of_the_list (void **state UNUSED)
{
  struct schedule s = schedule_of (3, 2);

  assert_starts (&s, 1, 0);
  assert_starts (&s, 1, 1);
  assert_starts_none (&s, 1);
  assert_ends (&s, 0, AGAIN_NO, 2, false);
  assert_starts (&s, 2, 2);
  assert_ends (&s, 1, AGAIN_RETRY, 3, false); /* one attempt is the default */
  assert_starts_none (&s, 3);
  assert_false (schedule_is_over (&s));
  assert_ends (&s, 2, AGAIN_WAIT, 4, false);
  assert_true (schedule_is_over (&s));
  assert_int_equal (s.entries[2].attempts, 1);
  schedule_free (&s);
}

static void
failed_copies_come_again_at_the_end (void **state UNUSED)
{
  struct schedule s = schedule_of (3, 1);

  schedule_set_attempts (&s, 3, 100);
  assert_starts (&s, 1, 0);
  assert_ends (&s, 0, AGAIN_RETRY, 10, true);
  assert_starts (&s, 10, 1);
  assert_ends (&s, 1, AGAIN_NO, 500, false);
  assert_starts (&s, 500, 2); /* although copy 0 is due */
  assert_ends (&s, 2, AGAIN_RETRY, 510, true);
  assert_starts (&s, 510, 0);
  assert_ends (&s, 0, AGAIN_RETRY, 520, true);
  assert_starts_none (&s, 520);
  assert_int_equal (schedule_due (&s, 520), 610);
  assert_starts_none (&s, 609);
  assert_starts (&s, 610, 2);
  assert_int_equal (schedule_due (&s, 610), 0); /* only after an end */
  assert_ends (&s, 2, AGAIN_NO, 620, false);
  assert_starts (&s, 620, 0);
  assert_int_equal (s.entries[0].attempts, 3);
  assert_ends (&s, 0, AGAIN_RETRY, 630, false);
  assert_true (schedule_is_over (&s));
  schedule_free (&s);
}

static void
waiting_for_another_run_is_no_attempt (void **state UNUSED)
{
  struct schedule s = schedule_of (1, 1);
  uint64_t now = 1;

  schedule_set_attempts (&s, 2, 100);
  for (unsigned i = 0; i < 10; i++, now += 100) {
    assert_starts (&s, now, 0);
    assert_ends (&s, 0, AGAIN_WAIT, now, true);
    assert_starts_none (&s, now + 99);
    assert_int_equal (s.entries[0].attempts, 0);
  }
  assert_starts (&s, now, 0);
  assert_ends (&s, 0, AGAIN_RETRY, now, true);
  assert_starts (&s, now + 100, 0);
  assert_ends (&s, 0, AGAIN_RETRY, now + 100, false);
  assert_int_equal (s.entries[0].attempts, 2);
  schedule_free (&s);
}

static void
a_full_group_keeps_no_other_from_starting (void **state UNUSED)
{
  struct schedule s = schedule_of (5, 4);

  schedule_limit_groups (&s, 1);
  schedule_set_group (&s, 0, 1);
  schedule_set_group (&s, 1, 1);
  schedule_set_group (&s, 2, 3);
  schedule_set_group (&s, 3, 3);
  assert_int_equal (schedule_width (&s), 3);
  assert_starts (&s, 1, 0);
  assert_starts (&s, 1, 2);
  assert_starts (&s, 1, 4);
  assert_starts_none (&s, 1);
  assert_int_equal (schedule_due (&s, 1), 0); /* only an end makes room */
  assert_ends (&s, 4, AGAIN_NO, 2, false);
  assert_starts_none (&s, 2);
  assert_ends (&s, 2, AGAIN_NO, 3, false);
  assert_starts (&s, 3, 3);
  assert_ends (&s, 0, AGAIN_NO, 4, false);
  assert_starts (&s, 4, 1);
  schedule_free (&s);
}

static void
groups_do_not_widen_a_schedule (void **state UNUSED)
{
  struct schedule s = schedule_of (5, 2);

  schedule_limit_groups (&s, 2);
  for (size_t i = 0; i < 3; i++)
    schedule_set_group (&s, i, 1);
  assert_int_equal (schedule_width (&s), 2);
  schedule_free (&s);

  s = schedule_of (5, 1024);
  assert_int_equal (schedule_width (&s), 5);
  schedule_free (&s);
}

static void
a_closed_schedule_starts_none (void **state UNUSED)
{
  struct schedule s = schedule_of (3, 2);

  schedule_set_attempts (&s, 2, 100);
  assert_starts (&s, 1, 0);
  assert_starts (&s, 1, 1);
  assert_ends (&s, 0, AGAIN_RETRY, 2, true);
  schedule_close (&s);
  assert_int_equal (schedule_due (&s, 2), 0);
  assert_false (schedule_is_over (&s));
  assert_ends (&s, 1, AGAIN_RETRY, 3, false);
  assert_true (schedule_is_over (&s));
  assert_starts_none (&s, 1000);
  assert_int_equal (s.entries[2].state, RUN_WAITING);
  schedule_free (&s);
}

static void
an_empty_list_ends_at_once (void **state UNUSED)
{
  struct schedule s = schedule_of (0, 1);

  assert_starts_none (&s, 1);
  assert_true (schedule_is_over (&s));
  schedule_free (&s);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (copies_start_in_the_order_of_the_list),
    cmocka_unit_test (failed_copies_come_again_at_the_end),
    cmocka_unit_test (waiting_for_another_run_is_no_attempt),
    cmocka_unit_test (a_full_group_keeps_no_other_from_starting),
    cmocka_unit_test (groups_do_not_widen_a_schedule),
    cmocka_unit_test (a_closed_schedule_starts_none),
    cmocka_unit_test (an_empty_list_ends_at_once),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
