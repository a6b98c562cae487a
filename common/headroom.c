/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room within the limits of this process: see headroom.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "headroom.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool
can_map (size_t memory)
{
  void *p = mmap (NULL, memory, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  if (p == MAP_FAILED)
    return false;
  munmap (p, memory);
  return true;
}

static bool
can_open (unsigned descriptors)
{
  int fds[HEADROOM_DESCRIPTORS];
  unsigned n = 0;
  int err;

  while (n < descriptors
         && (fds[n] = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) != -1)
    n++;
  err = errno;
  for (unsigned i = 0; i < n; i++)
    close (fds[i]);
  errno = err;
  return n == descriptors;
}

bool
headroom_is_left (unsigned descriptors, size_t memory)
{
  bool left;

  assert (descriptors <= HEADROOM_DESCRIPTORS);
  pthread_mutex_lock (&lock);
  left = can_map (memory) && can_open (descriptors);
  pthread_mutex_unlock (&lock);
  return left;
}

/* Returns the bytes of address space in use: the first number of
 * /proc/self/statm (proc(5)).
 */
static uint64_t
used_addresses (void)
{
  FILE *f = fopen ("/proc/self/statm", "re");
  uint64_t pages = 0;

  if (f == NULL)
    return 0;
  if (fscanf (f, "%" SCNu64, &pages) != 1)
    pages = 0;
  fclose (f);
  return pages * sysconf (_SC_PAGESIZE);
}

uint64_t
headroom_addresses (void)
{
  struct rlimit limit;
  uint64_t taken;

  if (getrlimit (RLIMIT_AS, &limit) == -1 || limit.rlim_cur == RLIM_INFINITY)
    return UINT64_MAX;
  taken = used_addresses () + 2 * HEADROOM_MEMORY;
  return limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
}
