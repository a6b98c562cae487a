/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a map from a file with any content. */

#include <config.h>

#include <string.h>

#include "fuzz.h"
#include "resume/map-text.h"

/* Fewer ranges than maps can have, so that there can be too many. */
#define RANGES 64

static void
check (const struct map_text *m, const struct ranges *finished,
       const char *text, size_t size)
{
  for (unsigned i = 0; i < MAP_KEYS; i++)
    if (m->values[i].start) {
      const size_t at = m->values[i].start - text;

      MUST (at <= size && m->values[i].length <= size - at);
      MUST (!memchr (m->values[i].start, '\n', m->values[i].length));
    }
  MUST (m->size <= INT64_MAX);
  MUST (ranges_count (finished) == 0
        || ranges_at (finished, ranges_count (finished) - 1)->end <= m->size);
}

/* A map that was read is written, and reads the same again. */
static void
expect_same_again (const struct map_text *m, const struct ranges *finished)
{
  char *values[MAP_KEYS] = { NULL }, *text = NULL;
  const struct ranges none = { 0 };
  struct map_text again;
  struct error e = { 0 };
  struct ranges r;
  size_t length;
  FILE *f = open_memstream (&text, &length);

  MUST (f != NULL && ranges_init (&r, RANGES) == 0);
  for (unsigned i = 0; i < MAP_KEYS; i++)
    if (m->values[i].start) {
      values[i] = strndup (m->values[i].start, m->values[i].length);
      MUST (values[i] != NULL);
    }
  map_print (f, (const char *const *) values, finished, &none, m->size);
  MUST (fclose (f) == 0);
  MUST (map_is_ours (text, length));
  MUST (map_parse (text, length, &again, &r, &e) == 0);
  MUST (again.size == m->size && ranges_count (&r) == ranges_count (finished));
  for (size_t i = 0; i < ranges_count (&r); i++)
    MUST (ranges_at (&r, i)->start == ranges_at (finished, i)->start
          && ranges_at (&r, i)->end == ranges_at (finished, i)->end);
  for (unsigned i = 0; i < MAP_KEYS; i++) {
    MUST (!values[i] == !again.values[i].start);
    free (values[i]);
  }
  ranges_free (&r);
  free (text);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  struct error e = { 0 };
  struct map_text m;
  struct ranges finished;

  MUST (ranges_init (&finished, RANGES) == 0);
  if (map_parse (text, size, &m, &finished, &e) == -1)
    MUST (error_is_set (&e));
  else {
    MUST (!error_is_set (&e));
    check (&m, &finished, text, size);
    expect_same_again (&m, &finished);
  }
  map_is_ours (text, size);
  ranges_free (&finished);
  return 0;
}
