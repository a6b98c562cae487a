/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rate of --bwlimit, which can be in a file that is read again and again.
 */

#ifndef RATE_FILE_H
#define RATE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "options/types.h"

struct rate_file {
  const char *name;   /* borrowed; NULL: the rate never changes */
  uint64_t next_look; /* clock_now time; 0: never */
  unsigned bad_looks; /* in a row */
};

/* Sets *rate, in bytes per second, to that of the limit, and follows its file
 * if it names one.  0, or -1 with the error set.
 */
int rate_file_open (struct rate_file *f, const struct bwlimit *limit,
                    uint64_t now, uint64_t *rate, struct error *e);

/* Reads the file again when that is due at f->next_look.  Returns whether it
 * has a rate, and sets *rate.  Warns when the file has no rate.
 */
bool rate_file_tick (struct rate_file *f, uint64_t now, uint64_t *rate);

#endif /* RATE_FILE_H */
