/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A notifier: silent, signalled from another thread, seen by all, counted once.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "notifier.h"

#define UNUSED __attribute__ ((unused))

static void
stays_rung_until_it_is_taken (void **state UNUSED)
{
  const int notifier = notifier_new ();

  assert_int_not_equal (notifier, -1);
  assert_false (notifier_is_set (notifier));
  assert_int_equal (notifier_take (notifier), 0);
  notifier_signal (notifier);
  notifier_signal (notifier);
  assert_true (notifier_is_set (notifier));
  assert_true (notifier_is_set (notifier));
  assert_int_equal (notifier_take (notifier), 2);
  assert_false (notifier_is_set (notifier));
  close (notifier);
}

static void *
ring_it (void *notifier)
{
  notifier_signal (*(const int *) notifier);
  return NULL;
}

static void
wakes_a_poll_in_another_thread (void **state UNUSED)
{
  int notifier = notifier_new ();
  struct pollfd p = { .fd = notifier, .events = POLLIN };
  pthread_t ringer;

  assert_int_equal (pthread_create (&ringer, NULL, ring_it, &notifier), 0);
  assert_int_equal (poll (&p, 1, -1), 1);
  pthread_join (ringer, NULL);
  assert_int_equal (notifier_take (notifier), 1);
  close (notifier);
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
