/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real child processes: started, watched, ended, and never left behind. */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

/* Only a failing test waits this long, as long as a behaviour test would. */
#define PATIENCE_MS 600000
#define GRACE (600 * NS_PER_S)

/* One end of a socket for the child, as its descriptor 3, to say and to hear
 * things; it closes when the last process that holds it is gone.  Both are
 * lifted out of the way of the low numbers.
 */
static int ours, theirs;

static bool have_pidfd;

static int
make_line (void **state UNUSED)
{
  int fd[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1)
    return -1;
  ours = fcntl (fd[0], F_DUPFD_CLOEXEC, 60);
  theirs = fcntl (fd[1], F_DUPFD_CLOEXEC, 60);
  close (fd[0]);
  close (fd[1]);
  return ours == -1 || theirs == -1 ? -1 : 0;
}

static int
close_line (void **state UNUSED)
{
  close (ours);
  if (theirs != -1)
    close (theirs);
  return 0;
}

static void
hang_up_theirs (void)
{
  close (theirs);
  theirs = -1;
}

static bool
readable (int fd, int timeout_ms)
{
  struct pollfd pfd = { .fd = fd, .events = POLLIN };
  int r;

  do
    r = poll (&pfd, 1, timeout_ms);
  while (r == -1 && errno == EINTR);
  return r > 0;
}

/* One line from a descriptor, without its end; "" at the end of the file. */
static void
read_line (int fd, char *line, size_t size)
{
  size_t n = 0;
  ssize_t r;

  while (n < size - 1) {
    assert_true (readable (fd, PATIENCE_MS));
    r = read (fd, line + n, 1);
    assert_true (r >= 0);
    if (r == 0 || line[n] == '\n')
      break;
    n++;
  }
  line[n] = '\0';
}

static void
assert_line (const char *expected)
{
  char line[256];

  read_line (ours, line, sizeof line);
  assert_string_equal (line, expected);
}

/* The other end of the line is closed. */
static void
assert_all_are_gone (void)
{
  char byte;

  assert_int_equal (theirs, -1);
  assert_true (readable (ours, PATIENCE_MS));
  assert_int_equal (read (ours, &byte, 1), 0);
}

static void
start_shell (struct child *c, const char *script)
{
  char sh[] = "sh", dash_c[] = "-c";
  char *text = strdup (script);
  char *argv[] = { sh, dash_c, text, NULL };

  assert_non_null (text);
  assert_int_equal (child_start (c, argv, theirs, "line"), 0);
  free (text);
  hang_up_theirs ();
  assert_true (c->pid > 0);
  assert_false (c->ended);
}

/* Once the pidfd is readable the child has ended: at once, not soon after.
 * Where there is none (an old valgrind, or a child that the kernel has reaped
 * already), child_has_ended must be enough.
 */
static bool
wait_for_end (struct child *c)
{
  uint64_t limit = clock_now () + PATIENCE_MS * NS_PER_MS;

  if (c->pidfd != -1)
    return readable (c->pidfd, PATIENCE_MS) && child_has_ended (c);
  while (!child_has_ended (c))
    if (clock_now () > limit)
      return false;
  return true;
}

static void
wait_and_assert_status (struct child *c, int status)
{
  assert_true (wait_for_end (c));
  assert_true (c->ended);
  assert_int_equal (c->pid, 0);
  assert_int_equal (c->pidfd, -1);
  assert_true (WIFEXITED (c->status));
  assert_int_equal (WEXITSTATUS (c->status), status);
}

/* Neither a process nor a descriptor is left behind. */
static void
assert_start_fails (const char *program, int listen_fd, int err)
{
  char *name = strdup (program);
  char *argv[] = { name, NULL };
  struct child c;
  int before, after;

  assert_non_null (name);
  before = dup (STDERR_FILENO);
  close (before);
  memset (&c, 0xa5, sizeof c);
  errno = 0;
  assert_int_equal (child_start (&c, argv, listen_fd, "line"), -1);
  assert_int_equal (errno, err);
  free (name);

  after = dup (STDERR_FILENO);
  close (after);
  assert_int_equal (after, before);
  assert_int_equal (c.pid, 0);
  assert_int_equal (c.pidfd, -1);
  assert_false (c.ended);
  assert_int_equal (waitpid (-1, NULL, WNOHANG), -1);
  assert_int_equal (errno, ECHILD);
  assert_true (child_end (&c, 0, -1));
}

/* ----------------------------------------------------------------- tests */

/* The child gets no variables about the descriptor, and may have any name. */
static void
file_is_started_under_another_name (void **state UNUSED)
{
  char name[] = "another name", dash_c[] = "-c";
  char script[] =
    "printf '%s\\n' \"$0\" \"${LISTEN_FDS-none}\" >&3; echo out >&4";
  char *argv[] = { name, dash_c, script, NULL };
  struct child c;
  int out[2];
  char byte;

  assert_int_equal (pipe2 (out, O_CLOEXEC), 0);
  assert_int_equal (child_start_as (&c, "/bin/sh", argv,
                                    (int[2]) { theirs, out[1] },
                                    CHILD_IO_DEFAULT),
                    0);
  close (out[1]);
  hang_up_theirs ();
  assert_line ("another name");
  assert_line ("none");
  assert_int_equal (read (out[0], &byte, 1), 1);
  assert_int_equal (byte, 'o');
  close (out[0]);
  wait_and_assert_status (&c, 0);
  assert_all_are_gone ();
}

static void
signal_is_for_the_child_alone (void **state UNUSED)
{
  struct child c;

  start_shell (&c,
               "trap 'echo got >&3; exit 7' USR1; echo up >&3;"
               " sleep 100000 & while :; do sleep 0.01; done");
  assert_line ("up");
  child_signal (&c, SIGUSR1);
  assert_line ("got");
  wait_and_assert_status (&c, 7);
  child_signal (&c, SIGUSR1); /* the child is gone */
  assert_all_are_gone ();
}

static void
program_that_cannot_start_is_an_error (void **state UNUSED)
{
  char *none[] = { NULL };
  struct child c;

  assert_start_fails ("/nonexistent/program", theirs, ENOENT);
  assert_start_fails ("no-such-program-anywhere", theirs, ENOENT);
  assert_start_fails ("", theirs, ENOENT);
  assert_start_fails ("/", theirs, EACCES);
  assert_start_fails ("/dev/null", theirs, EACCES);
  assert_start_fails ("sh", -1, EBADF);

  errno = 0;
  assert_int_equal (child_start (&c, none, theirs, "line"), -1);
  assert_int_equal (errno, EINVAL);
}

#define PROGRAM_PATH_MAX (PATH_MAX + 8)

/* A file in a new directory; the directory's name goes to dir. */
static void
make_program (char dir[PATH_MAX], char path[PROGRAM_PATH_MAX], const char *text,
              mode_t mode)
{
  FILE *fp;

  temporary_name (dir);
  assert_non_null (mkdtemp (dir));
  snprintf (path, PROGRAM_PATH_MAX, "%s/program", dir);
  fp = fopen (path, "we");
  assert_non_null (fp);
  assert_true (fputs (text, fp) >= 0);
  assert_int_equal (fclose (fp), 0);
  assert_int_equal (chmod (path, mode), 0);
}

static void
program_is_looked_up_in_path (void **state UNUSED)
{
  char *before = strdup (getenv ("PATH"));
  char dir[2][PATH_MAX], path[2][PROGRAM_PATH_MAX];
  char search[3 * PATH_MAX], program[] = "program";
  char *argv[] = { program, program, NULL };
  struct child c;

  assert_non_null (before);
  make_program (dir[0], path[0], "#!/bin/sh\nexit 1\n", 0600);
  make_program (dir[1], path[1], "#!/bin/sh\necho \"$0 $1\" >&3\n", 0700);

  /* Missing, not a directory, not executable: none of these ends the search. */
  snprintf (search, sizeof search, "/nonexistent:/dev/null:%s:%s:/usr/bin:/bin",
            dir[0], dir[1]);
  setenv ("PATH", search, 1);
  assert_int_equal (child_start (&c, argv, theirs, "line"), 0);
  snprintf (search, sizeof search, "%s program", path[1]);
  assert_line (search);
  wait_and_assert_status (&c, 0);

  /* But the error is about the file that exists. */
  snprintf (search, sizeof search, "/nonexistent:%s:/nonexistent", dir[0]);
  setenv ("PATH", search, 1);
  assert_start_fails ("program", theirs, EACCES);

  /* An empty entry is the current directory. */
  setenv ("PATH", "/nonexistent:", 1);
  assert_start_fails ("no-such-program-anywhere", theirs, ENOENT);

  setenv ("PATH", before, 1);
  free (before);
  unlink (path[0]);
  unlink (path[1]);
  rmdir (dir[0]);
  rmdir (dir[1]);
}

static void
script_without_interpreter_is_run_by_the_shell (void **state UNUSED)
{
  char dir[PATH_MAX], path[PROGRAM_PATH_MAX];
  char one[] = "one", two[] = "two words";
  char *argv[] = { path, one, two, NULL };
  struct child c;

  make_program (dir, path, "echo \"$#,$1,$2\" >&3\nexit 5\n", 0700);
  assert_int_equal (child_start (&c, argv, theirs, "line"), 0);
  assert_line ("2,one,two words");
  wait_and_assert_status (&c, 5);
  unlink (path);
  rmdir (dir);
}

static void
child_finds_its_socket_as_systemd_would_give_it (void **state UNUSED)
{
  char line[256], expected[256];
  struct child c;

  /* Variables of our own socket activation. */
  setenv ("LISTEN_PID", "1", 1);
  setenv ("LISTEN_FDS", "7", 1);
  setenv ("LISTEN_FDNAMES", "wrong", 1);
  setenv ("LISTEN_PIDFDID", "99", 1);
  setenv ("UNIT_CHILD", "kept", 1);
  start_shell (&c,
               "echo \"$LISTEN_FDS $LISTEN_PID $$ $LISTEN_FDNAMES"
               " ${LISTEN_PIDFDID-none} $UNIT_CHILD\" >&3;"
               "env | grep -c ^LISTEN_ >&3; read x <&3; exit 7");
  unsetenv ("LISTEN_PID");
  unsetenv ("LISTEN_FDS");
  unsetenv ("LISTEN_FDNAMES");
  unsetenv ("LISTEN_PIDFDID");
  unsetenv ("UNIT_CHILD");

  snprintf (expected, sizeof expected, "1 %d %d line none kept", (int) c.pid,
            (int) c.pid);
  read_line (ours, line, sizeof line);
  assert_string_equal (line, expected);
  assert_line ("3");

  /* The child waits for us, so it is running, and leads a group of its own. */
  if (have_pidfd) {
    assert_true (c.pidfd >= 0);
    assert_true (fcntl (c.pidfd, F_GETFD) & FD_CLOEXEC);
    assert_false (readable (c.pidfd, 0));
  }
  assert_false (child_has_ended (&c));
  assert_int_equal (getpgid (c.pid), c.pid);

  assert_int_equal (write (ours, "go\n", 3), 3);
  wait_and_assert_status (&c, 7);
  assert_string_equal (child_describe (&c, line, sizeof line),
                       "exited with status 7");

  /* The status does not change any more. */
  assert_true (child_has_ended (&c));
  assert_true (child_end (&c, 0, -1));
  assert_int_equal (WEXITSTATUS (c.status), 7);
  assert_all_are_gone ();
}

static void
socket_that_is_descriptor_3_already_stays_open (void **state UNUSED)
{
  int saved = fcntl (3, F_DUPFD_CLOEXEC, 60);
  struct child c;

  assert_int_equal (dup3 (theirs, 3, O_CLOEXEC), 3);
  close (theirs);
  theirs = 3;
  start_shell (&c, "echo here >&3");
  if (saved != -1) {
    dup3 (saved, 3, O_CLOEXEC);
    close (saved);
  }
  assert_line ("here");
  wait_and_assert_status (&c, 0);
}

static void
child_has_no_other_descriptors (void **state UNUSED)
{
  char script[512], line[16];
  struct child c;
  int low[6], said[2], saved, i;

  /* Inheritable ones, low and high. */
  for (i = 0; i < 6; ++i) {
    low[i] = fcntl (STDERR_FILENO, F_DUPFD, 4);
    assert_true (low[i] != -1);
  }
  assert_int_equal (dup2 (STDERR_FILENO, 50), 50);
  /* A standard error whose output we can read. */
  assert_int_equal (pipe2 (said, O_CLOEXEC), 0);
  saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 60);
  dup2 (said[1], STDERR_FILENO);

  snprintf (script, sizeof script,
            "for n in 4 %d %d %d %d %d 50 %d; do"
            "  if test -e /proc/$$/fd/$n; then echo open $n >&3; fi;"
            "done;"
            "readlink /proc/$$/fd/0 >&3;"
            "echo output; echo error >&2",
            low[0], low[1], low[2], low[3], low[4], ours);
  start_shell (&c, script);
  dup2 (saved, STDERR_FILENO);
  close (saved);
  close (said[1]);
  close (50);
  for (i = 0; i < 6; ++i)
    close (low[i]);

  assert_line ("/dev/null");
  read_line (said[0], line, sizeof line);
  assert_string_equal (line, "output");
  read_line (said[0], line, sizeof line);
  assert_string_equal (line, "error");
  wait_and_assert_status (&c, 0);
  read_line (said[0], line, sizeof line);
  assert_string_equal (line, "");
  close (said[0]);
}

static void
child_starts_where_descriptors_0_to_2_are_closed (void **state UNUSED)
{
  struct child c;
  int status;
  pid_t pid;

  /* In a process of its own, so that cmocka keeps its output. */
  pid = fork ();
  if (pid == 0) {
    char sh[] = "sh", dash_c[] = "-c";
    /* Read before any redirection, which moves the shell's own descriptors. */
    char text[] = "for n in 0 1 2; do"
                  "  all=\"$all $(readlink /proc/$$/fd/$n)\";"
                  "done; echo $all >&3";
    char *argv[] = { sh, dash_c, text, NULL };

    char none[] = "/nonexistent/program";
    char *none_argv[] = { none, NULL };

    close (0);
    close (1);
    close (2);
    /* The report of a failure arrives from there, too. */
    if (child_start (&c, none_argv, theirs, "line") != -1 || errno != ENOENT)
      _exit (2);
    _exit (child_start (&c, argv, theirs, "line") == 0 && wait_for_end (&c)
               && c.status == 0
             ? 0
             : 1);
  }
  assert_true (pid > 0);
  hang_up_theirs ();
  assert_line ("/dev/null /dev/null /dev/null");
  assert_all_are_gone ();
  assert_int_equal (waitpid (pid, &status, 0), pid);
  assert_int_equal (status, 0);
}

/* The C library reserves signals 32 and 33 and does not let programs change
 * them, so our parent may have left them ignored.
 */
static void
assert_ignored_signals (uint64_t expected)
{
  const uint64_t of_the_c_library = UINT64_C (3) << 31;
  uint64_t ignored;
  char line[256];

  read_line (ours, line, sizeof line);
  assert_int_equal (sscanf (line, "SigIgn: %" SCNx64, &ignored), 1);
  assert_int_equal (ignored & ~of_the_c_library, expected);
}

static void
signals_are_at_their_defaults (void **state UNUSED)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN }, pipe_was, usr1_was;
  sigset_t block, was, now;
  struct child c;

  sigaction (SIGPIPE, &ignore, &pipe_was);
  sigaction (SIGUSR1, &ignore, &usr1_was);
  sigemptyset (&block);
  sigaddset (&block, SIGTERM);
  sigaddset (&block, SIGUSR2);
  sigprocmask (SIG_BLOCK, &block, &was);

  start_shell (&c, "exec grep -E '^Sig(Blk|Ign)' /proc/self/status >&3");

  /* Ours are as before. */
  sigprocmask (SIG_SETMASK, &was, &now);
  assert_true (sigismember (&now, SIGTERM));
  assert_true (sigismember (&now, SIGUSR2));
  assert_false (sigismember (&now, SIGINT));
  sigaction (SIGUSR1, &usr1_was, &ignore);
  assert_true (ignore.sa_handler == SIG_IGN);
  sigaction (SIGPIPE, &pipe_was, NULL);

  assert_line ("SigBlk:\t0000000000000000");
  assert_ignored_signals (0);
  wait_and_assert_status (&c, 0);
}

static void
end_by_term_is_within_the_grace (void **state UNUSED)
{
  char text[64];
  struct child c;

  start_shell (&c, "echo ready >&3; exec sleep 100000");
  assert_line ("ready");
  assert_string_equal (child_describe (&c, text, sizeof text), "has not ended");
  assert_true (child_end (&c, GRACE, -1));
  assert_true (c.ended);
  assert_int_equal (c.pid, 0);
  assert_int_equal (c.pidfd, -1);
  assert_true (WIFSIGNALED (c.status));
  assert_int_equal (WTERMSIG (c.status), SIGTERM);
  assert_string_equal (child_describe (&c, text, sizeof text),
                       "was killed by signal 15 (Terminated)");
  assert_all_are_gone ();
  assert_true (child_end (&c, GRACE, -1));
}

static void
child_may_use_its_grace_to_end_in_order (void **state UNUSED)
{
  struct child c;

  /* A shell that is about to read would only run its trap after that. */
  start_shell (&c,
               "trap 'echo ending >&3; exit 3' TERM; echo ready >&3;"
               "while :; do sleep 0.01; done");
  assert_line ("ready");
  assert_true (child_end (&c, GRACE, -1));
  assert_true (WIFEXITED (c.status));
  assert_int_equal (WEXITSTATUS (c.status), 3);
  assert_line ("ending");
}

static void
stopped_child_is_ended_too (void **state UNUSED)
{
  struct child c;
  siginfo_t info;

  start_shell (&c, "echo ready >&3; exec sleep 100000");
  assert_line ("ready");
  kill (c.pid, SIGSTOP);
  assert_int_equal (waitid (P_PID, (id_t) c.pid, &info, WSTOPPED | WNOWAIT), 0);
  assert_true (child_end (&c, GRACE, -1));
  assert_int_equal (WTERMSIG (c.status), SIGTERM);
}

static void
on_alarm (int sig UNUSED)
{
}

static void
child_that_ignores_term_is_killed_after_the_grace (void **state UNUSED)
{
  const struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
  const struct itimerval never = { { 0, 0 }, { 0, 0 } };
  struct sigaction action = { .sa_handler = on_alarm }, before;
  uint64_t started;
  char text[64];
  struct child c;

  start_shell (&c, "trap '' TERM; echo ready >&3; sleep 100000; sleep 100000");
  assert_line ("ready");

  /* Signals that interrupt the wait neither end nor prolong it. */
  sigaction (SIGALRM, &action, &before);
  setitimer (ITIMER_REAL, &often, NULL);
  started = clock_now ();
  assert_false (child_end (&c, 100 * NS_PER_MS, -1));
  setitimer (ITIMER_REAL, &never, NULL);
  sigaction (SIGALRM, &before, NULL);

  assert_true (clock_now () - started >= 100 * NS_PER_MS);
  assert_true (clock_now () - started < PATIENCE_MS * NS_PER_MS);
  assert_true (WIFSIGNALED (c.status));
  assert_int_equal (WTERMSIG (c.status), SIGKILL);
  assert_string_equal (child_describe (&c, text, sizeof text),
                       "was killed by signal 9 (Killed)");
  assert_all_are_gone ();
}

static void
grandchild_that_ignores_term_dies_with_the_child (void **state UNUSED)
{
  struct child c;

  start_shell (&c, "(trap '' TERM; echo ready >&3; exec sleep 100000) & wait");
  assert_line ("ready");
  assert_true (child_end (&c, GRACE, -1));
  assert_int_equal (WTERMSIG (c.status), SIGTERM);
  assert_all_are_gone ();
}

static void
grandchild_dies_when_the_child_ends_by_itself (void **state UNUSED)
{
  struct child c;

  start_shell (&c, "sleep 100000 & exit 4");
  wait_and_assert_status (&c, 4);
  assert_all_are_gone ();
}

static void
child_dies_with_a_parent_that_is_killed (void **state UNUSED)
{
  struct child c;
  int status;
  pid_t pid;

  pid = fork ();
  if (pid == 0) {
    char sh[] = "sh", dash_c[] = "-c";
    char text[] = "echo ready >&3; exec sleep 100000";
    char *argv[] = { sh, dash_c, text, NULL };

    if (child_start (&c, argv, theirs, "line") == -1)
      _exit (1);
    for (;;)
      pause ();
  }
  assert_true (pid > 0);
  hang_up_theirs ();
  assert_line ("ready");
  assert_int_equal (kill (pid, SIGKILL), 0);
  assert_int_equal (waitpid (pid, &status, 0), pid);
  assert_true (WIFSIGNALED (status));
  assert_all_are_gone ();
}

static void
a_status_that_is_lost_is_unknown (void **state UNUSED)
{
  struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
  char text[64];
  struct child c;

  /* The kernel then reaps our children for us. */
  sigaction (SIGCHLD, &ignore, &before);
  start_shell (&c, "exit 3");
  assert_true (wait_for_end (&c));
  sigaction (SIGCHLD, &before, NULL);
  assert_true (c.ended);
  assert_string_equal (child_describe (&c, text, sizeof text),
                       "ended with an unknown status");
}

/* A child that is not a server. */
static void
start_plain_shell (struct child *c, const char *script)
{
  char sh[] = "sh", dash_c[] = "-c";
  char *text = strdup (script);
  char *argv[] = { sh, dash_c, text, NULL };

  assert_non_null (text);
  assert_int_equal (child_start_tool (c, argv, theirs), 0);
  free (text);
}

static void
child_without_a_socket_hears_of_none (void **state UNUSED)
{
  struct child c;

  setenv ("LISTEN_FDS", "1", 1);
  start_plain_shell (&c,
                     "[ -z \"$LISTEN_FDS$LISTEN_PID$LISTEN_FDNAMES\" ]"
                     " && [ ! -e /proc/$$/fd/3 ] && echo none && exit 5");
  assert_line ("none");
  wait_and_assert_status (&c, 5);
  unsetenv ("LISTEN_FDS");
}

static void
waiting_ends_with_the_child_or_the_deadline (void **state UNUSED)
{
  struct child c = { .pid = 0 };

  assert_true (child_wait (&c, 0, -1));

  start_plain_shell (&c, "exit 7");
  assert_true (child_wait (&c, clock_now () + GRACE, -1));
  assert_true (c.ended);
  assert_int_equal (WEXITSTATUS (c.status), 7);

  start_plain_shell (&c, "sleep 100000");
  assert_false (child_wait (&c, clock_now () + NS_PER_MS, -1));
  assert_false (c.ended);
  /* Once our descriptor is readable, the child is to be ended at once.  Nothing
   * else ends this wait.
   */
  assert_int_equal (write (theirs, "!", 1), 1);
  assert_false (child_wait (&c, UINT64_MAX, ours));
  assert_true (child_end (&c, GRACE, -1));
}

static void
programs_are_looked_for_in_path (void **state UNUSED)
{
  assert_true (child_exists ("sh"));
  assert_true (child_exists ("/bin/sh"));
  assert_false (child_exists ("no-such-program"));
  assert_false (child_exists ("/"));
  assert_false (child_exists ("/etc/passwd"));
  assert_false (child_exists (""));
}

static void
zeroed_struct_has_nothing_to_end (void **state UNUSED)
{
  struct child c = { .pid = 0 };

  assert_true (child_has_ended (&c));
  assert_true (child_end (&c, 0, -1));
  assert_false (c.ended);
  /* Its descriptor 0 is not ours. */
  assert_true (fcntl (STDIN_FILENO, F_GETFD) != -1 || errno != EBADF);
}

#define TEST(f) cmocka_unit_test_setup_teardown (f, make_line, close_line)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    TEST (file_is_started_under_another_name),
    TEST (signal_is_for_the_child_alone),
    TEST (program_that_cannot_start_is_an_error),
    TEST (program_is_looked_up_in_path),
    TEST (script_without_interpreter_is_run_by_the_shell),
    TEST (child_finds_its_socket_as_systemd_would_give_it),
    TEST (socket_that_is_descriptor_3_already_stays_open),
    TEST (child_has_no_other_descriptors),
    TEST (child_starts_where_descriptors_0_to_2_are_closed),
    TEST (signals_are_at_their_defaults),
    TEST (end_by_term_is_within_the_grace),
    TEST (child_may_use_its_grace_to_end_in_order),
    TEST (stopped_child_is_ended_too),
    TEST (child_that_ignores_term_is_killed_after_the_grace),
    TEST (grandchild_that_ignores_term_dies_with_the_child),
    TEST (grandchild_dies_when_the_child_ends_by_itself),
    TEST (child_dies_with_a_parent_that_is_killed),
    TEST (a_status_that_is_lost_is_unknown),
    TEST (child_without_a_socket_hears_of_none),
    TEST (waiting_ends_with_the_child_or_the_deadline),
    cmocka_unit_test (programs_are_looked_for_in_path),
    cmocka_unit_test (zeroed_struct_has_nothing_to_end),
  };
  int pidfd = (int) syscall (SYS_pidfd_open, getpid (), 0);

  have_pidfd = pidfd != -1;
  if (have_pidfd)
    close (pidfd);
  return cmocka_run_group_tests (tests, NULL, NULL);
}
