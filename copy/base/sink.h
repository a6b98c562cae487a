/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where lines go that nobody may ever have to wait for: a pipe, a socket, a
 * terminal, a file.  A line is one write.  One that does not fit is dropped; of
 * one that only fits in part, the rest goes before all others, so no reader
 * ever sees half a line with another one behind it.
 */

#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Longest line that can have a rest. */
#define SINK_LINE 8192

/* How long, in ms, the last line for a reader and each part of a report are
 * waited for.
 */
#define SINK_LAST_LINE_MS 1000
#define SINK_REPORT_MS 5000

struct sink {
  int fd;         /* -1: none, or nobody reads any more */
  bool owned;     /* to be closed by us */
  bool is_socket; /* has a flag against waiting for each call */
  bool may_wait;  /* has to be asked by poll before */
  char rest[SINK_LINE];
  size_t n_rest;
};

/* What an option's word stands for. */
enum sink_use {
  SINK_EVENTS, /* digits: a descriptor; else a file that is
                                   made, or appended to */
  SINK_REPORT, /* "-": standard output; else a file that is
                                   made, or emptied */
};

/* Opens it.  A descriptor must be open, and stays so.  That a file is neither a
 * block device nor used for anything else was seen before.  0, or -1 with the
 * error set.
 */
int sink_open (struct sink *out, enum sink_use use, const char *word,
               struct error *e);

/* Opens standard error.  Where that is closed, or a pipe that nobody has open
 * for reading, there is none.
 */
void sink_open_errors (struct sink *out);

/* Writes a line, for which it waits at most so long.  False when it was
 * dropped.
 */
bool sink_line (struct sink *out, const char *line, size_t length, int wait_ms);

/* Writes all of it, and waits at most so long for each part of it that fits.
 * False when it could not be.
 */
bool sink_all (struct sink *out, const char *text, size_t length, int wait_ms);

void sink_close (struct sink *out);

#endif /* SINK_H */
