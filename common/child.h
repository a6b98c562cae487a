/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child process that cannot outlive us: fork, exec, watch, end, reap.
 *
 * The child runs in a process group of its own, so that Ctrl-C at the terminal
 * reaches only us, and we end the child in order.  If the thread that started
 * it dies, the kernel sends it SIGTERM, so children must be started from the
 * main thread.  A server can also have a guard, a process that ends it after we
 * have ended.
 */

#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
  pid_t pid;   /* 0: none, or reaped */
  int pidfd;   /* readable once it has ended; -1: not supported (as under an
                  old valgrind): poll(2) ignores it, and child_has_ended must
                  be called regularly */
  int status;  /* as returned by wait(2), once reaped */
  bool ended;  /* reaped: status is valid */
  pid_t guard; /* process that ends the child if we end first; 0: none */
};

/* Returns whether PATH has such a program.  Starting it can still fail for
 * other reasons.
 */
bool child_exists (const char *program);

/* Holds the child's standard descriptors.  -1 means /dev/null for the input,
 * and our standard error for the output and the errors.
 */
struct child_io {
  int input, output, error;
};

#define CHILD_IO_DEFAULT                                                       \
  ((struct child_io) { .input = -1, .output = -1, .error = -1 })

/* Starts argv[0], which is looked up in PATH.  Standard input is /dev/null,
 * standard output goes to our standard error (our standard output may carry
 * data), and standard error is shared.  @listen_fd becomes descriptor 3 with
 * LISTEN_FDS=1, LISTEN_PID and LISTEN_FDNAMES=@fd_names (systemd socket
 * activation).  All other descriptors from 4 on are closed, all signals are at
 * their defaults and none is blocked.  Returns -1 with errno if the program
 * cannot be started: a failed exec is reported here (ENOENT, EACCES), not by an
 * exit status.
 */
int child_start (struct child *c, char *const argv[], int listen_fd,
                 const char *fd_name);

/* Does the same with other standard descriptors; a @listen_fd of -1 means no
 * socket.
 */
int child_start_with (struct child *c, char *const argv[], int listen_fd,
                      const char *fd_name, struct child_io io);

/* Does the same for a program that is not a server: it gets no socket, and its
 * standard output goes to @output_fd, or with -1 to our standard error.
 */
int child_start_tool (struct child *c, char *const argv[], int output_fd);

/* Starts @file, which is not looked up, as argv[0], with @fds as its descriptors
 * 3 and 4 (-1: none) and without the variables of socket activation.
 */
int child_start_as (struct child *c, const char *file, char *const argv[],
                    const int fds[2], struct child_io io);

/* How a guard ends a child. */
enum child_guard {
  GUARD_GENTLY, /* SIGTERM after two seconds and every thirty seconds after
                   that: for programs of others, which clean up */
  GUARD_FIRMLY  /* SIGTERM at once and often, SIGKILL after half a minute:
                   for programs that we know */
};

/* Starts a guard: a process that ends the child if we end first.  The kernel
 * sends SIGTERM then, but only once; a program that is just starting can lose
 * that signal (qemu-nbd does), and would then keep its files locked for ever.
 * If the process cannot be started, for example for lack of memory, there is no
 * guard.
 */
void child_guard (struct child *c, enum child_guard how);

/* Sends a signal to the child alone, not to its group; does nothing if the
 * child has ended.
 */
void child_signal (const struct child *c, int signal_number);

/* Returns whether the child has ended or was never started.  If it has ended,
 * ends the rest of its process group, whose number can be reused from then on,
 * and reaps the child.  Never waits.
 */
bool child_has_ended (struct child *c);

/* Waits for the child to end by itself, until the deadline (clock_now time) or
 * until @interrupt_fd (-1: none) is readable.  Returns true if it has ended;
 * then it is reaped.
 */
bool child_wait (struct child *c, uint64_t deadline, int interrupt_fd);

/* Sends SIGTERM to the child's process group, waits for at most @grace_ns or
 * until @interrupt_fd (-1: none) is readable, then sends SIGKILL and waits for
 * that.  Reaps the child and ends the rest of its group.  Returns true if the
 * child ended within the grace.  Does nothing for a zeroed struct or a child
 * that has ended, and returns true.
 */
bool child_end (struct child *c, uint64_t grace_ns, int interrupt_fd);

/* Describes how a child ended: "exited with status 1", "was killed by signal 9
 * (Killed)".  Returns @buf.
 */
char *child_describe (const struct child *c, char *buf, size_t size);

#endif /* CHILD_H */
