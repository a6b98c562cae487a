/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, sizes and durations as people write and read them: see human.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "human.h"

/* The units; each is 1024 times the previous one, and the first is bytes. */
static const char units[] = "bkmgtpe";

/* Returns whether it is a digit. isdigit and tolower depend on the locale. */
static bool
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* Parses digits only: strtoull would also accept signs and blanks. */
const char *
human_parse_number (const char *text, uint64_t *number)
{
  uint64_t n;

  if (text[0] == '\0' || text[strspn (text, "0123456789")] != '\0')
    return "not a number";
  errno = 0;
  n = strtoull (text, NULL, 10);
  if (errno == ERANGE)
    return "too large";
  *number = n;
  return NULL;
}

bool
human_parse_descriptor (const char *text, int *fd)
{
  uint64_t number;

  if (human_parse_number (text, &number) != NULL || number > INT_MAX)
    return false;
  *fd = number;
  return true;
}

const char *
human_parse_size (const char *text, uint64_t *bytes)
{
  uint64_t n = 0, scale = 1;
  bool too_large = false;
  const char *s = text;

  if (*s == '-' && is_digit (s[1]))
    return "cannot be negative";
  if (!is_digit (*s))
    return "not a number";

  for (; is_digit (*s); ++s)
    too_large |= __builtin_mul_overflow (n, 10, &n)
      || __builtin_add_overflow (n, (uint64_t) (*s - '0'), &n);

  if ((*s == '.' || *s == ',') && is_digit (s[1]))
    return "not a whole number";

  if (*s != '\0') {
    /* lower case: letters differ in one bit */
    char letter = *s | 0x20;
    const char *unit = strchr (units, letter);

    if (letter == 's')
      scale = 512;
    else if (unit != NULL)
      scale = UINT64_C (1) << (10 * (unit - units));
    else
      return "unknown unit";
    s++;
    if (scale >= 1024
        && (strcasecmp (s, "iB") == 0 || strcasecmp (s, "B") == 0))
      s += strlen (s);
    if (*s != '\0')
      return "unknown unit";
  }

  if (too_large || __builtin_mul_overflow (n, scale, &n))
    return "too large";
  *bytes = n;
  return NULL;
}

/* Returns the seconds of a unit of time; 0: there is no such unit. */
static uint64_t
seconds_of (const char *unit)
{
  switch (unit[0] && unit[1] ? '?' : unit[0]) {
  case '\0':
  case 's':
    return 1;
  case 'm':
    return 60;
  case 'h':
    return 3600;
  }
  return 0;
}

const char *
human_parse_seconds (const char *text, uint64_t *ns)
{
  uint64_t n = 0, scale = NS_PER_S;
  bool too_large = false, point = false;
  const char *s = text;

  if (*s == '-' && is_digit (s[1]))
    return "cannot be negative";
  if (!is_digit (*s))
    return "not a number";

  for (; is_digit (*s) || (*s == '.' && !point); ++s) {
    if (*s == '.') {
      point = true;
      continue;
    }
    if (point && scale == 1)
      return "too many decimals";
    if (point)
      scale /= 10;
    too_large |= __builtin_mul_overflow (n, 10, &n)
      || __builtin_add_overflow (n, (uint64_t) (*s - '0'), &n);
  }
  if (s[-1] == '.' || seconds_of (s) == 0)
    return "not a number";

  if (too_large || __builtin_mul_overflow (n, scale, &n)
      || __builtin_mul_overflow (n, seconds_of (s), &n))
    return "too large";
  *ns = n;
  return NULL;
}

const char *
human_parse_rate (const char *text, uint64_t *rate)
{
  if (strcmp (text, "none") != 0)
    return human_parse_size (text, rate);
  *rate = 0;
  return NULL;
}

char *
human_size (char buf[HUMAN_MAX], uint64_t bytes)
{
  uint64_t one, whole, tenths;
  size_t unit = 0;

  if (bytes < 1024) {
    snprintf (buf, HUMAN_MAX, "%" PRIu64 " B", bytes);
    return buf;
  }

  while (unit < sizeof units - 2 && bytes >> (10 * unit) >= 1024)
    unit++;
  one = UINT64_C (1) << (10 * unit);
  whole = bytes / one;
  tenths = (bytes % one * 10 + one / 2) / one;
  if (tenths == 10) {
    tenths = 0;
    whole++;
  }
  /* rounded up to the next unit: 1.0 MiB, not 1024.0 KiB */
  if (whole == 1024 && unit < sizeof units - 2) {
    whole = 1;
    unit++;
  }
  snprintf (buf, HUMAN_MAX, "%" PRIu64 ".%" PRIu64 " %ciB", whole, tenths,
            units[unit] & ~0x20);
  return buf;
}

char *
human_duration (char buf[HUMAN_MAX], uint64_t ns)
{
  uint64_t s = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
  uint64_t tenths;

  /* tenths matter only in short times */
  if (ns < 10 * NS_PER_S) {
    tenths = (ns + NS_PER_S / 20) / (NS_PER_S / 10);
    if (tenths < 100) {
      snprintf (buf, HUMAN_MAX, "%" PRIu64 ".%" PRIu64 " s", tenths / 10,
                tenths % 10);
      return buf;
    }
  }

  if (s < 60)
    snprintf (buf, HUMAN_MAX, "%" PRIu64 " s", s);
  else if (s < 60 * 60)
    snprintf (buf, HUMAN_MAX, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
  else if (s < 24 * 60 * 60)
    snprintf (buf, HUMAN_MAX, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600,
              s / 60 % 60, s % 60);
  else
    snprintf (buf, HUMAN_MAX,
              "%" PRIu64 " d %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 86400,
              s / 3600 % 24, s / 60 % 60, s % 60);
  return buf;
}
