/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals: delivered in order, and a second one always ends the process. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/signals.h"
#include "clock.h"

#define UNUSED __attribute__ ((unused))

static void
begin (uint64_t patience)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGINT);
  sigaddset (&set, SIGTERM);
  if (signals_begin (&set, patience) != 0)
    _exit (99);
}

/* Waits for the next signal, and takes it. */
static int
take (void)
{
  struct pollfd p = { .fd = signals_fd (), .events = POLLIN };

  if (poll (&p, 1, -1) != 1)
    _exit (98);
  return signals_take ();
}

/* Returns how a process that does this ends, as wait(2) reports it. */
static int
status_of (void (*what) (void))
{
  int status;
  const pid_t pid = fork ();

  assert_int_not_equal (pid, -1);
  if (pid == 0) {
    what ();
    _exit (0);
  }
  assert_int_equal (waitpid (pid, &status, 0), pid);
  return status;
}

static void
take_each (void)
{
  begin (3600 * NS_PER_S);
  if (signals_take () != 0)
    _exit (1);
  kill (getpid (), SIGUSR1); /* not waited for yet */
  kill (getpid (), SIGTERM);
  if (take () != SIGTERM || signals_take () != 0)
    _exit (2);
  signals_want_usr1 (true);
  if (take () != SIGUSR1)
    _exit (3);
  kill (getpid (), SIGINT);
  if (take () != SIGINT || signals_take () != 0)
    _exit (4);
}

static void
each_is_handed_over (void **state UNUSED)
{
  assert_int_equal (status_of (take_each), 0);
}

/* Sends a signal twice, and another one.  Returns the first that is taken after
 * the first of them all.
 */
static int
take_after_first (void)
{
  begin (3600 * NS_PER_S);
  kill (getpid (), SIGINT);
  if (take () != SIGINT)
    _exit (1);
  kill (getpid (), SIGINT);
  kill (getpid (), SIGTERM); /* comes after it, because its number is higher */
  return take ();
}

/* In a process that was stopped in between, the signals are not "at once". */
static void
take_doubled (void)
{
  for (;;) {
    const uint64_t before = clock_now ();
    const int n = take_after_first ();

    if (n == SIGTERM && signals_take () == 0)
      return;
    if (n != SIGINT || clock_now () - before < 200 * NS_PER_MS
        || take () != SIGTERM)
      _exit (2);
  }
}

static void
a_signal_sent_twice_at_once_counts_once (void **state UNUSED)
{
  assert_int_equal (status_of (take_doubled), 0);
}

static void
leave_two (void)
{
  begin (3600 * NS_PER_S);
  kill (getpid (), SIGINT);
  if (poll (&(struct pollfd) { .fd = signals_fd (), .events = POLLIN }, 1, -1)
      != 1)
    _exit (1);
  kill (getpid (), SIGTERM);
  for (;;)
    pause ();
}

static void
take_two (void)
{
  begin (NS_PER_S);
  kill (getpid (), SIGINT);
  take ();
  kill (getpid (), SIGTERM);
  take ();
  for (;;)
    pause ();
}

static void
a_second_signal_ends_a_process_that_does_not_take_it (void **state UNUSED)
{
  const int status = status_of (leave_two);

  assert_true (WIFSIGNALED (status));
  assert_int_equal (WTERMSIG (status), SIGTERM);
}

static void
a_second_signal_ends_a_process_that_goes_on (void **state UNUSED)
{
  const int status = status_of (take_two);

  assert_true (WIFSIGNALED (status));
  assert_int_equal (WTERMSIG (status), SIGTERM);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (each_is_handed_over),
    cmocka_unit_test (a_signal_sent_twice_at_once_counts_once),
    cmocka_unit_test (a_second_signal_ends_a_process_that_does_not_take_it),
    cmocka_unit_test (a_second_signal_ends_a_process_that_goes_on),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
