/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a list: see list-file.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "selection/list-file.h"

struct list_file {
  int fd; /* owned, unless it is standard input */
  int interrupt_fd;
};

static ssize_t
read_some (void *opaque, char *buffer, size_t length)
{
  const struct list_file *l = opaque;
  struct pollfd fds[2] = {
    { .fd = l->interrupt_fd, .events = POLLIN },
    { .fd = l->fd, .events = POLLIN },
  };
  ssize_t n = -1;

  do {
    if (poll (fds, 2, -1) == -1 && errno != EINTR)
      return -1;
    if (fds[0].revents) {
      errno = EINTR;
      return -1;
    }
    if (fds[1].revents)
      n = read (l->fd, buffer, length);
  } while (n == -1 && (errno == EINTR || errno == EAGAIN));
  return n;
}

static int
end (void *opaque)
{
  struct list_file *l = opaque;

  if (l->fd != STDIN_FILENO)
    close (l->fd);
  free (l);
  return 0;
}

/* Opening a FIFO does not wait for its other end: the first read does. */
FILE *
list_file_open (const char *name, int interrupt_fd)
{
  static const cookie_io_functions_t functions = { .read = read_some,
                                                   .close = end };
  struct list_file *l = malloc (sizeof *l);
  FILE *f;
  int err;

  if (l == NULL)
    return NULL;
  l->interrupt_fd = interrupt_fd;
  l->fd = strcmp (name, "-") == 0
    ? STDIN_FILENO
    : open (name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (l->fd == -1) {
    free (l);
    return NULL;
  }
  f = fopencookie (l, "r", functions);
  if (f == NULL) {
    err = errno;
    end (l);
    errno = err;
  }
  return f;
}
