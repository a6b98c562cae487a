/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns argv into one const struct, or into an error text.  The rest of the
 * program sees the options by this header.
 */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "error.h"
#include "json.h"
#include "options/option-fields.h"
#include "options/option-files.h"

/* Reads argv; argv is permuted as GNU getopt does.  0, or -1 with the error
 * set: one line that says which option or operand, and why.  Where help,
 * version, long_options or short_options is set, operands are not needed.
 */
int options_parse (struct options *o, int argc, char **argv, struct error *e);

void options_free (struct options *o);

/* Whether there is an option of exactly this long name, and whether it has an
 * argument.
 */
enum options_argument {
  OPTION_UNKNOWN,
  OPTION_WITHOUT,
  OPTION_MAY_HAVE,
  OPTION_NEEDS
};

enum options_argument options_argument (const char *name);

/* Whether a copy in a manifest can have this option. */
bool options_fit_manifest (const char *name);

/* The options as chosen, by their long names, with secrets masked.  NULL when out
 * of memory.
 */
json_t *options_config (const struct options *o);

/* What --help, --long-options and --short-options print.  Allocated. */
char *options_help (const char *program);
char *options_list (bool long_names);

#endif /* OPTIONS_H */
