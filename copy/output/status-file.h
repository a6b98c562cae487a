/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of --status-file: always one whole line, the latest event. */

#ifndef STATUS_FILE_H
#define STATUS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"

struct options;

struct status_file {
  const char *name; /* borrowed; NULL: none */
  mode_t mode;
  bool warned; /* that it cannot be written */
};

/* Checks that the file can be written.  0, or -1 with the error set: then there
 * is no file.
 */
int status_file_open (struct status_file *f, const struct options *o,
                      struct error *e);

/* Replaces the file by this line.  The first failure is a warning; later lines
 * are tried again silently: readers wait for the last one.  Nothing happens
 * without a file.
 */
void status_file_write (struct status_file *f, const char *line, size_t length);

#endif /* STATUS_FILE_H */
