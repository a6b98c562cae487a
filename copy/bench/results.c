/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as JSON: see results.h. */

#include <config.h>

#include <stdlib.h>

#include "bench/results.h"
#include "json.h"

#define TEXT_MAX 4096

static json_t *
text (const char *s)
{
  return json_of_text (s, TEXT_MAX);
}

/* Makes text of an allocated string, and frees it. */
static json_t *
text_of (char *s)
{
  json_t *value = text (s);

  free (s);
  return value;
}

static json_t *
number (double value)
{
  return value == UNKNOWN ? json_null () : json_real (value);
}

/* Makes a number of bytes; 0 means not known. */
static json_t *
amount (uint64_t n)
{
  return n == 0 ? json_null () : json_of_number (n);
}

static json_t *
describe_summary (const struct summary *s)
{
  return s->n == 0
    ? json_null ()
    : json_pack ("{s:f,s:f,s:f,s:f}", "median", s->median, "least", s->least,
                 "most", s->most, "spread_percent", s->spread);
}

static json_t *
describe_run (const struct bench_run *r)
{
  return json_pack (
    "{s:o,s:o,s:f,s:f,s:f,s:o,s:o,s:o,s:o}", "round", json_of_number (r->round),
    "place", json_of_number (r->place), "wall", r->costs.wall, "cpu",
    r->costs.cpu, "children_cpu", r->costs.children_cpu, "servers_cpu",
    number (r->servers_cpu), "peak", json_of_number (r->costs.peak), "threads",
    json_of_number (r->costs.threads), "others_percent", number (r->others));
}

static json_t *
describe_runs (const struct program *p)
{
  json_t *runs = json_array ();

  for (size_t i = 0; i < p->n_runs; i++)
    json_array_append_new (runs, describe_run (&p->runs[i]));
  return runs;
}

static json_t *
describe_calls (const struct calls *c)
{
  return c->counted
    ? json_pack ("{s:o,s:o}", "all", json_of_number (c->all), "futex",
                 c->knows_futex ? json_of_number (c->futex) : json_null ())
    : json_null ();
}

static json_t *
describe_rate (const struct bench *b, const struct program *p)
{
  return b->data == 0 || p->wall.median <= 0
    ? json_null ()
    : json_real ((double) b->data / p->wall.median);
}

static json_t *
describe_program (const struct bench *b, const struct program *p)
{
  const double ratio = bench_ratio (b, p, &p->wall);

  return json_pack (
    "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name",
    text (p->name), "version", text (p->version), "command",
    text_of (bench_command_text (p->command)), "runs", describe_runs (p),
    "wall", describe_summary (&p->wall), "cpu", describe_summary (&p->cpu),
    "children_cpu", describe_summary (&p->children_cpu), "servers_cpu",
    describe_summary (&p->servers_cpu), "peak", describe_summary (&p->peak),
    "threads", json_of_number (p->threads), "calls", describe_calls (&p->calls),
    "rate", describe_rate (b, p), "wall_ratio",
    ratio > 0 ? json_real (ratio) : json_null ());
}

static json_t *
describe_comparison (const struct bench *b, const struct program *p)
{
  static const char *const verdicts[] = {
    [VERDICT_FEW] = "too few runs",
    [VERDICT_APART] = "apart",
    [VERDICT_NOISY] = "too noisy",
    [VERDICT_SIMILAR] = "about the same",
  };
  const struct comparison c = bench_compare (b, p);

  return json_pack ("{s:o,s:s,s:f,s:b}", "with", text (p->name), "verdict",
                    verdicts[c.verdict], "ratio", c.ratio, "few_runs",
                    (int) (c.barely_any || c.verdict == VERDICT_FEW));
}

static json_t *
describe_machine (const struct bench_machine *m)
{
  return json_pack (
    "{s:o,s:o,s:o,s:o,s:o,s:f}", "processors", json_of_number (m->processors),
    "processor", text (m->processor), "memory", amount (m->memory), "system",
    text (m->system), "kernel", text (m->kernel), "load", m->load);
}

static json_t *
describe_settings (const struct arguments *a)
{
  return json_pack ("{s:o,s:o,s:o,s:o,s:o}", "rounds",
                    json_of_number (a->rounds), "limit", json_of_ns (a->limit),
                    "budget", a->budget ? json_of_ns (a->budget) : json_null (),
                    "noise_percent", json_of_number (a->noise),
                    "others_percent", json_of_number (a->others));
}

char *
results_json (const struct bench *b)
{
  json_t *programs = json_array (), *left_out = json_array (),
         *comparisons = json_array (), *all;
  size_t length;
  char *line;

  for (size_t i = 0; i < b->n_programs; i++) {
    const struct program *p = &b->programs[i];

    if (p->left_out) {
      json_array_append_new (left_out,
                             json_pack ("{s:o,s:o}", "name", text (p->name),
                                        "reason", text (p->left_out)));
      continue;
    }
    json_array_append_new (programs, describe_program (b, p));
    if (i > 0 && !b->programs[0].left_out)
      json_array_append_new (comparisons, describe_comparison (b, p));
  }
  all = json_pack (
    "{s:i,s:s,s:o,s:f,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}",
    "v", 1, "version", PACKAGE_VERSION, "start", json_of_time (&b->start),
    "elapsed", b->elapsed, "command", text_of (bench_command_text (b->argv)),
    "source", text_of (bench_side_text (&b->arguments->source)), "destination",
    text_of (bench_side_text (&b->arguments->destination)), "size",
    amount (b->size), "data", amount (b->data), "settings",
    describe_settings (b->arguments), "machine", describe_machine (&b->machine),
    "programs", programs, "left_out", left_out, "ratios_are_to",
    text (b->baseline ? b->baseline->name : NULL), "comparisons", comparisons,
    "others_percent", number (b->others), "busy", (int) b->busy);
  line = json_line (all, &length);
  json_decref (all);
  return line;
}
