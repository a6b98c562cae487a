/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files and descriptors that options name: see option-files.h. */

#include <config.h>

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "human.h"
#include "options/option-fields.h"
#include "options/option-files.h"
#include "options/option-rows.h"

static bool
ends_with (const char *text, const char *end)
{
  const size_t n = strlen (text), m = strlen (end);

  return n >= m && strcmp (text + n - m, end) == 0;
}

/* The name or the descriptor that the row's field holds. */
static void
read_file_field (const struct options *o, const struct option_row *row,
                 struct option_file *f)
{
  const void *field = (const char *) o + row->field;

  if (row->type == PROGRESS)
    f->fd = o->progress_fd_given ? (int) o->progress_fd : -1;
  else if (row->type == BWLIMIT)
    f->name = o->bwlimit.file;
  else if ((f->name = *(const char *const *) field) == NULL)
    return;
  else if (strncmp (row->argument, "FD|", 3) == 0)
    human_parse_descriptor (f->name, &f->fd);
  else if (ends_with (row->argument, "|-") && strcmp (f->name, "-") == 0)
    f->fd = row->file == READS ? STDIN_FILENO : STDOUT_FILENO;
}

bool
options_next_file (const struct options *o, size_t *at, struct option_file *f)
{
  while (*at < n_option_rows) {
    const struct option_row *row = &option_rows[(*at)++];

    if (row->file == NO_FILE)
      continue;
    *f = (struct option_file) {
      .option = row->name,
      .fd = -1,
      .writes = row->file != READS,
      .reports = row->file == REPORTS,
    };
    read_file_field (o, row, f);
    if (f->name || f->fd != -1)
      return true;
  }
  return false;
}

void
options_drop_file (struct options *o, const char *option)
{
  const struct option_row *row = option_row (option);

  assert (row && row->type == TEXT);
  *(const char **) ((char *) o + row->field) = NULL;
}
