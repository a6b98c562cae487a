/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error as a value: an errno and one line of text.  The first is kept. */

#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>
#include <stdint.h>

/* What was being done when it happened, as far as that is known. */
struct error_place {
  const char *side, *op; /* constants; NULL: not known */
  bool has_range;        /* offset and length are known */
  uint64_t offset, length;
};

struct error {
  int number;   /* errno, 0 where none fits */
  bool refused; /* nothing was changed, no other try helps */
  struct error_place place;
  char text[1024]; /* one line, cut if longer; "" means no error */
};

/* Sets the error unless it is already set.  Line ends and tabs in the text
 * become blanks, other control characters '?'; no text at all becomes that of
 * the errno, so that the error counts as set.
 */
void error_set (struct error *e, int number, const char *fs, ...)
  __attribute__ ((format (printf, 3, 4)));

/* The same, and keeps the place for those who want more than text. */
void error_set_at (struct error *e, int number, const struct error_place *place,
                   const char *fs, ...) __attribute__ ((format (printf, 4, 5)));

bool error_is_set (const struct error *e);

#endif /* ERROR_H */
