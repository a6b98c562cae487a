/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shows people the progress of a batch: see view.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "arith.h"
#include "base/log.h"
#include "base/sink.h"
#include "batch/view-text.h"
#include "batch/view.h"
#include "clock.h"
#include "descriptor.h"
#include "options/options.h"

/* How long after a line of the log the progress is drawn again, so that it is
 * not drawn after each of many lines.
 */
#define DRAW_AGAIN (100 * NS_PER_MS)

/* How long to wait for a terminal that is stopped or slow, for each part. */
#define TERMINAL_MS 100

/* -- writing -------------------------------------------------------------- */

/* Writes the text, or as much of it as the reader takes in time. */
static void
put (const struct view *v, const char *text, size_t length, int wait_ms)
{
  struct pollfd ready = { .fd = v->fd, .events = POLLOUT };

  while (length > 0 && poll (&ready, 1, wait_ms) == 1
         && (ready.revents & POLLOUT)) {
    const ssize_t n = write (v->fd, text, length);

    if (n == -1 && errno != EAGAIN && errno != EINTR)
      return; /* the reader has gone away */
    text += n > 0 ? n : 0;
    length -= n > 0 ? n : 0;
  }
}

/* Asks the terminal each time, because the window can change at any time. */
static struct window_size
size_of_window (const struct view *v)
{
  struct winsize w = { 0 };

  ioctl (v->fd, TIOCGWINSZ, &w);
  return (struct window_size) { .width = w.ws_col ? w.ws_col : 80,
                                .height = w.ws_row ? w.ws_row : 24 };
}

/* Returns how many rows of the window a text needs.  A terminal that became
 * narrower has broken lines that were shorter than the window.
 */
static size_t
rows_of (const char *text, size_t width)
{
  size_t rows = 0, length;

  for (;; text += length + 1) {
    length = strcspn (text, "\n");
    rows += max_u64 (1, (view_text_width (text, length) + width - 1) / width);
    if (text[length] == '\0')
      return rows;
  }
}

void
view_forget (struct view *v)
{
  free (v->drawn);
  v->drawn = NULL;
}

/* Moves the cursor from the last of these rows to the start of the first. */
static void
move_up (FILE *f, size_t rows)
{
  putc ('\r', f);
  if (rows > 1)
    fprintf (f, "\033[%zuA", rows - 1);
}

/* Erases these rows, the last of which has the cursor.  Each is erased by
 * itself: where all of a window is erased at once, tmux keeps it as a page that
 * can be scrolled back to.
 */
static void
erase_rows (struct view *v, size_t rows)
{
  char *all = NULL;
  size_t size;
  FILE *f = open_memstream (&all, &size);

  if (f) {
    move_up (f, rows);
    for (size_t i = 1; i < rows; i++)
      fputs ("\033[K\n", f);
    fputs ("\033[K", f);
    move_up (f, rows);
    if (fclose (f) == 0)
      put (v, all, size, TERMINAL_MS);
  }
  free (all);
}

/* Erases the drawing.  The cursor is at the end of its last line. */
static void
erase (struct view *v)
{
  const struct window_size w = size_of_window (v);

  if (v->drawn && !descriptor_in_background (v->fd))
    erase_rows (v, min_u64 (rows_of (v->drawn, w.width), w.height));
  view_forget (v);
}

/* Makes room for a line of the log. */
static void
make_room (void *opaque)
{
  struct view *v = opaque;

  if (v->drawn == NULL)
    return;
  erase (v);
  v->next = clock_now () + DRAW_AGAIN;
}

/* Draws the text in place of the old one, in one write, so that nothing
 * flickers: each line erases the rest of its row.
 */
static void
draw (struct view *v, char *text)
{
  const size_t rows = v->drawn ? rows_of (v->drawn, size_of_window (v).width)
                               : 1;
  char *all = NULL;
  size_t size;
  FILE *f = open_memstream (&all, &size);

  if (f) {
    move_up (f, rows);
    for (const char *c = text; *c; c++)
      if (*c == '\n')
        fputs ("\033[K\n", f);
      else
        putc (*c, f);
    fputs ("\033[J", f);
    if (fclose (f) == 0)
      put (v, all, size, TERMINAL_MS);
  }
  free (all);
  free (v->drawn);
  v->drawn = text;
}

static void
show_percent (const struct view *v, const struct overview_sums *s, int wait_ms)
{
  char line[16];
  const int n = snprintf (line, sizeof line, "%d/100\n", s->percent);

  put (v, line, n, wait_ms);
}

static void
show_line (const struct view *v, const struct overview_sums *s, int wait_ms)
{
  char *line = view_text_of_all (s);

  if (line) {
    const size_t length = strlen (line);

    line[length] = '\n'; /* in place of the NUL */
    put (v, line, length + 1, wait_ms);
  }
  free (line);
}

/* -- its life ------------------------------------------------------------- */

static uint64_t
choose_interval (const struct view *v, const struct options *o)
{
  return o->interval         ? o->interval
    : v->style == VIEW_LINES ? 10 * NS_PER_S
                             : NS_PER_S;
}

/* Opens the terminal once more, so that writing to it never waits. */
static void
reopen (struct view *v)
{
  const int fd = descriptor_lift (
    descriptor_reopen (v->fd, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));

  if (fd == -1)
    return;
  v->fd = fd;
  v->owned = true;
}

int
view_open (struct view *v, const struct options *o, struct error *e)
{
  *v = (struct view) { .fd = STDERR_FILENO };
  if (!o->progress || o->plan || (o->quiet && !o->progress_fd_given))
    return 0;
  if (o->progress_fd_given)
    v->fd = o->progress_fd;
  if (o->progress_fd_given && fcntl (v->fd, F_GETFD) == -1) {
    error_set (e, errno, "--progress=%d: %s", v->fd, strerror (errno));
    return -1;
  }
  v->style = o->progress_fd_given   ? VIEW_PERCENT
    : descriptor_can_redraw (v->fd) ? VIEW_TERMINAL
                                    : VIEW_LINES;
  v->interval = choose_interval (v, o);
  v->next = clock_now () + (v->style == VIEW_LINES ? v->interval : 0);
  if (v->style == VIEW_TERMINAL) {
    reopen (v);
    log_make_room (make_room, v);
  }
  return 0;
}

uint64_t
view_deadline (const struct view *v)
{
  return v->next;
}

void
view_tick (struct view *v, const struct overview *o,
           const struct overview_sums *s, uint64_t now)
{
  char *text;

  if (v->style == VIEW_NONE || now < v->next)
    return;
  v->next = now + v->interval;
  if (v->style == VIEW_PERCENT)
    show_percent (v, s, 0);
  else if (v->style == VIEW_LINES)
    show_line (v, s, 0);
  else if (descriptor_in_background (v->fd))
    view_forget (v);
  else if ((text = view_text (o, s, size_of_window (v))) != NULL)
    draw (v, text);
}

void
view_end (struct view *v, const struct overview_sums *s)
{
  if (v->style == VIEW_TERMINAL) {
    log_make_room (NULL, NULL);
    erase (v);
  }
  if (v->style == VIEW_PERCENT)
    show_percent (v, s, SINK_LAST_LINE_MS);
  else if (v->style != VIEW_NONE)
    show_line (v, s, SINK_LAST_LINE_MS);
  if (v->owned)
    close (v->fd);
  *v = (struct view) { .fd = -1 };
}
