/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error as a value: its kind, an errno, its place, and one line of text.
 * error_set never overwrites an error, so the first one is kept.
 */

#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>
#include <stdint.h>

/* What an error means, where its errno does not say it.  Set where the error is
 * made.
 */
enum error_kind {
  ERROR_PLAIN,           /* only the errno is known */
  ERROR_REFUSED,         /* nothing was changed, and trying again does not
                            help */
  ERROR_IN_USE,          /* another program uses a side or the resume map */
  ERROR_OTHER_COPY,      /* the resume map is for a different copy */
  ERROR_CONNECTION_LOST, /* if the server died, its exit explains more */
  ERROR_INTERRUPTED,     /* the caller did not want to wait any longer */
  ERROR_STOPPED,         /* the time that the user gave is over */
  ERROR_KINDS
};

/* The operation that failed, as far as known. */
struct error_place {
  const char *side, *op; /* constants; NULL: not known */
  bool has_range;        /* offset and length are known */
  uint64_t offset, length;
};

struct error {
  enum error_kind kind;
  int number; /* errno; 0: none fits */
  struct error_place place;
  char text[1024]; /* one line, cut if longer; "" means no error */
};

/* Sets the error unless it is already set.  Line ends and tabs in the text
 * become blanks, other control characters '?'.  An empty text is replaced by
 * that of the errno, so that the error counts as set.
 */
void error_set (struct error *e, int number, const char *fs, ...)
  __attribute__ ((format (printf, 3, 4)));

/* Does the same, and sets the kind. */
void error_set_kind (struct error *e, enum error_kind kind, int number,
                     const char *fs, ...)
  __attribute__ ((format (printf, 4, 5)));

/* Does the same with a plain error, and keeps its place. */
void error_set_at (struct error *e, int number, const struct error_place *place,
                   const char *fs, ...) __attribute__ ((format (printf, 4, 5)));

/* Says which side an error belongs to, unless it says so already; does nothing
 * where the error is not set.
 */
void error_set_side (struct error *e, const char *side);

bool error_is_set (const struct error *e);

#endif /* ERROR_H */
