/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command and prints one line of its costs:
 *
 *     measure SECONDS COMMAND ARGS...
 *     STATUS WALL CPU PEAK-KIB THREADS BUSY
 *
 * on descriptor 3.  STATUS is the command's exit status, or "late" if it was
 * ended after SECONDS, or 128 and the signal's number.  WALL and CPU (user and
 * system) are those of the command, in seconds.  The peak of its memory comes
 * from the kernel.  Threads are counted every 10 ms.  BUSY is the processor
 * time of all processes of the machine meanwhile, so that the share of others
 * is known.
 */

#include <config.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

#define LOOK_MS 10
#define GRACE (2 * NS_PER_S)

static void
die (const char *what)
{
  perror (what);
  exit (2);
}

static double
seconds (struct timeval t)
{
  return t.tv_sec + t.tv_usec / 1e6;
}

/* Returns the seconds that all processors together were not idle since boot;
 * time that another virtual machine stole counts.
 */
static double
busy_seconds (void)
{
  unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
  FILE *f = fopen ("/proc/stat", "r");
  int n;

  if (f == NULL)
    die ("/proc/stat");
  n = fscanf (f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
              &system, &idle, &wait, &irq, &softirq, &steal);
  fclose (f);
  return n != 8 ? 0
                : (double) (user + nice + system + irq + softirq + steal)
      / sysconf (_SC_CLK_TCK);
}

static unsigned
count_threads (pid_t pid)
{
  char path[64], line[128];
  unsigned n = 0;
  FILE *f;

  snprintf (path, sizeof path, "/proc/%ld/status", (long) pid);
  if ((f = fopen (path, "r")) == NULL)
    return 0;
  while (fgets (line, sizeof line, f) && sscanf (line, "Threads: %u", &n) != 1)
    ;
  fclose (f);
  return n;
}

/* Starts the command in a process group of its own, so that all its processes
 * can be ended; it does not outlive us.
 */
static pid_t
start (char **command)
{
  const pid_t pid = fork ();

  if (pid == -1)
    die ("fork");
  if (pid > 0)
    return pid;
  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  close (3);
  execvp (command[0], command);
  perror (command[0]);
  _exit (127);
}

/* Waits until the command has ended.  Sets late if it had to be ended. */
static int
watch (pid_t pid, uint64_t deadline, struct rusage *usage, unsigned *threads,
       bool *late)
{
  const int fd = syscall (SYS_pidfd_open, pid, 0);
  struct pollfd p = { .fd = fd, .events = POLLIN };
  int status;

  if (fd == -1)
    die ("pidfd_open");
  for (;;) {
    const unsigned n = count_threads (pid);

    if (n > *threads)
      *threads = n;
    if (poll (&p, 1, LOOK_MS) == 1)
      break;
    if (clock_now () < deadline)
      continue;
    kill (-pid, *late ? SIGKILL : SIGTERM);
    *late = true;
    deadline = clock_now () + GRACE;
  }
  if (wait4 (pid, &status, 0, usage) == -1)
    die ("wait4");
  close (fd);
  return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
main (int argc, char **argv)
{
  struct rusage usage;
  unsigned threads = 0;
  bool late = false;
  double before, busy;
  uint64_t begin, end;
  pid_t pid;
  int status;

  if (argc < 3) {
    fprintf (stderr, "usage: %s SECONDS COMMAND ARGS...\n", argv[0]);
    return 2;
  }
  before = busy_seconds ();
  begin = clock_now ();
  pid = start (argv + 2);
  status = watch (pid, begin + (uint64_t) (atof (argv[1]) * NS_PER_S), &usage,
                  &threads, &late);
  end = clock_now ();
  busy = busy_seconds () - before;
  kill (-pid, SIGKILL); /* processes that it left behind, such as servers */

  if (late)
    dprintf (3, "late");
  else
    dprintf (3, "%d", status);
  dprintf (3, " %.4f %.4f %ld %u %.2f\n", (end - begin) / 1e9,
           seconds (usage.ru_utime) + seconds (usage.ru_stime), usage.ru_maxrss,
           threads, busy);
  return 0;
}
