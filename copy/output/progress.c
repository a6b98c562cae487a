/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress for people: see progress.h. */

#include <config.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sink.h"
#include "clock.h"
#include "descriptor.h"
#include "human.h"
#include "options/options.h"
#include "output/progress.h"

#define BAR_WIDTH 40

uint64_t
progress_deadline (const struct progress *p)
{
  return p->on ? p->next : 0;
}

/* "  4.5 GiB, 300.0 MiB/s": the total is unknown */
static int
format_open_ended (const struct estimate *v, char *line, size_t size)
{
  char done[HUMAN_MAX], rate[HUMAN_MAX];

  return snprintf (line, size, "  %s, %s/s",
                   human_size (done, totals_done (v->totals)),
                   human_size (rate, v->done_rate));
}

static void
format_left (const struct estimate *v, char left[HUMAN_MAX])
{
  if (v->percent == 100)
    strcpy (left, "no time");
  else if (v->left >= 0)
    human_duration (left, v->left * NS_PER_S);
  else
    strcpy (left, "?");
}

/* Returns what the workers do besides copying, or instead of it. */
static const char *
format_rest (const struct estimate *v, bool zeroing)
{
  return v->percent == 100                                       ? ""
    : v->totals->phases > 1 && v->totals->phase == PHASE_COMPARE ? ", verifying"
    : zeroing                                                    ? ", zeroing"
                                                                 : "";
}

/* "  45% [******----] 1.2 GiB/s 12 s left" */
static int
format_line (const struct estimate *v, char *line, size_t size)
{
  char bar[BAR_WIDTH + 1], rate[HUMAN_MAX], left[HUMAN_MAX];
  const unsigned stars = v->percent * BAR_WIDTH / 100;
  const bool zeroing = v->zero_left > 0 && v->zero_rate > v->data_rate;

  if (v->percent == -1)
    return format_open_ended (v, line, size);
  memset (bar, '*', stars);
  memset (bar + stars, '-', BAR_WIDTH - stars);
  bar[BAR_WIDTH] = '\0';
  format_left (v, left);
  return snprintf (line, size, "  %3d%% [%s] %s/s %s left%s", v->percent, bar,
                   human_size (rate, zeroing ? v->zero_rate : v->data_rate),
                   left, format_rest (v, zeroing));
}

/* Writes the line at once, or drops it if the reader does not take it within
 * wait_ms: progress must not delay the copy.
 */
static void
put (const struct progress *p, const char *line, size_t length, int wait_ms)
{
  struct pollfd ready = { .fd = p->fd, .events = POLLOUT };

  if (poll (&ready, 1, wait_ms) == 1 && (ready.revents & POLLOUT)
      && write (p->fd, line, length) == -1)
    return; /* the reader has gone away */
}

static void
draw (struct progress *p, const struct estimate *v, int wait_ms)
{
  char line[256];
  int n = 0;

  if (p->style == PROGRESS_PERCENT)
    n = snprintf (line, sizeof line, "%d/100\n",
                  v->percent_of_all == -1 ? 0 : v->percent_of_all);
  else {
    if (p->style == PROGRESS_BAR)
      line[n++] = '\r';
    n += format_line (v, line + n, sizeof line - n);
    if (p->style == PROGRESS_BAR)
      n += snprintf (line + n, sizeof line - n, "\033[K");
    else
      line[n++] = '\n';
  }
  put (p, line, n, wait_ms);
  p->bar_shown = p->style == PROGRESS_BAR;
}

static uint64_t
choose_interval (const struct progress *p, const struct options *o)
{
  return o->interval             ? o->interval
    : p->style == PROGRESS_LINES ? 10 * NS_PER_S
                                 : NS_PER_S / 5;
}

void
progress_init (struct progress *p, const struct options *o,
               const struct estimate *v, uint64_t now)
{
  *p = (struct progress) { .on = o->progress
                             && (o->progress_fd_given || !o->quiet) };
  p->fd = o->progress_fd_given ? (int) o->progress_fd : STDERR_FILENO;
  p->style = o->progress_fd_given   ? PROGRESS_PERCENT
    : descriptor_can_redraw (p->fd) ? PROGRESS_BAR
                                    : PROGRESS_LINES;
  p->interval = choose_interval (p, o);
  p->next = now + p->interval;
  if (p->on && p->style == PROGRESS_PERCENT)
    draw (p, v, 0);
}

void
progress_show (struct progress *p, const struct estimate *v, uint64_t now)
{
  if (!p->on || now < p->next)
    return;
  if (p->style != PROGRESS_BAR || !descriptor_in_background (p->fd))
    draw (p, v, 0);
  p->next = now + p->interval;
}

void
progress_end (struct progress *p, const struct estimate *v)
{
  if (p->on && v)
    draw (p, v, SINK_LAST_LINE_MS);
  if (p->bar_shown)
    put (p, "\n", 1, SINK_LAST_LINE_MS);
  p->bar_shown = false;
}

void
progress_say (struct progress *p, const struct estimate *v)
{
  const struct totals *t = v->totals;
  char line[256], data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX];
  char resumed[HUMAN_MAX];

  progress_end (p, NULL);
  format_line (v, line, sizeof line);
  if (t->phase == PHASE_COMPARE)
    log_say ("%s (%s compared, %s zero on both sides)",
             line + strspn (line, " "), human_size (data, t->compared),
             human_size (zero, t->holes));
  else
    log_say ("%s (%s data, %s zeroed, %s already zero%s%s%s)",
             line + strspn (line, " "), human_size (data, t->data),
             human_size (zero, t->zero), human_size (skipped, t->skipped),
             t->resumed ? ", " : "",
             t->resumed ? human_size (resumed, t->resumed) : "",
             t->resumed ? " resumed" : "");
}
