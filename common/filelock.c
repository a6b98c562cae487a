/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks between programs that use the same file: see filelock.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "arith.h"
#include "filelock.h"

/* QEMU's protocol.  A program has a read lock on one byte for each kind of
 * access that it makes, and on another byte for each kind of access that it
 * denies to others.  After taking its locks it checks whether any other program
 * has a lock that conflicts.  The numbers are part of the protocol.
 */
#define DOES 100
#define DENIES 200
#define READS (1u << 0)
#define WRITES (1u << 1)
#define RESIZES (1u << 3)
#define BITS 4

/* Between copies: a write lock, which only one process can have, on one byte
 * for each unit of the file that is written.
 */
#define PARTS (INT64_C (1) << 62)
#define PART_UNIT MiB

struct rights {
  unsigned does, denies;
};

/* Returns the locks for a use.  Copies that write parts of the same file would
 * conflict with each other if they locked the accesses they make, so they only
 * deny: that keeps all other programs out.
 */
static struct rights
rights_of (enum file_use use)
{
  switch (use) {
  case FILE_READ:
    return (struct rights) { READS, WRITES | RESIZES };
  case FILE_WRITE:
    return (struct rights) { WRITES | RESIZES, WRITES | RESIZES };
  case FILE_WRITE_PART:
    break;
  }
  return (struct rights) { 0, READS | WRITES | RESIZES };
}

/* Sets a lock.  Fails only if another process has a conflicting lock. */
static bool
set_lock (int fd, short type, int64_t start, int64_t length)
{
  struct flock lock = {
    .l_type = type,
    .l_whence = SEEK_SET,
    .l_start = start,
    .l_len = length,
  };

  return fcntl (fd, F_OFD_SETLK, &lock) == 0
    || (errno != EAGAIN && errno != EACCES);
}

static bool
has_lock (int fd, int64_t at)
{
  struct flock lock = {
    .l_type = F_WRLCK,
    .l_whence = SEEK_SET,
    .l_start = at,
    .l_len = 1,
  };

  return fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

static bool
lock_bits (int fd, int64_t base, unsigned bits)
{
  for (unsigned i = 0; i < BITS; i++)
    if ((bits & 1u << i) && !set_lock (fd, F_RDLCK, base + i, 1))
      return false;
  return true;
}

static bool
any_has_bits (int fd, int64_t base, unsigned bits)
{
  for (unsigned i = 0; i < BITS; i++)
    if ((bits & 1u << i) && has_lock (fd, base + i))
      return true;
  return false;
}

static bool
lock_parts (int fd, enum file_use use, uint64_t start, uint64_t end)
{
  const int64_t first = start / PART_UNIT;

  if (use == FILE_READ || (use == FILE_WRITE_PART && start >= end))
    return true;
  if (use == FILE_WRITE) /* all possible accesses */
    return set_lock (fd, F_WRLCK, PARTS, 0);
  return set_lock (fd, F_WRLCK, PARTS + first,
                   (int64_t) ((end - 1) / PART_UNIT) + 1 - first);
}

bool
filelock_is_taken (int fd, enum file_use use)
{
  const struct rights r = rights_of (use);

  return any_has_bits (fd, DOES, r.denies) || any_has_bits (fd, DENIES, r.does);
}

int
filelock_take (int fd, enum file_use use, uint64_t start, uint64_t end)
{
  const struct rights r = rights_of (use);

  if (lock_parts (fd, use, start, end) && lock_bits (fd, DOES, r.does)
      && lock_bits (fd, DENIES, r.denies) && !filelock_is_taken (fd, use))
    return 0;
  set_lock (fd, F_UNLCK, 0, 0);
  return -1;
}
