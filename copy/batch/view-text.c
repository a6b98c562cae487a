/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lines that show the progress of a batch: see view-text.h. */

#include <config.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "arith.h"
#include "batch/view-text.h"
#include "clock.h"
#include "human.h"

#define BAR_MAX 40
#define BAR_MIN 10

/* The fewest cells of names before something else is left out. */
#define NAME_MIN 12

#define LINE_MAX_BYTES 512

/* -- cells ---------------------------------------------------------------- */

/* One character: its bytes, and the cells that it needs. */
struct glyph {
  size_t length;
  size_t cells;
  bool shown; /* it can be printed */
};

/* Reads a character of at most @n bytes, in the current locale. */
static struct glyph
glyph_at (const char *text, size_t n)
{
  mbstate_t state = { 0 };
  wchar_t c;
  const size_t length = mbrtowc (&c, text, n, &state);
  const int cells = length == 0 || length > n ? -1 : wcwidth (c);

  return cells == -1
    ? (struct glyph) { .length = length == 0 || length > n ? 1 : length,
                       .cells = 1 }
    : (struct glyph) { .length = length, .cells = cells, .shown = true };
}

/* Enters a locale in which text is UTF-8.  Returns the one before. */
static locale_t
enter_utf8 (locale_t *own)
{
  *own = newlocale (LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0);
  return uselocale (*own);
}

static void
leave_utf8 (locale_t own, locale_t before)
{
  uselocale (before);
  if (own != (locale_t) 0)
    freelocale (own);
}

static size_t
cells_of (const char *text, size_t length)
{
  size_t cells = 0;

  for (size_t at = 0; at < length;) {
    const struct glyph g = glyph_at (text + at, length - at);

    cells += g.cells;
    at += g.length;
  }
  return cells;
}

size_t
view_text_width (const char *line, size_t length)
{
  locale_t own;
  const locale_t before = enter_utf8 (&own);
  const size_t cells = cells_of (line, length);

  leave_utf8 (own, before);
  return cells;
}

/* Appends the characters from the byte @from on that fit into @cells cells.
 * Those that cannot be printed become "?".
 */
static size_t
put_part (FILE *f, const char *text, size_t from, size_t cells)
{
  const size_t length = strlen (text);
  size_t used = 0;

  for (size_t at = from; at < length;) {
    const struct glyph g = glyph_at (text + at, length - at);

    if (used + g.cells > cells)
      break;
    if (g.shown)
      fwrite (text + at, 1, g.length, f);
    else
      putc ('?', f);
    used += g.cells;
    at += g.length;
  }
  return used;
}

/* Returns the first byte from which on the text fits into @cells cells. */
static size_t
start_of_end (const char *text, size_t cells)
{
  const size_t length = strlen (text);
  size_t at = 0;

  while (at < length && cells_of (text + at, length - at) > cells)
    at += glyph_at (text + at, length - at).length;
  while (at < length && glyph_at (text + at, length - at).cells == 0)
    at += glyph_at (text + at, length - at).length;
  return at;
}

/* Appends a name in exactly @cells cells.  Names of disks often differ in their
 * ends, so a long one loses its middle.
 */
static void
put_name (FILE *f, const char *name, size_t cells)
{
  const size_t mark = cells >= 8 ? 3 : 0;
  const size_t front = (cells - mark + 1) / 2, back = cells - mark - front;
  size_t used;

  if (cells_of (name, strlen (name)) <= cells)
    used = put_part (f, name, 0, cells);
  else {
    used = put_part (f, name, 0, mark ? front : cells);
    if (mark) {
      fputs ("...", f);
      used += mark + put_part (f, name, start_of_end (name, back), back);
    }
  }
  for (; used < cells; used++)
    putc (' ', f);
}

/* -- a line for a copy ---------------------------------------------------- */

static void
format_left (char left[HUMAN_MAX], double seconds)
{
  if (seconds < 0)
    strcpy (left, "?");
  else
    human_duration (left, seconds * NS_PER_S);
}

/* Formats what follows the name.  @level says how much is left out: the bar,
 * the state, the time left, the rate.
 */
static int
format_rest (char *text, size_t size, const struct copy_progress *c,
             size_t bar_width, unsigned level)
{
  char rate[HUMAN_MAX], left[HUMAN_MAX], bar[BAR_MAX + 4] = "";
  const size_t stars = c->percent > 0 ? c->percent * bar_width / 100 : 0;
  int n;

  if (c->phase[0] == '\0')
    return snprintf (text, size, "  starting");
  if (bar_width > 0) {
    memset (bar, '-', bar_width + 2);
    memset (bar + 1, '*', stars);
    bar[0] = '[';
    bar[bar_width + 1] = ']';
    strcpy (bar + bar_width + 2, " ");
  }
  n = c->percent >= 0
    ? snprintf (text, size, " %3d%% %s", c->percent, bar)
    : snprintf (text, size, "  %s ", human_size (left, c->done));
  if (level < 4)
    n += snprintf (text + n, size - n, "%10s/s", human_size (rate, c->rate));
  format_left (left, c->left);
  if (level < 3)
    n += snprintf (text + n, size - n, " %9s left", left);
  if (level < 2 && strcmp (c->phase, "copy") != 0)
    n += snprintf (text + n, size - n, ", %s", c->phase);
  return n;
}

/* Prints a line of at most @width cells. */
static void
put_copy (FILE *f, const struct copy_progress *c, size_t name_width,
          size_t width)
{
  char rest[LINE_MAX_BYTES];
  size_t length = 0, name = 0, bar = 0;
  unsigned level = 1;

  for (; level <= 4; level++) {
    length = format_rest (rest, sizeof rest, c, 0, level);
    name = min_u64 (name_width, width > length ? width - length : 0);
    if (name >= min_u64 (name_width, NAME_MIN))
      break;
  }
  if (level == 1 && name + length + BAR_MIN + 3 <= width)
    bar = min_u64 (BAR_MAX, width - name - length - 3);
  format_rest (rest, sizeof rest, c, bar, min_u64 (level, 4));
  if (name == 0)
    name = min_u64 (name_width, width);
  put_name (f, c->disk, name);
  put_part (f, rest, 0, width - name);
}

/* -- the line for all ----------------------------------------------------- */

/* Formats the line, without those of its parts that @level leaves out. */
static void
format_all (char *text, size_t size, const struct overview_sums *s,
            unsigned level)
{
  char done[HUMAN_MAX], total[HUMAN_MAX], rate[HUMAN_MAX], left[HUMAN_MAX];
  size_t n = snprintf (text, size, "%3d%%  %zu of %zu disks done", s->percent,
                       s->by_state[IS_DONE], s->n);

  format_left (left, s->left);
  if (level < 4)
    n += snprintf (text + n, size - n, ", %zu running, %zu waiting",
                   s->by_state[RUNS], s->by_state[WAITS]);
  if (level < 4 && s->again > 0)
    n += snprintf (text + n, size - n, " (%zu again)", s->again);
  if (level < 5)
    n += snprintf (text + n, size - n, ", %zu failed", s->by_state[HAS_FAILED]);
  if (level < 5 && s->by_state[NOT_STARTED] > 0)
    n += snprintf (text + n, size - n, ", %zu not started",
                   s->by_state[NOT_STARTED]);
  if (level < 1)
    n += snprintf (text + n, size - n, ": %s%s%s", human_size (done, s->done),
                   s->all_known ? " of " : "",
                   s->all_known ? human_size (total, s->total) : "");
  if (level < 2)
    n += snprintf (text + n, size - n, ", %s/s", human_size (rate, s->rate));
  if (level < 3 && s->by_state[RUNS] + s->by_state[WAITS] > 0)
    snprintf (text + n, size - n, ", %s left", left);
}

static void
put_all (FILE *f, const struct overview_sums *s, size_t width)
{
  char line[LINE_MAX_BYTES];
  unsigned level = 0;

  do
    format_all (line, sizeof line, s, level);
  while (strlen (line) > width && level++ < 5);
  put_part (f, line, 0, width);
}

char *
view_text_of_all (const struct overview_sums *s)
{
  char line[LINE_MAX_BYTES];

  format_all (line, sizeof line, s, 0);
  return strdup (line);
}

/* -- all lines ------------------------------------------------------------ */

/* Returns the cells of the longest name, of all copies: so the columns stay
 * where they are.
 */
static size_t
longest_name (const struct overview *o)
{
  size_t longest = 0;

  for (size_t i = 0; i < o->n; i++) {
    const char *disk = o->copies[i].disk;

    longest = max_u64 (longest, cells_of (disk, strlen (disk)));
  }
  return longest;
}

static void
put_lines (FILE *f, const struct overview *o, const struct overview_sums *s,
           struct window_size window)
{
  const size_t running = s->by_state[RUNS];
  const size_t width = max_u64 (1, window.width - 1);
  const size_t room = window.height > 1 ? window.height - 1 : 0;
  const size_t shown = running <= room ? running : room > 0 ? room - 1 : 0;
  const size_t name_width = min_u64 (longest_name (o),
                                     max_u64 (NAME_MIN, width / 3));
  size_t n = 0;
  char more[64];

  for (size_t i = 0; i < o->n && n < shown; i++)
    if (o->copies[i].state == RUNS) {
      put_copy (f, &o->copies[i], name_width, width);
      putc ('\n', f);
      n++;
    }
  if (running > shown && room > 0) {
    snprintf (more, sizeof more, "... and %zu more", running - shown);
    put_part (f, more, 0, width);
    putc ('\n', f);
  }
  put_all (f, s, width);
}

char *
view_text (const struct overview *o, const struct overview_sums *s,
           struct window_size window)
{
  locale_t own;
  const locale_t before = enter_utf8 (&own);
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);

  if (f)
    put_lines (f, o, s, window);
  leave_utf8 (own, before);
  if (f && fclose (f) == 0)
    return text;
  free (text);
  return NULL;
}
