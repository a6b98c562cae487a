/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an overview of many copies says, and the lines that show it in windows
 * of all sizes.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "batch/overview.h"
#include "batch/view-text.h"
#include "clock.h"

#define UNUSED __attribute__ ((unused))
#define START (1000 * NS_PER_S)

static struct overview overview;
static struct overview_sums sums;
static char *text;

static int
forget (void **state UNUSED)
{
  overview_free (&overview);
  free (text);
  text = NULL;
  return 0;
}

/* Starts with @n copies, of which the first have these names. */
static void
begin (size_t n, const char *const *names)
{
  assert_int_equal (overview_init (&overview, n, START), 0);
  for (size_t i = 0; i < n; i++)
    overview.copies[i].disk = names ? names[i] : "disk";
  sums = overview_sum (&overview, START);
}

static void
take (size_t i, const char *event)
{
  json_t *value = json_loads (event, 0, NULL);

  assert_non_null (value);
  overview_take_event (&overview, i, value, START);
  json_decref (value);
}

static bool
passes_on (const char *event, uint64_t now)
{
  json_t *value = json_loads (event, 0, NULL);
  const bool r = overview_passes_on (&overview, 0, value, 10 * NS_PER_S, now);

  json_decref (value);
  return r;
}

static void
run (size_t i, const char *event)
{
  overview_set_state (&overview, i, RUNS, 1, START);
  take (i, event);
}

static void
draw (size_t width, size_t height)
{
  free (text);
  text = view_text (&overview, &sums, (struct window_size) { width, height });
  assert_non_null (text);
}

#define COPYING                                                                  \
  "{\"ev\":\"progress\",\"phase\":\"copy\",\"percent\":45,\"total\":1073741824," \
  "\"done\":483183820,\"data\":483183820,\"rate\":104857600.0,\"eta\":12.0}"

/* -- the sums ------------------------------------------------------------- */

static void
sums_are_of_all_copies (void **state UNUSED)
{
  begin (6, NULL);
  run (0, COPYING);
  run (1, COPYING);
  overview_set_state (&overview, 2, IS_DONE, 1, START);
  overview_set_state (&overview, 3, HAS_FAILED, 1, START);
  overview_set_state (&overview, 4, WAITS, 1, START);
  sums = overview_sum (&overview, START + 10 * NS_PER_S);
  assert_int_equal (sums.by_state[RUNS], 2);
  assert_int_equal (sums.by_state[IS_DONE], 1);
  assert_int_equal (sums.by_state[HAS_FAILED], 1);
  assert_int_equal (sums.by_state[WAITS], 2);
  assert_int_equal (sums.by_state[NOT_STARTED], 0);
  assert_int_equal (sums.again, 1);
  assert_int_equal (sums.done, 2 * 483183820);
  assert_false (sums.all_known);
  assert_int_equal (sums.rate, 2 * 104857600);
  assert_int_equal (sums.percent, 31); /* (1 + 2 * 0.45) / 6 */
}

/* The slowest copy says how long it takes at least. */
static void
time_left_is_that_of_the_rest (void **state UNUSED)
{
  begin (4, NULL);
  assert_true (sums.left < 0);
  overview_set_state (&overview, 0, IS_DONE, 1, START);
  sums = overview_sum (&overview, START + 30 * NS_PER_S);
  assert_int_equal (sums.left, 90);
  run (1,
       "{\"ev\":\"progress\",\"phase\":\"copy\",\"percent\":0,"
       "\"total\":1000,\"done\":0,\"rate\":0.0,\"eta\":5000.0}");
  sums = overview_sum (&overview, START + 30 * NS_PER_S);
  assert_int_equal (sums.left, 5000);
  for (size_t i = 0; i < 4; i++)
    overview_set_state (&overview, i, IS_DONE, 1, START);
  sums = overview_sum (&overview, START + 60 * NS_PER_S);
  assert_int_equal (sums.left, 0);
  assert_int_equal (sums.percent, 100);
}

/* Nothing is left to do when all have failed, but little is done. */
static void
failed_copies_are_not_done (void **state UNUSED)
{
  begin (2, NULL);
  run (0, COPYING);
  for (size_t i = 0; i < 2; i++)
    overview_set_state (&overview, i, HAS_FAILED, 0, START);
  sums = overview_sum (&overview, START + 10 * NS_PER_S);
  assert_int_equal (sums.percent, 22);
  assert_int_equal (sums.left, 0);
}

/* Copies of less than a second have a rate together. */
static void
rate_counts_copies_that_have_ended (void **state UNUSED)
{
  begin (2, NULL);
  overview_set_state (&overview, 0, RUNS, 1, START);
  take (0, "{\"ev\":\"end\",\"bytes\":{\"data\":50000}}");
  overview_set_state (&overview, 0, IS_DONE, 1, START);
  sums = overview_sum (&overview, START + 5 * NS_PER_S);
  assert_int_equal (sums.rate, 10000);
}

/* What a program has read does not grow by a view of each second. */
static void
progress_is_passed_on_at_intervals (void **state UNUSED)
{
  begin (1, NULL);
  assert_true (passes_on (COPYING, START));
  assert_false (passes_on (COPYING, START + 9 * NS_PER_S));
  assert_true (passes_on ("{\"ev\":\"retry\"}", START + 9 * NS_PER_S));
  assert_true (passes_on (COPYING, START + 10 * NS_PER_S));
  assert_true (passes_on ("{\"ev\":\"progress\",\"phase\":\"flush\"}",
                          START + 11 * NS_PER_S));
  overview_pass_next (&overview);
  assert_true (passes_on ("{\"ev\":\"progress\",\"phase\":\"flush\"}",
                          START + 12 * NS_PER_S));
}

/* -- the lines ------------------------------------------------------------ */

static void
lines_show_copies_and_all (void **state UNUSED)
{
  static const char *const names[] = { "web", "mail-server", "third" };

  begin (3, names);
  run (0, COPYING);
  overview_set_state (&overview, 1, RUNS, 1, START);
  sums = overview_sum (&overview, START);
  draw (100, 24);
  assert_string_equal (
    text,
    "web          45% [******************----------------------] "
    " 100.0 MiB/s      12 s left\n"
    "mail-server  starting\n"
    " 15%  0 of 3 disks done, 2 running, 1 waiting, 0 failed: 460.8 MiB,"
    " 100.0 MiB/s, ? left");
}

static void
phases_after_the_copy_are_named (void **state UNUSED)
{
  begin (1, NULL);
  run (0,
       "{\"ev\":\"progress\",\"phase\":\"verify\",\"percent\":70,"
       "\"total\":1000,\"done\":1000,\"rate\":0.0,\"eta\":null}");
  sums = overview_sum (&overview, START);
  draw (100, 24);
  assert_non_null (strstr (text, " left, verify\n"));
}

static void
unknown_sizes_have_no_percent (void **state UNUSED)
{
  begin (1, NULL);
  run (0,
       "{\"ev\":\"progress\",\"phase\":\"copy\",\"percent\":null,"
       "\"total\":null,\"done\":4096,\"rate\":1024.0,\"eta\":null}");
  sums = overview_sum (&overview, START);
  draw (100, 24);
  assert_non_null (strstr (text, "disk  4.0 KiB "));
}

static void
copies_that_do_not_fit_are_counted (void **state UNUSED)
{
  begin (20, NULL);
  for (size_t i = 0; i < 20; i++)
    run (i, COPYING);
  sums = overview_sum (&overview, START);
  draw (100, 21);
  assert_null (strstr (text, "more"));
  draw (100, 20);
  assert_non_null (strstr (text, "\n... and 2 more\n"));
  draw (100, 2);
  assert_non_null (strstr (text, "... and 20 more\n"));
  draw (100, 1);
  assert_null (strstr (text, "\n"));
}

/* No line is as wide as the window, and there are no more than fit. */
static void
lines_fit_into_each_window (void **state UNUSED)
{
  static const char *const names[] = {
    "a",
    "a-name-of-sixty-four-bytes-which-is-the-longest-that-can-be-used",
    "Datentr\303\244ger der B\303\274cher-\346\227\245\346\234\254\350\252\236-"
    "\346\227\245\346\234\254\350\252\236",
    "e\314\201e\314\201e\314\201e\314\201e\314\201e\314\201e\314\201e\314\201"
    "e\314\201e\314\201",
    "not UTF-8: \377\376 \303",
  };

  begin (5, names);
  for (size_t i = 0; i < 5; i++)
    run (i, COPYING);
  sums = overview_sum (&overview, START);
  for (size_t width = 1; width <= 200; width++)
    for (size_t height = 1; height <= 8; height++) {
      size_t lines = 0, length;

      draw (width, height);
      for (const char *line = text;; line += length + 1) {
        length = strcspn (line, "\n");
        assert_true (view_text_width (line, length) <= max_u64 (1, width - 1));
        lines++;
        if (line[length] == '\0')
          break;
      }
      assert_in_range (lines, 1, height);
    }
}

/* Their ends are what tells them apart. */
static void
long_names_lose_their_middle (void **state UNUSED)
{
  static const char *const names[] = {
    "production-cluster-west-database-server-disk-01",
    "\346\227\245\346\234\254\350\252\236\346\227\245\346\234\254\350\252\236"
    "\346\227\245\346\234\254\350\252\236\346\227\245\346\234\254\350\252\236",
  };

  begin (2, names);
  run (0, COPYING);
  run (1, COPYING);
  sums = overview_sum (&overview, START);
  draw (61, 24);
  assert_non_null (strstr (text, "productio...-disk-01 "));
  /* a character of two cells is shown whole or not at all */
  assert_non_null (strstr (text, "\n\346\227\245\346\234\254"));
  assert_non_null (strstr (text, "..."));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test_teardown (sums_are_of_all_copies, forget),
    cmocka_unit_test_teardown (time_left_is_that_of_the_rest, forget),
    cmocka_unit_test_teardown (rate_counts_copies_that_have_ended, forget),
    cmocka_unit_test_teardown (progress_is_passed_on_at_intervals, forget),
    cmocka_unit_test_teardown (lines_show_copies_and_all, forget),
    cmocka_unit_test_teardown (phases_after_the_copy_are_named, forget),
    cmocka_unit_test_teardown (failed_copies_are_not_done, forget),
    cmocka_unit_test_teardown (unknown_sizes_have_no_percent, forget),
    cmocka_unit_test_teardown (copies_that_do_not_fit_are_counted, forget),
    cmocka_unit_test_teardown (lines_fit_into_each_window, forget),
    cmocka_unit_test_teardown (long_names_lose_their_middle, forget),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
