/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* URIs with an abstract socket: recognised, and split. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "endpoint/nbd-abstract.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void
other_uris_are_left_to_libnbd (void **state UNUSED)
{
  static const char *const uris[] = {
    "",
    "nbd://host/?socket=%00x",
    "nbd+unix:///",
    "nbd+unix:///?socket=/x",
    "nbd+unix:///?socket=/%00x",
    "nbd+unix:///x?y=socket=%00x",
    "nbd+unix:///%3fsocket=%00x",
    "nbd+unix:///#?socket=%00x",
    "nbds+unix:///?socket=/x",
    "nbd+unix:///&socket=%00x",
  };

  for (size_t i = 0; i < COUNT (uris); i++) {
    struct nbd_abstract a;

    assert_int_equal (nbd_abstract_parse (uris[i], &a), 0);
    nbd_abstract_free (&a);
  }
}

static void
name_and_export_are_found (void **state UNUSED)
{
  static const struct {
    const char *uri, *export, *name;
    size_t length;
  } t[] = {
    { "nbd+unix:///?socket=%00x", "", "\0x", 2 },
    { "NBD+UNIX://?socket=%00a%00b", "", "\0a\0b", 4 },
    { "nbd+unix:///a/%25b%20c?x=1&socket=%00x&y=2", "a/%b c", "\0x", 2 },
    { "nbd+unix:////a?socket=%00x#y", "/a", "\0x", 2 },
    { "nbd+unix:///?socket=%00", "", "\0", 1 },
  };

  for (size_t i = 0; i < COUNT (t); i++) {
    struct nbd_abstract a;

    assert_int_equal (nbd_abstract_parse (t[i].uri, &a), 1);
    assert_string_equal (a.export, t[i].export);
    assert_int_equal (a.address.sun_family, AF_UNIX);
    assert_int_equal (a.length,
                      offsetof (struct sockaddr_un, sun_path) + t[i].length);
    assert_memory_equal (a.address.sun_path, t[i].name, t[i].length);
    nbd_abstract_free (&a);
  }
}

static void
assert_refused (const char *uri, int err)
{
  struct nbd_abstract a;

  errno = 0;
  assert_int_equal (nbd_abstract_parse (uri, &a), -1);
  assert_int_equal (errno, err);
  nbd_abstract_free (&a);
}

static void
impossible_names_are_refused (void **state UNUSED)
{
  char uri[256];

  assert_refused ("nbds+unix:///?socket=%00x", ENOTSUP);
  assert_refused ("nbd+unix:///?socket=%00%", EINVAL);
  assert_refused ("nbd+unix:///%zz?socket=%00x", EINVAL);
  assert_refused ("nbd+unix:///a%00b?socket=%00x", EINVAL);
  snprintf (uri, sizeof uri, "nbd+unix:///?socket=%%00%0108d", 0);
  assert_refused (uri, ENAMETOOLONG);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (other_uris_are_left_to_libnbd),
    cmocka_unit_test (name_and_export_are_found),
    cmocka_unit_test (impossible_names_are_refused),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
