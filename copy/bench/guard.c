/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ends the command that runs if we are killed: see guard.h.
 *
 * The kernel ends a command itself when its parent dies, but not the command's
 * children, such as the commands of a shell, and a copy that strace runs goes on
 * without it.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/guard.h"
#include "descriptor.h"

#define LOOK_MS 20
#define LOOKS 250 /* five seconds */

static struct {
  bool started;
  pid_t pid;
  int fd; /* the numbers of groups go to the guard; -1: there is none */
} guard;

/* Ends a group in order, and by force if it takes too long. */
static void
end_group (pid_t group)
{
  kill (-group, SIGTERM);
  kill (-group, SIGCONT);
  for (int i = 0; i < LOOKS && kill (-group, 0) == 0; i++)
    poll (NULL, 0, LOOK_MS);
  kill (-group, SIGKILL);
}

/* Reads which group runs, until we have ended and so closed the pipe. */
static void __attribute__ ((noreturn)) run_guard (int fd)
{
  pid_t group = 0;
  sigset_t all;
  ssize_t n;

  setpgid (0, 0); /* signals to our group do not reach it */
  sigfillset (&all);
  sigprocmask (SIG_SETMASK, &all, NULL);
  for (int i = 0; i <= STDERR_FILENO; i++)
    close (i);
  do
    n = read (fd, &group, sizeof group);
  while (n > 0 || (n == -1 && errno == EINTR));
  if (group > 0)
    end_group (group);
  _exit (0);
}

static void
start (void)
{
  int ends[2];

  guard.started = true;
  guard.fd = -1;
  if (pipe2 (ends, O_CLOEXEC) == -1)
    return;
  ends[0] = descriptor_lift (ends[0]);
  ends[1] = descriptor_lift (ends[1]);
  guard.pid = fork ();
  if (guard.pid == 0) {
    close (ends[1]);
    run_guard (ends[0]);
  }
  close (ends[0]);
  if (guard.pid > 0)
    guard.fd = ends[1];
  else
    close (ends[1]);
}

void
guard_set (pid_t group)
{
  if (!guard.started)
    start ();
  if (guard.fd != -1 && write (guard.fd, &group, sizeof group) == -1) {
    close (guard.fd); /* the guard was killed */
    guard.fd = -1;
  }
}

void
guard_end (void)
{
  if (!guard.started)
    return;
  if (guard.fd != -1)
    close (guard.fd);
  if (guard.pid > 0)
    waitpid (guard.pid, NULL, 0);
  guard.started = false;
}
