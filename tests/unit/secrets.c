/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Secrets are masked in each form, and nothing else is. */

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
    "",
    "null:",
    "-",
    "disk.img",
    "/dev/nbd0",
    "nbd://localhost",
    "nbd://[::1]:10809/export",
    "nbd+unix:///?socket=/tmp/sock",
    "nbd://host/export@snapshot",
    "nbd://host:10809/a:b@c",
    "nbd://[fe80::1]/a@b",
    "nbd://host:/a@b",
    "nbd://host?x=a@b",
    "nbds://host/?tls-psk-file=/etc/psk",
    "--tls-certificates=/etc/pki",
    "nbds://host/?tls-certificates=/etc/pki&tls-verify-peer=true",
    "password",
    "--password-file=/x",
    "keyboard=us",
    "passwords=3",
    "=x",
    "=",
    "a@b",
    "size=1M",
    "data=x",
    "format=raw,data=x",
    "name=caf\303\251",
    "nbd+ssh:///x",
    "://",
    "http://",
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
    /* Malformed, but common. */
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
    { "password=x", "password=***" },
    { "passwd=x", "passwd=***" },
    { "passphrase=x", "passphrase=***" },
    { "secret=x", "secret=***" },
    { "token=x", "token=***" },
    { "key=x", "key=***" },
    { "https://h/x?X-Amz-Signature=y&z=1",
      "https://h/x?X-Amz-Signature=***&z=1" },
    { "https://h/x?se=1&sig=a%2Fb", "https://h/x?se=1&sig=***" },
    { "cookie=x", "cookie=***" },
    { "password=", "password=***" },
    { "PassWord=x", "PassWord=***" },
    { "proxy-password=x", "proxy-password=***" },
    { "API_KEY=x", "API_KEY=***" },
    { "--password=x", "--password=***" },
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
    /* A part of the password, in any reading. */
    { "password=a%26b%3Dhunter2", "password=***" },
    { "?password=a%26b%3Dhunter2&c=d", "?password=***&c=d" },
    { "%", "%" },
    { "a%4", "a%4" },
    { "a%zz=b", "a%zz=b" },
    { "a%00b", "a%00b" },
    { "%3D", "%3D" },
  };

  check (pairs, COUNT (pairs));
}

static void
sessions_and_credentials_are_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "?session=x", "?session=***" },
    { "?sessionid=x", "?sessionid=***" },
    { "?session_id=x", "?session_id=***" },
    { "?sid=x", "?sid=***" },
    { "?PHPSESSION=x", "?PHPSESSION=***" },
    { "?my-sid=x", "?my-sid=***" },
    { "?auth=x", "?auth=***" },
    { "?x_auth=x", "?x_auth=***" },
    { "?pass=x", "?pass=***" },
    { "?db.pass=x", "?db.pass=***" },
    { "?credential=x", "?credential=***" },
    { "?X-Amz-Credential=x%2Fy&z=1", "?X-Amz-Credential=***&z=1" },
    { "compass=north", "compass=north" },
    { "inside=x", "inside=x" },
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
    { "\302\2332J \302\240 \303\233", "??2J \302\240 \303\233" },
    { "password=\n", "password=***" },
  };

  check (pairs, COUNT (pairs));
}

static void
lines_of_others_are_masked (void **state UNUSED)
{
  static const struct pair pairs[] = {
    { "curl: HEAD [http://h:1/x?any=hunter2&y=z]: No route",
      "curl: HEAD [http://h:1/x?*** No route" },
    { "get 'https://u:hunter2@h/x?a=b' failed",
      "get 'https://***@h/x?***' failed" },
    { "https%3A%2F%2Fh%2F%3Fx%3Dhunter2 failed",
      "https%3A%2F%2Fh%2F%3F*** failed" },
    { "curl: file=http://h/?a token=hunter2",
      "curl: file=http://h/?*** token=***" },
    { "Authorization: Bearer hunter2", "Authorization:***" },
    { "qemu-nbd: Failed to get shared \"write\" lock",
      "qemu-nbd: Failed to get shared \"write\" lock" },
    { "\033[1mbold", "?[1mbold" },
  };

  for (size_t i = 0; i < COUNT (pairs); i++) {
    char *masked = secrets_mask_line (pairs[i].word);

    assert_non_null (masked);
    assert_string_equal (masked, pairs[i].masked);
    free (masked);
  }
}

static void
assert_command (char *const argv[], const char *expected)
{
  char *masked = secrets_mask_command (argv);

  assert_non_null (masked);
  assert_string_equal (masked, expected);
  free (masked);
}

#define COMMAND(expected, ...)                                                 \
  do {                                                                         \
    const char *const argv_[] = { __VA_ARGS__, NULL };                         \
    assert_command ((char *const *) argv_, (expected));                        \
  } while (0)

static void
harmless_words_of_a_command_are_shown (void **state UNUSED)
{
  assert_command ((char *const[]) { NULL }, "[ ]");
  COMMAND ("[ nbdkit ]", "nbdkit");
  COMMAND ("[ nbdkit -r memory 16M ]", "nbdkit", "-r", "memory", "16M");
  COMMAND ("[ nbdkit --filter=delay file disk.img delay-read=1 ]", "nbdkit",
           "--filter=delay", "file", "disk.img", "delay-read=1");
  COMMAND ("[ qemu-nbd -e 4 -f qcow2 /a/b/web.qcow2 ]", "qemu-nbd", "-e", "4",
           "-f", "qcow2", "/a/b/web.qcow2");
  COMMAND ("[ qemu-nbd --image-opts driver=qcow2,file.filename=/a,,b ]",
           "qemu-nbd", "--image-opts", "driver=qcow2,file.filename=/a,,b");
  COMMAND ("[ nbdkit curl url=https://***@h/ ]", "nbdkit", "curl",
           "url=https://u:p@h/");
  COMMAND ("[ nbdkit curl url=https://h/disk?*** ]", "nbdkit", "curl",
           "url=https://h/disk?x=hunter2&y=z");
}

static void
all_other_words_of_a_command_are_masked (void **state UNUSED)
{
  COMMAND ("[ nbdkit curl header=*** ]", "nbdkit", "curl",
           "header=Authorization: Bearer hunter2");
  COMMAND ("[ nbdkit curl cookie=*** user=*** password=*** ]", "nbdkit", "curl",
           "cookie=a=b; c=d", "user=u", "password=hunter2");
  COMMAND ("[ nbdkit file *** ]", "nbdkit", "file", "hunter2");
  COMMAND ("[ nbdkit file=*** ]", "nbdkit", "file=a b");
  COMMAND ("[ nbdkit server=*** ]", "nbdkit", "server=u:hunter2@h");
  COMMAND ("[ sh -c *** ]", "sh", "-c", "PW=hunter2 exec nbdkit x");
  COMMAND ("[ env PW=*** nbdkit ]", "env", "PW=hunter2", "nbdkit");
  COMMAND ("[ x --password *** --password=*** --pin *** ]", "x", "--password",
           "hunter2", "--password=1", "--pin", "1234");
  COMMAND ("[ x -p *** -p*** ]", "x", "-p", "1234", "-phunter2");
  COMMAND ("[ x --object secret,id=a,data=*** ]", "x", "--object",
           "secret,id=a,data=x");
  COMMAND ("[ x driver=luks,key-secret=***,*** ]", "x",
           "driver=luks,key-secret=a,hunter2");
  COMMAND ("[ x *** *** ]", "x", "--a b", "a\nb");
  COMMAND ("[ x --password ]", "x", "--password");
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
    cmocka_unit_test (lines_of_others_are_masked),
    cmocka_unit_test (harmless_words_of_a_command_are_shown),
    cmocka_unit_test (all_other_words_of_a_command_are_masked),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
