/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as a page: see page.h. */

#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chart.h"
#include "bench/html.h"
#include "bench/page.h"
#include "bench/table.h"
#include "human.h"

#define MIB 1048576.0

static const char style[] =
  ":root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#1b1f24;"
  "--soft:#59636e;--edge:#d9dee4;--good:#0a6b45;--goodback:#dcf3e6;"
  "--bad:#9a3412;--badback:#fdebdd;--mild:#3d4957;--mildback:#e9edf2;"
  "--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b5579a;--c4:#2f8fc9;"
  "--c5:#b87900;--c6:#5c6770}\n"
  "@media(prefers-color-scheme:dark){:root{--page:#0f1319;--card:#181d25;"
  "--ink:#e8ecf1;--soft:#9aa6b4;--edge:#2d3642;--good:#7ee2b0;"
  "--goodback:#12352a;--bad:#ffb38a;--badback:#40241a;--mild:#c3cdd8;"
  "--mildback:#283240;--c0:#4fb3f0;--c1:#ff9248;--c2:#3fd0a4;--c3:#e39bd0;"
  "--c4:#8fd0ff;--c5:#f2bd45;--c6:#a9b4c0}}\n"
  "*{box-sizing:border-box}\n"
  "body{margin:0;background:var(--page);color:var(--ink);"
  "font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',"
  "sans-serif}\n"
  "main{max-width:1200px;margin:0 auto;padding:clamp(16px,3vw,40px)}\n"
  "h1{font-size:clamp(1.5rem,3vw,2.1rem);line-height:1.2;margin:0 0 .5rem}\n"
  "h2{font-size:1.05rem;margin:0 0 .25rem}\n"
  ".sides{margin:0;overflow-wrap:anywhere;color:var(--soft)}\n"
  ".sides b{color:var(--ink);font-weight:600}\n"
  "section{background:var(--card);border:1px solid var(--edge);"
  "border-radius:12px;padding:clamp(14px,2vw,24px);margin-top:16px;"
  "min-width:0}\n"
  ".note{color:var(--soft);font-size:.875rem;margin:0 0 .75rem}\n"
  ".grid2{display:grid;gap:0 16px;"
  "grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}\n"
  ".heads{display:grid;gap:16px;margin-top:20px;"
  "grid-template-columns:repeat(auto-fit,minmax(min(100%,250px),1fr))}\n"
  ".heads section{margin:0}\n"
  ".big{font-size:2.4rem;font-weight:700;line-height:1.1;margin:0;"
  "font-variant-numeric:tabular-nums}\n"
  ".unsure{color:var(--soft);font-weight:400}\n"
  ".heads p{margin:.25rem 0 0;overflow-wrap:anywhere}\n"
  ".tag{display:inline-block;border-radius:99px;padding:.1rem .7rem;"
  "font-size:.8rem;font-weight:600;color:var(--mild);"
  "background:var(--mildback)}\n"
  ".tag.good{color:var(--good);background:var(--goodback)}\n"
  ".tag.bad{color:var(--bad);background:var(--badback)}\n"
  ".warning{border-color:var(--bad);background:var(--badback);"
  "color:var(--bad);font-weight:600}\n"
  ".chart{display:block;overflow:visible;font-size:13px;fill:var(--ink)}\n"
  ".grid{stroke:var(--edge)}\n"
  ".tick{fill:var(--soft);font-size:12px}\n"
  ".name{font-weight:600}\n"
  ".number{font-variant-numeric:tabular-nums}\n"
  ".bar{fill:currentColor;fill-opacity:.5;stroke:currentColor}\n"
  ".bar.children{fill-opacity:.25}\n"
  ".bar.servers{fill-opacity:.08}\n"
  ".dot{fill:currentColor;stroke:var(--card);stroke-width:1.5}\n"
  ".trend{stroke:currentColor;stroke-width:2}\n"
  ".bar:hover{fill-opacity:.85}\n"
  ".dot:hover{stroke:var(--ink);stroke-width:3}\n"
  ".c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}"
  ".c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}"
  ".c6{color:var(--c6)}\n"
  ".legend{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;"
  "margin:0 0 .5rem;padding:0;font-size:.875rem}\n"
  ".legend li::before{content:'';display:inline-block;width:10px;height:10px;"
  "border-radius:50%;background:currentColor;margin-right:6px}\n"
  ".legend span{color:var(--ink)}\n"
  "table{border-collapse:collapse;width:100%;font-size:.9rem;"
  "font-variant-numeric:tabular-nums}\n"
  "th,td{text-align:right;padding:.5rem .6rem;"
  "border-bottom:1px solid var(--edge);vertical-align:top}\n"
  "th{font-weight:600}\n"
  "thead th{color:var(--soft);font-size:.8rem;vertical-align:bottom}\n"
  "th:first-child{text-align:left;overflow-wrap:anywhere}\n"
  "tbody tr:last-child>*{border-bottom:0}\n"
  "tbody tr:hover{background:var(--mildback)}\n"
  "small{color:var(--soft);white-space:nowrap}\n"
  "dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem;"
  "margin:0;font-size:.925rem}\n"
  "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
  "pre{background:var(--page);border:1px solid var(--edge);border-radius:8px;"
  "padding:.7rem .9rem;margin:.25rem 0 .9rem;white-space:pre-wrap;"
  "overflow-wrap:anywhere;font:.85rem/1.5 ui-monospace,SFMono-Regular,"
  "Menlo,Consolas,monospace}\n"
  "summary{cursor:pointer;font-weight:600}\n"
  "summary:focus-visible{outline:2px solid var(--c0);outline-offset:3px}\n"
  "footer{color:var(--soft);font-size:.85rem;margin-top:20px}\n"
  "@media(max-width:700px){dl{grid-template-columns:1fr;gap:0}"
  "dd{margin-bottom:.5rem}table.wide,.wide tbody,.wide tr,.wide th,.wide td"
  "{display:block}.wide thead{position:absolute;width:1px;height:1px;"
  "overflow:hidden;clip-path:inset(50%)}.wide tr{padding:.6rem 0;"
  "border-bottom:1px solid var(--edge)}.wide tr:last-child{border:0}"
  ".wide th,.wide td{border:0;padding:.12rem 0}"
  ".wide td{display:flex;justify-content:space-between;gap:1rem}"
  ".wide td::before{content:attr(data-name);color:var(--soft);"
  "text-align:left}th,td{padding:.4rem .3rem}}\n"
  "@media print{body{background:#fff}section{break-inside:avoid}}\n";

/* -- the head ------------------------------------------------------------- */

/* Writes a text and frees it; NULL: memory ran out. */
static void
put_made (FILE *f, char *text)
{
  html_text (f, text ? text : "?");
  free (text);
}

static void
put_side (FILE *f, const struct words *w)
{
  fputs ("<b>", f);
  put_made (f, bench_side_text (w));
  fputs ("</b>", f);
}

static void
put_head (FILE *f, const struct bench *b)
{
  char size[HUMAN_MAX], date[64];
  struct tm tm;

  fputs ("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
         "<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\""
         " content=\"width=device-width,initial-scale=1\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src"
         " 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
         "<link rel=\"icon\" href=\"data:,\">\n"
         "<title>Copies measured by stripecopy-bench</title>\n<style>\n",
         f);
  fputs (style, f);
  fputs ("</style>\n</head>\n<body>\n<main>\n<header>\n"
         "<h1>Copies, measured in turn</h1>\n<p class=\"sides\">from ",
         f);
  put_side (f, &b->arguments->source);
  fputs (" to ", f);
  put_side (f, &b->arguments->destination);
  fputs ("</p>\n<p class=\"sides\">", f);
  if (b->data > 0)
    html_print (f, "%s of data", human_size (size, b->data));
  if (b->data > 0 && b->size > b->data)
    html_print (f, " in a disk of %s", human_size (size, b->size));
  if (b->data > 0)
    fputs (", ", f);
  gmtime_r (&b->start.tv_sec, &tm);
  strftime (date, sizeof date, "%Y-%m-%d %H:%M UTC", &tm);
  html_print (f, "%" PRIu64 " round%s, %s", b->arguments->rounds,
              b->arguments->rounds == 1 ? "" : "s", date);
  fputs ("</p>\n</header>\n", f);
}

/* -- the verdicts --------------------------------------------------------- */

static void
put_verdict (FILE *f, const struct bench *b, const struct program *p)
{
  static const char *const words[] = {
    [VERDICT_FEW] = "too few runs to judge",
    [VERDICT_APART] = "no times overlap",
    [VERDICT_NOISY] = "too noisy to judge",
    [VERDICT_SIMILAR] = "about the same",
  };
  const struct comparison c = bench_compare (b, p);
  const bool unsure = b->busy || c.verdict == VERDICT_NOISY
    || c.verdict == VERDICT_FEW;

  fprintf (f, "<section><p class=\"big%s\">%.2f</p>\n<p>",
           unsure ? " unsure" : "", c.ratio);
  html_print (f, "is %s's wall time divided by that of ", b->programs[0].name);
  fputs ("<b>", f);
  html_text (f, p->name);
  fprintf (f, "</b></p>\n<p><span class=\"tag%s\">%s%s</span></p></section>\n",
           unsure                         ? " bad"
             : c.verdict != VERDICT_APART ? ""
             : c.ratio < 1                ? " good"
                                          : " bad",
           words[c.verdict], c.barely_any ? ", but few" : "");
}

static void
put_verdicts (FILE *f, const struct bench *b)
{
  char *noise = table_noise (b);

  if (noise)
    fprintf (f, "<section class=\"warning\" role=\"note\">%s</section>\n",
             noise);
  free (noise);
  fputs ("<div class=\"heads\" role=\"group\" aria-label=\"Ratios\">\n", f);
  for (size_t i = 1; i < b->n_programs; i++)
    if (!b->programs[0].left_out && !b->programs[i].left_out)
      put_verdict (f, b, &b->programs[i]);
  fputs ("</div>\n", f);
}

/* -- the charts ----------------------------------------------------------- */

static void
put_legend (FILE *f, const struct bench *b)
{
  fputs ("<ul class=\"legend\">\n", f);
  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out) {
      fprintf (f, "<li class=\"c%zu\"><span>", i % CHART_COLOURS);
      html_text (f, b->programs[i].name);
      fputs ("</span></li>\n", f);
    }
  fputs ("</ul>\n", f);
}

static void
put_charts (FILE *f, const struct bench *b)
{
  fputs ("<section><h2>Wall time</h2>\n<p class=\"note\">Bars are medians,"
         " dots are single copies. Shorter is better. Hovering over a mark"
         " shows its number, and the table of all copies has them, too."
         "</p>\n",
         f);
  chart_wall (f, b);
  fputs ("</section>\n<section><h2>Round by round</h2>\n<p class=\"note\">"
         "Each round begins with another program. Lines that drift or jump"
         " together show a busy or warming machine.</p>\n",
         f);
  put_legend (f, b);
  chart_rounds (f, b);
  fputs ("</section>\n<div class=\"grid2\">\n<section><h2>Processor time</h2>"
         "\n<p class=\"note\">Medians of the program itself; lighter: its"
         " children; lightest: the servers, where they are known. The number is"
         " the sum.</p>\n",
         f);
  chart_cpu (f, b);
  fputs ("</section>\n<section><h2>Peak of memory</h2>\n<p class=\"note\">"
         "Medians of the largest process of each program.</p>\n",
         f);
  chart_memory (f, b);
  fputs ("</section>\n</div>\n", f);
}

/* -- the tables ----------------------------------------------------------- */

/* Prints one cell; @ratio is 0 for none. */
static void
put_cell (FILE *f, const char *name, const char *value, double ratio)
{
  fprintf (f, "<td role=\"cell\" data-name=\"%s\"><span>%s", name, value);
  if (ratio > 0)
    fprintf (f, " <small>(%.2f)</small>", ratio);
  fputs ("</span></td>", f);
}

static void
put_median (FILE *f, const char *name, const struct bench *b,
            const struct program *p, const struct summary *s, double scale,
            int decimals)
{
  char value[64];

  if (s->n == 0)
    strcpy (value, "\xe2\x80\x93");
  else
    snprintf (value, sizeof value, "%.*f", decimals, s->median * scale);
  put_cell (f, name, value, bench_ratio (b, p, s));
}

static void
put_seconds (FILE *f, const char *name, const struct bench *b,
             const struct program *p, const struct summary *s)
{
  put_median (f, name, b, p, s, 1, table_decimals (s->median));
}

static void
put_calls (FILE *f, const struct bench *b, const struct program *p)
{
  const struct program *base = b->baseline;
  char value[64];

  if (p->calls.counted)
    snprintf (value, sizeof value, "%" PRIu64, p->calls.all);
  else
    strcpy (value, "\xe2\x80\x93");
  put_cell (f, "system calls", value,
            p->calls.counted && base && base->calls.all > 0
              ? (double) p->calls.all / (double) base->calls.all
              : 0);
}

static void
put_row (FILE *f, const struct bench *b, const struct program *p,
         const struct table_columns *c)
{
  char value[64];

  fputs ("<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">", f);
  html_text (f, p->name);
  fputs ("</th>", f);
  put_seconds (f, "wall s", b, p, &p->wall);
  snprintf (value, sizeof value, "%.0f&#8239;%%", p->wall.spread);
  put_cell (f, "spread", value, 0);
  snprintf (value, sizeof value, "%zu", p->n_runs);
  put_cell (f, "runs", value, 0);
  put_seconds (f, "CPU s", b, p, &p->cpu);
  if (c->children)
    put_seconds (f, "children&#39;s CPU s", b, p, &p->children_cpu);
  if (c->servers)
    put_seconds (f, "servers&#39; CPU s", b, p, &p->servers_cpu);
  put_median (f, "peak MiB", b, p, &p->peak, 1 / MIB, 0);
  snprintf (value, sizeof value, "%u", p->threads);
  put_cell (f, "threads", value, 0);
  if (c->calls)
    put_calls (f, b, p);
  fputs ("</tr>\n", f);
}

static void
put_columns (FILE *f, const char *const names[])
{
  fputs ("<thead role=\"rowgroup\"><tr role=\"row\">", f);
  for (; *names; names++)
    fprintf (f, "<th role=\"columnheader\" scope=\"col\">%s</th>", *names);
  fputs ("</tr></thead>\n<tbody role=\"rowgroup\">\n", f);
}

static void
put_table (FILE *f, const struct bench *b)
{
  const struct table_columns c = table_choose_columns (b);
  const char *names[12] = { "program", "wall s", "spread", "runs", "CPU s" };
  size_t n = 5;

  if (c.children)
    names[n++] = "children&#39;s CPU s";
  if (c.servers)
    names[n++] = "servers&#39; CPU s";
  names[n++] = "peak MiB";
  names[n++] = "threads";
  if (c.calls)
    names[n++] = "system calls";

  fputs ("<section><h2 id=\"numbers\">Numbers</h2>\n<p class=\"note\">", f);
  if (b->baseline)
    html_print (f, "Medians; in brackets, the ratio to %s. ",
                b->baseline->name);
  fputs ("Spread is the largest less the smallest wall time, of the median."
         "</p>\n<table class=\"wide\" role=\"table\""
         " aria-labelledby=\"numbers\">\n",
         f);
  put_columns (f, names);
  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      put_row (f, b, &b->programs[i], &c);
  fputs ("</tbody></table>\n", f);
  for (size_t i = 0; i < b->n_programs; i++)
    if (b->programs[i].left_out) {
      fputs ("<p class=\"left-out\"><span class=\"tag bad\">left out</span> ",
             f);
      html_print (f, "%s: %s", b->programs[i].name, b->programs[i].left_out);
      fputs ("</p>\n", f);
    }
  fputs ("</section>\n", f);
}

static void
put_run (FILE *f, const struct program *p, const struct bench_run *r)
{
  fprintf (f, "<tr><th scope=\"row\">");
  html_text (f, p->name);
  fprintf (f, "</th><td>%u</td><td>%.3f</td><td>%.3f</td><td>%.1f</td></tr>\n",
           r->round, r->costs.wall, r->costs.cpu, (double) r->costs.peak / MIB);
}

static void
put_runs (FILE *f, const struct bench *b)
{
  static const char *const names[] = { "program", "round",    "wall s",
                                       "CPU s",   "peak MiB", NULL };

  fputs ("<section><details><summary>All copies</summary>\n"
         "<table class=\"runs\">\n",
         f);
  put_columns (f, names);
  for (size_t i = 0; i < b->n_programs; i++)
    for (size_t j = 0; !b->programs[i].left_out && j < b->programs[i].n_runs;
         j++)
      put_run (f, &b->programs[i], &b->programs[i].runs[j]);
  fputs ("</tbody></table></details></section>\n", f);
}

/* -- machine and commands ------------------------------------------------- */

static void
put_fact (FILE *f, const char *name, const char *value)
{
  fputs ("<dt>", f);
  html_text (f, name);
  fputs ("</dt><dd>", f);
  html_text (f, value);
  fputs ("</dd>\n", f);
}

static void
put_machine (FILE *f, const struct bench *b)
{
  const struct bench_machine *m = &b->machine;
  char text[MACHINE_TEXT + 64];

  fputs ("<section><h2>Machine</h2>\n<dl>\n", f);
  snprintf (text, sizeof text, "%u \xc3\x97 %s", m->processors, m->processor);
  put_fact (f, "Processors", text);
  put_fact (f, "Memory", human_size (text, m->memory));
  put_fact (f, "System", m->system);
  put_fact (f, "Kernel", m->kernel);
  snprintf (text, sizeof text, "%.2f", m->load);
  put_fact (f, "Load before", text);
  if (b->others != UNKNOWN) {
    snprintf (text, sizeof text, "%.0f %% of the machine", b->others);
    put_fact (f, "Used by others", text);
  }
  for (size_t i = 0; i < b->n_programs; i++)
    if (b->programs[i].version)
      put_fact (f, b->programs[i].name, b->programs[i].version);
  fputs ("</dl></section>\n", f);
}

static void
put_command (FILE *f, char *const words[])
{
  fputs ("<pre>", f);
  put_made (f, bench_command_text (words));
  fputs ("</pre>\n", f);
}

static void
put_commands (FILE *f, const struct bench *b)
{
  fputs ("<section><h2>Commands</h2>\n<p class=\"note\">To repeat all of it,"
         " and each program alone.</p>\n",
         f);
  put_command (f, b->argv);
  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      put_command (f, b->programs[i].command);
  fputs ("</section>\n", f);
}

char *
page_html (const struct bench *b, const char *json)
{
  char *text = NULL;
  size_t length;
  FILE *f = open_memstream (&text, &length);

  if (f == NULL)
    return NULL;
  put_head (f, b);
  put_verdicts (f, b);
  if (b->baseline)
    put_charts (f, b);
  put_table (f, b);
  put_runs (f, b);
  fputs ("<div class=\"grid2\">\n", f);
  put_machine (f, b);
  put_commands (f, b);
  fputs ("</div>\n<footer>" PACKAGE_NAME "-bench " PACKAGE_VERSION
         "</footer>\n</main>\n"
         "<script type=\"application/json\" id=\"results\">",
         f);
  html_json (f, json);
  fputs ("</script>\n</body>\n</html>\n", f);
  if (fclose (f) == 0)
    return text;
  free (text);
  return NULL;
}
