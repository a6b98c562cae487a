/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kind of an open file, without devices, which tests cannot make. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "arith.h"
#include "device.h"

#define UNUSED __attribute__ ((unused))

/* A file without a name. */
static int
make_file (uint64_t size)
{
  FILE *f = tmpfile ();
  int fd;

  assert_non_null (f);
  fd = dup (fileno (f));
  fclose (f);
  assert_true (fd >= 0);
  assert_int_equal (ftruncate (fd, size), 0);
  return fd;
}

static struct device
describe (int fd)
{
  struct device d;

  assert_int_equal (device_describe (fd, &d), 0);
  return d;
}

static void
a_file_has_its_size_and_deals_in_bytes (void **state UNUSED)
{
  const int fd = make_file (GiB + 1);
  const struct device d = describe (fd);

  assert_int_equal (d.kind, DEVICE_FILE);
  assert_int_equal (d.size, GiB + 1);
  assert_int_equal (d.sector, 1);
  assert_true (is_power_of_2 (d.preferred) && d.preferred >= 4096);
  assert_false (d.read_only);
  close (fd);
}

static void
streams_and_folders_are_something_else (void **state UNUSED)
{
  const int null = open ("/dev/null", O_RDWR);
  const int folder = open ("/", O_RDONLY | O_DIRECTORY);
  int ends[2];

  assert_int_equal (pipe (ends), 0);
  assert_int_equal (describe (null).kind, DEVICE_OTHER);
  assert_int_equal (describe (folder).kind, DEVICE_OTHER);
  assert_int_equal (describe (ends[0]).kind, DEVICE_OTHER);
  close (null);
  close (folder);
  close (ends[0]);
  close (ends[1]);
}

static void
no_descriptor_is_an_error (void **state UNUSED)
{
  struct device d;

  assert_int_equal (device_describe (-1, &d), -1);
  assert_int_equal (errno, EBADF);
}

static void
a_file_is_the_same_as_itself_alone (void **state UNUSED)
{
  const int one = make_file (1), other = make_file (1), again = dup (one);
  const struct device a = describe (one), b = describe (other);
  const struct device c = describe (again);
  const struct device stream = { .kind = DEVICE_OTHER };

  assert_true (device_same (&a, &a));
  assert_true (device_same (&a, &c));
  assert_false (device_same (&a, &b));
  assert_false (device_same (&stream, &stream));
  close (one);
  close (other);
  close (again);
}

static void
a_loop_device_is_the_same_as_its_file (void **state UNUSED)
{
  const struct device file = { .kind = DEVICE_FILE, .number = 8, .inode = 5 };
  const struct device disk = { .kind = DEVICE_BLOCK, .number = 8 };
  struct device loop = {
    .kind = DEVICE_BLOCK,
    .number = 70,
    .shows = true,
    .shows_number = 8,
    .shows_inode = 5,
  };
  struct device loop2 = loop;

  loop2.number = 71;
  assert_false (device_same (&file, &disk));
  assert_false (device_same (&loop, &disk));
  assert_true (device_same (&loop, &file));
  assert_true (device_same (&file, &loop));
  assert_true (device_same (&loop, &loop2));
  loop.shows_inode = 0;
  assert_true (device_same (&loop, &disk));
  assert_false (device_same (&loop, &file));
  assert_false (device_same (&loop, &loop2));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (a_file_has_its_size_and_deals_in_bytes),
    cmocka_unit_test (streams_and_folders_are_something_else),
    cmocka_unit_test (no_descriptor_is_an_error),
    cmocka_unit_test (a_file_is_the_same_as_itself_alone),
    cmocka_unit_test (a_loop_device_is_the_same_as_its_file),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
