/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files and descriptors that options name. */

#ifndef OPTION_FILES_H
#define OPTION_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct options;

/* A file, or a descriptor that is open already, that an option names. */
struct option_file {
  const char *option; /* its name, without "--" */
  const char *name;   /* as given, borrowed; NULL: only fd */
  int fd;             /* -1: a file to open by its name */
  bool writes;        /* else it is read */
  bool reports;       /* is written even when the copy is refused */
};

/* Goes through the files that options name: *at starts as 0.  Returns false at
 * the end.
 */
bool options_next_file (const struct options *o, size_t *at,
                        struct option_file *f);

/* Removes an option with a file that reports, so that nothing is written to the
 * file.  @option is the option's name.
 */
void options_drop_file (struct options *o, const char *option);

#endif /* OPTION_FILES_H */
