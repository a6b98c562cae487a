/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, sizes and durations as text: nbdcopy's grammar and our extensions.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "clock.h"
#include "human.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void
sizes_are_understood (void **state UNUSED)
{
  static const struct {
    const char *text;
    uint64_t bytes;
  } good[] = {
    { "0", 0 },
    { "1", 1 },
    { "00", 0 },
    { "007", 7 },
    { "512", 512 },
    { "4294967295", 4294967295 },
    { "18446744073709551615", UINT64_MAX },
    { "0000000000000000000000000000001", 1 },
    { "1b", 1 },
    { "1B", 1 },
    { "2s", 1024 },
    { "2S", 1024 },
    { "1k", 1024 },
    { "32K", 32768 },
    { "1m", 1048576 },
    { "1M", 1048576 },
    { "4g", UINT64_C (4) << 30 },
    { "4G", UINT64_C (4) << 30 },
    { "3t", UINT64_C (3) << 40 },
    { "3T", UINT64_C (3) << 40 },
    { "5p", UINT64_C (5) << 50 },
    { "5P", UINT64_C (5) << 50 },
    { "15e", UINT64_C (15) << 60 },
    { "15E", UINT64_C (15) << 60 },
    { "0E", 0 },
    { "18446744073709551615b", UINT64_MAX },
    { "18014398509481983k", UINT64_C (18014398509481983) << 10 },
    { "36028797018963967s", UINT64_C (36028797018963967) << 9 },
    { "32KiB", 32768 },
    { "1MiB", 1048576 },
    { "1GiB", UINT64_C (1) << 30 },
    { "1TiB", UINT64_C (1) << 40 },
    { "1PiB", UINT64_C (1) << 50 },
    { "1EiB", UINT64_C (1) << 60 },
    { "32KB", 32768 },
    { "1MB", 1048576 },
    { "1kib", 1024 },
    { "1kb", 1024 },
  };
  uint64_t bytes;
  const char *why;
  size_t i;

  for (i = 0; i < COUNT (good); ++i) {
    bytes = ~good[i].bytes;
    why = human_parse_size (good[i].text, &bytes);
    if (why != NULL || bytes != good[i].bytes)
      fail_msg ("%s: %s, %" PRIu64, good[i].text, why ? why : "ok", bytes);
  }
}

static void
malformed_sizes_are_refused_with_the_reason (void **state UNUSED)
{
  static const struct {
    const char *text, *why;
  } bad[] = {
    { "", "not a number" },
    { "k", "not a number" },
    { "x1", "not a number" },
    { " 1", "not a number" },
    { "\t1", "not a number" },
    { "+1", "not a number" },
    { "-", "not a number" },
    { "-k", "not a number" },
    { ".5", "not a number" },
    { "-1", "cannot be negative" },
    { "-0", "cannot be negative" },
    { "-1M", "cannot be negative" },
    { "1.5M", "not a whole number" },
    { "1,5M", "not a whole number" },
    { "1.", "unknown unit" },
    { "1 ", "unknown unit" },
    { "1 k", "unknown unit" },
    { "1k ", "unknown unit" },
    { "1x", "unknown unit" },
    { "1z", "unknown unit" },
    { "0x8000", "unknown unit" },
    { "1ki", "unknown unit" },
    { "1iB", "unknown unit" },
    { "1bB", "unknown unit" },
    { "1biB", "unknown unit" },
    { "1sB", "unknown unit" },
    { "1siB", "unknown unit" },
    { "1kk", "unknown unit" },
    { "1KiBs", "unknown unit" },
    { "1k1", "unknown unit" },
    { "1\v", "unknown unit" },
    { "1\"", "unknown unit" },
    { "1@", "unknown unit" },
    { "1\305", "unknown unit" },
    { "18446744073709551616", "too large" },
    { "18446744073709551620", "too large" },
    { "99999999999999999999999999", "too large" },
    { "16e", "too large" },
    { "16EiB", "too large" },
    { "18014398509481984k", "too large" },
    { "36028797018963968s", "too large" },
    { "18446744073709551615k", "too large" },
  };
  const char *why;
  uint64_t bytes;
  size_t i;

  for (i = 0; i < COUNT (bad); ++i) {
    bytes = 4711;
    why = human_parse_size (bad[i].text, &bytes);
    if (why == NULL || strcmp (why, bad[i].why) != 0 || bytes != 4711)
      fail_msg ("\"%s\": %s, %" PRIu64, bad[i].text, why ? why : "ok", bytes);
  }
}

static void
rates_are_sizes_or_none (void **state UNUSED)
{
  uint64_t rate = 1;

  assert_null (human_parse_rate ("none", &rate));
  assert_int_equal (rate, 0);
  assert_null (human_parse_rate ("10M", &rate));
  assert_int_equal (rate, 10485760);
  assert_null (human_parse_rate ("0", &rate));
  assert_int_equal (rate, 0);
  assert_non_null (human_parse_rate ("None", &rate));
  assert_non_null (human_parse_rate ("10M/s", &rate));
  assert_non_null (human_parse_rate ("", &rate));
}

static void
sizes_are_written_with_one_decimal (void **state UNUSED)
{
  static const struct {
    uint64_t bytes;
    const char *text;
  } sizes[] = {
    { 0, "0 B" },
    { 1, "1 B" },
    { 512, "512 B" },
    { 1023, "1023 B" },
    { 1024, "1.0 KiB" },
    { 1536, "1.5 KiB" },
    { 1024 + 51, "1.0 KiB" },
    { 1024 + 52, "1.1 KiB" },
    { 1048575 - 52, "1023.9 KiB" },
    { 1048575, "1.0 MiB" },
    { 1048576, "1.0 MiB" },
    { UINT64_C (2) << 30, "2.0 GiB" },
    { (UINT64_C (1) << 40) - 1, "1.0 TiB" },
    { UINT64_C (3) << 39, "1.5 TiB" },
    { UINT64_C (7) << 50, "7.0 PiB" },
    { UINT64_C (1023) << 50, "1023.0 PiB" },
    { (UINT64_C (1) << 60) - 1, "1.0 EiB" },
    { UINT64_C (31) << 59, "15.5 EiB" },
    { UINT64_MAX, "16.0 EiB" },
  };
  char buf[HUMAN_MAX];
  size_t i;

  for (i = 0; i < COUNT (sizes); ++i) {
    assert_ptr_equal (human_size (buf, sizes[i].bytes), buf);
    assert_string_equal (buf, sizes[i].text);
  }
}

static void
durations_are_written_as_people_read_them (void **state UNUSED)
{
  static const struct {
    uint64_t ns;
    const char *text;
  } durations[] = {
    { 0, "0.0 s" },
    { 1, "0.0 s" },
    { 49 * NS_PER_MS, "0.0 s" },
    { 50 * NS_PER_MS, "0.1 s" },
    { 300 * NS_PER_MS, "0.3 s" },
    { 9 * NS_PER_S + 949 * NS_PER_MS, "9.9 s" },
    { 9 * NS_PER_S + 950 * NS_PER_MS, "10 s" },
    { 10 * NS_PER_S, "10 s" },
    { 10 * NS_PER_S + 499 * NS_PER_MS, "10 s" },
    { 10 * NS_PER_S + 500 * NS_PER_MS, "11 s" },
    { 42 * NS_PER_S, "42 s" },
    { 59 * NS_PER_S, "59 s" },
    { 59 * NS_PER_S + 600 * NS_PER_MS, "1:00" },
    { 60 * NS_PER_S, "1:00" },
    { 187 * NS_PER_S, "3:07" },
    { 3599 * NS_PER_S, "59:59" },
    { 3600 * NS_PER_S, "1:00:00" },
    { (2 * 3600 + 3 * 60 + 7) * NS_PER_S, "2:03:07" },
    { 86399 * NS_PER_S, "23:59:59" },
    { 86400 * NS_PER_S, "1 d 00:00:00" },
    { (4 * 86400 + 2 * 3600 + 3 * 60 + 7) * NS_PER_S, "4 d 02:03:07" },
    { UINT64_MAX, "213503 d 23:34:34" },
  };
  char buf[HUMAN_MAX];
  size_t i;

  for (i = 0; i < COUNT (durations); ++i) {
    assert_ptr_equal (human_duration (buf, durations[i].ns), buf);
    assert_string_equal (buf, durations[i].text);
  }
}

static void
seconds_are_understood (void **state UNUSED)
{
  static const struct {
    const char *text;
    uint64_t ns;
  } good[] = {
    { "0", 0 },
    { "10", 10 * NS_PER_S },
    { "0.2", NS_PER_S / 5 },
    { "1.50", 1500 * NS_PER_MS },
    { "0.000000001", 1 },
    { "18446744073.709551615", UINT64_MAX },
    { "3s", 3 * NS_PER_S },
    { "2m", 120 * NS_PER_S },
    { "1.5h", 5400 * NS_PER_S },
  };
  static const char *const bad[] = {
    "",
    ".5",
    "1.",
    "-1",
    "+1",
    " 1",
    "1e3",
    "1ms",
    "1M",
    "1.h",
    "h",
    "9999999999h",
    "1,5",
    "0x10",
    "1.2.3",
    "0.0000000001",
    "18446744073.709551616",
    "99999999999999999999",
  };
  uint64_t ns = 42;

  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    assert_non_null (human_parse_seconds (bad[i], &ns));
    assert_int_equal (ns, 42);
  }
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    assert_null (human_parse_seconds (good[i].text, &ns));
    assert_int_equal (ns, good[i].ns);
  }
}

static void
digits_are_a_descriptor (void **state UNUSED)
{
  int fd = -1;

  assert_true (human_parse_descriptor ("0", &fd));
  assert_int_equal (fd, 0);
  assert_true (human_parse_descriptor ("2147483647", &fd));
  assert_int_equal (fd, INT32_MAX);
  assert_false (human_parse_descriptor ("2147483648", &fd));
  assert_false (human_parse_descriptor ("3x", &fd));
  assert_false (human_parse_descriptor ("-1", &fd));
  assert_false (human_parse_descriptor ("", &fd));
  assert_false (human_parse_descriptor ("./3", &fd));
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (sizes_are_understood),
    cmocka_unit_test (malformed_sizes_are_refused_with_the_reason),
    cmocka_unit_test (rates_are_sizes_or_none),
    cmocka_unit_test (seconds_are_understood),
    cmocka_unit_test (sizes_are_written_with_one_decimal),
    cmocka_unit_test (durations_are_written_as_people_read_them),
    cmocka_unit_test (digits_are_a_descriptor),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
