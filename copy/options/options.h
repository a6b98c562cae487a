/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options: argv becomes one struct, which does not change afterwards, or an
 * error.  The rest of the program sees the options by this header.
 */

#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "error.h"
#include "json.h"
#include "options/option-fields.h"
#include "options/option-files.h"

/* Parses argv, which is permuted as GNU getopt does.  The options borrow its
 * words.  Returns 0, or -1 with the error set: one line that names the option
 * or operand, and the reason.  If help, version, long_options or short_options
 * is set, there may be no operands.
 */
int options_parse (struct options *o, int argc, char **argv, struct error *e);

void options_free (struct options *o);

/* Returns the name of the map of another shard, given that of all shards with
 * %i for their number.  Allocated; NULL when memory runs out.
 */
char *options_map_of_shard (const char *maps, uint64_t number);

/* Returns the time between two updates of what programs read, in ns. */
uint64_t options_interval (const struct options *o);

/* What options_argument returns: whether there is an option of exactly this
 * long name, and whether it has an argument.
 */
enum options_argument {
  OPTION_UNKNOWN,
  OPTION_WITHOUT,
  OPTION_MAY_HAVE,
  OPTION_NEEDS
};

enum options_argument options_argument (const char *name);

/* Returns whether a copy in a manifest can have this option. */
bool options_fit_manifest (const char *name);

/* Returns the options that hold for each copy of a manifest, as words of a
 * command line.  Allocated, with NULL at the end; NULL when memory runs out.
 */
char **options_inherited (const struct options *o);
void options_free_words (char **words); /* NULL is fine */

/* Returns the options as chosen, by their long names, with secrets masked.
 * NULL when memory runs out.
 */
json_t *options_config (const struct options *o);

/* Returns the text of --help, and of --long-options or --short-options.
 * Allocated; NULL when memory runs out.
 */
char *options_help (const char *program);
char *options_list (bool long_names);

#endif /* OPTIONS_H */
