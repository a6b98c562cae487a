/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines for a reader that must never delay the copy: in a pipe, a socket, a
 * terminal or a file.  A line is one write.  A line that does not fit is
 * dropped.  If only a part of it fits, its rest is written before any other
 * line, so a reader never sees half a line followed by another one.
 */

#ifndef SINK_H
#define SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* The longest line whose rest can be kept. */
#define SINK_LINE 8192

/* How long, in ms, to wait for the reader of the last line, and of each part of
 * a report.
 */
#define SINK_LAST_LINE_MS 1000
#define SINK_REPORT_MS 5000

struct sink {
  int fd;         /* -1: there is none, or its reader is gone */
  bool owned;     /* we close it */
  bool is_socket; /* send takes a flag that makes it not wait */
  bool may_wait;  /* poll has to be asked before each write */
  char rest[SINK_LINE];
  size_t n_rest;
};

/* What the word of an option means. */
enum sink_use {
  SINK_EVENTS, /* digits: a descriptor; else a file, appended to */
  SINK_REPORT, /* "-": standard output; else a file, emptied first */
};

/* Opens a sink.  A descriptor must be open, and stays open.  The caller has
 * checked that a file is neither a block device nor in use otherwise.  0, or -1
 * with the error set.
 */
int sink_open (struct sink *out, enum sink_use use, const char *word,
               struct error *e);

/* Opens standard error as a sink.  There is none if it is closed, or a pipe
 * without a reader.
 */
void sink_open_errors (struct sink *out);

/* Writes a line, and waits for at most wait_ms.  False when it was dropped. */
bool sink_line (struct sink *out, const char *line, size_t length, int wait_ms);

/* Writes a whole text, and waits for at most wait_ms for each part that fits.
 * False when it could not be written.
 */
bool sink_all (struct sink *out, const char *text, size_t length, int wait_ms);

void sink_close (struct sink *out);

#endif /* SINK_H */
