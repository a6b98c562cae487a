/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child process that cannot outlive us: fork, exec, watch, end, reap.
 *
 * Other threads may hold any lock when we fork, malloc's among them.  So all
 * that needs memory is built before, in struct launch, and between fork and
 * exec only async-signal-safe calls are made.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arith.h"
#include "child.h"
#include "clock.h"

#define LISTEN_FD 3 /* the socket, for socket activation */
#define MORE_FD 4   /* for a program of ours */
#define REPORT_FD 5 /* reports a failed exec; closed by a successful one */
#define SPARE_FD 6  /* all others are closed */

#define LOOK_AGAIN_NS (5 * NS_PER_MS)

/* How often, and with which pauses, a guard signals a server: see enum
 * child_guard.
 */
#define GUARD_TRIES 24
#define GUARD_QUICK_TRIES 10
#define GUARD_QUICK_PAUSE_MS 100
#define GUARD_PAUSE_MS 2000
#define GUARD_LONG_PAUSE_MS 30000

#define STATUS_UNKNOWN -1 /* not a status that wait(2) returns */

struct launch {
  char *const *argv;
  char **script_argv;  /* owned: a shell, a file, the rest of argv */
  char *files;         /* owned: names to try; the last one is empty */
  char **env;          /* owned, but not its strings */
  char listen_pid[32]; /* in env, completed by the child */
  char *fd_names;      /* owned: in env */
  int listen_fd;       /* -1: none */
  int more_fd;         /* -1: none */
  struct child_io io;
  int null_fd, report_fd;
  int max_fd; /* for kernels without close_range */
  pid_t parent;
};

/* ------------------------------------------------------- before the fork */

/* Returns every name for the program that PATH yields, one after the other. */
static char *
list_files (const char *program)
{
  const char *path = getenv ("PATH"), *dir, *end;
  size_t n_dir = 1;
  char *files, *p;

  if (path == NULL)
    path = "/usr/bin:/bin";
  if (strchr (program, '/') != NULL || *program == '\0')
    path = ""; /* an empty entry is the current folder */

  for (dir = path; *dir != '\0'; ++dir)
    n_dir += *dir == ':';
  files = malloc (strlen (path) + n_dir * (strlen (program) + 2) + 1);
  if (files == NULL)
    return NULL;

  p = files;
  for (dir = path;; dir = end + 1) {
    end = strchrnul (dir, ':');
    p = mempcpy (p, dir, (size_t) (end - dir));
    if (end > dir)
      *p++ = '/';
    p = stpcpy (p, program) + 1;
    if (*end == '\0')
      break;
  }
  *p = '\0';
  return files;
}

static bool
is_activation (const char *entry)
{
  return strncmp (entry, "LISTEN_PID=", 11) == 0
    || strncmp (entry, "LISTEN_PIDFDID=", 15) == 0
    || strncmp (entry, "LISTEN_FDS=", 11) == 0
    || strncmp (entry, "LISTEN_FDNAMES=", 15) == 0;
}

/* Returns our environment without the variables of our own socket activation,
 * and with those of the child if it gets a socket.
 */
static char **
make_env (struct launch *l)
{
  static char listen_fds[] = "LISTEN_FDS=1";
  char **env;
  size_t n = 0, i;

  while (environ != NULL && environ[n] != NULL)
    n++;
  env = reallocarray (NULL, n + 4, sizeof *env);
  if (env == NULL)
    return NULL;

  n = 0;
  for (i = 0; environ != NULL && environ[i] != NULL; ++i)
    if (!is_activation (environ[i]))
      env[n++] = environ[i];
  if (l->fd_names) {
    env[n++] = l->listen_pid;
    env[n++] = listen_fds;
    env[n++] = l->fd_names;
  }
  env[n] = NULL;
  return env;
}

static char **
make_script_argv (char *const argv[])
{
  static char shell[] = "/bin/sh";
  char **script_argv;
  size_t n = 0, i;

  while (argv[n] != NULL)
    n++;
  script_argv = reallocarray (NULL, n + 2, sizeof *script_argv);
  if (script_argv == NULL)
    return NULL;
  script_argv[0] = shell;
  script_argv[1] = NULL; /* the file, set by the child */
  for (i = 1; i <= n; ++i)
    script_argv[i + 1] = argv[i];
  return script_argv;
}

/* Returns a number above all open descriptors.  Some containers allow a
 * thousand million descriptors, which would take minutes to close one by one,
 * and none is that high.
 */
static int
largest_fd (void)
{
  const long open_max = sysconf (_SC_OPEN_MAX);

  return open_max < 0 || open_max > 65536 ? 65536 : (int) open_max;
}

static int
launch_init (struct launch *l, const char *file, char *const argv[],
             const int fds[2], const char *fd_name, struct child_io io)
{
  *l = (struct launch) {
    .argv = argv,
    .listen_pid = "LISTEN_PID=",
    .listen_fd = fds[0],
    .more_fd = fds[1],
    .io = io,
    .null_fd = -1,
    .report_fd = -1,
    .max_fd = largest_fd (),
    .parent = getpid (),
  };
  if (argv[0] == NULL) {
    errno = EINVAL;
    return -1;
  }
  l->files = list_files (file);
  l->script_argv = make_script_argv (argv);
  if (l->files == NULL || l->script_argv == NULL)
    return -1;
  if (fd_name && asprintf (&l->fd_names, "LISTEN_FDNAMES=%s", fd_name) == -1) {
    l->fd_names = NULL;
    return -1;
  }
  l->env = make_env (l);
  if (l->env == NULL)
    return -1;
  l->null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  return l->null_fd == -1 ? -1 : 0;
}

static void
launch_free (struct launch *l)
{
  if (l->null_fd != -1)
    close (l->null_fd);
  free (l->env);
  free (l->fd_names);
  free (l->files);
  free (l->script_argv);
}

/* -------------------------------------------- in the child, before exec */

static void
complete_listen_pid (char *listen_pid)
{
  char digits[24];
  size_t n = 0;
  pid_t pid = getpid ();

  for (; pid > 0; pid /= 10)
    digits[n++] = (char) ('0' + pid % 10);
  listen_pid += strlen (listen_pid);
  while (n > 0)
    *listen_pid++ = digits[--n];
  *listen_pid = '\0';
}

/* Resets all signals to their defaults.  The C library does not allow that for
 * the signals it reserves, but exec resets those.
 */
static void
reset_signals (void)
{
  struct sigaction action;
  int sig;

  memset (&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigemptyset (&action.sa_mask);
  for (sig = 1; sig < NSIG; ++sig)
    sigaction (sig, &action, NULL);
}

static void
close_from (int first, int max_fd)
{
  int fd;

#ifdef SYS_close_range
  if (syscall (SYS_close_range, (unsigned) first, ~0U, 0U) == 0)
    return;
#endif
  for (fd = first; fd < max_fd; ++fd)
    close (fd);
}

/* Moves a descriptor, if there is one, above the numbers to be arranged. */
static bool
lift (int *fd)
{
  const int lifted = *fd == -1 ? -1 : fcntl (*fd, F_DUPFD_CLOEXEC, SPARE_FD);

  if (*fd == -1)
    return true;
  if (lifted == -1)
    return false;
  close (*fd);
  *fd = lifted;
  return true;
}

/* Puts a descriptor on its number, or closes the number. */
static bool
put (int fd, int number)
{
  if (fd != -1)
    return dup2 (fd, number) != -1;
  close (number);
  return true;
}

/* Puts the descriptors on their numbers.  Ours may be anywhere, even on 0 to 5
 * if some of those were closed when we were started, so all are moved out of
 * the way first.
 */
static int
arrange_descriptors (struct launch *l)
{
  if (!lift (&l->report_fd) || !lift (&l->null_fd) || !lift (&l->listen_fd)
      || !lift (&l->more_fd) || !lift (&l->io.input) || !lift (&l->io.output)
      || !lift (&l->io.error))
    return -1;
  if (dup2 (l->io.input != -1 ? l->io.input : l->null_fd, STDIN_FILENO) == -1)
    return -1;
  if (l->io.error != -1 && dup2 (l->io.error, STDERR_FILENO) == -1)
    return -1;
  if (dup2 (STDERR_FILENO, STDOUT_FILENO) == -1
      && (dup2 (l->null_fd, STDOUT_FILENO) == -1
          || dup2 (l->null_fd, STDERR_FILENO) == -1))
    return -1;
  if (l->io.output != -1 && dup2 (l->io.output, STDOUT_FILENO) == -1)
    return -1;
  if (!put (l->listen_fd, LISTEN_FD) || !put (l->more_fd, MORE_FD))
    return -1;
  if (dup3 (l->report_fd, REPORT_FD, O_CLOEXEC) == -1)
    return -1;
  l->report_fd = REPORT_FD;
  close_from (SPARE_FD, l->max_fd);
  return 0;
}

/* Executes the first file that can be.  Returns only if none could be started,
 * with errno.
 */
static void
exec_first (struct launch *l)
{
  int err = ENOENT;
  char *file;

  for (file = l->files; *file != '\0'; file += strlen (file) + 1) {
    execve (file, l->argv, l->env);
    if (errno == ENOEXEC) {
      /* a script without "#!" is run as shells and execvp do */
      l->script_argv[1] = file;
      execve (l->script_argv[0], l->script_argv, l->env);
    }
    if (errno == EACCES)
      err = EACCES; /* more useful than ENOENT of the others */
    else if (errno != ENOENT && errno != ENOTDIR)
      return;
  }
  errno = err;
}

static void __attribute__ ((noreturn)) run_child (struct launch *l)
{
  sigset_t none;
  int err;

  complete_listen_pid (l->listen_pid);
  reset_signals ();
  if (prctl (PR_SET_PDEATHSIG, SIGTERM) == 0) {
    /* our parent may have died before the prctl call */
    if (getppid () != l->parent)
      _exit (EXIT_FAILURE);
    if (setpgid (0, 0) == 0 && arrange_descriptors (l) == 0) {
      sigemptyset (&none);
      pthread_sigmask (SIG_SETMASK, &none, NULL);
      exec_first (l);
    }
  }
  err = errno;
  /* the exit status is not used: the reader of the report reaps us */
  _exit (write (l->report_fd, &err, sizeof err) == sizeof err
           ? EXIT_FAILURE
           : EXIT_FAILURE + 1);
}

/* -------------------------------------------------------- in the guard */

/* Sends a signal to the process of a pidfd; does nothing if it has ended. */
static void
signal_pidfd (int pidfd, int signal_number)
{
  syscall (SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0U);
}

/* Returns whether the server ends by itself within this time. */
static bool
ends_within (int pidfd, int wait_ms)
{
  struct pollfd p = { .fd = pidfd, .events = POLLIN };

  return poll (&p, 1, wait_ms) == 1;
}

static void
end_firmly (int server)
{
  int i;

  for (i = 0; i < GUARD_TRIES; ++i) {
    signal_pidfd (server, SIGTERM);
    signal_pidfd (server, SIGCONT);
    if (ends_within (server,
                     i < GUARD_QUICK_TRIES ? GUARD_QUICK_PAUSE_MS
                                           : GUARD_PAUSE_MS))
      return;
  }
  signal_pidfd (server, SIGKILL);
}

static void
end_gently (int server)
{
  int wait_ms = GUARD_PAUSE_MS;

  while (!ends_within (server, wait_ms)) {
    signal_pidfd (server, SIGTERM);
    signal_pidfd (server, SIGCONT);
    wait_ms = GUARD_LONG_PAUSE_MS;
  }
}

/* Waits until the parent or the server ends, and ends the server if the parent
 * ended first.  Nothing but the two pidfds is open, and all signals are
 * blocked.
 */
static void __attribute__ ((noreturn))
run_guard (int server, enum child_guard how, pid_t parent, int max_fd)
{
  struct pollfd pfds[] = {
    { .fd = STDIN_FILENO, .events = POLLIN },
    { .fd = STDOUT_FILENO, .events = POLLIN },
  };
  int fd;

  setpgid (0, 0);
  fd = (int) syscall (SYS_pidfd_open, parent, 0);
  /* each may be on the number that the other needs */
  if (!lift (&server) || !lift (&fd) || dup2 (server, STDIN_FILENO) == -1
      || (fd != -1 && dup2 (fd, STDOUT_FILENO) == -1))
    _exit (EXIT_FAILURE);
  close_from (STDERR_FILENO, max_fd);

  /* the pidfd is our parent's only if it is still alive */
  if (getppid () == parent) {
    if (fd == -1)
      _exit (EXIT_FAILURE);
    while (poll (pfds, 2, -1) == -1)
      ;
  }
  if (how == GUARD_FIRMLY)
    end_firmly (STDIN_FILENO);
  else
    end_gently (STDIN_FILENO);
  _exit (EXIT_SUCCESS);
}

/* -------------------------------------------------------- in the parent */

void
child_guard (struct child *c, enum child_guard how)
{
  const pid_t parent = getpid ();
  const int max_fd = largest_fd ();
  sigset_t all, before;

  if (c->pidfd == -1)
    return;
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  c->guard = fork ();
  if (c->guard == 0)
    run_guard (c->pidfd, how, parent, max_fd);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (c->guard == -1)
    c->guard = 0;
}

/* Waits for a process that is ending or has ended. */
static int
reap (pid_t pid)
{
  int status;

  while (waitpid (pid, &status, 0) == -1)
    if (errno != EINTR)
      return STATUS_UNKNOWN; /* SIGCHLD is ignored, so the kernel reaped it */
  return status;
}

/* Waits until the child runs its program.  0, or the errno of the failed exec.
 */
static int
read_report (int fd)
{
  int err;
  ssize_t n;

  do
    n = read (fd, &err, sizeof err);
  while (n == -1 && errno == EINTR);
  if (n == -1)
    return errno;
  return n == sizeof err ? err : 0;
}

bool
child_exists (const char *program)
{
  char *files = list_files (program), *file;
  struct stat st;
  bool found = false;

  for (file = files; file != NULL && *file != '\0' && !found;
       file += strlen (file) + 1)
    found = stat (file, &st) == 0 && S_ISREG (st.st_mode)
      && access (file, X_OK) == 0;
  free (files);
  return found;
}

static int
start (struct child *c, const char *file, char *const argv[], const int fds[2],
       const char *fd_name, struct child_io io)
{
  struct launch l;
  int report[2], err;
  sigset_t all, before;
  pid_t pid;

  *c = (struct child) { .pidfd = -1 };

  if (launch_init (&l, file, argv, fds, fd_name, io) == -1
      || pipe2 (report, O_CLOEXEC) == -1) {
    err = errno;
    launch_free (&l);
    errno = err;
    return -1;
  }
  l.report_fd = report[1];

  /* our signal handlers must not run in the child */
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  pid = fork ();
  if (pid == 0)
    run_child (&l);
  err = errno;
  pthread_sigmask (SIG_SETMASK, &before, NULL);

  close (report[1]);
  if (pid > 0)
    err = read_report (report[0]);
  close (report[0]);
  launch_free (&l);

  if (pid == -1 || err != 0) {
    if (pid != -1)
      reap (pid);
    errno = err;
    return -1;
  }
  c->pid = pid;
  /* until we reap the child, its pid is not reused */
  c->pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  return 0;
}

int
child_start_with (struct child *c, char *const argv[], int listen_fd,
                  const char *fd_name, struct child_io io)
{
  const int fds[2] = { listen_fd, -1 };

  return start (c, argv[0], argv, fds, listen_fd == -1 ? NULL : fd_name, io);
}

int
child_start (struct child *c, char *const argv[], int listen_fd,
             const char *fd_name)
{
  if (listen_fd < 0) {
    *c = (struct child) { .pidfd = -1 };
    errno = EBADF;
    return -1;
  }
  return child_start_with (c, argv, listen_fd, fd_name, CHILD_IO_DEFAULT);
}

int
child_start_tool (struct child *c, char *const argv[], int output_fd)
{
  struct child_io io = CHILD_IO_DEFAULT;

  io.output = output_fd;
  return child_start_with (c, argv, -1, NULL, io);
}

int
child_start_as (struct child *c, const char *file, char *const argv[],
                const int fds[2], struct child_io io)
{
  return start (c, file, argv, fds, NULL, io);
}

/* Ends and reaps a child that is ending or has ended.  The rest of its group is
 * ended first, because the group's number can be reused once the child is
 * reaped.
 */
static void
end_group_and_reap (struct child *c)
{
  kill (-c->pid, SIGKILL);
  c->status = reap (c->pid);
  c->ended = true;
  if (c->guard != 0) /* the guard ends with the child */
    reap (c->guard);
  c->guard = 0;
  if (c->pidfd != -1)
    close (c->pidfd);
  c->pid = 0;
  c->pidfd = -1;
}

/* Returns whether the child has ended, so that reaping it does not wait. */
static bool
is_over (const struct child *c)
{
  siginfo_t info = { .si_pid = 0 };

  if (waitid (P_PID, (id_t) c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1)
    return errno == ECHILD;
  return info.si_pid != 0;
}

/* Waits for the child to end.  Returns false at the deadline or when
 * interrupt_fd becomes readable.
 */
static bool
wait_until (const struct child *c, uint64_t deadline, int interrupt_fd)
{
  struct pollfd pfds[] = {
    { .fd = c->pidfd, .events = POLLIN },
    { .fd = interrupt_fd, .events = POLLIN },
  };
  uint64_t now, next;

  while (!is_over (c)) {
    now = clock_now ();
    if (now >= deadline || pfds[1].revents != 0)
      return false;
    /* without a pidfd, poll does not return when the child ends */
    next = c->pidfd != -1 ? deadline : min_u64 (deadline, now + LOOK_AGAIN_NS);
    poll (pfds, 2, clock_poll_timeout (next, now));
  }
  return true;
}

void
child_signal (const struct child *c, int signal_number)
{
  if (c->pid != 0)
    kill (c->pid, signal_number);
}

bool
child_has_ended (struct child *c)
{
  if (c->pid == 0)
    return true;
  if (!is_over (c))
    return false;
  end_group_and_reap (c);
  return true;
}

bool
child_wait (struct child *c, uint64_t deadline, int interrupt_fd)
{
  if (c->pid == 0)
    return true;
  if (!wait_until (c, deadline, interrupt_fd))
    return false;
  end_group_and_reap (c);
  return true;
}

bool
child_end (struct child *c, uint64_t grace_ns, int interrupt_fd)
{
  bool in_time;

  if (c->pid == 0)
    return true;

  kill (-c->pid, SIGTERM);
  /* a stopped process, for example one that wrote to the terminal from the
   * background, would not notice the signal
   */
  kill (-c->pid, SIGCONT);

  in_time = wait_until (c, add_saturated (clock_now (), grace_ns),
                        interrupt_fd);
  end_group_and_reap (c);
  return in_time;
}

char *
child_describe (const struct child *c, char *buf, size_t size)
{
  if (!c->ended)
    snprintf (buf, size, "has not ended");
  else if (c->status == STATUS_UNKNOWN)
    snprintf (buf, size, "ended with an unknown status");
  else if (WIFSIGNALED (c->status))
    snprintf (buf, size, "was killed by signal %d (%s)", WTERMSIG (c->status),
              strsignal (WTERMSIG (c->status)));
  else
    snprintf (buf, size, "exited with status %d", WEXITSTATUS (c->status));
  return buf;
}
