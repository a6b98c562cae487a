/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as text: see table.h. */

#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/table.h"
#include "human.h"

#define COLUMNS_MAX 12
#define CELL 100
#define GIB 1073741824.0
#define MIB 1048576.0
#define LITTLE_CPU 0.005 /* seconds: no column for less */

typedef char row[COLUMNS_MAX][CELL];

struct table_columns
table_choose_columns (const struct bench *b)
{
  struct table_columns c = { 0 };

  for (size_t i = 0; i < b->n_programs; i++) {
    const struct program *p = &b->programs[i];

    if (p->left_out)
      continue;
    c.children = c.children || p->children_cpu.median > LITTLE_CPU;
    c.servers = c.servers || p->servers_cpu.n > 0;
    c.calls = c.calls || p->calls.counted;
  }
  return c;
}

int
table_decimals (double seconds)
{
  return seconds < 1 ? 3 : 2;
}

/* Prints "1.23 (0.45)": a scaled median, and its ratio to the baseline's. */
static void
put_median (char cell[CELL], const struct bench *b, const struct program *p,
            const struct summary *s, double scale, int decimals)
{
  const double ratio = bench_ratio (b, p, s);

  if (s->n == 0)
    strcpy (cell, "-");
  else if (ratio > 0)
    snprintf (cell, CELL, "%.*f (%.2f)", decimals, s->median * scale, ratio);
  else
    snprintf (cell, CELL, "%.*f", decimals, s->median * scale);
}

static void
put_seconds (char cell[CELL], const struct bench *b, const struct program *p,
             const struct summary *s)
{
  put_median (cell, b, p, s, 1, table_decimals (s->median));
}

/* Prints a name so that it stays in its cell. */
static void
put_name (char cell[CELL], const char *name)
{
  size_t n = 0;

  for (; *name != '\0' && n < CELL - 2; name++) {
    if (*name == '|')
      cell[n++] = '\\';
    cell[n++] = *name;
  }
  cell[n] = '\0';
}

/* Prints calls per GiB of data, or all of them if that is not known. */
static void
put_calls (char cell[CELL], const struct bench *b, const struct program *p)
{
  const double scale = b->data > 0 ? GIB / (double) b->data : 1;
  const struct program *base = b->baseline;

  if (!p->calls.counted)
    strcpy (cell, "-");
  else if (base && base->calls.counted && base->calls.all > 0)
    snprintf (cell, CELL, "%.0f (%.2f)", (double) p->calls.all * scale,
              (double) p->calls.all / (double) base->calls.all);
  else
    snprintf (cell, CELL, "%.0f", (double) p->calls.all * scale);
}

static size_t
put_head (row r, const struct bench *b, const struct table_columns *c)
{
  size_t n = 0;

  strcpy (r[n++], "program");
  strcpy (r[n++], "wall s");
  strcpy (r[n++], "spread");
  strcpy (r[n++], "runs");
  strcpy (r[n++], "CPU s");
  if (c->children)
    strcpy (r[n++], "children's CPU s");
  if (c->servers)
    strcpy (r[n++], "servers' CPU s");
  strcpy (r[n++], "peak MiB");
  strcpy (r[n++], "threads");
  if (c->calls) {
    strcpy (r[n++], b->data > 0 ? "system calls per GiB" : "system calls");
    strcpy (r[n++], "futex");
  }
  return n;
}

static void
put_program (row r, const struct bench *b, const struct program *p,
             const struct table_columns *c)
{
  size_t n = 0;

  put_name (r[n++], p->name);
  put_seconds (r[n++], b, p, &p->wall);
  snprintf (r[n++], CELL, "%.0f%%", p->wall.spread);
  snprintf (r[n++], CELL, "%zu", p->n_runs);
  put_seconds (r[n++], b, p, &p->cpu);
  if (c->children)
    put_seconds (r[n++], b, p, &p->children_cpu);
  if (c->servers)
    put_seconds (r[n++], b, p, &p->servers_cpu);
  put_median (r[n++], b, p, &p->peak, 1 / MIB, 0);
  snprintf (r[n++], CELL, "%u", p->threads);
  if (!c->calls)
    return;
  put_calls (r[n++], b, p);
  if (p->calls.knows_futex)
    snprintf (r[n], CELL, "%" PRIu64, p->calls.futex);
  else
    strcpy (r[n], "-");
}

static void
print_row (FILE *f, row r, const size_t widths[COLUMNS_MAX], size_t n)
{
  for (size_t i = 0; i < n; i++)
    fprintf (f, "| %-*s ", (int) widths[i], r[i]);
  fputs ("|\n", f);
}

static void
print_programs (FILE *f, const struct bench *b)
{
  const struct table_columns c = table_choose_columns (b);
  row *rows = calloc (b->n_programs + 1, sizeof *rows);
  size_t widths[COLUMNS_MAX] = { 0 }, columns, n = 1;

  if (rows == NULL)
    return;
  columns = put_head (rows[0], b, &c);
  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      put_program (rows[n++], b, &b->programs[i], &c);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < columns; j++)
      if (strlen (rows[i][j]) > widths[j])
        widths[j] = strlen (rows[i][j]);
  print_row (f, rows[0], widths, columns);
  for (size_t j = 0; j < columns; j++) {
    fputs ("|-", f);
    for (size_t i = 0; i <= widths[j]; i++)
      putc ('-', f);
  }
  fputs ("|\n", f);
  for (size_t i = 1; i < n; i++)
    print_row (f, rows[i], widths, columns);
  putc ('\n', f);
  free (rows);
}

void
table_print_verdict (FILE *f, const struct bench *b, const struct program *p)
{
  const struct comparison c = bench_compare (b, p);
  const struct program *s = &b->programs[0];

  fprintf (f, "%s against %s: ", s->name, p->name);
  switch (c.verdict) {
  case VERDICT_FEW:
    fprintf (f, "%.2f of the wall time, in too few runs to judge", c.ratio);
    break;
  case VERDICT_APART:
    fprintf (f, "%.2f of the wall time%s", c.ratio,
             c.barely_any ? ", but few runs" : "");
    break;
  case VERDICT_NOISY:
    fputs ("too noisy to judge", f);
    break;
  case VERDICT_SIMILAR:
    fprintf (f, "about the same (%.2f)", c.ratio);
    break;
  }
  fprintf (f, "; ours %.*f-%.*f s, theirs %.*f-%.*f s",
           table_decimals (s->wall.most), s->wall.least,
           table_decimals (s->wall.most), s->wall.most,
           table_decimals (p->wall.most), p->wall.least,
           table_decimals (p->wall.most), p->wall.most);
}

char *
table_noise (const struct bench *b)
{
  char *text = NULL;
  int r = 0;

  if (b->busy)
    r = asprintf (&text,
                  "Other processes took %.0f%% of the machine: too noisy to"
                  " judge.",
                  b->others);
  else if (b->others == UNKNOWN && b->machine.load > b->machine.processors)
    r = asprintf (&text,
                  "The load was %.1f before the first copy: other processes may"
                  " have disturbed the measurement.",
                  b->machine.load);
  return r == -1 ? NULL : text;
}

static void
put_noise (FILE *f, const struct bench *b)
{
  char *text = table_noise (b);

  if (text)
    fprintf (f, "- **%s**\n", text);
  free (text);
}

void
table_print (FILE *f, const struct bench *b)
{
  if (b->baseline)
    print_programs (f, b);
  for (size_t i = 1; i < b->n_programs; i++)
    if (!b->programs[0].left_out && !b->programs[i].left_out) {
      fputs ("- ", f);
      table_print_verdict (f, b, &b->programs[i]);
      putc ('\n', f);
    }
  for (size_t i = 0; i < b->n_programs; i++)
    if (b->programs[i].left_out)
      fprintf (f, "- without %s: %s\n", b->programs[i].name,
               b->programs[i].left_out);
  put_noise (f, b);
}

void
table_print_machine (FILE *f, const struct bench *b)
{
  const struct bench_machine *m = &b->machine;
  char memory[HUMAN_MAX];

  fprintf (f, "%u processor%s (%s), %s, %s, %s", m->processors,
           m->processors == 1 ? "" : "s", m->processor,
           human_size (memory, m->memory), m->system, m->kernel);
}
