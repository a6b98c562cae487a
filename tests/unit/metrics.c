/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics for Prometheus: their text, and reading the last success of it. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "output/metrics.h"

#define UNUSED __attribute__ ((unused))

/* The metrics as text; the caller frees it. */
static char *
print (const struct metrics *m)
{
  char *text = NULL;
  size_t length = 0;
  FILE *f = open_memstream (&text, &length);

  assert_non_null (f);
  metrics_print (f, m);
  assert_int_equal (fclose (f), 0);
  return text;
}

static unsigned
count (const char *text, const char *part)
{
  unsigned n = 0;

  while ((text = strstr (text, part)) != NULL) {
    text += strlen (part);
    n++;
  }
  return n;
}

static void
assert_has (const char *text, const char *line)
{
  char *whole;

  assert_true (asprintf (&whole, "\n%s\n", line) > 0);
  if (strstr (text, whole) == NULL)
    fail_msg ("no line is: %s", line);
  free (whole);
}

static struct metrics_disk
running_disk (const char *name)
{
  return (struct metrics_disk) {
    .disk = name,
    .phase = "copy",
    .run = { .start = 1000.25, .exit_status = -1 },
    .counted = true,
    .size = 1099511627776,
    .data = 4096,
    .zero = 8192,
    .skipped = 1,
    .same = 2,
    .resumed = 3,
    .unreadable = 4,
    .progress = 0.125,
    .rate = 2e9,
    .left = 61.5,
    .stalled = 2,
    .retries = { 5, 6 },
    .connections = { 3, 4 },
  };
}

static void
running_copy_has_all_but_its_end (void **state UNUSED)
{
  static const char *const lines[] = {
    "stripecopy_info{disk=\"web\",metrics_file=\"x.prom\"} 1",
    "stripecopy_phase{disk=\"web\",phase=\"copy\"} 1",
    "stripecopy_phase{disk=\"web\",phase=\"ended\"} 0",
    "# TYPE stripecopy_size_bytes gauge",
    "stripecopy_size_bytes{disk=\"web\"} 1099511627776",
    "stripecopy_done_bytes{disk=\"web\",kind=\"data\"} 4096",
    "stripecopy_done_bytes{disk=\"web\",kind=\"unreadable\"} 4",
    "stripecopy_progress_ratio{disk=\"web\"} 0.125",
    "stripecopy_rate_bytes_per_second{disk=\"web\"} 2000000000",
    "stripecopy_left_seconds{disk=\"web\"} 61.500",
    "stripecopy_stalled_seconds{disk=\"web\"} 2",
    "# TYPE stripecopy_retries_total counter",
    "stripecopy_retries_total{disk=\"web\",side=\"source\"} 5",
    "stripecopy_retries_total{disk=\"web\",side=\"destination\"} 6",
    "stripecopy_connections{disk=\"web\",side=\"destination\"} 4",
    "stripecopy_start_time_seconds{disk=\"web\"} 1000.250",
  };
  const struct metrics_disk disk = running_disk ("web");
  const struct metrics m = { .file = "x.prom", .disks = &disk, .n_disks = 1 };
  char *text = print (&m);

  for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
    assert_has (text, lines[i]);
  assert_null (strstr (text, "end_time"));
  assert_null (strstr (text, "exit_status"));
  assert_null (strstr (text, "success"));
  assert_null (strstr (text, "manifest"));
  assert_int_equal (text[strlen (text) - 1], '\n');
  free (text);
}

static void
unknown_values_are_left_out (void **state UNUSED)
{
  struct metrics_disk disk = running_disk ("web");
  const struct metrics m = { .file = "x.prom", .disks = &disk, .n_disks = 1 };
  char *text;

  disk.size = disk.progress = disk.left = -1;
  text = print (&m);
  assert_null (strstr (text, "size_bytes"));
  assert_null (strstr (text, "progress"));
  assert_null (strstr (text, "left"));
  free (text);

  disk.counted = false;
  text = print (&m);
  assert_null (strstr (text, "done_bytes"));
  assert_null (strstr (text, "connections"));
  assert_non_null (strstr (text, "start_time"));
  free (text);
}

static void
metrics_of_many_disks_are_described_once (void **state UNUSED)
{
  struct metrics_disk disks[] = { running_disk ("a"), running_disk ("b") };
  const struct metrics m = {
    .file = "x.prom",
    .manifest = "night",
    .run = { .start = 5, .end = 6, .success = 4, .exit_status = 3 },
    .listed = true,
    .by_state = { 0, 2, 0, 0, 7 },
    .progress = 0.25,
    .left = 30,
    .disks = disks,
    .n_disks = 2,
  };
  char *text;

  disks[0].attempts = 1;
  disks[1].attempts = 2;
  text = print (&m);
  assert_int_equal (count (text, "# HELP stripecopy_done_bytes "), 1);
  assert_int_equal (count (text, "# TYPE stripecopy_done_bytes "), 1);
  assert_int_equal (count (text, "\nstripecopy_done_bytes{disk=\"a\""), 6);
  assert_int_equal (count (text, "\nstripecopy_done_bytes{disk=\"b\""), 6);
  assert_has (text, "stripecopy_manifest_exit_status{manifest=\"night\"} 3");
  assert_has (
    text, "stripecopy_manifest_disks{manifest=\"night\",state=\"running\"} 2");
  assert_has (
    text,
    "stripecopy_manifest_disks{manifest=\"night\",state=\"not_started\"} 7");
  assert_has (text, "stripecopy_manifest_attempts_total{manifest=\"night\"} 3");
  assert_has (text,
              "stripecopy_manifest_progress_ratio{manifest=\"night\"} 0.250");
  assert_has (text, "stripecopy_manifest_left_seconds{manifest=\"night\"} 30");
  assert_has (
    text,
    "stripecopy_manifest_last_success_time_seconds{manifest=\"night\"} 4");
  free (text);
}

static void
labels_are_escaped_and_read_back (void **state UNUSED)
{
  static const char name[] = "a\"b\\n\nc\\";
  struct metrics_disk disk = running_disk (name);
  const struct metrics m = {
    .file = "x.prom",
    .manifest = "m",
    .run = { .success = 7.5, .exit_status = -1 },
    .disks = &disk,
    .n_disks = 1,
  };
  struct metrics_success s;
  const char *at;
  char *text;

  disk.run.success = 1.25;
  at = text = print (&m);
  assert_has (text,
              "stripecopy_size_bytes{disk=\"a\\\"b\\\\n\\nc\\\\\"}"
              " 1099511627776");
  assert_true (metrics_next_success (&at, &s));
  assert_false (s.of_manifest);
  assert_string_equal (s.name, name);
  assert_true (s.when == 1.25);
  assert_true (metrics_next_success (&at, &s));
  assert_true (s.of_manifest);
  assert_string_equal (s.name, "m");
  assert_true (s.when == 7.5);
  assert_false (metrics_next_success (&at, &s));
  free (text);
}

#define BEFORE "stripecopy_last_success_time_seconds{disk=\""

static void
damaged_lines_are_passed_over (void **state UNUSED)
{
  static const char text[] = BEFORE "a\"} \n"         /* no number */
    BEFORE "b\"} nan\n"                               /* no time */
    BEFORE "c\"} -1\n" BEFORE "d\n"                   /* no end */
    BEFORE "e\\\n" BEFORE "f\"} 5 6\n"                /* a timestamp */
    BEFORE "g\",x=\"y\"} 7\n" BEFORE "h\"} 1e999\n\n" /* infinite */
    BEFORE "good\"} 8\n" BEFORE "cut\"} 9";
  const char *at = text;
  struct metrics_success s;

  assert_true (metrics_next_success (&at, &s));
  assert_string_equal (s.name, "good");
  assert_true (s.when == 8);
  assert_false (metrics_next_success (&at, &s));
}

static void
names_that_are_too_long_are_passed_over (void **state UNUSED)
{
  char text[2 * sizeof (struct metrics_success)], name[1100];
  const char *at = text;
  struct metrics_success s;

  memset (name, 'x', sizeof name);
  name[sizeof name - 1] = '\0';
  snprintf (text, sizeof text, BEFORE "%s\"} 1\n" BEFORE "y\"} 2\n", name);
  assert_true (metrics_next_success (&at, &s));
  assert_string_equal (s.name, "y");
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (running_copy_has_all_but_its_end),
    cmocka_unit_test (unknown_values_are_left_out),
    cmocka_unit_test (metrics_of_many_disks_are_described_once),
    cmocka_unit_test (labels_are_escaped_and_read_back),
    cmocka_unit_test (damaged_lines_are_passed_over),
    cmocka_unit_test (names_that_are_too_long_are_passed_over),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
