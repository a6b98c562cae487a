/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The trace: the file has each event once and with an end, and events that no
 * longer fit are counted.  trace-has-each-request.sh checks that the file is
 * JSON.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/trace.h"
#include "clock.h"

#define UNUSED __attribute__ ((unused))

/* Returns the file's text; the caller frees it. */
static char *
text_of (const struct trace *t)
{
  FILE *f = tmpfile ();
  char *text;
  long n;

  assert_non_null (f);
  assert_int_equal (trace_write (t, fileno (f)), 0);
  n = lseek (fileno (f), 0, SEEK_END);
  assert_true (n > 0);
  text = calloc (n + 1, 1);
  assert_int_equal (pread (fileno (f), text, n, 0), n);
  fclose (f);
  return text;
}

static unsigned
count (const char *text, const char *what)
{
  unsigned n = 0;

  for (text = strstr (text, what); text; text = strstr (text + 1, what))
    n++;
  return n;
}

/* Returns the number after the first "key": in the text. */
static uint64_t
number_of (const char *text, const char *key)
{
  const char *at = strstr (text, key);

  assert_non_null (at);
  return strtoull (at + strlen (key), NULL, 10);
}

static void
nothing_is_recorded_without_a_trace (void **state UNUSED)
{
  struct track *k = trace_worker (NULL, 7);

  assert_null (k);
  assert_null (trace_main (NULL));
  assert_int_equal (track_open (k, "read", 0, 0, 1), 0);
  track_close (k, 0, 0);
  track_span (k, "extents", 1, 0, 1, 0);
  track_mark (k, "steal", 0, 1);
  track_state (k, "window full");
  track_level (k, "window", 1);
  trace_free (NULL);
}

static void
tracks_with_events_are_named (void **state UNUSED)
{
  struct trace *t = trace_new (3);
  char *text = text_of (t);

  assert_int_equal (count (text, "\"process_name\""), 0);
  assert_int_equal (number_of (text, "\"records\":"), 0);
  assert_int_equal (number_of (text, "\"overwritten\":"), 0);
  free (text);

  track_mark (trace_main (t), "pace", 0, 0);
  track_mark (trace_worker (t, 0), "copy", 0, 0);
  track_state (trace_worker (t, 2), "connecting");
  text = text_of (t);
  assert_int_equal (count (text, "\"process_name\""), 3);
  assert_int_equal (count (text, "\"thread_name\""), 3);
  assert_int_equal (count (text, "\"name\":\"main\""), 2);
  assert_int_equal (count (text, "\"name\":\"worker 0\""), 2);
  assert_int_equal (count (text, "\"name\":\"worker 1\""), 0);
  assert_int_equal (count (text, "\"name\":\"worker 2\""), 2);
  assert_int_equal (number_of (text, "\"records\":"), 2);
  free (text);
  trace_free (t);
}

static void
spans_that_overlap_have_ends_of_their_own (void **state UNUSED)
{
  struct trace *t = trace_new (1);
  struct track *k = trace_worker (t, 0);
  const uint64_t a = track_open (k, "read", 5, 4096, 512);
  const uint64_t b = track_open (k, "write", 6, 0, 1024);
  char *text;

  assert_true (a != 0 && b != 0 && a != b);
  track_close (k, a, EIO);
  track_close (k, b, 0);
  track_close (k, b, EIO); /* too late */
  text = text_of (t);
  assert_int_equal (count (text, "\"ph\":\"b\""), 2);
  assert_int_equal (count (text, "\"ph\":\"e\""), 2);
  assert_int_equal (count (text, "\"id\":\"2.0\""), 2);
  assert_int_equal (count (text, "\"id\":\"2.1\""), 2);
  assert_int_equal (count (text,
                           "{\"offset\":4096,\"length\":512,"
                           "\"request\":5,\"errno\":5}"),
                    1);
  assert_int_equal (count (text,
                           "{\"offset\":0,\"length\":1024,"
                           "\"request\":6}"),
                    1);
  free (text);
  trace_free (t);
}

static void
unanswered_requests_end_with_the_trace (void **state UNUSED)
{
  struct trace *t = trace_new (1);
  struct track *k = trace_worker (t, 0);
  char *text;

  track_open (k, "write", 0, 0, 1);
  track_state (k, "window full");
  text = text_of (t);
  assert_int_equal (count (text, "\"ph\":\"b\""), 1);
  assert_int_equal (count (text, "\"ph\":\"e\""), 1);
  assert_int_equal (count (text, "\"unanswered\":true"), 1);
  assert_int_equal (count (text, "\"ph\":\"X\",\"name\":\"window full\""), 1);
  free (text);
  trace_free (t);
}

static void
spans_and_marks_are_recorded_at_once (void **state UNUSED)
{
  struct trace *t = trace_new (1);
  char *text;

  track_span (trace_worker (t, 0), "extents", clock_now (), 1, 2, 0);
  track_mark (trace_worker (t, 0), "steal", 3, 4);
  track_mark (trace_main (t), "pace", 5, 6);
  text = text_of (t);
  assert_int_equal (count (text, "\"name\":\"extents\",\"pid\":2,\"tid\":2"),
                    2);
  assert_int_equal (count (text, "{\"offset\":1,\"length\":2}"), 1);
  assert_int_equal (count (text, "\"ph\":\"i\",\"name\":\"steal\",\"pid\":2"),
                    1);
  assert_int_equal (count (text, "\"ph\":\"i\",\"name\":\"pace\",\"pid\":1"),
                    1);
  assert_int_equal (count (text, "unanswered"), 0);
  assert_int_equal (count (text, "\"request\":"), 0);
  free (text);
  trace_free (t);
}

static void
states_and_levels_are_recorded_when_they_change (void **state UNUSED)
{
  static const char waiting[] = "waiting for extents", full[] = "window full";
  static const char window[] = "window";
  struct trace *t = trace_new (1);
  struct track *k = trace_worker (t, 0);
  char *text;

  for (unsigned i = 0; i < 3; i++)
    track_state (k, waiting);
  for (unsigned i = 0; i < 3; i++) {
    track_state (k, full);
    track_level (k, window, 4096);
  }
  track_level (k, window, 8192);
  track_level (k, window, 0);
  track_state (k, NULL);
  text = text_of (t);
  assert_int_equal (count (text, "\"ph\":\"X\""), 2);
  assert_int_equal (count (text, "\"ph\":\"X\",\"name\":\"window full\""), 1);
  assert_int_equal (count (text, "\"ph\":\"C\",\"name\":\"window\""), 3);
  assert_int_equal (count (text, "\"bytes\":4096}"), 1);
  assert_int_equal (count (text, "\"bytes\":8192}"), 1);
  assert_int_equal (count (text, "\"bytes\":0}"), 1);
  free (text);
  trace_free (t);
}

/* Any number of events takes the same memory.  Each of many workers has a small
 * part of it, so that few records fill it.
 */
static void
the_newest_take_the_place_of_the_oldest (void **state UNUSED)
{
  struct trace *t = trace_new (256);
  struct track *k = trace_worker (t, 0);
  const uint64_t n = 3000, early = track_open (k, "early", 0, 0, 1);
  uint64_t kept, lost;
  char *text;

  for (uint64_t i = 0; i < n; i++)
    track_close (k, track_open (k, "read", i, i, 1), 0);
  track_close (k, early, EIO); /* its slot has another event */
  text = text_of (t);
  kept = number_of (text, "\"records\":");
  lost = number_of (text, "\"overwritten\":");
  assert_int_equal (kept + lost, n + 1);
  assert_true (kept > 0 && kept < n / 2);
  assert_int_equal (count (text, "\"ph\":\"b\""), kept);
  assert_int_equal (count (text, "\"ph\":\"e\""), kept);
  assert_int_equal (count (text, "\"name\":\"overwritten\""), 1);
  assert_int_equal (count (text, "early") + count (text, "\"errno\""), 0);
  assert_int_equal (count (text, "\"request\":2999}"), 1);
  free (text);
  trace_free (t);
}

/* Many workers share the memory of few. */
static void
memory_is_bounded_for_many_workers (void **state UNUSED)
{
  struct trace *t = trace_new (1024);

  assert_non_null (t);
  for (unsigned i = 0; i < 1024; i++)
    track_mark (trace_worker (t, i), "steal", i, 1);
  trace_free (t);
}

static void
write_errors_are_reported (void **state UNUSED)
{
  struct trace *t = trace_new (1);
  const int full = open ("/dev/full", O_WRONLY);

  assert_int_equal (trace_write (t, full), ENOSPC);
  close (full);
  assert_int_equal (trace_write (t, full), EBADF);
  trace_free (t);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (nothing_is_recorded_without_a_trace),
    cmocka_unit_test (tracks_with_events_are_named),
    cmocka_unit_test (spans_that_overlap_have_ends_of_their_own),
    cmocka_unit_test (unanswered_requests_end_with_the_trace),
    cmocka_unit_test (spans_and_marks_are_recorded_at_once),
    cmocka_unit_test (states_and_levels_are_recorded_when_they_change),
    cmocka_unit_test (the_newest_take_the_place_of_the_oldest),
    cmocka_unit_test (memory_is_bounded_for_many_workers),
    cmocka_unit_test (write_errors_are_reported),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
