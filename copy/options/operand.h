/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the two sides on the command line. */

#ifndef OPERAND_H
#define OPERAND_H

#include <stdbool.h>

#include "options/types.h"

/* Sets the kind of an operand from its name.  Nothing else compares names. */
void operand_recognise (struct operand *operand, bool is_destination);

/* Returns whether it is read or written by way of a server that we start: a
 * file in a disk format, or a file on a web server.
 */
bool operand_is_image (const struct operand *operand);

/* Returns the name, or the command, with secrets masked.  Allocated; NULL when
 * memory runs out.
 */
char *operand_masked_name (const struct operand *operand);

#endif /* OPERAND_H */
