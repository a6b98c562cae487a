/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes lines without ever waiting for their reader: see sink.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sink.h"
#include "descriptor.h"
#include "device.h"
#include "human.h"
#include "secrets.h"

/* Opens an inherited pipe or terminal once more: O_NONBLOCK on the inherited
 * descriptor would hold for every process that shares it.  Where that fails,
 * poll is asked before each write.
 */
static void
reopen (struct sink *out, int fd)
{
  out->fd = descriptor_lift (
    descriptor_reopen (fd, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  out->owned = out->fd != -1;
  if (out->fd == -1 && errno != ENXIO) { /* ENXIO: it has no reader */
    out->fd = fd;
    out->may_wait = true;
  }
}

static int
open_descriptor (struct sink *out, int fd)
{
  const int flags = fcntl (fd, F_GETFL);
  struct stat it;

  if (flags == -1 || fstat (fd, &it) == -1)
    return -1;
  if ((flags & O_ACCMODE) == O_RDONLY) {
    errno = EBADF;
    return -1;
  }
  out->is_socket = S_ISSOCK (it.st_mode);
  out->fd = fd;
  if (S_ISFIFO (it.st_mode) || S_ISCHR (it.st_mode))
    reopen (out, fd);
  return 0;
}

/* Opens a file.  A FIFO is opened for reading, too, so that its reader may come
 * later, and may go and come back.
 */
static int
open_file (struct sink *out, const char *name)
{
  struct stat it;
  const bool is_fifo = stat (name, &it) == 0 && S_ISFIFO (it.st_mode);

  out->fd = descriptor_lift (open (name,
                                   (is_fifo ? O_RDWR : O_WRONLY) | O_CREAT
                                     | O_APPEND | O_NONBLOCK | O_NOCTTY
                                     | O_CLOEXEC,
                                   0666));
  out->owned = out->fd != -1;
  return out->fd == -1 ? -1 : 0;
}

static int
open_word (struct sink *out, enum sink_use use, const char *word)
{
  int fd;

  if (use == SINK_EVENTS && human_parse_descriptor (word, &fd))
    return open_descriptor (out, fd);
  if (use == SINK_REPORT && strcmp (word, "-") == 0)
    return open_descriptor (out, STDOUT_FILENO);
  return open_file (out, word);
}

/* Returns NULL, or why it cannot be emptied. */
static const char *
empty_report (struct sink *out, enum sink_use use)
{
  struct stat it;

  if (out->fd == -1) /* it has no reader */
    return NULL;
  if (fstat (out->fd, &it) == -1)
    return strerror (errno);
  if (use == SINK_REPORT && out->owned && S_ISREG (it.st_mode)
      && !device_is_standard (out->fd) && ftruncate (out->fd, 0) == -1)
    return strerror (errno);
  return NULL;
}

int
sink_open (struct sink *out, enum sink_use use, const char *word,
           struct error *e)
{
  const char *why;
  char *shown;

  *out = (struct sink) { .fd = -1 };
  why = open_word (out, use, word) == -1 ? strerror (errno)
                                         : empty_report (out, use);
  if (why == NULL)
    return 0;

  shown = secrets_mask (word);
  error_set (e, EINVAL, "--%s=%s: %s", use == SINK_EVENTS ? "events" : "report",
             shown ? shown : "", why);
  free (shown);
  sink_close (out);
  return -1;
}

/* Returns whether @fd can be written to now, or within @wait_ms. */
static bool
is_ready (int fd, int wait_ms)
{
  struct pollfd p = { .fd = fd, .events = POLLOUT };

  return poll (&p, 1, wait_ms) == 1;
}

void
sink_open_errors (struct sink *out)
{
  struct stat it;

  *out = (struct sink) { .fd = -1 };
  if (fstat (STDERR_FILENO, &it) == -1)
    return;
  out->fd = STDERR_FILENO;
  out->is_socket = S_ISSOCK (it.st_mode);
  if (S_ISFIFO (it.st_mode))
    reopen (out, STDERR_FILENO);
  else
    out->may_wait = !out->is_socket && !S_ISREG (it.st_mode);
}

/* Writes as much as fits.  Returns the number of bytes, 0 if nothing fits now,
 * or -1 if nothing ever will.
 */
static ssize_t
put (struct sink *out, const char *bytes, size_t n)
{
  ssize_t r;

  if (out->may_wait && !is_ready (out->fd, 0))
    return 0;
  r = out->is_socket ? send (out->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL)
                     : write (out->fd, bytes, n);
  if (r == -1 && (errno == EAGAIN || errno == EINTR))
    return 0;
  return r;
}

/* Does the same, and closes the sink when its reader is gone. */
static size_t
put_or_end (struct sink *out, const char *bytes, size_t n, int wait_ms)
{
  ssize_t r = put (out, bytes, n);

  if (r == 0 && wait_ms > 0 && is_ready (out->fd, wait_ms))
    r = put (out, bytes, n);
  if (r >= 0)
    return r;
  sink_close (out);
  return 0;
}

static bool
put_rest (struct sink *out, int wait_ms)
{
  const size_t n = put_or_end (out, out->rest, out->n_rest, wait_ms);

  memmove (out->rest, out->rest + n, out->n_rest - n);
  out->n_rest -= n;
  return out->fd != -1 && out->n_rest == 0;
}

bool
sink_line (struct sink *out, const char *line, size_t length, int wait_ms)
{
  size_t n;

  if (out->fd == -1 || length > sizeof out->rest
      || (out->n_rest > 0 && !put_rest (out, wait_ms)))
    return false;
  n = put_or_end (out, line, length, wait_ms);
  if (n == 0)
    return false;
  out->n_rest = length - n;
  memcpy (out->rest, line + n, out->n_rest);
  if (out->n_rest > 0 && wait_ms > 0)
    put_rest (out, wait_ms);
  return true;
}

bool
sink_all (struct sink *out, const char *text, size_t length, int wait_ms)
{
  while (length > 0 && out->fd != -1) {
    const size_t n = put_or_end (out, text, length, wait_ms);

    if (n == 0)
      return false;
    text += n;
    length -= n;
  }
  return length == 0;
}

void
sink_close (struct sink *out)
{
  if (out->owned)
    close (out->fd);
  out->fd = -1;
  out->owned = false;
  out->n_rest = 0;
}
