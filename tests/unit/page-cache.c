/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The page cache: data that is read after a flush comes from the disk. (A
 * behaviour test checks the page cache after a whole copy.)
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arith.h"
#include "page-cache.h"

#define UNUSED __attribute__ ((unused))

#define SIZE (4 * MiB)

/* Counts the pages of the file in the page cache. */
static unsigned
count_cached (int fd)
{
  static unsigned char cached[SIZE / 4096];
  const size_t n = SIZE / sysconf (_SC_PAGESIZE);
  void *map = mmap (NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
  unsigned sum = 0;

  assert_true (map != MAP_FAILED);
  assert_int_equal (mincore (map, SIZE, cached), 0);
  munmap (map, SIZE);
  for (size_t i = 0; i < n; i++)
    sum += cached[i] & 1;
  return sum;
}

static void
write_all (int fd)
{
  static char data[SIZE];

  memset (data, 7, sizeof data);
  assert_int_equal (pwrite (fd, data, sizeof data, 0), sizeof data);
}

static void
flushed_file_is_read_from_the_disk (void **state UNUSED)
{
  char name[] = "./unit-page-cache-XXXXXX";
  const int fd = mkstemp (name);
  struct page_cache *f = page_cache_new (fd);
  struct span settle;

  assert_true (fd != -1);
  unlink (name);
  assert_non_null (f);
  page_cache_write (f, 0, SIZE, &settle);
  write_all (fd);
  assert_true (count_cached (fd) > 0);
  assert_int_equal (fsync (fd), 0);
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  if (count_cached (fd) > 0) { /* files are always in memory here */
    page_cache_free (f);
    close (fd);
    skip ();
  }

  write_all (fd);
  assert_true (count_cached (fd) > 0);
  assert_int_equal (fsync (fd), 0);
  page_cache_flushed (f);
  assert_int_equal (count_cached (fd), 0);
  page_cache_free (f);
  close (fd);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (flushed_file_is_read_from_the_disk),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
