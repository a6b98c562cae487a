/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of open files. */

#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Opens the file of a descriptor once more, with these flags, so that neither
 * offset nor flags are shared.  Returns the same as open(2).
 */
static inline int
descriptor_reopen (int fd, int flags)
{
  char path[40];

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return open (path, flags);
}

/* Moves an open file to a number above the standard descriptors, if it has one
 * of these, and returns the number; -1 with errno, also for -1.  So where a
 * standard descriptor is closed, its use fails instead of reaching a file of
 * ours.
 */
static inline int
descriptor_lift (int fd)
{
  int higher = fd;

  if (fd != -1 && fd <= STDERR_FILENO) {
    higher = fcntl (fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close (fd);
  }
  return higher;
}

/* Returns whether it is a terminal on which a line can be drawn again.
 * TERM=dumb says that this is not possible.
 */
static inline bool
descriptor_can_redraw (int fd)
{
  const char *kind = getenv ("TERM");

  return isatty (fd) && (kind == NULL || strcmp (kind, "dumb") != 0);
}

/* Returns whether it is a terminal that another program uses: the shell, if
 * this one runs in the background.
 */
static inline bool
descriptor_in_background (int fd)
{
  const pid_t group = tcgetpgrp (fd);

  return group > 0 && group != getpgrp ();
}

#endif /* DESCRIPTOR_H */
