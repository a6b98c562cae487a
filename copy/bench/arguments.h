/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of stripecopy-bench. */

#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* A part of argv: one name, or a command in brackets. */
struct words {
  char **at; /* borrowed */
  size_t n;
};

struct arguments {
  bool help, version;
  bool calls;     /* count system calls, too */
  bool overwrite; /* the destination may be a file or a device with content */
  const char *against, *stripecopy, *before, *check, *json, *html;
  uint64_t rounds;
  uint64_t limit;  /* nanoseconds for one copy */
  uint64_t budget; /* nanoseconds for all copies of a program; 0: no limit */
  uint64_t noise, others; /* percent: see the man page */
  uint64_t bytes;         /* amount of data; 0: to be found out */
  struct words source, destination;
  struct words options; /* for stripecopy alone */
};

/* Parses argv.  Returns 0, or -1 with the error set. */
int arguments_parse (struct arguments *a, int argc, char **argv,
                     struct error *e);

/* Returns the name if it is one word, not a command; else NULL. */
const char *arguments_name (const struct words *w);

/* Prints what --help shows. */
void arguments_help (void);

#endif /* ARGUMENTS_H */
