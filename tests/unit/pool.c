/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pool: alignment, exhaustion, lowest first, honest refusals. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pool.h"

#define UNUSED __attribute__ ((unused))

static void
every_slot_is_taken_once_then_none (void **state UNUSED)
{
  struct pool p;
  char *slot[5];
  size_t i, j;

  assert_int_equal (pool_init (&p, 5, 100, 2), 0);
  for (i = 0; i < 5; ++i) {
    slot[i] = pool_take (&p, 1);
    assert_non_null (slot[i]);
    assert_int_equal ((uintptr_t) slot[i] % 64, 0);
    for (j = 0; j < i; ++j)
      assert_true (slot[i] + 100 <= slot[j] || slot[j] + 100 <= slot[i]);
  }
  assert_null (pool_take (&p, 1));
  pool_give (&p, slot[2], 1);
  assert_ptr_equal (pool_take (&p, 1), slot[2]);
  assert_null (pool_take (&p, 1));
  pool_free (&p);
}

static void
slots_do_not_overlap_and_can_be_written_to_the_end (void **state UNUSED)
{
  static const size_t sizes[] = { 1, 63, 64, 65, 4095, 4096, 5000, 8192 };
  struct pool p;
  char *slot[3];
  size_t i, k, b;

  for (k = 0; k < sizeof sizes / sizeof sizes[0]; ++k) {
    assert_int_equal (pool_init (&p, 3, sizes[k], 2), 0);
    for (i = 0; i < 3; ++i) {
      slot[i] = pool_take (&p, 1);
      assert_int_equal ((uintptr_t) slot[i] % 64, 0);
      for (b = 0; b < sizes[k]; ++b)
        assert_int_equal (slot[i][b], 0);
    }
    for (i = 0; i < 3; ++i)
      memset (slot[i], (int) i + 1, sizes[k]);
    for (i = 0; i < 3; ++i)
      for (b = 0; b < sizes[k]; ++b)
        assert_int_equal (slot[i][b], i + 1);
    pool_free (&p);
  }
}

static void
slots_of_whole_pages_start_on_a_page (void **state UNUSED)
{
  size_t page = (size_t) sysconf (_SC_PAGESIZE), i;
  struct pool p;

  assert_int_equal (pool_init (&p, 7, 3 * page, 2), 0);
  for (i = 0; i < 7; ++i)
    assert_int_equal ((uintptr_t) pool_take (&p, 1) % page, 0);
  pool_free (&p);
}

/* Buffers that were used before are resident, and in the processor's cache. */
static void
lowest_slots_are_taken_first (void **state UNUSED)
{
  struct pool p;
  char *a, *b, *c;

  assert_int_equal (pool_init (&p, 4, 64, 2), 0);
  a = pool_take (&p, 1);
  b = pool_take (&p, 1);
  c = pool_take (&p, 1);
  assert_true (a < b && b < c);
  pool_give (&p, c, 1);
  pool_give (&p, a, 1);
  pool_give (&p, b, 1);
  assert_ptr_equal (pool_take (&p, 1), a);
  assert_ptr_equal (pool_take (&p, 1), b);
  pool_free (&p);
}

static void
several_slots_lie_in_a_row (void **state UNUSED)
{
  struct pool p;
  char *a, *b, *c;

  assert_int_equal (pool_init (&p, 6, 100, 0), 0);
  a = pool_take (&p, 2);
  b = pool_take (&p, 1);
  c = pool_take (&p, 2);
  memset (a, 'a', 200);
  memset (b, 'b', 100);
  memset (c, 'c', 200);
  assert_true (a[0] == 'a' && a[199] == 'a' && b[0] == 'b' && b[99] == 'b');
  assert_true (pool_has (&p, 1));
  assert_false (pool_has (&p, 2));
  assert_null (pool_take (&p, 2));

  pool_give (&p, a, 2); /* three are idle, but only two of them are adjacent */
  assert_true (pool_has (&p, 2));
  assert_false (pool_has (&p, 3));
  assert_null (pool_take (&p, 3));
  pool_give (&p, b, 1);
  assert_ptr_equal (pool_take (&p, 3), a);
  assert_null (pool_take (&p, 7));
  pool_free (&p);
}

static void
memory_is_not_resident_before_it_is_touched (void **state UNUSED)
{
  size_t page = (size_t) sysconf (_SC_PAGESIZE), i, n = 0;
  static unsigned char resident[1024];
  struct pool p;

  assert_int_equal (pool_init (&p, 1024, page, 2), 0);
  *(char *) pool_take (&p, 1) = 1;
  assert_int_equal (mincore (p.arena, p.arena_size, resident), 0);
  for (i = 0; i < 1024; ++i)
    n += resident[i] & 1;
  /* Not all: the kernel decides how many pages one access brings in. */
  assert_in_range (n, 1, 1023);
  pool_free (&p);
}

static void
assert_as_if_zeroed (const struct pool *p)
{
  assert_null (p->arena);
  assert_null (p->taken);
  assert_int_equal (p->arena_size, 0);
  assert_int_equal (p->n_taken, 0);
  assert_int_equal (p->n_slots, 0);
}

static void
assert_refused (size_t n_slots, size_t slot_size, int err)
{
  struct pool p;

  memset (&p, 0xa5, sizeof p);
  errno = 0;
  assert_int_equal (pool_init (&p, n_slots, slot_size, 2), -1);
  assert_int_equal (errno, err);
  assert_as_if_zeroed (&p);
  assert_null (pool_take (&p, 1));
  pool_free (&p);
}

static void
sizes_that_do_not_fit_are_refused (void **state UNUSED)
{
  assert_refused (0, 64, EINVAL);
  assert_refused (1, 0, EINVAL);
  assert_refused (1, SIZE_MAX, EOVERFLOW);
  assert_refused (2, SIZE_MAX / 2 + 1, EOVERFLOW);
  assert_refused (SIZE_MAX / 4, 64, EOVERFLOW);
  /* Fits into a size_t, but not into an address space. */
  assert_refused (1, SIZE_MAX / 2, ENOMEM);
}

static void
freeing_twice_or_a_zeroed_pool_is_safe (void **state UNUSED)
{
  struct pool p = { .arena = NULL };

  pool_free (&p);
  assert_null (pool_take (&p, 1));
  assert_int_equal (pool_init (&p, 2, 10, 2), 0);
  pool_free (&p);
  assert_as_if_zeroed (&p);
  pool_free (&p);
  assert_null (pool_take (&p, 1));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (every_slot_is_taken_once_then_none),
    cmocka_unit_test (slots_do_not_overlap_and_can_be_written_to_the_end),
    cmocka_unit_test (slots_of_whole_pages_start_on_a_page),
    cmocka_unit_test (lowest_slots_are_taken_first),
    cmocka_unit_test (several_slots_lie_in_a_row),
    cmocka_unit_test (memory_is_not_resident_before_it_is_touched),
    cmocka_unit_test (sizes_that_do_not_fit_are_refused),
    cmocka_unit_test (freeing_twice_or_a_zeroed_pool_is_safe),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
