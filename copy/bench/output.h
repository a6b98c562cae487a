/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command printed: a file in memory, so that nothing is left behind. */

#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <stdbool.h>

/* Returns a new descriptor, which is closed on exec unless @inherited; -1 with
 * errno.
 */
int output_open (bool inherited);

/* Frees the memory of all but the end of a long output. */
void output_trim (int fd);

/* Returns the output, or the end of a long one, as a string.  Allocated; NULL
 * with errno.
 */
char *output_read (int fd);

/* Cuts @text down to the line that says why @program failed: the last one.  If
 * that only says where help is, as after a wrong command line, it is the last
 * other line that begins with the program's name, or else the last other one.
 * Returns @text, which is empty if no line has something in it.
 */
char *output_reason (char *text, const char *program);

#endif /* BENCH_OUTPUT_H */
