/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands for images, word by word, with any characters in a name. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "endpoint/image-command.h"

#define UNUSED __attribute__ ((unused))

/* Checks a command, word by word, and frees it. */
static void
check (char **command, const char *const *words)
{
  size_t i;

  assert_non_null (command);
  for (i = 0; words[i]; i++) {
    assert_non_null (command[i]);
    assert_string_equal (command[i], words[i]);
  }
  assert_null (command[i]);
  image_command_free (command);
}

#define WORDS(...) ((const char *const[]) { __VA_ARGS__, NULL })

static void
each_place_is_served_by_its_driver (void **state UNUSED)
{
  check (image_command_serve (
           "qcow2", (struct image_place) { .path = "x", .kind = IMAGE_FILE },
           IMAGE_READ, 4, NULL),
         WORDS ("qemu-nbd", "--persistent", "--shared=4", "--read-only",
                "--image-opts",
                "driver=qcow2,file.driver=file,file.filename=x"));
  check (image_command_serve (
           "vmdk",
           (struct image_place) { .path = "/dev/x", .kind = IMAGE_DEVICE },
           IMAGE_WRITE, 1, NULL),
         WORDS ("qemu-nbd", "--persistent", "--shared=1", "--discard=unmap",
                "--image-opts",
                "driver=vmdk,file.driver=host_device,file.filename=/dev/x"));
  check (image_command_serve (
           "vdi", (struct image_place) { .path = "/s", .kind = IMAGE_SOCKET },
           IMAGE_READ, 2, NULL),
         WORDS ("qemu-nbd", "--persistent", "--shared=2", "--read-only",
                "--image-opts",
                "driver=vdi,file.driver=nbd,"
                "file.server.type=unix,file.server.path=/s"));
}

static void
contexts_are_served_by_their_options (void **state UNUSED)
{
  check (image_command_serve (
           "qcow2", (struct image_place) { .path = "x", .kind = IMAGE_FILE },
           IMAGE_READ, 4, "qemu:dirty-bitmap:-b,0"),
         WORDS ("qemu-nbd", "--persistent", "--shared=4", "--read-only",
                "--bitmap=-b,0", "--image-opts",
                "driver=qcow2,file.driver=file,file.filename=x"));
  check (image_command_serve (
           "qcow2", (struct image_place) { .path = "x", .kind = IMAGE_FILE },
           IMAGE_READ, 4, "qemu:allocation-depth"),
         WORDS ("qemu-nbd", "--persistent", "--shared=4", "--read-only",
                "--allocation-depth", "--image-opts",
                "driver=qcow2,file.driver=file,file.filename=x"));
}

static void
only_auto_lets_the_format_be_guessed (void **state UNUSED)
{
  check (image_command_serve (
           "auto", (struct image_place) { .path = "x", .kind = IMAGE_FILE },
           IMAGE_READ, 4, NULL),
         WORDS ("qemu-nbd", "--persistent", "--shared=4", "--read-only",
                "--image-opts", "file.driver=file,file.filename=x"));
}

static void
names_stay_names (void **state UNUSED)
{
  static const char name[] = "json:{-,read-only=off, \"x\":,,%s";

  check (image_command_serve (
           "qcow2", (struct image_place) { .path = name, .kind = IMAGE_FILE },
           IMAGE_READ, 4, NULL),
         WORDS ("qemu-nbd", "--persistent", "--shared=4", "--read-only",
                "--image-opts",
                "driver=qcow2,file.driver=file,"
                "file.filename=json:{-,,read-only=off,, \"x\":,,,,%s"));
  check (image_command_create ("qcow2", name, 1000001, NULL, false),
         WORDS ("qemu-img", "create", "-q", "-f", "qcow2",
                "file:json:{-,read-only=off, \"x\":,,%s", "1000001"));
}

static void
options_are_one_word (void **state UNUSED)
{
  check (image_command_create ("qcow2", "x", 512, "a=-f raw,b=,,", true),
         WORDS ("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-o",
                "a=-f raw,b=,,", "file:x", "512"));
}

static void
backing_files_are_named_by_their_drivers (void **state UNUSED)
{
  const struct image_place place = {
    .path = "x",
    .backing = "a,b",
    .backing_format = "raw,c=d",
  };

  check (image_command_describe ("qcow2", place),
         WORDS ("qemu-img", "info", "--output=json", "--image-opts",
                "driver=qcow2,file.driver=file,file.filename=x,"
                "backing.driver=raw,,c=d,backing.file.driver=file,"
                "backing.file.filename=a,,b"));
}

static void
images_are_described_as_json (void **state UNUSED)
{
  check (image_command_describe (
           "auto", (struct image_place) { .path = "/,", .kind = IMAGE_SOCKET }),
         WORDS ("qemu-img", "info", "--output=json", "--image-opts",
                "file.driver=nbd,file.server.type=unix,"
                "file.server.path=/,,"));
}

static void
forget_authorities (void)
{
  unsetenv ("CURL_CA_BUNDLE");
  unsetenv ("SSL_CERT_FILE");
  unsetenv ("SSL_CERT_DIR");
}

static void
passwords_are_no_words (void **state UNUSED)
{
  char address[] = "https://host/x", user[] = "me", password[] = "secret";

  forget_authorities ();
  check (image_command_fetch (&(struct url) { .address = address }, NULL),
         WORDS ("nbdkit", "--foreground", "--readonly", "curl",
                "url=https://host/x", "protocols=http,https"));
  check (
    image_command_fetch (&(struct url) { address, user, password }, "/hidden"),
    WORDS ("nbdkit", "--foreground", "--readonly", "curl", "url=https://host/x",
           "protocols=http,https", "user=me", "password=+/hidden"));
}

static void
authorities_are_those_that_curl_would_trust (void **state UNUSED)
{
  char address[] = "https://host/x";
  const struct url url = { .address = address };

  forget_authorities ();
  setenv ("SSL_CERT_FILE", "/file", 1);
  setenv ("SSL_CERT_DIR", "/folder", 1);
  check (image_command_fetch (&url, NULL),
         WORDS ("nbdkit", "--foreground", "--readonly", "curl",
                "url=https://host/x", "protocols=http,https", "cainfo=/file",
                "capath=/folder"));
  setenv ("CURL_CA_BUNDLE", "/bundle", 1);
  setenv ("SSL_CERT_DIR", "", 1);
  check (image_command_fetch (&url, NULL),
         WORDS ("nbdkit", "--foreground", "--readonly", "curl",
                "url=https://host/x", "protocols=http,https",
                "cainfo=/bundle"));
  forget_authorities ();
}

static void
nothing_can_be_freed (void **state UNUSED)
{
  image_command_free (NULL);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (each_place_is_served_by_its_driver),
    cmocka_unit_test (contexts_are_served_by_their_options),
    cmocka_unit_test (only_auto_lets_the_format_be_guessed),
    cmocka_unit_test (names_stay_names),
    cmocka_unit_test (options_are_one_word),
    cmocka_unit_test (backing_files_are_named_by_their_drivers),
    cmocka_unit_test (images_are_described_as_json),
    cmocka_unit_test (passwords_are_no_words),
    cmocka_unit_test (authorities_are_those_that_curl_would_trust),
    cmocka_unit_test (nothing_can_be_freed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
