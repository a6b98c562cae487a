/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors of open files. */

#ifndef DESCRIPTOR_H
#define DESCRIPTOR_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Opens what a descriptor leads to once more, with these flags, so that offset
 * and flags are not shared with it.  Returns what open(2) returns.
 */
static inline int
descriptor_reopen (int fd, int flags)
{
  char path[40];

  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  return open (path, flags);
}

/* Returns the same open file under a number that is not a standard one; -1 with
 * errno, also for -1.  Standard descriptors that are closed have still to be
 * refused as such, not to be taken for what we open.
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
