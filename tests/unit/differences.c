/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Differences that are found in two buffers, and the ones that are kept for a
 * disk.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "engine/differences.h"

#define UNUSED __attribute__ ((unused))

#define SIZE (64 * KiB)

static struct differences *d;
static uint8_t a[SIZE], b[SIZE];

static int
start_afresh (void **state UNUSED)
{
  d = differences_new ();
  for (unsigned i = 0; i < SIZE; i++)
    a[i] = b[i] = i % 251 + 1;
  return d ? 0 : -1;
}

static int
end (void **state UNUSED)
{
  differences_free (d);
  return 0;
}

/* Returns range number i of n. */
static void
assert_range (size_t i, size_t n, uint64_t start, uint64_t length)
{
  bool all;
  const struct ranges *r = differences_found (d, &all);

  assert_true (all);
  assert_int_equal (ranges_count (r), n);
  assert_int_equal (ranges_at (r, i)->start, start);
  assert_int_equal (ranges_at (r, i)->end - ranges_at (r, i)->start, length);
}

static void
nothing_differs_in_equal_buffers (void **state UNUSED)
{
  bool all;

  assert_int_equal (differences_compare (d, 0, a, b, SIZE), 0);
  assert_int_equal (differences_compare (d, 7, a, b, 1), 0);
  assert_int_equal (ranges_count (differences_found (d, &all)), 0);
  assert_true (all);
}

static void
one_bit_is_a_sector (void **state UNUSED)
{
  b[5 * 512 + 17] ^= 0x40;
  assert_int_equal (differences_compare (d, GiB, a, b, SIZE), 512);
  assert_range (0, 1, GiB + 5 * 512, 512);
}

static void
first_and_last_byte_are_seen (void **state UNUSED)
{
  b[0] ^= 1;
  b[SIZE - 1] ^= 1;
  assert_int_equal (differences_compare (d, 0, a, b, SIZE), 1024);
  assert_range (0, 2, 0, 512);
  assert_range (1, 2, SIZE - 512, 512);
}

/* At the end of the disk, or if requests are cut at odd places. */
static void
sectors_are_clipped_to_the_compared_range (void **state UNUSED)
{
  b[999] ^= 1;
  assert_int_equal (differences_compare (d, 2048, a, b, 1000), 488);
  assert_range (0, 1, 2048 + 512, 488);
  assert_int_equal (differences_compare (d, 100, a + 990, b + 990, 20), 20);
  assert_range (0, 2, 100, 20);
}

static void
neighbours_are_one_range (void **state UNUSED)
{
  memset (b, 0, SIZE);
  assert_int_equal (differences_compare (d, SIZE, a, b, SIZE), SIZE);
  assert_int_equal (differences_compare (d, 3 * SIZE, a, b, SIZE), SIZE);
  assert_range (1, 2, 3 * SIZE, SIZE);
  assert_int_equal (differences_compare (d, 2 * SIZE, a, b, SIZE), SIZE);
  assert_range (0, 1, SIZE, 3 * SIZE);
}

static void
null_stands_for_zeroes (void **state UNUSED)
{
  memset (b, 0, SIZE);
  assert_int_equal (differences_compare (d, 0, NULL, b, SIZE), 0);
  assert_int_equal (differences_compare (d, 0, b, NULL, SIZE), 0);
  b[1024] = 1;
  assert_int_equal (differences_compare (d, 0, NULL, b, SIZE), 512);
  assert_range (0, 1, 1024, 512);
  assert_int_equal (differences_compare (d, 0, b, NULL, SIZE), 512);
  assert_range (0, 1, 1024, 512);
}

/* Of more than there is room for, those that are close to each other become one,
 * and none is lost.
 */
static void
all_are_kept_or_joined (void **state UNUSED)
{
  const uint64_t n = DIFFERENCES_MAX + 1000;
  struct range_collector all;

  assert_int_equal (differences_keep_all (d), 0);
  b[0] ^= 1;
  differences_compare (d, UINT64_C (1) << 50, a, b, 512);
  for (uint64_t i = n; i-- > 0;)
    assert_int_equal (differences_compare (d, 2048 * i, a, b, 512), 512);
  all = differences_take_all (d);
  assert_true (all.widened && all.n <= DIFFERENCES_MAX);
  assert_int_equal (all.v[0].start, 0);
  assert_int_equal (all.v[all.n - 1].start, UINT64_C (1) << 50);
  assert_true (range_collector_bytes (&all) >= 512 * (n + 1));
  assert_true (range_collector_bytes (&all) <= 2048 * (n + 1));
  range_collector_free (&all);
}

/* Of any number in any order, the first ones are kept, and they are whole. */
static void
first_ones_are_kept_of_any_number (void **state UNUSED)
{
  const uint64_t n = 100000;
  const struct ranges *r;
  bool all;

  b[0] ^= 1;
  for (uint64_t i = n; i-- > 0;)
    assert_int_equal (differences_compare (d, 4096 * (i * 7919 % n), a, b, 512),
                      512);
  b[512] ^= 1;
  differences_compare (d, 4096 * 3, a, b, 1024);
  r = differences_found (d, &all);
  assert_false (all);
  assert_true (ranges_count (r) >= 100);
  for (uint64_t i = 0; i < 100; i++) {
    assert_int_equal (ranges_at (r, i)->start, 4096 * i);
    assert_int_equal (ranges_at (r, i)->end, 4096 * i + (i == 3 ? 1024 : 512));
  }
}

static void *
look_from (void *opaque)
{
  const uint64_t *from = opaque;

  for (uint64_t i = *from; i < 1000; i += 4)
    differences_compare (d, i * SIZE, a, b, SIZE);
  return NULL;
}

static void
threads_find_one_range_together (void **state UNUSED)
{
  static uint64_t from[4] = { 0, 1, 2, 3 };
  pthread_t threads[4];

  memset (b, 0xff, SIZE);
  for (unsigned i = 0; i < 4; i++)
    assert_int_equal (pthread_create (&threads[i], NULL, look_from, &from[i]),
                      0);
  for (unsigned i = 0; i < 4; i++)
    pthread_join (threads[i], NULL);
  assert_range (0, 1, 0, 1000 * SIZE);
}

#define AFRESH(f) cmocka_unit_test_setup_teardown (f, start_afresh, end)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    AFRESH (nothing_differs_in_equal_buffers),
    AFRESH (one_bit_is_a_sector),
    AFRESH (first_and_last_byte_are_seen),
    AFRESH (sectors_are_clipped_to_the_compared_range),
    AFRESH (neighbours_are_one_range),
    AFRESH (null_stands_for_zeroes),
    AFRESH (first_ones_are_kept_of_any_number),
    AFRESH (all_are_kept_or_joined),
    AFRESH (threads_find_one_range_together),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
