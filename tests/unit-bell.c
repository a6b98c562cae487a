/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bell: silent, rung from another thread, heard by all, counted once. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "bell.h"

#define UNUSED __attribute__ ((unused))

static void
stays_rung_until_it_is_taken (void **state UNUSED)
{
  const int bell = bell_new ();

  assert_int_not_equal (bell, -1);
  assert_false (bell_is_rung (bell));
  assert_int_equal (bell_take (bell), 0);
  bell_ring (bell);
  bell_ring (bell);
  assert_true (bell_is_rung (bell));
  assert_true (bell_is_rung (bell));
  assert_int_equal (bell_take (bell), 2);
  assert_false (bell_is_rung (bell));
  close (bell);
}

static void *
ring_it (void *bell)
{
  bell_ring (*(const int *) bell);
  return NULL;
}

static void
wakes_a_poll_in_another_thread (void **state UNUSED)
{
  int bell = bell_new ();
  struct pollfd p = { .fd = bell, .events = POLLIN };
  pthread_t ringer;

  assert_int_equal (pthread_create (&ringer, NULL, ring_it, &bell), 0);
  assert_int_equal (poll (&p, 1, -1), 1);
  pthread_join (ringer, NULL);
  assert_int_equal (bell_take (bell), 1);
  close (bell);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (stays_rung_until_it_is_taken),
    cmocka_unit_test (wakes_a_poll_in_another_thread),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
