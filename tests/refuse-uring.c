/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command without io_uring, which is refused as containers do it:
 *
 *   refuse-uring [--zeroing=ERRNO] COMMAND...
 *
 * With --zeroing, each way to make zeroes in a file or a block device fails
 * with this errno, too.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ZEROING "--zeroing="

/* The low half of the system call's second argument. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define ARGUMENT (offsetof (struct seccomp_data, args[1]) + 4)
#else
#define ARGUMENT offsetof (struct seccomp_data, args[1])
#endif

#define RETURN(what) BPF_STMT (BPF_RET | BPF_K, (what))
#define LOAD(offset) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, (offset))
#define JUMP(how, k, yes, no)                                                  \
  BPF_JUMP (BPF_JMP | (how) | BPF_K, (k), (yes), (no))

int
main (int argc, char **argv)
{
  const int zeroing = argc > 1
      && strncmp (argv[1], ZEROING, strlen (ZEROING)) == 0
    ? atoi (argv[1] + strlen (ZEROING))
    : 0;
  struct sock_filter code[] = {
    LOAD (offsetof (struct seccomp_data, nr)),
    JUMP (BPF_JEQ, SYS_io_uring_setup, 0, 1),
    RETURN (SECCOMP_RET_ERRNO | EPERM),
    JUMP (BPF_JEQ, SYS_fallocate, 0, 2),
    LOAD (ARGUMENT),
    JUMP (BPF_JSET, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE, 3, 4),
    JUMP (BPF_JEQ, SYS_ioctl, 0, 3),
    LOAD (ARGUMENT),
    JUMP (BPF_JEQ, BLKZEROOUT, 0, 1),
    RETURN (zeroing ? SECCOMP_RET_ERRNO | (unsigned) zeroing
                    : SECCOMP_RET_ALLOW),
    RETURN (SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {
    .len = sizeof code / sizeof code[0],
    .filter = code,
  };
  char **command = argv + (zeroing ? 2 : 1);

  if (argc < 2 || *command == NULL)
    return 2;
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
      || prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1) {
    perror ("refuse-uring: seccomp");
    return 77;
  }
  execvp (*command, command);
  perror (*command);
  return 126;
}
