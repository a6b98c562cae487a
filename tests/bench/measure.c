/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a command and prints how it ended and how long it took:
 *
 *     measure SECONDS COMMAND ARGS...
 *     STATUS WALL
 *
 * on descriptor 3.  STATUS is the command's exit status, or "late" if it was
 * ended after SECONDS, or 128 and the signal's number.
 */

#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/guard.h"
#include "bench/measure.h"
#include "clock.h"

int
main (int argc, char **argv)
{
  struct measured_command c = { .argv = argv + 2,
                                .output = -1,
                                .interrupt_fd = -1 };
  struct costs costs;

  if (argc < 3) {
    fprintf (stderr, "usage: %s SECONDS COMMAND ARGS...\n", argv[0]);
    return 2;
  }
  c.limit = (uint64_t) (atof (argv[1]) * NS_PER_S);
  fcntl (3, F_SETFD, FD_CLOEXEC);
  if (measure_command (&c, &costs) == -1) {
    perror (argv[0]);
    return 2;
  }
  guard_end ();
  if (costs.ending == ENDING_LATE)
    dprintf (3, "late %.4f\n", costs.wall);
  else
    dprintf (3, "%d %.4f\n", costs.status, costs.wall);
  return 0;
}
