/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads lines from a pipe: see line-reader.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "line-reader.h"

#define ROOM_MIN 4096

int
line_reader_open (struct line_reader *l, size_t longest, int *write_fd)
{
  int fds[2];

  *l = (struct line_reader) { .fd = -1, .longest = longest };
  if (pipe2 (fds, O_CLOEXEC) == -1)
    return -1;
  /* only our end: the other one belongs to the writer */
  fcntl (fds[0], F_SETFL, O_NONBLOCK);
  l->fd = fds[0];
  *write_fd = fds[1];
  return 0;
}

/* Starts to skip a line that is too long, or that there is no memory for. */
static void
skip (struct line_reader *l)
{
  l->start = l->end = 0;
  l->skipping = true;
}

static void
make_room (struct line_reader *l)
{
  const size_t used = l->end - l->start;
  size_t room;
  char *text;

  if (l->start > 0) {
    memmove (l->text, l->text + l->start, used);
    l->start = 0;
    l->end = used;
  }
  if (l->end < l->room)
    return;
  room = min_u64 (max_u64 (ROOM_MIN, 2 * l->room), l->longest + 1);
  text = room > l->room ? realloc (l->text, room) : NULL;
  if (text) {
    l->text = text;
    l->room = room;
  }
  else
    skip (l);
}

/* Ends the skipping if the line end has arrived. */
static void
end_skipping (struct line_reader *l)
{
  const char *end = memchr (l->text + l->start, '\n', l->end - l->start);

  l->skipping = end == NULL;
  l->start = end ? (size_t) (end + 1 - l->text) : l->end;
}

static bool
has_line (const struct line_reader *l)
{
  return l->end > l->start
    && memchr (l->text + l->start, '\n', l->end - l->start) != NULL;
}

static void
hang_up (struct line_reader *l)
{
  close (l->fd);
  l->fd = -1;
}

/* Stops once a line is complete: a writer that never stops must not keep us
 * here.
 */
void
line_reader_read (struct line_reader *l)
{
  while (l->fd != -1 && !has_line (l)) {
    ssize_t n;

    make_room (l);
    if (l->room == 0) { /* no memory was available */
      hang_up (l);
      return;
    }
    n = read (l->fd, l->text + l->end, l->room - l->end);
    if (n > 0) {
      l->end += n;
      if (l->skipping)
        end_skipping (l);
    }
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
      hang_up (l);
    else if (errno == EAGAIN)
      return;
  }
}

char *
line_reader_next (struct line_reader *l, size_t *length)
{
  char *line = l->text + l->start, *end;

  if (!has_line (l))
    return NULL;
  end = memchr (line, '\n', l->end - l->start);
  *end = '\0';
  *length = end - line;
  l->start += *length + 1;
  return line;
}

void
line_reader_close (struct line_reader *l)
{
  if (l->fd != -1)
    hang_up (l);
  free (l->text);
  *l = (struct line_reader) { .fd = -1 };
}
