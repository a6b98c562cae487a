/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the processes on this machine that serve the two sides, by the sockets
 * on which they listen, without connecting to them.
 */

#ifndef BENCH_SERVERS_H
#define BENCH_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SERVERS_MAX 16

struct servers {
  pid_t pids[SERVERS_MAX];
  size_t n;
  bool all_known; /* each side is a server that was found, or that is on
                     another machine: the rest of this machine's work is that
                     of others */
};

/* Finds the servers of two NBD URIs.  NULL is a command in brackets, whose
 * server is a child of the copier; null: needs no server, and another name has
 * none that could be found.  Only processes whose descriptors we may see are
 * found.
 */
void servers_find (struct servers *s, const char *const sides[2]);

/* Returns the processor time that they and their children, such as those that
 * nbd-server starts for its clients, have used so far, in seconds.
 */
double servers_time (const struct servers *s);

#endif /* BENCH_SERVERS_H */
