/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one command and measures its costs: see measure.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arith.h"
#include "bench/guard.h"
#include "bench/measure.h"
#include "bench/output.h"
#include "clock.h"

#define LOOK_MS 10
#define GRACE (5 * NS_PER_S)

static double
seconds (struct timeval t)
{
  return t.tv_sec + t.tv_usec / 1e6;
}

static double
ticks (unsigned long long n)
{
  return n / (double) sysconf (_SC_CLK_TCK);
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
    return 0;
  n = fscanf (f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice,
              &system, &idle, &wait, &irq, &softirq, &steal);
  fclose (f);
  return n != 8 ? 0 : ticks (user + nice + system + irq + softirq + steal);
}

bool
measure_process (pid_t pid, struct process_times *t)
{
  unsigned long long user, system, children_user, children_system;
  char path[64], text[1024];
  const char *rest;
  int parent;
  FILE *f;
  size_t n;

  snprintf (path, sizeof path, "/proc/%ld/stat", (long) pid);
  f = fopen (path, "r");
  if (f == NULL)
    return false;
  n = fread (text, 1, sizeof text - 1, f);
  text[n] = '\0';
  fclose (f);
  rest = strrchr (text, ')'); /* the name before it may contain anything */
  if (rest == NULL
      || sscanf (rest,
                 ") %*c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu"
                 " %llu %llu",
                 &parent, &user, &system, &children_user, &children_system)
        != 5)
    return false;
  *t = (struct process_times) {
    .parent = parent,
    .own = ticks (user + system),
    .children = ticks (children_user + children_system),
  };
  return true;
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

/* The child's part, between fork and exec. */
static void
become (const struct measured_command *c, pid_t parent)
{
  const int null = open ("/dev/null", O_RDONLY);
  sigset_t none;

  setpgid (0, 0);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != parent)
    _exit (127);
  dup2 (null, STDIN_FILENO);
  if (c->output != -1) {
    dup2 (c->output, STDOUT_FILENO);
    dup2 (c->output, STDERR_FILENO);
  }
  signal (SIGPIPE, SIG_DFL); /* we ignore it, and that is inherited */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  execvp (c->argv[0], c->argv);
  dprintf (STDERR_FILENO, "%s: %s\n", c->argv[0], strerror (errno));
  _exit (127);
}

static pid_t
start (const struct measured_command *c)
{
  const pid_t parent = getpid ();
  const pid_t pid = fork ();

  if (pid == 0)
    become (c, parent);
  else if (pid > 0) {
    setpgid (pid, pid); /* before the child does: it may be ended at once */
    guard_set (pid);
  }
  return pid;
}

/* Waits until the command has ended, and ends it if it has to.  Does not reap
 * it.
 */
static int
watch (pid_t pid, const struct measured_command *c, struct costs *costs)
{
  struct pollfd p[] = {
    { .fd = (int) syscall (SYS_pidfd_open, pid, 0), .events = POLLIN },
    { .fd = c->interrupt_fd, .events = POLLIN },
  };
  uint64_t deadline = add_saturated (clock_now (), c->limit);

  if (p[0].fd == -1)
    return -1;
  for (;;) {
    const unsigned n = count_threads (pid);

    if (n > costs->threads)
      costs->threads = n;
    if (c->output != -1)
      output_trim (c->output);
    if (poll (p, 2, LOOK_MS) == -1 && errno != EINTR)
      break;
    if (p[0].revents)
      break;
    if (!p[1].revents && clock_now () < deadline)
      continue;
    kill (-pid, costs->ending == ENDING_EXIT ? SIGTERM : SIGKILL);
    if (costs->ending == ENDING_EXIT)
      costs->ending = p[1].revents ? ENDING_SIGNAL : ENDING_LATE;
    p[1].fd = -1;
    deadline = clock_now () + GRACE;
  }
  close (p[0].fd);
  return 0;
}

/* Reaps the command, and ends the rest of its process group. */
static int
reap (pid_t pid, struct costs *costs)
{
  struct rusage usage;
  struct process_times t = { 0 };
  siginfo_t info;
  int status;

  waitid (P_PID, pid, &info, WEXITED | WNOWAIT);
  measure_process (pid, &t);
  kill (-pid, SIGKILL);
  if (wait4 (pid, &status, 0, &usage) == -1)
    return -1;
  costs->children_cpu = t.children;
  costs->cpu = seconds (usage.ru_utime) + seconds (usage.ru_stime) - t.children;
  if (costs->cpu < 0)
    costs->cpu = 0; /* the children's is rounded */
  costs->peak = (uint64_t) usage.ru_maxrss * 1024;
  costs->status = WIFEXITED (status) ? WEXITSTATUS (status)
                                     : 128 + WTERMSIG (status);
  return 0;
}

int
measure_command (const struct measured_command *c, struct costs *costs)
{
  const double busy = busy_seconds ();
  uint64_t begin;
  pid_t pid;
  int r;

  guard_set (0); /* it may have to be started */
  begin = clock_now ();
  pid = start (c);
  *costs = (struct costs) { .ending = ENDING_EXIT };
  if (pid == -1)
    return -1;
  r = watch (pid, c, costs);
  if (r == -1)
    kill (-pid, SIGKILL);
  costs->wall = (double) (clock_now () - begin) / 1e9;
  costs->busy = busy_seconds () - busy;
  if (reap (pid, costs) == -1)
    r = -1;
  guard_set (0);
  return r;
}
