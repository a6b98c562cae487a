/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads whole lines from a pipe without ever waiting for one. */

#ifndef LINE_READER_H
#define LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

struct line_reader {
  int fd;                  /* owned; -1: none, or at its end */
  size_t longest;          /* bytes; longer lines are skipped */
  char *text;              /* owned: bytes received and not returned yet */
  size_t start, end, room; /* the bytes in text: [start, end) */
  bool skipping;           /* the current line is too long */
};

/* Opens a pipe.  The reader owns the read end, the caller gets the write end in
 * *write_fd; both are closed on exec.  Returns 0, or -1 with errno.
 */
int line_reader_open (struct line_reader *l, size_t longest, int *write_fd);

/* Reads what has arrived.  Once all writers have closed the pipe, fd is -1. */
void line_reader_read (struct line_reader *l);

/* Returns the next line, with a NUL in place of the line end, and sets *length;
 * NULL if no line is complete.  The line is valid until any other call.
 */
char *line_reader_next (struct line_reader *l, size_t *length);

void
line_reader_close (struct line_reader *l); /* a zeroed one with fd -1 is fine */

#endif /* LINE_READER_H */
