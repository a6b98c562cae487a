/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a list, which can be a pipe or a terminal whose other end takes its
 * time, or never writes.
 */

#ifndef LIST_FILE_H
#define LIST_FILE_H

#include <stdio.h>

/* Opens a file to be read; "-" is standard input.  A read fails with EINTR once
 * @interrupt_fd is readable, so it never waits for longer than that.  The caller
 * closes the file, which leaves standard input open.  NULL with errno.
 */
FILE *list_file_open (const char *name, int interrupt_fd);

#endif /* LIST_FILE_H */
