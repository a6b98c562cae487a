/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shared by the fuzz targets.  Each target is one function that gets bytes,
 * either from libFuzzer, which generates them, or from replay.c, which reads
 * them from files.  A failure ends the program.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* assert would be removed by NDEBUG. */
#define MUST(condition)                                                        \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf (stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #condition); \
      abort ();                                                                \
    }                                                                          \
  } while (0)

/* Takes the input byte by byte; after its end, all bytes are 0. */
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

/* Returns a new string with the input up to the next line end. */
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
