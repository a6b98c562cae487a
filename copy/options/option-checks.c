/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the options that were given can be used together: see
 * option-checks.h.
 */

#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "options/option-checks.h"
#include "options/option-files.h"
#include "options/option-rows.h"

static bool
is_given (const bool given[], const char *name)
{
  return given[option_row (name) - option_rows];
}

/* -- what the rows say ---------------------------------------------------- */

static int
check_scope (const struct option_row *row, struct error *e)
{
  if (row->scope == PER_RUN || row->scope == ANYWHERE)
    return 0;
  error_set (e, EINVAL,
             "--%s cannot be used with --manifest; set it for each copy in the"
             " manifest",
             row->name);
  return -1;
}

static int
check_row (const struct option_row *row, const bool given[], struct error *e)
{
  if (row->requires && !is_given (given, row->requires)) {
    error_set (e, EINVAL, "--%s requires --%s", row->name, row->requires);
    return -1;
  }
  if (row->instead_of && is_given (given, row->instead_of)) {
    error_set (e, EINVAL, "--%s and --%s are mutually exclusive", row->name,
               row->instead_of);
    return -1;
  }
  for (unsigned i = 0; i < EXCLUDES_MAX && row->excludes[i]; i++)
    if (is_given (given, row->excludes[i])) {
      error_set (e, EINVAL, "--%s cannot be used with --%s", row->name,
                 row->excludes[i]);
      return -1;
    }
  return 0;
}

int
option_check_rows (const bool given[], struct error *e)
{
  const bool many = is_given (given, "manifest");

  for (size_t i = 0; i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];

    if (given[i]
        && ((many && check_scope (row, e) == -1)
            || check_row (row, given, e) == -1))
      return -1;
  }
  return 0;
}

/* -- what no row can say -------------------------------------------------- */

/* A bitmap often has the same name each time.  So a map needs something else
 * that tells one state of the source from the next.
 */
int
option_check_changed (const struct options *o, struct error *e)
{
  if (o->changed == NULL || o->map == NULL || o->source_id)
    return 0;
  error_set (e, EINVAL,
             "--changed with --map requires --source-id, which must be another"
             " one for each state of the source");
  return -1;
}

int
option_check_stop_after (const struct options *o, struct error *e)
{
  if (o->stop_after == 0 || o->manifest || o->map)
    return 0;
  error_set (e, EINVAL, "--stop-after requires --map");
  return -1;
}

int
option_check_blkhash (const struct options *o, struct error *e)
{
  if (o->digest == DIGEST_NONE || o->shard.count == 0 || o->maps)
    return 0;
  error_set (e, EINVAL,
             "--blkhash with --shard requires a --map with %%i in its name, for"
             " the number of the shard: the digest is put together from all of"
             " them");
  return -1;
}

/* Nothing else may be written to standard output when the data is. */
static int
check_outputs (struct options *o, struct error *e)
{
  struct option_file f;

  for (size_t at = 0; options_next_file (o, &at, &f);)
    if (f.fd == STDOUT_FILENO) {
      if (!error_is_set (e))
        error_set (e, EINVAL,
                   "--%s=%s cannot be used: standard output is the destination",
                   f.option, f.name ? f.name : "1");
      if (f.reports) /* the refusal must not be reported there either */
        options_drop_file (o, f.option);
    }
  return error_is_set (e) ? -1 : 0;
}

/* Returns an option other than --differences that writes to standard output; NULL:
 * there is none.
 */
static const char *
also_to_standard_output (const struct options *o)
{
  struct option_file f;

  for (size_t at = 0; options_next_file (o, &at, &f);)
    if (f.fd == STDOUT_FILENO && strcmp (f.option, "differences") != 0)
      return f.option;
  return o->digest != DIGEST_NONE && !o->blkhash_file ? "blkhash" : NULL;
}

int
option_check_differences (const struct options *o, struct error *e)
{
  const char *other;

  if (o->differences == NULL)
    return 0;
  if (!o->compare && !o->verify) {
    error_set (e, EINVAL, "--differences requires --compare or --verify");
    return -1;
  }
  if (strcmp (o->differences, "-") != 0)
    return 0;
  if ((other = also_to_standard_output (o)) == NULL)
    return 0;
  error_set (e, EINVAL,
             "--differences=- cannot be used with --%s, which also writes to"
             " standard output",
             other);
  return -1;
}

int
option_check_metrics_file (struct options *o, struct error *e)
{
  const char *slash = o->metrics_file ? strrchr (o->metrics_file, '/') : NULL;
  const char *name = slash ? slash + 1 : o->metrics_file;
  const size_t n = name ? strlen (name) : 0;
  const bool has_ending = n >= 5 && strcmp (name + n - 5, ".prom") == 0;

  if (name == NULL || (has_ending && n > 5))
    return 0;
  error_set (e, EINVAL, "--metrics-file=%s: %s", o->metrics_file,
             has_ending ? "there must be a name before .prom: it names the disk"
                        : "the name must end in .prom: the textfile collector"
                          " reads no other files");
  options_drop_file (o, "metrics-file");
  return -1;
}

int
option_check_destination (struct options *o, struct error *e)
{
  const enum operand_kind kind = o->destination.kind;

  if (o->map && kind == OPERAND_NULL) {
    error_set (e, EINVAL, "--map cannot be used with null:");
    return -1;
  }
  return kind == OPERAND_STANDARD ? check_outputs (o, e) : 0;
}
