/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sizes, and whole command lines, as people and scripts write them. */

#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "error.h"
#include "fuzz.h"
#include "human.h"
#include "options/options.h"

#define WORDS_MAX 32

static void
expect_line (const char *text)
{
  MUST (*text != '\0');
  for (; *text != '\0'; text++)
    MUST ((unsigned char) *text >= ' ' && *text != '\177');
}

/* Checks that the value matches the digits and the unit. */
static void
parse_size (const char *text)
{
  const uint64_t untouched = 0x5afe;
  uint64_t bytes = untouched, again = 0;
  char buf[HUMAN_MAX];
  const char *why = human_parse_size (text, &bytes);
  uint64_t digits;

  if (why != NULL) {
    MUST (bytes == untouched);
    expect_line (why);
    return;
  }
  digits = strtoull (text, NULL, 10);
  MUST (digits == 0 ? bytes == 0
                    : bytes % digits == 0
            && (bytes / digits & (bytes / digits - 1)) == 0);
  snprintf (buf, sizeof buf, "%" PRIu64, bytes);
  MUST (human_parse_size (buf, &again) == NULL && again == bytes);
}

static void
format (uint64_t n)
{
  char buf[HUMAN_MAX];

  expect_line (human_size (buf, n));
  MUST (strlen (buf) < HUMAN_MAX);
  expect_line (human_duration (buf, n));
  MUST (strlen (buf) < HUMAN_MAX);
}

static void
parse_command_line (struct input *in)
{
  char *words[WORDS_MAX + 2] = { strdup ("stripecopy") };
  char *argv[WORDS_MAX + 2];
  struct options o = { 0 };
  struct error e = { 0 };
  int n = 1;

  MUST (words[0] != NULL);
  while (in->left > 0 && n <= WORDS_MAX)
    words[n++] = input_line (in);
  memcpy (argv, words, sizeof argv); /* the parser reorders it */
  if (options_parse (&o, n, argv, &e) == -1)
    expect_line (e.text);
  else
    MUST (!error_is_set (&e));
  options_free (&o);
  while (n > 0)
    free (words[--n]);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct input in = { data, size };
  char *line = input_line (&in);
  uint64_t n = 0;

  parse_size (line);
  memcpy (&n, data, size < sizeof n ? size : sizeof n);
  format (n);
  in = (struct input) { data, size };
  parse_command_line (&in);
  free (line);
  return 0;
}
