/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets: each way they come in is hidden, and nothing else is. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "secrets.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

struct pair {
  const char *word, *masked;
};

static void
check (const struct pair *pairs, size_t n)
{
  char *masked;
  size_t i;

  for (i = 0; i < n; ++i) {
    masked = secrets_mask (pairs[i].word);
    assert_non_null (masked);
    assert_string_equal (masked, pairs[i].masked);
    free (masked);
  }
}

static void
harmless_words_stay (void **state UNUSED)
{
  static const char *const words[] = {
    "", "null:", "-", "disk.img", "/dev/nbd0", "nbd://localhost",
    "nbd://[::1]:10809/export", "nbd+unix:///?socket=/tmp/sock",
    "nbd://host/export@snapshot", "nbd://host:10809/a:b@c",
    "nbd://[fe80::1]/a@b", "nbd://host:/a@b", "nbd://host?x=a@b",
    "nbds://host/?tls-psk-file=/etc/psk", "--tls-certificates=/etc/pki",
    "nbds://host/?tls-certificates=/etc/pki&tls-verify-peer=true",
    "password", "--password-file=/x", "keyboard=us", "passwords=3",
    "=x", "=", "a@b", "size=1M", "data=x", "format=raw,data=x",
    "name=caf\303\251", "nbd+ssh:///x", "://", "http://",
  };
  struct pair pair;
  size_t i;

  for (i = 0; i < COUNT (words); ++i) {
    pair = (struct pair) { words[i], words[i] };
    check (&pair, 1);
  }
}

static void
user_information_is_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "nbds://alice:pw@host/x", "nbds://***@host/x" },
    { "nbds://alice@host/x", "nbds://***@host/x" },
    { "nbds://:pw@host", "nbds://***@host" },
    { "nbds://@host", "nbds://***@host" },
    { "NBD://alice:p@w@host:10809/a@b", "NBD://***@host:10809/a@b" },
    { "nbd+unix://alice@/?socket=/s", "nbd+unix://***@/?socket=/s" },
    { "nbd://alice:pw@[::1]:10809/", "nbd://***@[::1]:10809/" },
    { "url=https://u:p@h/disk", "url=https://***@h/disk" },
    { "a=nbd://u:p@h/,b=nbd://v:q@i/", "a=nbd://***@h/,b=nbd://***@i/" },
    { "nbd://h1,nbd://u:p@h2", "nbd://h1,nbd://***@h2" },
    { "nbd://h1/nbd://u:p@h2", "nbd://h1/nbd://***@h2" },
    /* Not well formed, but what people type. */
    { "nbds://alice:p/w@host/x", "nbds://***@host/x" },
    { "nbds://alice:p?w@host", "nbds://***@host" },
    { "nbds://alice:x#w@host", "nbds://***@host" },
  };

  check (pairs, COUNT (pairs));
}

static void
secret_parameters_are_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "password=x", "password=***" }, { "passwd=x", "passwd=***" },
    { "passphrase=x", "passphrase=***" }, { "secret=x", "secret=***" },
    { "token=x", "token=***" }, { "key=x", "key=***" },
    { "https://h/x?X-Amz-Signature=y&z=1",
      "https://h/x?X-Amz-Signature=***&z=1" },
    { "https://h/x?se=1&sig=a%2Fb", "https://h/x?se=1&sig=***" },
    { "cookie=x", "cookie=***" }, { "password=", "password=***" },
    { "PassWord=x", "PassWord=***" },
    { "proxy-password=x", "proxy-password=***" },
    { "API_KEY=x", "API_KEY=***" }, { "--password=x", "--password=***" },
    { "--vddk.passWD=x", "--vddk.passWD=***" },
    { "nbd://h/?password=x&y=z", "nbd://h/?password=***&y=z" },
    { "nbd://h/?y=z&token=x", "nbd://h/?y=z&token=***" },
    { "nbd://h/?key=a&key=b&y=c", "nbd://h/?key=***&key=***&y=c" },
    { "nbd://u@h/?key=a", "nbd://***@h/?key=***" },
    { "driver=luks,key=a,format=raw", "driver=luks,key=***,format=raw" },
    { "a;token=x;b=c", "a;token=***;b=c" },
    { "rbd:p/i:id=a:key=AQ==:mon_host=h", "rbd:p/i:id=a:key=***:mon_host=h" },
    { "nbdkit curl password=x url=y", "nbdkit curl password=*** url=y" },
    { "--env=TOKEN=x", "--env=TOKEN=***" },
  };

  check (pairs, COUNT (pairs));
}

static void
encoded_secrets_are_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "nbd://h/%2Fx%3Fsession_id%3Dhunter2",
      "nbd://h/%2Fx%3Fsession_id%3D***" },
    { "nbd://h/x%3Ftoken%3Dhunter2%26vdi%3D1",
      "nbd://h/x%3Ftoken%3D***%26vdi%3D1" },
    { "nbd://h/x?%74oken=hunter2", "nbd://h/x?%74oken=***" },
    { "nbd://h/x%253Ftoken%253Dhunter2", "nbd://h/x%253Ftoken%253D***" },
    { "?u=https%3A%2F%2Fa%3Ahunter2%40h%2F", "?u=https%3A%2F%2F***%40h%2F" },
    /* A part of the password, however it is read. */
    { "password=a%26b%3Dhunter2", "password=***" },
    { "?password=a%26b%3Dhunter2&c=d", "?password=***&c=d" },
    { "%", "%" }, { "a%4", "a%4" }, { "a%zz=b", "a%zz=b" },
    { "a%00b", "a%00b" }, { "%3D", "%3D" },
  };

  check (pairs, COUNT (pairs));
}

static void
sessions_and_credentials_are_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "?session=x", "?session=***" }, { "?sessionid=x", "?sessionid=***" },
    { "?session_id=x", "?session_id=***" }, { "?sid=x", "?sid=***" },
    { "?PHPSESSION=x", "?PHPSESSION=***" }, { "?my-sid=x", "?my-sid=***" },
    { "?auth=x", "?auth=***" }, { "?x_auth=x", "?x_auth=***" },
    { "?pass=x", "?pass=***" }, { "?db.pass=x", "?db.pass=***" },
    { "?credential=x", "?credential=***" },
    { "?X-Amz-Credential=x%2Fy&z=1", "?X-Amz-Credential=***&z=1" },
    { "compass=north", "compass=north" }, { "inside=x", "inside=x" },
    { "header=Authorization: Bearer x", "header=Authorization:***" },
    { "Cookie: a=b; c=d", "Cookie:***" },
    { "{\"password\": \"x\"}", "{\"password\":***" },
    { "{'token':'x'}", "{'token':***" },
    { "source: nbd://h", "source: nbd://h" },
  };

  check (pairs, COUNT (pairs));
}

static void
value_is_hidden_with_all_separators_in_it (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "password=a,b", "password=***" },
    { "password=a,b=c", "password=***" },
    { "cookie=a=1; b=2;c=3", "cookie=***" },
    { "password=a&b?c;d:e f", "password=***" },
    { "x=y,key=a,b", "x=y,key=***" },
    { "x=y,key=a,,b=c,z=1", "x=y,key=***,z=1" },
    { "x=y,key=a;b=c,z=1", "x=y,key=***,z=1" },
    { "nbd://h/?key=a&b&y=z", "nbd://h/?key=***&y=z" },
    { "password=nbd://u:p@h", "password=***" },
  };

  check (pairs, COUNT (pairs));
}

static void
secret_objects_data_is_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "--object=secret,id=a,data=x", "--object=secret,id=a,data=***" },
    { "secret,id=a,data=x", "secret,id=a,data=***" },
    { "secret,data=x,id=a", "secret,data=***,id=a" },
    { "SECRET,Data=x,,y=z,id=a", "SECRET,Data=***,id=a" },
    { "--object=secret,id=a,file=/x", "--object=secret,id=a,file=/x" },
    { "secret,metadata=x", "secret,metadata=x" },
    { "secret,dataset=x", "secret,dataset=x" },
  };

  check (pairs, COUNT (pairs));
}

static void
control_characters_cannot_forge_a_line (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "a\nstripecopy: all is well", "a?stripecopy: all is well" },
    { "\033[2J\r\t\177x", "?[2J???x" },
    { "password=\n", "password=***" },
  };

  check (pairs, COUNT (pairs));
}

static void
assert_command (char *const argv[], const char *expected)
{
  char *masked = secrets_mask_command (argv);

  assert_non_null (masked);
  assert_string_equal (masked, expected);
  free (masked);
}

static char w_nbdkit[] = "nbdkit", w_curl[] = "curl", w_pw[] = "password=x",
  w_uri[] = "url=https://u:p@h/", w_password[] = "--password", w_x[] = "x",
  w_verbose[] = "--verbose", w_object[] = "--object",
  w_secret[] = "secret,id=a,data=x", w_plain[] = "password",
  w_given[] = "--api-key=y";

static void
words_of_a_command_are_masked (void **state UNUSED)
{
  assert_command ((char *const[]) { NULL }, "[ ]");
  assert_command ((char *const[]) { w_nbdkit, NULL }, "[ nbdkit ]");
  assert_command ((char *const[]) { w_nbdkit, w_curl, w_pw, w_uri, NULL },
                  "[ nbdkit curl password=*** url=https://***@h/ ]");
  assert_command ((char *const[]) { w_nbdkit, w_object, w_secret, NULL },
                  "[ nbdkit --object secret,id=a,data=*** ]");
}

static void
word_behind_an_option_for_a_secret_is_masked (void **state UNUSED)
{
  assert_command ((char *const[]) { w_nbdkit, w_password, w_x, w_x, NULL },
                  "[ nbdkit --password *** x ]");
  assert_command ((char *const[]) { w_nbdkit, w_password, NULL },
                  "[ nbdkit --password ]");
  assert_command ((char *const[]) { w_verbose, w_x, w_plain, w_x, NULL },
                  "[ --verbose x password x ]");
  assert_command ((char *const[]) { w_given, w_x, NULL },
                  "[ --api-key=*** x ]");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (harmless_words_stay),
    cmocka_unit_test (user_information_is_masked),
    cmocka_unit_test (secret_parameters_are_masked),
    cmocka_unit_test (encoded_secrets_are_masked),
    cmocka_unit_test (sessions_and_credentials_are_masked),
    cmocka_unit_test (value_is_hidden_with_all_separators_in_it),
    cmocka_unit_test (secret_objects_data_is_masked),
    cmocka_unit_test (control_characters_cannot_forge_a_line),
    cmocka_unit_test (words_of_a_command_are_masked),
    cmocka_unit_test (word_behind_an_option_for_a_secret_is_masked),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
