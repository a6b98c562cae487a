/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers that a killed run has left: see leftover.h. */

#include <config.h>

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "leftover.h"

/* One that is starting forgets the signal, so it comes again. */
#define AGAIN_MS 100

#define COMMAND_BYTES 4096

/* Whether the command is one of ours: "qemu-nbd --persistent ...". */
static bool
is_our_server (int proc)
{
  static const char ours[] = "qemu-nbd\0--persistent";
  char text[COMMAND_BYTES];
  const int fd = openat (proc, "cmdline", O_RDONLY | O_CLOEXEC);
  const ssize_t n = fd == -1 ? -1 : read (fd, text, sizeof text);

  if (fd != -1)
    close (fd);
  return n >= (ssize_t) sizeof ours && memcmp (text, ours, sizeof ours) == 0;
}

/* Whether its standard error is a pipe whose reader is gone. */
static bool
is_unheard (int proc)
{
  struct pollfd end = {
    .fd = openat (proc, "fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY),
  };
  struct stat st;
  const bool unheard = end.fd != -1 && fstat (end.fd, &st) == 0
    && S_ISFIFO (st.st_mode) && poll (&end, 1, 0) == 1
    && (end.revents & POLLERR);

  if (end.fd != -1)
    close (end.fd);
  return unheard;
}

static bool
has_open (int proc, const struct device *device)
{
  const int fd = openat (proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd == -1 ? NULL : fdopendir (fd);
  struct dirent *entry;
  struct stat st;
  bool has = false;

  while (d && !has && (entry = readdir (d)) != NULL)
    has = fstatat (fd, entry->d_name, &st, 0) == 0 && S_ISREG (st.st_mode)
      && st.st_dev == device->number && st.st_ino == device->inode;
  if (d)
    closedir (d);
  else if (fd != -1)
    close (fd);
  return has;
}

/* The pidfd makes sure that no other process gets the signal. */
static void
end_process (int pidfd, uint64_t deadline, int hurry_fd)
{
  struct pollfd fds[] = {
    { .fd = pidfd, .events = POLLIN }, { .fd = hurry_fd, .events = POLLIN },
  };

  while (fds[0].revents == 0 && fds[1].revents == 0
         && clock_now () < deadline) {
    syscall (SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0);
    poll (fds, 2, AGAIN_MS);
  }
}

static bool
end_if_left (DIR *processes, const char *pid, const struct device *device,
             uint64_t deadline, int hurry_fd)
{
  const int pidfd = (int) syscall (SYS_pidfd_open, atoi (pid), 0);
  const int proc = openat (dirfd (processes), pid,
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool left = pidfd != -1 && proc != -1 && is_our_server (proc)
    && is_unheard (proc) && has_open (proc, device);

  if (left)
    end_process (pidfd, deadline, hurry_fd);
  if (proc != -1)
    close (proc);
  if (pidfd != -1)
    close (pidfd);
  return left;
}

bool
leftover_end (const struct device *device, uint64_t deadline, int hurry_fd)
{
  DIR *processes = opendir ("/proc");
  struct dirent *entry;
  bool any = false;

  while (processes && (entry = readdir (processes)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0])
        && end_if_left (processes, entry->d_name, device, deadline, hurry_fd))
      any = true;
  if (processes)
    closedir (processes);
  return any;
}
