/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the rows of the options, for tests that compare them with the
 * documents.  One line for each option: its name and its properties, each
 * preceded by a tab.
 *
 *   --jobs  bounds=from 1 to 1024  default=1  requires=--manifest  ...
 */

#include <config.h>

#include <stdio.h>

#include "options/option-rows.h"
#include "options/option-values.h"

static void
print_text (const char *key, const char *prefix, const char *text)
{
  if (text)
    printf ("\t%s=%s%s", key, prefix, text);
}

static void
print_excludes (const struct option_row *row)
{
  const char *before = "\texcludes=--";

  if (row->instead_of) {
    printf ("%s%s", before, row->instead_of);
    before = " --";
  }
  for (unsigned i = 0; i < EXCLUDES_MAX && row->excludes[i]; i++) {
    printf ("%s%s", before, row->excludes[i]);
    before = " --";
  }
}

static void
print_row (const struct option_row *row)
{
  static const char *const scopes[] = {
    [PER_COPY] = "copy",
    [PER_RUN] = "run",
    [ANYWHERE] = "anywhere",
  };
  char bounds[96];

  printf ("--%s\tscope=%s", row->name, scopes[row->scope]);
  if (row->letter)
    printf ("\tletter=-%c", row->letter);
  print_text ("argument", "", row->argument);
  if (option_bounds (row, bounds, sizeof bounds))
    print_text ("bounds", "", bounds);
  print_text ("default", "", row->initial);
  print_text ("requires", "--", row->requires);
  print_excludes (row);
  print_text ("same", "--", row->same_as);
  print_text ("lacks", "", row->lacks);
  if (row->help == NULL)
    printf ("\thidden");
  printf ("\n");
}

int
main (void)
{
  for (size_t i = 0; i < n_option_rows; i++)
    print_row (&option_rows[i]);
  return fflush (stdout) == 0 ? 0 : 1;
}
