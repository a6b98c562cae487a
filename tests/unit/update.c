/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an update writes, by example and against a naive model. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "engine/update.h"

#define UNUSED __attribute__ ((unused))

#define SIZE (64 * 1024)

static uint8_t source[SIZE], destination[SIZE];
static struct segment out[64];

static int
make_equal (void **state UNUSED)
{
  for (size_t i = 0; i < SIZE; i++)
    source[i] = destination[i] = 1 + i % 251;
  return 0;
}

static void
expect (unsigned n, unsigned number, uint32_t start, uint32_t end, bool zero)
{
  assert_true (number < n);
  assert_int_equal (out[number].start, start);
  assert_int_equal (out[number].end, end);
  assert_int_equal (out[number].zero, zero);
}

static void
nothing_is_written_where_all_is_the_same (void **state UNUSED)
{
  assert_int_equal (
    update_cut (source, destination, SIZE, 0, 512, 0, 4096, out, 64), 0);
  memset (destination, 0, SIZE);
  assert_int_equal (
    update_cut (NULL, destination, SIZE, 0, 512, 0, 4096, out, 64), 0);
}

static void
whole_blocks_are_written (void **state UNUSED)
{
  unsigned n;

  destination[5000] ^= 1;
  destination[SIZE - 1] ^= 1;
  n = update_cut (source, destination, SIZE, 0, 4096, 0, 4096, out, 64);
  assert_int_equal (n, 2);
  expect (n, 0, 4096, 8192, false);
  expect (n, 1, SIZE - 4096, SIZE, false);
}

static void
blocks_end_where_they_do_on_the_disk (void **state UNUSED)
{
  unsigned n;

  destination[0] ^= 1;
  destination[4000] ^= 1; /* in the third block */
  n = update_cut (source, destination, 9000, 1000, 2048, 0, 0, out, 64);
  assert_int_equal (n, 2);
  expect (n, 0, 0, 1048, false);
  expect (n, 1, 3096, 5144, false);
}

static void
near_differences_become_one (void **state UNUSED)
{
  unsigned n;

  destination[0] ^= 1;
  destination[8192] ^= 1; /* 4096 bytes between their blocks */
  n = update_cut (source, destination, SIZE, 0, 4096, 4097, 0, out, 64);
  assert_int_equal (n, 1);
  expect (n, 0, 0, 12288, false);
  n = update_cut (source, destination, SIZE, 0, 4096, 4096, 0, out, 64);
  assert_int_equal (n, 2);
}

static void
zeroes_of_a_difference_are_zeroed (void **state UNUSED)
{
  unsigned n;

  memset (source + 8192, 0, 8192);
  memset (destination, 255, 32768);
  n = update_cut (source, destination, SIZE, 0, 512, 0, 4096, out, 64);
  assert_int_equal (n, 3);
  expect (n, 0, 0, 8192, false);
  expect (n, 1, 8192, 16384, true);
  expect (n, 2, 16384, 32768, false);
  n = update_cut (source, destination, SIZE, 0, 512, 0, 0, out, 64);
  assert_int_equal (n, 1);
  expect (n, 0, 0, 32768, false);
}

static void
zeroes_that_are_there_are_left_out (void **state UNUSED)
{
  unsigned n;

  memset (source + 4096, 0, 4096);
  memset (destination + 4096, 0, 4096);
  destination[0] = destination[8192] = 255;
  n = update_cut (source, destination, SIZE, 0, 4096, 0, 4096, out, 64);
  assert_int_equal (n, 2);
  expect (n, 0, 0, 4096, false);
  expect (n, 1, 8192, 12288, false);
}

static void
without_a_source_all_that_is_not_zero_is_zeroed (void **state UNUSED)
{
  unsigned n;

  memset (destination, 0, SIZE);
  destination[20000] = 1;
  n = update_cut (NULL, destination, SIZE, 0, 4096, 0, 4096, out, 64);
  assert_int_equal (n, 1);
  expect (n, 0, 16384, 20480, true);
}

static void
too_many_differences_become_fewer (void **state UNUSED)
{
  unsigned n;

  for (size_t i = 0; i < SIZE; i += 1024)
    destination[i] ^= 1;
  n = update_cut (source, destination, SIZE, 0, 512, 0, 512, out, 64);
  assert_int_equal (n, 64);
  n = update_cut (source, destination, SIZE, 0, 512, 0, 512, out, 63);
  assert_int_equal (n, 1);
  expect (n, 0, 0, SIZE - 512, false);
}

/* What is written makes both sides equal, and begins where blocks do. */
static void
check_cut (const uint8_t *from, uint64_t length, uint64_t offset,
           uint64_t grain, uint64_t merge, uint64_t scan, unsigned max)
{
  static uint8_t after[SIZE];
  const unsigned n = update_cut (from, destination, length, offset, grain,
                                 merge, scan, out, max);
  const uint64_t unit = scan > 0 ? min_u64 (grain, scan) : grain;
  uint64_t at = 0;

  assert_true (n <= max);
  memcpy (after, destination, length);
  for (unsigned i = 0; i < n; i++) {
    const struct segment *s = &out[i];

    assert_true (s->start >= at && s->end > s->start && s->end <= length);
    assert_true (s->start == 0 || (offset + s->start) % unit == 0);
    if (s->zero)
      memset (after + s->start, 0, s->end - s->start);
    else
      memcpy (after + s->start, from + s->start, s->end - s->start);
    at = s->end;
  }
  for (uint64_t i = 0; i < length; i++)
    assert_int_equal (after[i], from ? from[i] : 0);
}

static void
random_sides_become_equal (void **state UNUSED)
{
  srandom (16);
  for (unsigned i = 0; i < 2000; i++) {
    const uint64_t grain = 512 << random () % 4;
    const uint64_t scan = random () % 3 ? 512 << random () % 5 : 0;
    const uint64_t length = 1 + random () % SIZE;

    make_equal (NULL);
    for (unsigned j = random () % 20; j > 0; j--) {
      uint8_t *disk = random () % 2 ? source : destination;
      const size_t at = random () % SIZE;
      const size_t n = min_u64 (SIZE - at, 1 + random () % 9000);

      memset (disk + at, random () % 3, n);
      if (random () % 4 == 0)
        memset (source + at, 0, n);
    }
    check_cut (random () % 8 ? source : NULL, length, random () % 9000, grain,
               random () % 3 * 4096, scan, 1 + random () % 64);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup (f, make_equal)
    TEST (nothing_is_written_where_all_is_the_same),
    TEST (whole_blocks_are_written),
    TEST (blocks_end_where_they_do_on_the_disk),
    TEST (near_differences_become_one),
    TEST (zeroes_of_a_difference_are_zeroed),
    TEST (zeroes_that_are_there_are_left_out),
    TEST (without_a_source_all_that_is_not_zero_is_zeroed),
    TEST (too_many_differences_become_fewer),
    TEST (random_sides_become_equal),
#undef TEST
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
