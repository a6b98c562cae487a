/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers for jansson: see json.h. */

#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "json.h"

json_t *
json_of_number (uint64_t n)
{
  return json_integer (n > INT64_MAX ? INT64_MAX : (json_int_t) n);
}

json_t *
json_of_ns (uint64_t ns)
{
  return json_real ((double) (ns / NS_PER_US) / (NS_PER_S / NS_PER_US));
}

json_t *
json_of_time (const struct timespec *t)
{
  char date[32], text[64];
  struct tm tm;

  if (gmtime_r (&t->tv_sec, &tm) == NULL
      || strftime (date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
    return json_null ();
  snprintf (text, sizeof text, "%s.%06ldZ", date,
            t->tv_nsec / (long) NS_PER_US);
  return json_string (text);
}

/* -- text ----------------------------------------------------------------- */

/* Returns the length of the sequence that starts with this byte and the least
 * value that needs that length.  0 if no sequence starts with it.
 */
static unsigned
sequence_length (unsigned char first, uint32_t *value, uint32_t *least)
{
  if (first < 0x80) {
    *value = first;
    *least = 0;
    return 1;
  }
  if ((first & 0xe0) == 0xc0) {
    *value = first & 0x1f;
    *least = 0x80;
    return 2;
  }
  if ((first & 0xf0) == 0xe0) {
    *value = first & 0x0f;
    *least = 0x800;
    return 3;
  }
  if ((first & 0xf8) == 0xf0) {
    *value = first & 0x07;
    *least = 0x10000;
    return 4;
  }
  return 0;
}

/* Returns the length of the character at @s in bytes, or 0 if it is invalid. */
static unsigned
character_length (const char *s, size_t left)
{
  uint32_t value, least;
  const unsigned n = sequence_length ((unsigned char) *s, &value, &least);

  if (n == 0 || n > left)
    return 0;
  for (unsigned i = 1; i < n; i++) {
    if (((unsigned char) s[i] & 0xc0) != 0x80)
      return 0;
    value = value << 6 | ((unsigned char) s[i] & 0x3f);
  }
  return value < least || value > 0x10ffff
      || (value >= 0xd800 && value <= 0xdfff)
    ? 0
    : n;
}

json_t *
json_of_text (const char *text, size_t at_most)
{
  static const char unknown[] = "\xef\xbf\xbd"; /* U+FFFD */
  size_t length, used = 0;
  char *clean;
  json_t *value;

  if (text == NULL)
    return json_null ();
  length = strnlen (text, at_most);
  clean = malloc (length * (sizeof unknown - 1) + 1);
  if (clean == NULL)
    return NULL;
  while (length > 0) {
    const unsigned n = character_length (text, length);
    const char *from = n ? text : unknown;
    const size_t n_to = n ? n : sizeof unknown - 1;

    memcpy (clean + used, from, n_to);
    used += n_to;
    text += n ? n : 1;
    length -= n ? n : 1;
  }
  clean[used] = '\0';
  value = json_string (clean);
  free (clean);
  return value;
}

char *
json_line (const json_t *value, size_t *length)
{
  char *text = json_dumps (value, JSON_COMPACT | JSON_REAL_PRECISION (15));
  char *line = NULL;

  if (text) {
    *length = strlen (text) + 1;
    line = realloc (text, *length + 1);
  }
  if (line == NULL) {
    free (text);
    return NULL;
  }
  line[*length - 1] = '\n';
  line[*length] = '\0';
  return line;
}
