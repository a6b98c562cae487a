/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command printed: a file in memory, so that nothing is left behind. */

#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <stdbool.h>

/* Returns a new descriptor, which is closed on exec unless @inherited; -1 with
 * errno.
 */
int output_open (bool inherited);

/* Returns all of it as a string.  Allocated; NULL with errno. */
char *output_read (int fd);

/* Cuts @text down to its last line with something in it.  Returns @text. */
char *output_last_line (char *text);

#endif /* BENCH_OUTPUT_H */
