/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of open files. */

#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <fcntl.h>
#include <stdio.h>
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

#endif /* DESCRIPTOR_H */
