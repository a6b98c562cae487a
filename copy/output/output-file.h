/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file named by an option and written at the end of the run.  It is opened
 * before the first byte is copied, so that an unwritable name is reported
 * early.
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
  bool made;            /* created by this run */
  struct device device; /* identifies the file */
};

/* Creates or empties the file.  The caller has checked with used-files that it
 * has no other use.  -1 with the error set, and nothing changed.
 */
int output_file_open (struct output_file *f, const char *option,
                      const char *name, struct error *e);

/* Writes the text and a newline, and closes it.  -1 with the error set. */
int output_file_end (struct output_file *f, const char *text, struct error *e);

/* Closes the file after its content was written to its descriptor.  @err is 0,
 * or the errno with which that failed.  -1 with the error set.
 */
int output_file_close (struct output_file *f, int err, struct error *e);

/* Closes the file if it is open.  A file that this run created is removed,
 * unless the name leads to another file by now.
 */
void output_file_drop (struct output_file *f);

#endif /* OUTPUT_FILE_H */
