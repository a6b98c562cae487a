/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zeroes: cutting a buffer, by example and against a naive model, and the order
 * of the ways to make them.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "engine/zero.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void
assert_segments (const struct segment *got, unsigned n_got,
                 const struct segment *expected, unsigned n)
{
  unsigned i;

  assert_int_equal (n_got, n);
  for (i = 0; i < n; ++i) {
    assert_int_equal (got[i].start, expected[i].start);
    assert_int_equal (got[i].end, expected[i].end);
    assert_int_equal (got[i].zero, expected[i].zero);
  }
}

#define ASSERT_SEGMENTS(got, n_got, ...)                                       \
  assert_segments ((got), (n_got), (const struct segment[]) { __VA_ARGS__ },   \
                   sizeof ((const struct segment[]) { __VA_ARGS__ })           \
                     / sizeof (struct segment))

/* -- cutting ------------------------------------------------------------- */

static void
buffer_of_one_kind_is_one_segment (void **state UNUSED)
{
  uint8_t buffer[4096] = { 0 };
  struct segment s[4];

  ASSERT_SEGMENTS (s, zero_cut (buffer, 4096, 0, 512, s, 4), { 0, 4096, true });
  ASSERT_SEGMENTS (s, zero_cut (buffer, 1, 0, 512, s, 4), { 0, 1, true });
  memset (buffer, 1, sizeof buffer);
  ASSERT_SEGMENTS (s, zero_cut (buffer, 4096, 0, 512, s, 4),
                   { 0, 4096, false });
}

static void
zero_runs_are_cut_out_at_multiples_of_scan (void **state UNUSED)
{
  uint8_t buffer[4096] = { 0 };
  struct segment s[8];

  buffer[700] = 1;
  ASSERT_SEGMENTS (s, zero_cut (buffer, 4096, 0, 512, s, 8), { 0, 512, true },
                   { 512, 1024, false }, { 1024, 4096, true });
  buffer[0] = buffer[4095] = 1;
  ASSERT_SEGMENTS (s, zero_cut (buffer, 4096, 0, 512, s, 8), { 0, 1024, false },
                   { 1024, 3584, true }, { 3584, 4096, false });
}

/* Multiples of scan on the disk, not in the buffer. */
static void
multiples_are_counted_from_the_start_of_the_disk (void **state UNUSED)
{
  uint8_t buffer[2048] = { 0 };
  struct segment s[8];

  buffer[0] = buffer[2047] = 1;
  /* Blocks end at 412, 924, 1436, 1948 of the buffer. */
  ASSERT_SEGMENTS (s, zero_cut (buffer, 2048, 100, 512, s, 8),
                   { 0, 412, false }, { 412, 1948, true },
                   { 1948, 2048, false });
  ASSERT_SEGMENTS (
    s, zero_cut (buffer, 2048, (UINT64_C (1) << 63) - 2048 - 412, 512, s, 8),
    { 0, 412, false }, { 412, 1948, true }, { 1948, 2048, false });
}

/* Shorter than scan, so not worth a separate request. */
static void
short_blocks_at_the_ends_count_with_their_neighbours (void **state UNUSED)
{
  uint8_t buffer[1024] = { 0 };
  struct segment s[8];

  memset (buffer + 412, 1, 512);
  ASSERT_SEGMENTS (s, zero_cut (buffer, 1024, 100, 512, s, 8),
                   { 0, 1024, false });
  memset (buffer + 412, 0, 512);
  buffer[1000] = 1;
  ASSERT_SEGMENTS (s, zero_cut (buffer, 1024, 100, 512, s, 8), { 0, 924, true },
                   { 924, 1024, false });
}

static void
short_zero_buffer_is_zero_as_a_whole (void **state UNUSED)
{
  uint8_t buffer[100] = { 0 };
  struct segment s[2];

  ASSERT_SEGMENTS (s, zero_cut (buffer, 100, 7, 65536, s, 2), { 0, 100, true });
  buffer[99] = 1;
  ASSERT_SEGMENTS (s, zero_cut (buffer, 100, 7, 65536, s, 2),
                   { 0, 100, false });
}

static void
scan_0_looks_at_nothing (void **state UNUSED)
{
  uint8_t buffer[4096] = { 0 };
  struct segment s[2];

  ASSERT_SEGMENTS (s, zero_cut (buffer, 4096, 0, 0, s, 2), { 0, 4096, false });
  ASSERT_SEGMENTS (s, zero_cut (buffer, 4096, 4096, 0, s, 1),
                   { 0, 4096, false });
}

static void
too_many_segments_keep_the_longer_runs (void **state UNUSED)
{
  uint8_t buffer[16 * 512];
  struct segment s[16];

  /* dddd z d zz d zzzz d zz: runs of one, two, four and two blocks. */
  memset (buffer, 1, sizeof buffer);
  memset (buffer + 4 * 512, 0, 512);
  memset (buffer + 6 * 512, 0, 2 * 512);
  memset (buffer + 9 * 512, 0, 4 * 512);
  memset (buffer + 14 * 512, 0, 2 * 512);
  assert_int_equal (zero_cut (buffer, sizeof buffer, 0, 512, s, 16), 8);
  ASSERT_SEGMENTS (s, zero_cut (buffer, sizeof buffer, 0, 512, s, 7),
                   { 0, 3072, false }, { 3072, 4096, true },
                   { 4096, 4608, false }, { 4608, 6656, true },
                   { 6656, 7168, false }, { 7168, 8192, true });
  ASSERT_SEGMENTS (s, zero_cut (buffer, sizeof buffer, 0, 512, s, 5),
                   { 0, 4608, false }, { 4608, 6656, true },
                   { 6656, 8192, false });
  ASSERT_SEGMENTS (s, zero_cut (buffer, sizeof buffer, 0, 512, s, 2),
                   { 0, 8192, false });
  ASSERT_SEGMENTS (s, zero_cut (buffer, sizeof buffer, 0, 512, s, 1),
                   { 0, 8192, false });
}

#define MODEL_MAX 4096 /* bytes in a random buffer */

/* The naive model: assigns bytes to blocks, blocks to runs, and selects the
 * long runs, one byte at a time.
 */
static unsigned
naive_cut (const uint8_t *buffer, uint64_t length, uint64_t offset,
           uint64_t scan, struct segment *out, unsigned max)
{
  static bool zero[MODEL_MAX], keep[MODEL_MAX];
  uint64_t i, j, k, least = scan;
  unsigned n;

  for (i = 0; i < length; i = j) {
    bool all = true;

    for (j = i; j < length && (offset + j) / scan == (offset + i) / scan; ++j)
      all = all && buffer[j] == 0;
    for (k = i; k < j; ++k)
      zero[k] = all;
  }
  do {
    n = 0;
    for (i = 0; i < length; i = j) {
      for (j = i; j < length && zero[j] == zero[i]; ++j)
        ;
      for (k = i; k < j; ++k)
        keep[k] = zero[i] && (j - i >= least || j - i == length);
    }
    for (i = 0; i < length; i = j) {
      for (j = i; j < length && keep[j] == keep[i]; ++j)
        ;
      if (n < max)
        out[n] = (struct segment) { i, j, keep[i] };
      n++;
    }
    least *= 2;
  } while (n > max);
  return n;
}

static unsigned current_seed;

/* Zeroes are mostly whole blocks, as there would be no runs otherwise. */
static void
fill_buffer (uint8_t *buffer, uint64_t length, unsigned short *dice)
{
  const unsigned like_zero = nrand48 (dice) % 5;
  uint64_t i, j;

  for (i = 0; i < length; i = j) {
    j = min_u64 (length, i + 1 + (uint64_t) nrand48 (dice) % 40);
    memset (buffer + i, nrand48 (dice) % 4 < like_zero ? 0 : 0x80, j - i);
  }
}

static void
run_seed (unsigned seed, unsigned *limited)
{
  unsigned short dice[3] = { 0x330e, (unsigned short) seed, 78 };
  struct segment got[32], expected[32];
  uint64_t length = 1 + (uint64_t) nrand48 (dice) % 600;
  uint64_t scan = UINT64_C (1) << (nrand48 (dice) % 9);
  uint64_t offset = (uint64_t) nrand48 (dice) % 2000;
  unsigned max = 1 + (unsigned) nrand48 (dice) % 32;
  uint8_t *buffer = malloc (length); /* exact, to find reads beyond the end */
  unsigned n, i;

  assert_non_null (buffer);
  if (seed % 3 == 0)
    offset += (UINT64_C (1) << 63) - 4096;
  fill_buffer (buffer, length, dice);
  for (i = 0; i < COUNT (got); ++i)
    got[i] = (struct segment) { 12345, 54321, true };
  n = zero_cut (buffer, length, offset, scan, got, max);
  assert_true (1 <= n && n <= max);
  assert_segments (got, n, expected,
                   naive_cut (buffer, length, offset, scan, expected, max));

  /* And the guarantees of the header, independent of the model. */
  for (i = 0; i < n; ++i) {
    assert_int_equal (got[i].start, i == 0 ? 0 : got[i - 1].end);
    assert_true (got[i].start < got[i].end);
    assert_true (i == 0 || got[i].zero != got[i - 1].zero);
  }
  assert_int_equal (got[n - 1].end, length);
  for (; i < COUNT (got); ++i)
    assert_true (i < max || got[i].start == 12345);
  *limited += naive_cut (buffer, length, offset, scan, expected, 32) > n;
  free (buffer);
}

static void
cutting_agrees_with_the_model (void **state UNUSED)
{
  unsigned limited = 0;

  for (current_seed = 1; current_seed <= 1000; ++current_seed)
    run_seed (current_seed, &limited);
  current_seed = 0;
  assert_true (limited > 50);
}

/* An assertion leaves by longjmp, so the seed is printed here. */
static int
print_seed (void **state UNUSED)
{
  if (current_seed != 0)
    print_error ("failed with seed %u\n", current_seed);
  return 0;
}

/* -- ways to make zeroes -------------------------------------------------- */

static const struct zero_plan able = {
  .request_max = GiB,
  .fast = true,
  .write_max = 4 * MiB,
};

static void
first_way_is_the_best_that_the_server_offers (void **state UNUSED)
{
  struct zero_plan z = able;

  assert_int_equal (zero_way_first (&z), ZERO_FAST);
  z.fast = false;
  assert_int_equal (zero_way_first (&z), ZERO_PLAIN);
  z.request_max = 0;
  assert_int_equal (zero_way_first (&z), ZERO_WRITE);
  z.fast = true;
  assert_int_equal (zero_way_first (&z), ZERO_WRITE);
}

static void
refusals_lead_down_the_ladder (void **state UNUSED)
{
  static const struct {
    enum zero_way way;
    uint64_t length;
    int err;
    enum zero_way next;
  } steps[] = {
    { ZERO_FAST, GiB, ENOTSUP, ZERO_PLAIN },
    { ZERO_FAST, GiB, EOPNOTSUPP, ZERO_PLAIN },
    { ZERO_FAST, GiB, EINVAL, ZERO_PLAIN },
    { ZERO_FAST, 512, EINVAL, ZERO_PLAIN },
    { ZERO_FAST, 512, EOVERFLOW, ZERO_PLAIN },
    { ZERO_FAST, 512, ENOSYS, ZERO_PLAIN },
    { ZERO_PLAIN, GiB, ENOTSUP, ZERO_WRITE },
    { ZERO_PLAIN, 512, ENOTSUP, ZERO_WRITE },
    /* The request may only have been too large. */
    { ZERO_PLAIN, GiB, EINVAL, ZERO_SMALL },
    { ZERO_PLAIN, GiB, EOVERFLOW, ZERO_SMALL },
    { ZERO_PLAIN, 4 * MiB + 1, EINVAL, ZERO_SMALL },
    { ZERO_PLAIN, 4 * MiB, EINVAL, ZERO_WRITE },
    { ZERO_PLAIN, 512, EOVERFLOW, ZERO_WRITE },
    { ZERO_SMALL, 4 * MiB, EINVAL, ZERO_WRITE },
    { ZERO_SMALL, 4 * MiB, ENOTSUP, ZERO_WRITE },
    { ZERO_SMALL, GiB, EINVAL, ZERO_WRITE },
    /* The error is about this range alone. */
    { ZERO_FAST, GiB, EPERM, ZERO_PLAIN },
    { ZERO_PLAIN, GiB, EBUSY, ZERO_WRITE },
    { ZERO_PLAIN, GiB, ENOSPC, ZERO_WRITE },
    { ZERO_SMALL, 512, EPERM, ZERO_WRITE },
  };
  size_t i;

  for (i = 0; i < COUNT (steps); ++i)
    if (zero_way_next (&able, steps[i].way, steps[i].length, steps[i].err)
        != steps[i].next)
      fail_msg ("step %zu leads to %d", i,
                (int) zero_way_next (&able, steps[i].way, steps[i].length,
                                     steps[i].err));
}

static void
errors_that_have_nothing_to_do_with_the_way_leave_it (void **state UNUSED)
{
  static const int errors[] = { EIO, ENOTCONN, ENOMEM, ESHUTDOWN, EPROTO };
  enum zero_way way;
  size_t i;

  for (way = ZERO_FAST; way <= ZERO_WRITE; ++way)
    for (i = 0; i < COUNT (errors); ++i)
      assert_int_equal (zero_way_next (&able, way, GiB, errors[i]), way);
  /* Writing is the last way. */
  assert_int_equal (zero_way_next (&able, ZERO_WRITE, GiB, EINVAL), ZERO_WRITE);
}

static void
refusals_of_one_range_do_not_end_the_way (void **state UNUSED)
{
  static const int ending[] = { ENOTSUP, EOPNOTSUPP, EINVAL, EOVERFLOW,
                                ENOSYS };
  static const int passing[] = { EBUSY, ENOSPC, EPERM };
  size_t i;

  for (i = 0; i < COUNT (ending); ++i)
    assert_true (zero_way_is_over (ending[i]));
  for (i = 0; i < COUNT (passing); ++i)
    assert_false (zero_way_is_over (passing[i]));
}

/* The ways end for any reply of a server. */
static void
ladder_never_goes_up (void **state UNUSED)
{
  static const int errors[] = {
    ENOTSUP, EINVAL, EOVERFLOW, ENOSYS, EBUSY, EIO
  };
  static const uint64_t lengths[] = { 1, 4 * MiB, 4 * MiB + 1, GiB };
  enum zero_way way, next;
  size_t i, j;

  for (way = ZERO_FAST; way <= ZERO_WRITE; ++way)
    for (i = 0; i < COUNT (errors); ++i)
      for (j = 0; j < COUNT (lengths); ++j) {
        next = zero_way_next (&able, way, lengths[j], errors[i]);
        assert_true (next > way || errors[i] == EIO || way == ZERO_WRITE);
        assert_true (next >= way);
      }
}

static void
requests_are_no_larger_than_the_way_allows (void **state UNUSED)
{
  const struct zero_plan small = {
    .request_max = MiB,
    .write_max = 4 * MiB,
  };
  const struct zero_plan none = { .write_max = 64 * KiB };

  assert_int_equal (zero_way_max (&able, ZERO_FAST), GiB);
  assert_int_equal (zero_way_max (&able, ZERO_PLAIN), GiB);
  assert_int_equal (zero_way_max (&able, ZERO_SMALL), 4 * MiB);
  assert_int_equal (zero_way_max (&able, ZERO_WRITE), 4 * MiB);
  assert_int_equal (zero_way_max (&small, ZERO_PLAIN), MiB);
  assert_int_equal (zero_way_max (&small, ZERO_SMALL), MiB);
  assert_int_equal (zero_way_max (&small, ZERO_WRITE), 4 * MiB);
  assert_int_equal (zero_way_max (&none, zero_way_first (&none)), 64 * KiB);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (buffer_of_one_kind_is_one_segment),
    cmocka_unit_test (zero_runs_are_cut_out_at_multiples_of_scan),
    cmocka_unit_test (multiples_are_counted_from_the_start_of_the_disk),
    cmocka_unit_test (short_blocks_at_the_ends_count_with_their_neighbours),
    cmocka_unit_test (short_zero_buffer_is_zero_as_a_whole),
    cmocka_unit_test (scan_0_looks_at_nothing),
    cmocka_unit_test (too_many_segments_keep_the_longer_runs),
    cmocka_unit_test_teardown (cutting_agrees_with_the_model, print_seed),
    cmocka_unit_test (first_way_is_the_best_that_the_server_offers),
    cmocka_unit_test (refusals_lead_down_the_ladder),
    cmocka_unit_test (errors_that_have_nothing_to_do_with_the_way_leave_it),
    cmocka_unit_test (refusals_of_one_range_do_not_end_the_way),
    cmocka_unit_test (ladder_never_goes_up),
    cmocka_unit_test (requests_are_no_larger_than_the_way_allows),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
