/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as text: a table in Markdown, and verdicts. */

#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

#include "bench/bench.h"

/* Which columns there are: those with numbers. */
struct table_columns {
  bool children, servers, calls;
};

struct table_columns table_choose_columns (const struct bench *b);

/* Prints the table, the verdicts, and the programs that are left out. */
void table_print (FILE *f, const struct bench *b);

/* Returns how many decimals a time in seconds is shown with. */
int table_decimals (double seconds);

/* Prints a line about the machine. */
void table_print_machine (FILE *f, const struct bench *b);

/* Prints the verdict about another program as a sentence without an end. */
void table_print_verdict (FILE *f, const struct bench *b,
                          const struct program *p);

/* Returns a sentence about other processes, if they used the machine.
 * Allocated; NULL if they did not, or if memory runs out.
 */
char *table_noise (const struct bench *b);

#endif /* TABLE_H */
