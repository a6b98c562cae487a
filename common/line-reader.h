/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines that come through a pipe, whole, without ever waiting for one. */

#ifndef LINE_READER_H
#define LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

struct line_reader {
  int fd;                  /* owned; -1: none, or it has ended */
  size_t longest;          /* bytes; longer lines are left out */
  char *text;              /* owned: what came and was not taken */
  size_t start, end, room; /* of text: [start, end) */
  bool skipping;           /* the line that goes on is too long */
};

/* The read end of a new pipe becomes ours, and the write end *write_fd; both
 * are closed on exec.  -1 with errno.
 */
int line_reader_open (struct line_reader *l, size_t longest, int *write_fd);

/* Takes what has come by now.  Once all writers have gone, fd is -1. */
void line_reader_read (struct line_reader *l);

/* The next line, ended by a 0 in place of its line end, and its length; NULL
 * where none is complete.  Valid until any other call.
 */
char *line_reader_next (struct line_reader *l, size_t *length);

void
line_reader_close (struct line_reader *l); /* also a zeroed one with fd -1 */

#endif /* LINE_READER_H */
