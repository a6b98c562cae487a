/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command to which io_uring is refused, the way containers refuse it. */

#include <config.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
  struct sock_filter code[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {
    .len = sizeof code / sizeof code[0], .filter = code,
  };

  if (argc < 2)
    return 2;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
      || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
    perror ("refuse-uring: seccomp");
    return 77;
  }
  execvp (argv[1], argv + 1);
  perror (argv[1]);
  return 126;
}
