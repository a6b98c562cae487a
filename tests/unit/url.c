/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of web servers: recognised, and without their secrets. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void
only_http_and_https_are_web_addresses (void **state UNUSED)
{
  static const char *const others[] = {
    "",
    "disk",
    "http",
    "http:",
    "http:/x",
    "https:x",
    "ftp://host/x",
    "nbd://host/x",
    "./http://host/x",
    "json:http://host",
  };

  assert_true (url_is_web ("http://host/x"));
  assert_true (url_is_web ("https://host/x"));
  assert_true (url_is_web ("HTTPS://host/x"));
  for (size_t i = 0; i < COUNT (others); i++)
    assert_false (url_is_web (others[i]));
}

static void
assert_text (const char *text, const char *expected)
{
  if (expected == NULL)
    assert_null (text);
  else {
    assert_non_null (text);
    assert_string_equal (text, expected);
  }
}

static void
text_may_hold_any_byte (void **state UNUSED)
{
  static const char text[] = "a%00%25b%fF&c", bad[] = "%0";
  size_t length;
  char *plain = url_decode (text, strchr (text, '&'), &length);

  assert_non_null (plain);
  assert_int_equal (length, 5);
  assert_memory_equal (plain, "a\0%b\377", 6);
  free (plain);
  assert_null (url_decode (bad, bad + 2, &length));
  plain = url_decode (bad, bad, &length);
  assert_non_null (plain);
  assert_int_equal (length, 0);
  free (plain);
}

static void
user_and_password_are_taken_out (void **state UNUSED)
{
  static const struct {
    const char *name, *address, *user, *password;
  } t[] = {
    { "http://host", "http://host", NULL, NULL },
    { "https://host:8/a@b:c?d@e", "https://host:8/a@b:c?d@e", NULL, NULL },
    { "http://host?a@b", "http://host?a@b", NULL, NULL },
    { "http://host#a@b", "http://host#a@b", NULL, NULL },
    { "http://[::1]:80/x", "http://[::1]:80/x", NULL, NULL },
    { "http://u@host/x", "http://host/x", "u", NULL },
    { "http://u:@host/x", "http://host/x", "u", "" },
    { "HTTP://u:p:q@host/x", "HTTP://host/x", "u", "p:q" },
    { "http://u@d:p@host/x", "http://host/x", "u@d", "p" },
    { "http://%75%40:%3a%2F%c3%9F@host/", "http://host/", "u@", ":/\303\237" },
    { "http://@host/", "http://host/", "", NULL },
  };

  for (size_t i = 0; i < COUNT (t); i++) {
    struct url url;

    assert_int_equal (url_split (t[i].name, &url), 0);
    assert_text (url.address, t[i].address);
    assert_text (url.user, t[i].user);
    assert_text (url.password, t[i].password);
    url_free (&url);
  }
}

static void
user_info_that_cannot_be_decoded_is_refused (void **state UNUSED)
{
  static const char *const names[] = {
    "http://u:%@h/",    "http://u:%4@h/",    "http://u:%4g@h/",
    "http://%00@h/",    "http://u:a%0ab@h/", "http://u:a%0D@h/",
    "http://u:a\nb@h/",
  };

  for (size_t i = 0; i < COUNT (names); i++) {
    struct url url;

    errno = 0;
    assert_int_equal (url_split (names[i], &url), -1);
    assert_int_equal (errno, EINVAL);
    url_free (&url); /* it is empty now */
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (only_http_and_https_are_web_addresses),
    cmocka_unit_test (text_may_hold_any_byte),
    cmocka_unit_test (user_and_password_are_taken_out),
    cmocka_unit_test (user_info_that_cannot_be_decoded_is_refused),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
