/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket and the watchdog of a service manager, from the environment. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "clock.h"
#include "sd-notify.h"

#define UNUSED __attribute__ ((unused))

/* Takes from an environment with these values; NULL: not set. */
static struct sd_notify
take (const char *name, const char *us, const char *pid)
{
  struct sd_notify n;

  if (name)
    setenv ("NOTIFY_SOCKET", name, 1);
  if (us)
    setenv ("WATCHDOG_USEC", us, 1);
  if (pid)
    setenv ("WATCHDOG_PID", pid, 1);
  sd_notify_take (&n);
  assert_null (getenv ("NOTIFY_SOCKET"));
  assert_null (getenv ("WATCHDOG_USEC"));
  assert_null (getenv ("WATCHDOG_PID"));
  return n;
}

static void
only_names_of_sockets_are_taken (void **state UNUSED)
{
  char longest[200];
  struct sd_notify n;

  n = take (NULL, NULL, NULL);
  assert_false (sd_notify_wanted (&n));
  n = take ("", NULL, NULL);
  assert_false (sd_notify_wanted (&n));
  n = take ("@", NULL, NULL);
  assert_false (sd_notify_wanted (&n));
  n = take ("relative", NULL, NULL);
  assert_false (sd_notify_wanted (&n));
  n = take ("vsock:2:1234", NULL, NULL);
  assert_false (sd_notify_wanted (&n));

  memset (longest, 'x', sizeof longest);
  longest[0] = '/';
  longest[sizeof n.address.sun_path] = '\0';
  n = take (longest, NULL, NULL);
  assert_false (sd_notify_wanted (&n));
  longest[sizeof n.address.sun_path - 1] = '\0';
  n = take (longest, NULL, NULL);
  assert_true (sd_notify_wanted (&n));
  assert_int_equal (n.length, sizeof n.address);

  n = take ("@name", NULL, NULL);
  assert_true (sd_notify_wanted (&n));
  assert_memory_equal (n.address.sun_path, "\0name", 5);
  assert_int_equal (n.length, offsetof (struct sockaddr_un, sun_path) + 5);
}

static void
watchdog_is_for_the_process_that_it_names (void **state UNUSED)
{
  char ours[32], other[32];

  snprintf (ours, sizeof ours, "%d", (int) getpid ());
  snprintf (other, sizeof other, "%d", (int) getppid ());
  assert_int_equal (take ("@n", "2000000", NULL).watchdog, 2 * NS_PER_S);
  assert_int_equal (take ("@n", "2000000", ours).watchdog, 2 * NS_PER_S);
  assert_int_equal (take ("@n", "2000000", other).watchdog, 0);
  assert_int_equal (take ("@n", "2000000", "").watchdog, 0);
  assert_int_equal (take ("@n", "soon", NULL).watchdog, 0);
  assert_int_equal (take ("@n", "18446744073709551615", NULL).watchdog, 0);
  assert_int_equal (take (NULL, "2000000", ours).watchdog, 0);
}

static void
messages_to_nobody_are_dropped (void **state UNUSED)
{
  struct sd_notify n = take ("@nobody-listens-here", NULL, NULL);

  sd_notify_send (&n, "READY=1", 1000);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (only_names_of_sockets_are_taken),
    cmocka_unit_test (watchdog_is_for_the_process_that_it_names),
    cmocka_unit_test (messages_to_nobody_are_dropped),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
