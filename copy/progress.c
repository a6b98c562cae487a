/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows how far the copy is: see progress.h. */

#include <config.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "human.h"
#include "log.h"
#include "progress.h"

#define BAR_WIDTH 40

/* The rate is that of the last 10 s. */
#define SAMPLE_EVERY (10 * NS_PER_S / PROGRESS_SAMPLES)

/* Seconds: beyond that, time left says nothing, and would not fit in ns. */
#define LEFT_MAX 1e9

/* How long the one line that must not be dropped is waited for. */
#define LAST_LINE_MS 1000

uint64_t
progress_due (const struct progress *p)
{
  return p->on ? min_u64 (p->next, p->next_sample) : p->next_sample;
}

/* What takes time, of that which is done. */
static uint64_t
data_of (const struct totals *t)
{
  return t->phase == PHASE_COPY ? t->data : t->compared;
}

static void
begin_samples (struct progress *p, enum phase phase, uint64_t now)
{
  p->phase = phase;
  p->samples[0].when = now;
  p->samples[0].done = p->samples[0].data = 0;
  p->n_samples = 1;
  p->next_sample = now + SAMPLE_EVERY;
}

/* A new phase has done nothing of what the one before it did. */
static void
heed_phase (struct progress *p, const struct totals *t)
{
  if (t->phase != p->phase)
    begin_samples (p, t->phase, t->began);
}

static void
take_sample (struct progress *p, const struct totals *t, uint64_t now)
{
  if (now < p->next_sample)
    return;
  if (p->n_samples == PROGRESS_SAMPLES)
    memmove (p->samples, p->samples + 1,
             --p->n_samples * sizeof p->samples[0]);
  p->samples[p->n_samples].when = now;
  p->samples[p->n_samples].done = totals_done (t);
  p->samples[p->n_samples].data = data_of (t);
  p->n_samples++;
  p->next_sample = now + SAMPLE_EVERY;
}

/* Units a second since the oldest sample that is kept. */
static double
rate_of (uint64_t gained, uint64_t ns)
{
  return ns == 0 ? 0 : (double) gained * NS_PER_S / ns;
}

/* 100 is for progress_end alone: bytes can all be done, and not yet flushed. */
static unsigned
percent (const struct totals *t, uint64_t done, unsigned phases)
{
  if (t->open_ended || t->total == 0)
    return 0;
  return min_u64 (99, (unsigned) ((double) done / t->total / phases * 100));
}

static unsigned
percent_of_phase (const struct totals *t)
{
  return percent (t, totals_done (t), 1);
}

static unsigned
percent_of_all (const struct totals *t)
{
  return percent (t, totals_copied (t) + totals_compared (t), t->phases);
}

/* "  4.5 GiB, 300.0 MiB/s": nobody knows of how much. */
static int
format_open_ended (const struct totals *t, double speed, char *line,
                   size_t size)
{
  char done[HUMAN_MAX], rate[HUMAN_MAX];

  return snprintf (line, size, "  %s, %s/s",
                   human_size (done, totals_done (t)),
                   human_size (rate, speed));
}

static bool
is_verifying (const struct totals *t)
{
  return t->phases > 1 && t->phase == PHASE_COMPARE;
}

/* "  45% [******----] 1.2 GiB/s 0:12" */
static int
format_line (const struct progress *p, const struct totals *t, unsigned pc,
             uint64_t now, char *line, size_t size)
{
  const uint64_t ns = now - p->samples[0].when;
  const double speed = rate_of (totals_done (t) - p->samples[0].done, ns);
  char bar[BAR_WIDTH + 1], rate[HUMAN_MAX], left[HUMAN_MAX];
  const unsigned stars = pc * BAR_WIDTH / 100;

  if (t->open_ended && pc < 100)
    return format_open_ended (t, speed, line, size);
  memset (bar, '*', stars);
  memset (bar + stars, '-', BAR_WIDTH - stars);
  bar[BAR_WIDTH] = '\0';
  human_size (rate, rate_of (data_of (t) - p->samples[0].data, ns));
  if (pc == 100)
    strcpy (left, "no time");
  else if (speed * LEFT_MAX > t->total)
    human_duration (left, (t->total - totals_done (t)) / speed * NS_PER_S);
  else
    strcpy (left, "?");
  return snprintf (line, size, "  %3u%% [%s] %s/s %s left%s", pc, bar, rate,
                   left, is_verifying (t) && pc < 100 ? ", verifying" : "");
}

/* One write, and none at all where it would have to wait longer than wait_ms:
 * the copy does not stand still for whoever watches it.
 */
static void
put (const struct progress *p, const char *line, size_t length, int wait_ms)
{
  struct pollfd ready = { .fd = p->fd, .events = POLLOUT };

  if (poll (&ready, 1, wait_ms) == 1 && (ready.revents & POLLOUT)
      && write (p->fd, line, length) == -1)
    return;                     /* the reader has gone, and so has the need */
}

static void
draw (struct progress *p, const struct totals *t, unsigned pc, uint64_t now,
      int wait_ms)
{
  char line[256];
  int n = 0;

  if (p->style == PROGRESS_PERCENT)
    n = snprintf (line, sizeof line, "%u/100\n", pc);
  else {
    if (p->style == PROGRESS_BAR)
      line[n++] = '\r';
    n += format_line (p, t, pc, now, line + n, sizeof line - n);
    if (p->style == PROGRESS_BAR)
      n += snprintf (line + n, sizeof line - n, "\033[K");
    else
      line[n++] = '\n';
  }
  put (p, line, n, wait_ms);
  p->bar_stands = p->style == PROGRESS_BAR;
}

void
progress_init (struct progress *p, const struct options *o,
               const struct totals *begun, uint64_t now)
{
  *p = (struct progress) {
    .on = o->progress && (o->progress_fd_given || !o->quiet)
  };
  p->fd = o->progress_fd_given ? (int) o->progress_fd : STDERR_FILENO;
  p->style = o->progress_fd_given ? PROGRESS_PERCENT
    : isatty (p->fd) ? PROGRESS_BAR : PROGRESS_LINES;
  p->interval = p->style == PROGRESS_LINES ? 10 * NS_PER_S : NS_PER_S / 5;
  p->next = now + p->interval;
  begin_samples (p, begun->phase, now);
  p->samples[0].done = totals_done (begun);
  if (p->on && p->style == PROGRESS_PERCENT)
    draw (p, begun, percent_of_all (begun), now, 0);
}

void
progress_show (struct progress *p, const struct totals *t, uint64_t now)
{
  heed_phase (p, t);
  if (p->on && now >= p->next) {
    draw (p, t, p->style == PROGRESS_PERCENT ? percent_of_all (t)
          : percent_of_phase (t), now, 0);
    p->next = now + p->interval;
  }
  take_sample (p, t, now);
}

void
progress_end (struct progress *p, const struct totals *t, bool finished,
              uint64_t now)
{
  heed_phase (p, t);
  if (p->on && finished)
    draw (p, t, 100, now, LAST_LINE_MS);
  if (p->bar_stands)
    put (p, "\n", 1, LAST_LINE_MS);
  p->bar_stands = false;
}

void
progress_say (struct progress *p, const struct totals *t, uint64_t now)
{
  char line[256], data[HUMAN_MAX], zero[HUMAN_MAX], skipped[HUMAN_MAX];
  char resumed[HUMAN_MAX];

  progress_end (p, t, false, now);
  format_line (p, t, percent_of_phase (t), now, line, sizeof line);
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
