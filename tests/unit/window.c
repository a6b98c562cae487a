/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The window: what fits, charges and refunds, and that no request waits
 * forever.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>

#include "engine/window.h"

#define UNUSED __attribute__ ((unused))

static void
requests_are_limited (void **state UNUSED)
{
  struct window w;

  window_init (&w, 3, 1000);
  window_charge (&w, 1);
  window_charge (&w, 1);
  assert_true (window_has_room (&w, 1));
  window_charge (&w, 1);
  assert_false (window_has_room (&w, 1));
  assert_false (window_has_room (&w, 0));
  window_refund (&w, 1);
  assert_true (window_has_room (&w, 1));
}

static void
bytes_are_limited (void **state UNUSED)
{
  struct window w;

  window_init (&w, 100, 1000);
  window_charge (&w, 600);
  assert_true (window_has_room (&w, 400));
  assert_false (window_has_room (&w, 401));
  assert_false (window_has_room (&w, UINT64_MAX));
  window_charge (&w, 400);
  assert_false (window_has_room (&w, 1));
  window_refund (&w, 600);
  assert_true (window_has_room (&w, 600));
  assert_false (window_has_room (&w, 601));
}

static void
one_always_fits_into_an_empty_window (void **state UNUSED)
{
  struct window w;

  window_init (&w, 1, 1);
  assert_true (window_has_room (&w, 0));
  assert_true (window_has_room (&w, 1));
  assert_true (window_has_room (&w, UINT64_MAX));

  /* Over the limit nothing more fits, until it is empty again. */
  window_init (&w, 10, 1000);
  assert_true (window_has_room (&w, 5000));
  window_charge (&w, 5000);
  assert_false (window_has_room (&w, 0));
  assert_false (window_has_room (&w, 1));
  window_refund (&w, 5000);
  assert_true (window_has_room (&w, 5000));
}

static void
requests_without_bytes_count_as_requests (void **state UNUSED)
{
  struct window w;

  window_init (&w, 2, 1000);
  window_charge (&w, 0);
  assert_true (window_has_room (&w, 1000));
  window_charge (&w, 0);
  assert_false (window_has_room (&w, 0));
  window_refund (&w, 0);
  window_refund (&w, 0);
  assert_int_equal (w.requests, 0);
}

static void
limits_reach_to_the_end_of_64_bits (void **state UNUSED)
{
  struct window w;

  window_init (&w, UINT64_MAX, UINT64_MAX);
  window_charge (&w, UINT64_MAX - 10);
  assert_true (window_has_room (&w, 10));
  assert_false (window_has_room (&w, 11));
  window_refund (&w, UINT64_MAX - 10);
  assert_int_equal (w.bytes, 0);
}

#define MOST 16 /* requests in the model */

/* Random charges and refunds: the window agrees with a sum over all requests.
 */
static void
window_behaves_like_a_sum (void **state UNUSED)
{
  unsigned short dice[3] = { 0x330e, 4711, 77 };
  unsigned refused = 0, step;
  uint64_t held[MOST], sum = 0, bytes;
  size_t n = 0, which;
  struct window w;

  window_init (&w, MOST, 4096);
  for (step = 0; step < 20000; ++step) {
    if (n > 0 && nrand48 (dice) % 5 < 2) {
      which = (size_t) nrand48 (dice) % n;
      window_refund (&w, held[which]);
      sum -= held[which];
      held[which] = held[--n];
    }
    bytes = (uint64_t) nrand48 (dice) % 700;
    if (nrand48 (dice) % 50 == 0)
      bytes *= 20;
    assert_int_equal (window_has_room (&w, bytes),
                      n == 0
                        || (n < MOST && sum < 4096 && sum + bytes <= 4096));
    if (window_has_room (&w, bytes)) {
      window_charge (&w, bytes);
      held[n++] = bytes;
      sum += bytes;
    }
    else
      refused++;
    assert_int_equal (w.requests, n);
    assert_int_equal (w.bytes, sum);
  }
  assert_true (refused > 1000 && refused < 19000);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (requests_are_limited),
    cmocka_unit_test (bytes_are_limited),
    cmocka_unit_test (one_always_fits_into_an_empty_window),
    cmocka_unit_test (requests_without_bytes_count_as_requests),
    cmocka_unit_test (limits_reach_to_the_end_of_64_bits),
    cmocka_unit_test (window_behaves_like_a_sum),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
