/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NBD addresses: errors in them, and their parts. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint/nbd-address.h"

#define UNUSED __attribute__ ((unused))

static void
brackets_are_missed (void **state UNUSED)
{
  static const char *const bad[] = {
    "nbd://::1",       "nbd://::1:10809/x",         "nbds://fe80::1/",
    "NBD://a@::1?x=y", "nbd://2001:db8::7:10809#x",
  };
  static const char *const good[] = {
    "nbd://[::1]",
    "nbd://[::1]:10809/x:y",
    "nbd://host:1/a:b:c",
    "nbd://a:b@host:1",
    "nbd://host",
    "nbd://",
    "nbd+unix:///x?socket=a:b:c",
    "nbd+vsock://2:1:3",
    "nbd://host?a:b:c",
  };

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct error e = { 0 };

    assert_int_equal (nbd_address_check (bad[i], "it", &e), -1);
    assert_int_equal (e.number, EINVAL);
    assert_non_null (strstr (e.text, "it: an IPv6 address needs brackets"));
  }
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct error e = { 0 };

    assert_int_equal (nbd_address_check (good[i], "it", &e), 0);
    assert_false (error_is_set (&e));
  }
}

static void
options_of_ssh_are_no_hosts (void **state UNUSED)
{
  static const char *const bad[] = {
    "nbd+ssh://-oProxyCommand=x/disk",
    "NBDS+SSH://-l/",
    "nbd+ssh://%2DoProxyCommand=x/",
    "nbds+ssh://%2d",
    "nbd+ssh://-l@host/",
    "nbd+ssh://user@-host:22/x",
    "nbd+ssh://a@b@%2dhost?socket=x",
  };
  static const char *const good[] = {
    "nbd+ssh://host/-x",     "nbd+ssh://u-ser@h-ost/", "nbd://-host",
    "nbd+ssh:///-x?a=-b",    "nbds+ssh://host%2d/",    "nbd+ssh://",
    "nbd+ssh://u@host/?@-x",
  };

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct error e = { 0 };

    assert_int_equal (nbd_address_check (bad[i], "it", &e), -1);
    assert_non_null (strstr (e.text, "would be an option of ssh"));
  }
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    struct error e = { 0 };

    assert_int_equal (nbd_address_check (good[i], "it", &e), 0);
  }
}

static void
expect (char *got, const char *want)
{
  if (want)
    assert_string_equal (got, want);
  else
    assert_null (got);
  free (got);
}

static void
has_a_host_and_a_port (void **state UNUSED)
{
  static const struct {
    const char *uri, *host, *port;
  } cases[] = {
    { "nbds://host", "host", "10809" },
    { "nbds://host/x:9", "host", "10809" },
    { "nbds://host:/", "host", "10809" },
    { "nbds://u@host:77?a=b", "host", "77" },
    { "nbds://[fe80::1]/", "fe80::1", "10809" },
    { "nbds://u@[fe80::1]:88/x", "fe80::1", "88" },
    { "nbds+unix:///x?socket=/y", NULL, NULL },
  };

  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    expect (nbd_address_host (cases[i].uri), cases[i].host);
    expect (nbd_address_port (cases[i].uri), cases[i].port);
  }
}

static void
has_parameters (void **state UNUSED)
{
  const char *uri = "nbds://h/x?tls-certificates=%2Fa%20b&b=&tls=1#c=2";

  expect (nbd_address_parameter (uri, "tls-certificates"), "/a b");
  expect (nbd_address_parameter (uri, "b"), "");
  expect (nbd_address_parameter (uri, "tls"), "1");
  expect (nbd_address_parameter (uri, "c"), NULL);
  expect (nbd_address_parameter (uri, "certificates"), NULL);
  expect (nbd_address_parameter ("nbds://h/b=1", "b"), NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (brackets_are_missed),
    cmocka_unit_test (options_of_ssh_are_no_hosts),
    cmocka_unit_test (has_a_host_and_a_port),
    cmocka_unit_test (has_parameters),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
