/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Charts as SVG: see chart.h. */

#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/chart.h"
#include "bench/html.h"
#include "bench/table.h"

#define MIB 1048576.0

/* Pixels. */
#define BAR_STEP 50
#define BAR_TOP 24
#define BAR_HEIGHT 16
#define AXIS 26
#define ROUNDS_TOP 14
#define ROUNDS_HEIGHT 220

#define NAME_LENGTH 24 /* characters */

/* Percent of the width. */
#define LEFT 0.0
#define WIDTH 99.0
#define ROUNDS_LEFT 8.0
#define ROUNDS_WIDTH 90.0

static double
at (double value, double top)
{
  return LEFT + (top > 0 ? value / top : 0) * WIDTH;
}

/* Returns 1, 2 or 5 times a power of ten so that four to eight steps reach
 * @top.
 */
static double
step_to (double top)
{
  const double wanted = top > 0 ? top / 5 : 1;
  const double power = pow (10, floor (log10 (wanted)));
  const double part = wanted / power;

  return power * (part > 5 ? 10 : part > 2 ? 5 : part > 1 ? 2 : 1);
}

static unsigned
count_measured (const struct bench *b)
{
  unsigned n = 0;

  for (size_t i = 0; i < b->n_programs; i++)
    n += b->programs[i].left_out == NULL;
  return n;
}

static void
begin (FILE *f, const char *id, unsigned height, const char *title,
       const char *description)
{
  fprintf (f,
           "<svg id=\"%s\" class=\"chart\" role=\"img\" width=\"100%%\""
           " height=\"%u\" aria-labelledby=\"%s-title %s-desc\">\n"
           "<title id=\"%s-title\">%s</title>\n"
           "<desc id=\"%s-desc\">%s</desc>\n",
           id, height, id, id, id, title, id, description);
}

static void
end (FILE *f)
{
  fputs ("</svg>\n", f);
}

/* Draws the axis below bars, and its lines through them. */
static void
draw_axis (FILE *f, double top, unsigned height, const char *unit)
{
  const double step = step_to (top);

  for (unsigned i = 0; i * step <= top * 1.0001; i++) {
    const double x = at (i * step, top);

    fprintf (f,
             "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\""
             " y2=\"%u\"/>\n"
             "<text class=\"tick\" x=\"%.2f%%\" y=\"%u\" text-anchor=\"%s\">"
             "%g%s</text>\n",
             x, x, height, x, height + 18,
             i == 0                              ? "start"
               : (i + 0.5) * step > top * 1.0001 ? "end"
                                                 : "middle",
             i * step, i == 0 ? unit : "");
  }
}

/* Prints a name, or the beginning of a long one: the number beside it needs room
 * on a narrow screen.
 */
static void
print_short_name (FILE *f, const char *name)
{
  size_t n = 0;

  for (unsigned characters = 0; name[n] != '\0'; n++) {
    if ((name[n] & 0xc0) != 0x80)
      characters++;
    if (characters > NAME_LENGTH)
      break;
  }
  html_print (f, "%.*s", (int) n, name);
  if (name[n] != '\0')
    fputs ("\xe2\x80\xa6", f);
}

/* Draws a program's name above its bar, and its number at the right. */
static void
draw_label (FILE *f, const struct program *p, unsigned y, const char *number)
{
  fprintf (f, "<text class=\"name\" x=\"%g%%\" y=\"%u\">", LEFT, y + 16);
  print_short_name (f, p->name);
  fprintf (f,
           "</text>\n<text class=\"number\" x=\"%g%%\" y=\"%u\""
           " text-anchor=\"end\">%s</text>\n",
           LEFT + WIDTH, y + 16, number);
}

/* Begins a bar from one value to another; its hint follows. */
static void
begin_bar (FILE *f, size_t colour, const char *kind, double from, double to,
           double top, unsigned y)
{
  fprintf (f,
           "<rect class=\"bar c%zu %s\" x=\"%.2f%%\" y=\"%u\""
           " width=\"%.2f%%\" height=\"%d\" rx=\"2\"><title>",
           colour % CHART_COLOURS, kind, at (from, top), y + BAR_TOP,
           at (to, top) - at (from, top), BAR_HEIGHT);
}

static void
end_bar (FILE *f)
{
  fputs ("</title></rect>\n", f);
}

static void
put_seconds (char number[64], double seconds)
{
  snprintf (number, 64, "%.*f s", table_decimals (seconds), seconds);
}

/* -- wall time ------------------------------------------------------------ */

static double
most_wall (const struct bench *b)
{
  double most = 0;

  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      most = fmax (most, b->programs[i].wall.most);
  return most;
}

static void
draw_runs (FILE *f, const struct program *p, size_t colour, double top,
           unsigned y)
{
  for (size_t i = 0; i < p->n_runs; i++) {
    const struct bench_run *r = &p->runs[i];

    fprintf (f,
             "<circle class=\"dot c%zu\" cx=\"%.2f%%\" cy=\"%u\" r=\"5\">"
             "<title>",
             colour % CHART_COLOURS, at (r->costs.wall, top),
             y + BAR_TOP + BAR_HEIGHT / 2);
    html_print (f, "%s, round %u: %.3f s", p->name, r->round, r->costs.wall);
    fputs ("</title></circle>\n", f);
  }
}

void
chart_wall (FILE *f, const struct bench *b)
{
  const unsigned height = count_measured (b) * BAR_STEP;
  const double top = most_wall (b) * 1.02;
  unsigned y = 0;

  begin (f, "chart-wall", height + AXIS, "Wall time",
         "A bar for each program's median, and a dot for each copy.");
  draw_axis (f, top, height, " s");
  for (size_t i = 0; i < b->n_programs; i++) {
    const struct program *p = &b->programs[i];
    char number[64];

    if (p->left_out)
      continue;
    if (b->data > 0 && p->wall.median > 0)
      snprintf (number, sizeof number, "%.*f s, %.0f MiB/s",
                table_decimals (p->wall.median), p->wall.median,
                (double) b->data / MIB / p->wall.median);
    else
      put_seconds (number, p->wall.median);
    draw_label (f, p, y, number);
    begin_bar (f, i, "median", 0, p->wall.median, top, y);
    html_print (f, "%s: median of %zu runs %.3f s, from %.3f to %.3f s",
                p->name, p->n_runs, p->wall.median, p->wall.least,
                p->wall.most);
    end_bar (f);
    draw_runs (f, p, i, top, y);
    y += BAR_STEP;
  }
  end (f);
}

/* -- rounds --------------------------------------------------------------- */

static double
round_x (const struct bench *b, unsigned round)
{
  const double rounds = (double) b->arguments->rounds;

  return ROUNDS_LEFT
    + (rounds > 1 ? (round - 1) / (rounds - 1) : 0.5) * ROUNDS_WIDTH;
}

static double
round_y (double value, double top)
{
  return ROUNDS_TOP
    + (1 - (top > 0 ? value / top : 0)) * (ROUNDS_HEIGHT - ROUNDS_TOP);
}

static void
draw_rounds_axes (FILE *f, const struct bench *b, double top)
{
  const double step = step_to (top);
  const unsigned rounds = (unsigned) b->arguments->rounds;
  const unsigned skip = (rounds + 9) / 10;

  for (unsigned i = 0; i * step <= top * 1.0001; i++)
    fprintf (f,
             "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\""
             " y2=\"%.1f\"/>\n"
             "<text class=\"tick\" x=\"0\" y=\"%.1f\">%g%s</text>\n",
             round_y (i * step, top), round_y (i * step, top),
             round_y (i * step, top) - 4, i * step, i == 0 ? " s" : "");
  for (unsigned r = 1; r <= rounds; r += skip)
    fprintf (f,
             "<text class=\"tick\" x=\"%.2f%%\" y=\"%d\""
             " text-anchor=\"middle\">%u</text>\n",
             round_x (b, r), ROUNDS_HEIGHT + 20, r);
}

static void
draw_line (FILE *f, const struct bench *b, const struct program *p,
           size_t colour, double top)
{
  for (size_t i = 1; i < p->n_runs; i++)
    fprintf (f,
             "<line class=\"trend c%zu\" x1=\"%.2f%%\" y1=\"%.1f\""
             " x2=\"%.2f%%\" y2=\"%.1f\"/>\n",
             colour % CHART_COLOURS, round_x (b, p->runs[i - 1].round),
             round_y (p->runs[i - 1].costs.wall, top),
             round_x (b, p->runs[i].round),
             round_y (p->runs[i].costs.wall, top));
  for (size_t i = 0; i < p->n_runs; i++) {
    fprintf (f,
             "<circle class=\"dot c%zu\" cx=\"%.2f%%\" cy=\"%.1f\" r=\"5\">"
             "<title>",
             colour % CHART_COLOURS, round_x (b, p->runs[i].round),
             round_y (p->runs[i].costs.wall, top));
    html_print (f, "%s, round %u, copy %u in it: %.3f s", p->name,
                p->runs[i].round, p->runs[i].place, p->runs[i].costs.wall);
    fputs ("</title></circle>\n", f);
  }
}

void
chart_rounds (FILE *f, const struct bench *b)
{
  const double top = most_wall (b) * 1.02;

  begin (f, "chart-rounds", ROUNDS_HEIGHT + AXIS + 4, "Wall time by round",
         "A line for each program: whether its times drift, or jump.");
  draw_rounds_axes (f, b, top);
  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      draw_line (f, b, &b->programs[i], i, top);
  end (f);
}

/* -- processor time and memory -------------------------------------------- */

static double
all_cpu (const struct program *p)
{
  return p->cpu.median + p->children_cpu.median + p->servers_cpu.median;
}

void
chart_cpu (FILE *f, const struct bench *b)
{
  const unsigned height = count_measured (b) * BAR_STEP;
  double top = 0;
  unsigned y = 0;

  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      top = fmax (top, all_cpu (&b->programs[i]) * 1.02);
  begin (f, "chart-cpu", height + AXIS, "Processor time",
         "A bar for each program: its own time, its children's, and that of"
         " the servers as far as they are known.");
  draw_axis (f, top, height, " s");
  for (size_t i = 0; i < b->n_programs; i++) {
    const struct program *p = &b->programs[i];
    const double own = p->cpu.median, with = own + p->children_cpu.median;
    char number[64];

    if (p->left_out)
      continue;
    put_seconds (number, all_cpu (p));
    draw_label (f, p, y, number);
    begin_bar (f, i, "median", 0, own, top, y);
    html_print (f, "%s itself: %.3f s", p->name, own);
    end_bar (f);
    if (with > own) {
      begin_bar (f, i, "children", own, with, top, y);
      html_print (f, "%s, its children: %.3f s", p->name, with - own);
      end_bar (f);
    }
    if (p->servers_cpu.median > 0) {
      begin_bar (f, i, "servers", with, all_cpu (p), top, y);
      html_print (f, "the servers, with %s: %.3f s", p->name,
                  p->servers_cpu.median);
      end_bar (f);
    }
    y += BAR_STEP;
  }
  end (f);
}

void
chart_memory (FILE *f, const struct bench *b)
{
  const unsigned height = count_measured (b) * BAR_STEP;
  double top = 0;
  unsigned y = 0;

  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out)
      top = fmax (top, b->programs[i].peak.median / MIB * 1.02);
  begin (f, "chart-memory", height + AXIS, "Peak of memory",
         "A bar for each program.");
  draw_axis (f, top, height, " MiB");
  for (size_t i = 0; i < b->n_programs; i++) {
    const struct program *p = &b->programs[i];
    char number[64];

    if (p->left_out)
      continue;
    snprintf (number, sizeof number, "%.1f MiB", p->peak.median / MIB);
    draw_label (f, p, y, number);
    begin_bar (f, i, "median", 0, p->peak.median / MIB, top, y);
    html_print (f, "%s: median %.1f MiB, from %.1f to %.1f", p->name,
                p->peak.median / MIB, p->peak.least / MIB, p->peak.most / MIB);
    end_bar (f);
    y += BAR_STEP;
  }
  end (f);
}
