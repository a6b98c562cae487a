/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A child process that cannot outlive us: fork, exec, watch, end, reap.
 *
 * The child runs in a process group of its own, so that a Ctrl-C at the
 * terminal reaches us alone and we end it in order.  If the thread that started
 * it dies, the kernel sends it SIGTERM: start children from the main thread.
 * A server can have a guard, too, a process that ends it when we have ended.
 */

#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
  pid_t pid;   /* 0: none, or reaped */
  int pidfd;   /* readable once it has ended; -1: none, also
                                   where the system cannot give one (under an
                                   old valgrind): poll(2) passes over it, then
                                   ask child_has_ended now and then */
  int status;  /* as wait(2) gives it, once reaped */
  bool ended;  /* reaped: status is valid */
  pid_t guard; /* ends the child when we end first; 0: none */
};

/* Whether PATH has such a program: then a start can still fail, but for other
 * reasons.
 */
bool child_exists (const char *program);

/* What takes the place of a child's standard descriptors: -1 stands for
 * /dev/null, for the child's standard error, and for our standard error.
 */
struct child_io {
  int input, output, error;
};

#define CHILD_IO_DEFAULT                                                       \
  ((struct child_io) { .input = -1, .output = -1, .error = -1 })

/* Starts argv[0], looked up in PATH, with standard input from /dev/null,
 * standard output sent to our standard error (ours may be carrying data), and
 * standard error shared.  listen_fd becomes descriptor 3 with
 * LISTEN_FDS=1, LISTEN_PID and LISTEN_FDNAMES=fd_name set (systemd socket
 * activation); every other descriptor from 4 on is closed.  All signals are at
 * their defaults and none is blocked.
 * Returns -1 with errno when the program cannot be started: a failed exec is
 * reported here (ENOENT, EACCES), not by an exit status.
 */
int child_start (struct child *c, char *const argv[], int listen_fd,
                 const char *fd_name);

/* The same with other standard descriptors; a listen_fd of -1 stands for no
 * socket.
 */
int child_start_with (struct child *c, char *const argv[], int listen_fd,
                      const char *fd_name, struct child_io io);

/* The same for a program that is no server: it gets no socket, and its standard
 * output goes to output_fd, or with -1 to our standard error.
 */
int child_start_tool (struct child *c, char *const argv[], int output_fd);

/* Starts file, not looked up, under the name argv[0], with fd as its descriptor
 * 3 and nothing said of it.
 */
int child_start_as (struct child *c, const char *file, char *const argv[],
                    int fd, struct child_io io);

/* How a guard ends a child. */
enum child_guard {
  GUARD_GENTLY, /* SIGTERM after two seconds, and again after
                                   each thirty: others' programs clean up */
  GUARD_FIRMLY  /* SIGTERM at once and often, SIGKILL after half
                                   a minute: programs that we know */
};

/* Starts a process that ends the child when we end first.  The kernel sends it
 * SIGTERM then, but once, and a program that is just starting may forget that
 * (qemu-nbd does) and would keep its files locked for ever.  Where the process
 * cannot be had, for want of memory for example, there is none.
 */
void child_guard (struct child *c, enum child_guard how);

/* Sends a signal to the child alone, not to its group; nothing where it has
 * ended.
 */
void child_signal (const struct child *c, int signal_number);

/* Whether it has ended (or was never started); if so, ends what is left of its
 * process group, whose number is free for others from then on, and reaps it.
 * Never waits.
 */
bool child_has_ended (struct child *c);

/* Waits for it to end by itself, until the deadline (clock_now time) or until
 * interrupt_fd (-1: none) is readable.  True when it has ended; then it is reaped.
 */
bool child_wait (struct child *c, uint64_t deadline, int interrupt_fd);

/* Sends SIGTERM to its process group, waits for at most grace_ns, or until
 * interrupt_fd (-1: none) is readable, then sends SIGKILL and waits for that.
 * Reaps it.  Returns true when it ended within the grace.  Also ends what is
 * left of its process group.  Nothing on a zeroed struct or one that has ended
 * (then true).
 */
bool child_end (struct child *c, uint64_t grace_ns, int interrupt_fd);

/* "exited with status 1", "was killed by signal 9 (Killed)", for a child that
 * has ended.  Returns buf.
 */
char *child_describe (const struct child *c, char *buf, size_t size);

#endif /* CHILD_H */
