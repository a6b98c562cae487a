/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the fuzz targets share.  Each is one function that is given bytes: by
 * libFuzzer, which makes them up, or by replay.c, which reads them from files.
 * What must not happen ends the program.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* assert would be compiled out with NDEBUG. */
#define MUST(condition)                                                        \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf (stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      abort ();                                                                \
    }                                                                          \
  } while (0)

/* Bytes that are taken one after another; behind the last all are 0. */
struct input {
  const uint8_t *next;
  size_t left;
};

static inline uint8_t
input_byte (struct input *in)
{
  if (in->left == 0)
    return 0;
  in->left--;
  return *in->next++;
}

/* Some input as a string, up to the next line end: a new one. */
static inline char *
input_line (struct input *in)
{
  char *line = malloc (in->left + 1);
  size_t n = 0;

  MUST (line != NULL);
  while (in->left > 0) {
    const char c = (char) input_byte (in);

    if (c == '\n')
      break;
    if (c != '\0')
      line[n++] = c;
  }
  line[n] = '\0';
  return line;
}

#endif /* FUZZ_H */
