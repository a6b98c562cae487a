/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line: see options.h.  The options themselves are in
 * option-rows.c.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "human.h"
#include "options/operand.h"
#include "options/option-checks.h"
#include "options/option-rows.h"
#include "options/option-values.h"
#include "options/options.h"

/* In the name of a map: the number of the shard. */
#define NUMBER_OF_SHARD "%i"

/* -- commands in brackets ------------------------------------------------- */

/* Takes each "[ CMD ARGS ... ]" out of argv, before getopt sees the command's
 * own options, and leaves its "[" in its place.  Returns the new argc, or -1
 * with the error set.
 */
static int
gather_commands (int argc, char **argv, struct operand *commands,
                 unsigned *n_commands, struct error *e)
{
  int to = 0;

  *n_commands = 0;
  for (int from = 0; from < argc; from++) {
    int end = from + 1;

    argv[to++] = argv[from];
    if (from == 0 || strcmp (argv[from], "[") != 0)
      continue;
    while (end < argc && strcmp (argv[end], "]") != 0)
      end++;
    if (end == argc) {
      error_set (e, EINVAL, "unmatched \"[\"");
      return -1;
    }
    if (end == from + 1) {
      error_set (e, EINVAL, "empty command in \"[ ]\"");
      return -1;
    }
    if (*n_commands == 2) {
      error_set (e, EINVAL, "more than two commands in \"[ ]\"");
      return -1;
    }

    char **command = calloc (end - from, sizeof *command);
    if (command == NULL) {
      error_set (e, ENOMEM, "%s", strerror (ENOMEM));
      return -1;
    }
    for (int i = from + 1; i < end; i++)
      command[i - from - 1] = argv[i];
    commands[*n_commands].name = argv[from];
    commands[*n_commands].command = command;
    ++*n_commands;
    from = end;
  }
  argv[to] = NULL;
  return to;
}

/* Sets the operand from its word.  getopt may have moved the word, but the "["
 * of a command still has its address.
 */
static void
set_operand (struct operand *operand, char *word, struct operand *commands,
             unsigned n_commands)
{
  operand->name = word;
  for (unsigned i = 0; i < n_commands; i++)
    if (commands[i].name == word) {
      operand->command = commands[i].command;
      commands[i].command = NULL;
    }
}

/* -- getopt --------------------------------------------------------------- */

static void
make_getopt_tables (struct option *longs, char *shorts)
{
  *shorts++ = ':';
  for (size_t i = 0; i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];

    longs[i] = (struct option) {
      .name = row->name,
      .val = 256 + i,
      .has_arg = row->argument == NULL ? no_argument
        : row->optional                ? optional_argument
                                       : required_argument,
    };
    if (row->letter) {
      *shorts++ = row->letter;
      if (longs[i].has_arg == required_argument)
        *shorts++ = ':';
    }
  }
  longs[n_option_rows] = (struct option) { 0 };
  *shorts = '\0';
}

static const struct option_row *
row_of (int c)
{
  if (c >= 256)
    return &option_rows[c - 256];
  for (size_t i = 0; i < n_option_rows; i++)
    if (c != 0 && option_rows[i].letter == c)
      return &option_rows[i];
  return NULL;
}

/* Resolves an abbreviation that getopt found ambiguous: if it matches a single
 * option of nbdcopy, that is the one, whatever options were added here.  Takes
 * the argument and returns a value as getopt would.
 */
static int
choose_for_nbdcopy (int argc, char **argv)
{
  char *name = argv[optind - 1] + 2;
  const size_t length = strcspn (name, "=");
  const struct option_row *found = NULL;

  for (size_t i = 0; i < n_option_rows; i++)
    if (option_rows[i].from_nbdcopy
        && strncmp (option_rows[i].name, name, length) == 0) {
      if (found)
        return '?';
      found = &option_rows[i];
    }
  if (found == NULL)
    return '?';

  optopt = 256 + (found - option_rows);
  optarg = name[length] == '=' ? name + length + 1 : NULL;
  if (optarg && found->argument == NULL)
    return '?';
  if (optarg == NULL && found->argument && !found->optional) {
    if (optind == argc)
      return ':';
    optarg = argv[optind++];
  }
  return optopt;
}

/* Explains why getopt returned '?' or ':' for the word before optind. */
static int
refuse_word (int c, char **argv, struct error *e)
{
  const char *word = argv[optind - 1];
  const struct option_row *row = row_of (optopt);

  if (c == ':')
    error_set (e, EINVAL, "%s needs an argument", word);
  else if (row)
    error_set (e, EINVAL, "--%s takes no argument", row->name);
  else if (optopt)
    error_set (e, EINVAL, "unknown option: -%c", optopt);
  else
    error_set (e, EINVAL, "unknown or ambiguous option: %s", word);
  return -1;
}

/* Checks the number of operands, and sets both. */
static int
take_operands (struct options *o, int n, char **words, struct operand *commands,
               unsigned n_commands, struct error *e)
{
  if (o->manifest) {
    if (n == 0)
      return 0;
    error_set (e, EINVAL, "--manifest does not take SOURCE or DESTINATION: %s",
               words[0]);
    return -1;
  }
  if (n < 2) {
    error_set (e, EINVAL, "a SOURCE and a DESTINATION are needed");
    return -1;
  }
  if (n > 2) {
    error_set (e, EINVAL, "too many operands after SOURCE and DESTINATION: %s",
               words[2]);
    return -1;
  }
  set_operand (&o->source, words[0], commands, n_commands);
  set_operand (&o->destination, words[1], commands, n_commands);
  operand_recognise (&o->source, false);
  operand_recognise (&o->destination, true);
  return option_check_destination (o, e);
}

static void
note_given (struct options *o, const struct option_row *row, bool given[])
{
  const struct option_row *same = row->same_as ? option_row (row->same_as)
                                               : row;

  given[same - option_rows] = true;
  if (row->given)
    *(bool *) ((char *) o + row->given) = true;
}

char *
options_map_of_shard (const char *maps, uint64_t number)
{
  char *name = NULL;
  const char *next;
  size_t size;
  FILE *f = open_memstream (&name, &size);

  if (f == NULL)
    return NULL;
  for (; (next = strstr (maps, NUMBER_OF_SHARD)) != NULL;
       maps = next + strlen (NUMBER_OF_SHARD))
    fprintf (f, "%.*s%" PRIu64, (int) (next - maps), maps, number);
  fputs (maps, f);
  if (fclose (f) == 0)
    return name;
  free (name);
  return NULL;
}

/* Puts the number of the shard into the name of its map. */
static int
name_map (struct options *o, struct error *e)
{
  if (o->map == NULL || o->shard.count == 0
      || strstr (o->map, NUMBER_OF_SHARD) == NULL)
    return 0;
  o->map_of_shard = options_map_of_shard (o->map, o->shard.number);
  if (o->map_of_shard == NULL) {
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
    return -1;
  }
  o->maps = o->map;
  o->map = o->map_of_shard;
  return 0;
}

static int
parse_words (struct options *o, int argc, char **argv, struct operand *commands,
             unsigned n_commands, struct error *e)
{
  struct option longs[OPTION_ROWS_MAX + 1];
  char shorts[2 * OPTION_ROWS_MAX + 2];
  bool given[OPTION_ROWS_MAX] = { false }, ends = false;
  int c;

  make_getopt_tables (longs, shorts);
  optind = 0; /* reset getopt, for a second call */
  opterr = 0;
  while ((c = getopt_long (argc, argv, shorts, longs, NULL)) != -1) {
    if (c == '?' && optopt == 0) /* an abbreviation of several options */
      c = choose_for_nbdcopy (argc, argv);
    if (c == '?' || c == ':')
      return refuse_word (c, argv, e);
    if (option_set (o, row_of (c), optarg, e) == -1)
      return -1;
    note_given (o, row_of (c), given);
    ends |= row_of (c)->ends;
  }
  if (ends)
    return 0;
  if (name_map (o, e) == -1)
    return -1;
  /* The operands first: a report of a refusal names both sides. */
  if (take_operands (o, argc - optind, argv + optind, commands, n_commands, e)
      == -1)
    return -1;
  return option_check_rows (given, e) == -1 || option_check_changed (o, e) == -1
      || option_check_stop_after (o, e) == -1
      || option_check_blkhash (o, e) == -1
      || option_check_differences (o, e) == -1
      || option_check_metrics_file (o, e) == -1
    ? -1
    : 0;
}

/* -- all of it ------------------------------------------------------------ */

/* argv[0] can be missing or empty. */
static const char *
base_name (const char *path)
{
  const char *slash = path ? strrchr (path, '/') : NULL;

  return slash ? slash + 1 : path && path[0] ? path : "stripecopy";
}

/* For measurements only: see docs/BENCHMARKS.md. */
static int
parse_tuning (struct options *o, struct error *e)
{
  const char *text = getenv ("STRIPECOPY_TUNING");
  const char *comma = text ? strchr (text, ',') : NULL;
  char *size;
  bool good;

  if (text == NULL)
    return 0;
  size = strndup (text, comma ? comma - text : 0);
  good = size && comma && human_parse_size (size, &o->tuning_size) == NULL
    && human_parse_size (comma + 1, &o->tuning_window) == NULL
    && o->tuning_size > 0 && o->tuning_size <= o->tuning_window;
  free (size);
  if (good)
    return 0;
  error_set (e, EINVAL, "STRIPECOPY_TUNING=%s: must be REQUEST-SIZE,WINDOW",
             text);
  return -1;
}

static void
set_defaults (struct options *o)
{
  struct error e = { 0 };

  for (size_t i = 0; i < n_option_rows; i++)
    if (option_rows[i].initial)
      option_set (o, &option_rows[i], option_rows[i].initial, &e);
  assert (!error_is_set (&e));
}

int
options_parse (struct options *o, int argc, char **argv, struct error *e)
{
  struct operand commands[2] = { { 0 } };
  unsigned n_commands;
  int r = -1;

  *o = (struct options) { .program = base_name (argv[0]), .shared_limit = -1 };
  set_defaults (o);
  argc = gather_commands (argc, argv, commands, &n_commands, e);
  if (argc != -1)
    r = parse_words (o, argc, argv, commands, n_commands, e);
  if (r == 0)
    r = parse_tuning (o, e);
  for (unsigned i = 0; i < n_commands; i++)
    free (commands[i].command); /* NULL when an operand owns it */
  return r;
}

uint64_t
options_interval (const struct options *o)
{
  return o->interval ? o->interval : 10 * NS_PER_S;
}

void
options_free (struct options *o)
{
  free (o->source.command);
  free (o->destination.command);
  o->source.command = o->destination.command = NULL;
  free (o->map_of_shard);
  o->map_of_shard = NULL;
}

/* -- questions about options ---------------------------------------------- */

enum options_argument
options_argument (const char *name)
{
  const struct option_row *row = option_row (name);

  return row == NULL        ? OPTION_UNKNOWN
    : row->argument == NULL ? OPTION_WITHOUT
    : row->optional         ? OPTION_MAY_HAVE
                            : OPTION_NEEDS;
}

bool
options_fit_manifest (const char *name)
{
  const struct option_row *row = option_row (name);

  return row && (row->scope == PER_COPY || row->scope == ANYWHERE);
}

/* -- what copies of a manifest inherit ------------------------------------ */

/* Returns -v as often as it was given, in one word. */
static char *
tally_as_word (const struct option_row *row, unsigned times)
{
  char *word = malloc (times + 2);

  if (word) {
    memset (word, row->letter, times + 1);
    word[0] = '-';
    word[times + 1] = '\0';
  }
  return word;
}

/* Returns the option as a word of a command line.  Allocated; NULL when memory
 * runs out.
 */
static char *
as_word (const struct option_row *row, const json_t *value)
{
  char *word = NULL;
  int n;

  if (row->type == TALLY)
    return tally_as_word (row, json_integer_value (value));
  n = json_is_boolean (value)
    ? asprintf (&word, "--%s", row->name)
    : asprintf (&word, "--%s=%.9g", row->name, json_number_value (value));
  return n == -1 ? NULL : word;
}

static bool
is_set (const json_t *value)
{
  return json_is_true (value) || json_number_value (value) > 0;
}

char **
options_inherited (const struct options *o)
{
  char **words = calloc (n_option_rows + 1, sizeof *words);
  size_t n = 0;
  bool good = words != NULL;

  for (size_t i = 0; good && i < n_option_rows; i++) {
    const struct option_row *row = &option_rows[i];
    json_t *value = row->inherited ? option_value (o, row) : NULL;

    if (is_set (value))
      good = (words[n++] = as_word (row, value)) != NULL;
    json_decref (value);
  }
  if (good)
    return words;
  options_free_words (words);
  return NULL;
}

void
options_free_words (char **words)
{
  for (size_t i = 0; words && words[i]; i++)
    free (words[i]);
  free (words);
}

/* -- printing ------------------------------------------------------------- */

/* Options that print something and end, and second names, are no settings. */
static bool
is_setting (const struct option_row *row)
{
  return option_is_listed (row) && !row->ends && row->same_as == NULL;
}

json_t *
options_config (const struct options *o)
{
  json_t *config = json_object ();

  for (size_t i = 0; config && i < n_option_rows; i++)
    if (is_setting (&option_rows[i])
        && json_object_set_new (config, option_rows[i].name,
                                option_value (o, &option_rows[i]))
          == -1) {
      json_decref (config);
      return NULL;
    }
  return config;
}

static void
print_row (FILE *f, const struct option_row *row)
{
  char left[64];
  int n = 0;

  if (row->letter)
    n = snprintf (left, sizeof left, "-%c, ", row->letter);
  n += snprintf (left + n, sizeof left - n, "--%s", row->name);
  if (row->argument)
    snprintf (left + n, sizeof left - n, row->optional ? "[=%s]" : "=%s",
              row->argument);
  if (strlen (left) > 23)
    fprintf (f, "  %s\n  %-23s %s", left, "", row->help);
  else
    fprintf (f, "  %-23s %s", left, row->help);
  if (row->initial)
    fprintf (f, " (default %s)", row->initial);
  fputc ('\n', f);
}

char *
options_help (const char *program)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);

  if (f == NULL)
    return NULL;
  fprintf (f,
           "Copy a disk between NBD servers and files, with several"
           " workers in parallel.\n\n"
           "  %s [OPTIONS] SOURCE DESTINATION\n\n"
           "SOURCE, DESTINATION := - | FILE | DEVICE | NBD-URI"
           " | [ CMD ARGS ... ]\n"
           "SOURCE              += http://... | https://...\n"
           "DESTINATION         += null:\n\n",
           program);
  for (size_t i = 0; i < n_option_rows; i++)
    if (option_is_listed (&option_rows[i]))
      print_row (f, &option_rows[i]);
  fprintf (f,
           "\nSizes are bytes, or take a unit: 32k, 1M, 4G, 1MiB."
           "  See stripecopy(1).\n");
  if (fclose (f) != 0) {
    free (text);
    return NULL;
  }
  return text;
}

char *
options_list (bool long_names)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);

  if (f == NULL)
    return NULL;
  for (size_t i = 0; i < n_option_rows; i++)
    if (!option_is_listed (&option_rows[i]))
      continue;
    else if (long_names)
      fprintf (f, "--%s\n", option_rows[i].name);
    else if (option_rows[i].letter)
      fprintf (f, "-%c\n", option_rows[i].letter);
  if (fclose (f) != 0) {
    free (text);
    return NULL;
  }
  return text;
}
