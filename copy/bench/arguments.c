/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The command line of stripecopy-bench: see arguments.h. */

#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/arguments.h"
#include "clock.h"
#include "human.h"

enum type { FLAG, TEXT, COUNT, SECONDS, SIZE };

struct row {
  const char *name, *argument, *help;
  enum type type;
  size_t field; /* offset in struct arguments */
  uint64_t min, max;
};

#define FIELD(name) offsetof (struct arguments, name)

static const struct row rows[] = {
  { "against", "PROGRAMS", "nbdcopy, qemu-img, or paths, with commas between",
    TEXT, FIELD (against), 0, 0 },
  { "before", "COMMAND", "run by a shell before each copy", TEXT,
    FIELD (before), 0, 0 },
  { "budget", "SECONDS", "limit of all copies by one program; 0: none", SECONDS,
    FIELD (budget), 0, UINT64_MAX },
  { "bytes", "SIZE", "the amount of data, if --plan cannot tell", SIZE,
    FIELD (bytes), 1, UINT64_MAX },
  { "calls", NULL, "count system calls, in one more copy", FLAG, FIELD (calls),
    0, 0 },
  { "check", "COMMAND", "run by a shell after a program's first copy", TEXT,
    FIELD (check), 0, 0 },
  { "help", NULL, "print this text", FLAG, FIELD (help), 0, 0 },
  { "html", "FILE", "write a page with the results", TEXT, FIELD (html), 0, 0 },
  { "json", "FILE", "write the results as JSON; -: to standard output", TEXT,
    FIELD (json), 0, 0 },
  { "limit", "SECONDS", "limit of one copy (default 3600)", SECONDS,
    FIELD (limit), 1, UINT64_MAX },
  { "noise", "PERCENT", "most spread of times that are judged (default 20)",
    COUNT, FIELD (noise), 1, 1000 },
  { "others", "PERCENT", "most use of the machine by others (default 10)",
    COUNT, FIELD (others), 1, 100 },
  { "overwrite", NULL, "the destination may be a file or device with content",
    FLAG, FIELD (overwrite), 0, 0 },
  { "rounds", "N", "copies by each program (default 5)", COUNT, FIELD (rounds),
    1, 10000 },
  { "stripecopy", "PATH", "the stripecopy that is measured", TEXT,
    FIELD (stripecopy), 0, 0 },
  { "version", NULL, "print the version", FLAG, FIELD (version), 0, 0 },
};

#define N_ROWS (sizeof rows / sizeof rows[0])

void
arguments_help (void)
{
  char name[64];

  printf ("Usage: %s-bench [OPTIONS] SOURCE DESTINATION"
          " [-- OPTIONS-OF-STRIPECOPY]\n\n"
          "Measures stripecopy and other programs in turn.  Each of them copies"
          " SOURCE to\nDESTINATION, which is overwritten, several times.\n\n",
          PACKAGE_NAME);
  for (size_t i = 0; i < N_ROWS; i++) {
    snprintf (name, sizeof name, "--%s%s%s", rows[i].name,
              rows[i].argument ? "=" : "",
              rows[i].argument ? rows[i].argument : "");
    printf ("  %-20s %s\n", name, rows[i].help);
  }
}

static const struct row *
find_row (const char *name, size_t length)
{
  for (size_t i = 0; i < N_ROWS; i++)
    if (strlen (rows[i].name) == length
        && strncmp (rows[i].name, name, length) == 0)
      return &rows[i];
  return NULL;
}

static void
set_number (struct arguments *a, const struct row *row, const char *text,
            struct error *e)
{
  uint64_t value;
  const char *why = row->type == SECONDS ? human_parse_seconds (text, &value)
    : row->type == SIZE                  ? human_parse_size (text, &value)
                                         : human_parse_number (text, &value);

  if (why == NULL && value < row->min)
    why = "too small";
  else if (why == NULL && value > row->max)
    why = "too large";
  if (why)
    error_set_kind (e, ERROR_REFUSED, 0, "--%s: %s: %s", row->name, text, why);
  else
    memcpy ((char *) a + row->field, &value, sizeof value);
}

/* Sets one option; @value is NULL if there is none. */
static void
set_option (struct arguments *a, const struct row *row, const char *value,
            struct error *e)
{
  const bool yes = true;

  if (row->type == FLAG && value)
    error_set_kind (e, ERROR_REFUSED, 0, "--%s takes no value", row->name);
  else if (row->type == FLAG)
    memcpy ((char *) a + row->field, &yes, sizeof yes);
  else if (value == NULL || *value == '\0')
    error_set_kind (e, ERROR_REFUSED, 0, "--%s needs a value", row->name);
  else if (row->type == TEXT)
    memcpy ((char *) a + row->field, &value, sizeof value);
  else
    set_number (a, row, value, e);
}

/* Takes the option at argv[i], with its value.  Returns the last index. */
static int
take_option (struct arguments *a, int argc, char **argv, int i, struct error *e)
{
  const char *name = argv[i] + 2, *equals = strchr (name, '=');
  const size_t length = equals ? (size_t) (equals - name) : strlen (name);
  const struct row *row = find_row (name, length);
  const char *value = equals ? equals + 1 : NULL;

  if (row == NULL) {
    error_set_kind (e, ERROR_REFUSED, 0, "unknown option: --%.*s", (int) length,
                    name);
    return i;
  }
  if (value == NULL && row->type != FLAG && i + 1 < argc)
    value = argv[++i];
  set_option (a, row, value, e);
  return i;
}

/* Takes the operand at argv[i], a name or a command in brackets.  Returns its
 * last index.
 */
static int
take_operand (struct arguments *a, int argc, char **argv, int i,
              struct error *e)
{
  struct words *w = a->source.n == 0 ? &a->source : &a->destination;
  int last = i;

  if (a->destination.n > 0) {
    error_set_kind (e, ERROR_REFUSED, 0, "a third operand: %s", argv[i]);
    return i;
  }
  if (strcmp (argv[i], "[") == 0) {
    while (last < argc && strcmp (argv[last], "]") != 0)
      last++;
    if (last == argc)
      error_set_kind (e, ERROR_REFUSED, 0, "\"[\" without \"]\"");
  }
  *w = (struct words) { .at = argv + i, .n = (size_t) (last - i) + 1 };
  return last;
}

static void
check (const struct arguments *a, struct error *e)
{
  const char *source = arguments_name (&a->source);
  const char *destination = arguments_name (&a->destination);

  if (a->destination.n == 0)
    error_set_kind (e, ERROR_REFUSED, 0,
                    "a source and a destination are needed");
  else if ((source && strcmp (source, "-") == 0)
           || (destination && strcmp (destination, "-") == 0))
    error_set_kind (e, ERROR_REFUSED, 0,
                    "a stream cannot be copied more than once");
}

int
arguments_parse (struct arguments *a, int argc, char **argv, struct error *e)
{
  int i;

  *a = (struct arguments) {
    .rounds = 5,
    .limit = 3600 * NS_PER_S,
    .noise = 20,
    .others = 10,
  };
  for (i = 1; i < argc && strcmp (argv[i], "--") != 0; i++)
    if (argv[i][0] == '-' && argv[i][1] == '-')
      i = take_option (a, argc, argv, i, e);
    else if (argv[i][0] == '-' && argv[i][1] != '\0')
      error_set_kind (e, ERROR_REFUSED, 0, "unknown option: %s", argv[i]);
    else
      i = take_operand (a, argc, argv, i, e);
  if (i < argc)
    a->options = (struct words) { .at = argv + i + 1,
                                  .n = (size_t) (argc - i - 1) };
  if (!a->help && !a->version)
    check (a, e);
  return error_is_set (e) ? -1 : 0;
}

const char *
arguments_name (const struct words *w)
{
  return w->n == 1 ? w->at[0] : NULL;
}
