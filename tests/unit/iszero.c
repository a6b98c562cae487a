/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Zero or not: every length, every alignment, one bit anywhere. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "iszero.h"

#define UNUSED __attribute__ ((unused))

#define MAX_LENGTH 300
#define MAX_SHIFT 17

/* The bytes around a buffer must not count, so they are never zero. */
static unsigned char room[64 + MAX_SHIFT + MAX_LENGTH + 64]
  __attribute__ ((aligned (64)));

static unsigned char *
make_zeroes (size_t shift, size_t length)
{
  memset (room, 0xff, sizeof room);
  return memset (room + 64 + shift, 0, length);
}

static void
zeroes_are_zero_next_to_anything (void **state UNUSED)
{
  size_t shift, length;

  for (shift = 0; shift < MAX_SHIFT; ++shift)
    for (length = 0; length <= MAX_LENGTH; ++length)
      if (!is_zero (make_zeroes (shift, length), length))
        fail_msg ("%zu zeroes, shifted by %zu", length, shift);
}

static void
one_byte_anywhere_is_found (void **state UNUSED)
{
  static const unsigned char values[] = { 0x01, 0x80, 0xff };
  size_t shift, length, at;
  unsigned char *p;

  for (shift = 0; shift < MAX_SHIFT; shift += 3)
    for (length = 1; length <= MAX_LENGTH; ++length) {
      p = make_zeroes (shift, length);
      for (at = 0; at < length; ++at) {
        p[at] = values[at % sizeof values];
        if (is_zero (p, length))
          fail_msg ("byte %zu of %zu missed, shifted by %zu", at, length,
                    shift);
        p[at] = 0;
      }
      assert_true (is_zero (p, length));
    }
}

static void
empty_buffer_is_zero (void **state UNUSED)
{
  assert_true (is_zero ("x", 0));
}

static void
large_buffer_is_read_to_the_end (void **state UNUSED)
{
  static unsigned char large[1 << 20];
  size_t at;

  assert_true (is_zero (large, sizeof large));
  for (at = 0; at < sizeof large; at += 4096 - 1) {
    large[at] = 1;
    assert_false (is_zero (large, sizeof large));
    large[at] = 0;
  }
  large[sizeof large - 1] = 1;
  assert_false (is_zero (large, sizeof large));
  assert_true (is_zero (large, sizeof large - 1));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (zeroes_are_zero_next_to_anything),
    cmocka_unit_test (one_byte_anywhere_is_found),
    cmocka_unit_test (empty_buffer_is_zero),
    cmocka_unit_test (large_buffer_is_read_to_the_end),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
