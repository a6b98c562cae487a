/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of options: from the text of the command line, and to JSON. */

#ifndef OPTION_VALUES_H
#define OPTION_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "json.h"
#include "options/option-rows.h"

struct options;

/* Parses @text by the row's type and bounds, and sets the row's field.  @text
 * is borrowed for as long as the options are used; it is NULL when the argument
 * is left out.  Returns 0, or -1 with the error set.
 */
int option_set (struct options *o, const struct option_row *row,
                const char *text, struct error *e);

/* Writes the bounds as error messages and the man page have them: "a power of 2
 * from 4096 to 33554432".  Returns false when the type has none.
 */
bool option_bounds (const struct option_row *row, char *text, size_t size);

/* Returns the value as JSON, with secrets masked.  NULL when memory runs out.
 */
json_t *option_value (const struct options *o, const struct option_row *row);

#endif /* OPTION_VALUES_H */
