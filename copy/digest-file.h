/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file that the digest goes to.  It is opened before the first byte is
 * copied, so that a name that cannot be written to is no surprise at the end.
 */

#ifndef DIGEST_FILE_H
#define DIGEST_FILE_H

#include <stdbool.h>

#include "error.h"
#include "options.h"

struct digest_file {            /* starts out zeroed */
  const char *name;             /* borrowed; NULL: not open */
  int fd;
  bool made;                    /* by us; it was not there before */
};

/* Makes or empties it.  -1 with the error set, and nothing touched, also where
 * it is one of the two operands.
 */
int digest_file_open (struct digest_file *f, const struct options *o,
                      struct error *e);

/* Writes the text and a newline, and closes it.  -1 with the error set. */
int digest_file_end (struct digest_file *f, const char *text, struct error *e);

/* Closes it without a digest, if it is open; what we made is removed again. */
void digest_file_drop (struct digest_file *f);

#endif /* DIGEST_FILE_H */
