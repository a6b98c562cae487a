/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that an option names for something that is written at the end.  It is
 * opened before the first byte is copied, so that a name that cannot be written
 * to is no surprise then.
 */

#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include <stdbool.h>

#include "device.h"
#include "error.h"

struct output_file {  /* starts out zeroed */
  const char *option; /* borrowed; "--blkhash-file" or the like */
  const char *name;   /* borrowed; NULL: not open */
  int fd;
  bool made;            /* by us; it was not there before */
  struct device device; /* which file it is */
};

/* Makes or empties it.  That it is used for nothing else was seen before.  -1
 * with the error set, and nothing touched.
 */
int output_file_open (struct output_file *f, const char *option,
                      const char *name, struct error *e);

/* Writes the text and a newline, and closes it.  -1 with the error set. */
int output_file_end (struct output_file *f, const char *text, struct error *e);

/* Closes it, after all was written to its descriptor: err is 0, or the errno
 * for which that failed.  -1 with the error set.
 */
int output_file_close (struct output_file *f, int err, struct error *e);

/* Closes it, if it is open; what we made is removed again, unless the name leads
 * to another file by now.
 */
void output_file_drop (struct output_file *f);

#endif /* OUTPUT_FILE_H */
