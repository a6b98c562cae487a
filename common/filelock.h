/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks by which programs that work on the same regular file see each other:
 * those that QEMU takes on the files of its disks, and one more between copies.
 *
 * They are advice, on bytes far from what they are about, and belong to the
 * open file: they go when that is closed, however the process ends.  A file
 * system without locks has none, and nobody is kept out there.
 */

#ifndef FILELOCK_H
#define FILELOCK_H

#include <stdbool.h>
#include <stdint.h>

enum file_use {
  FILE_READ,       /* nobody may write to it meanwhile */
  FILE_WRITE,      /* nor may anybody rely on what is in it */
  FILE_WRITE_PART, /* others may write to other parts, as we do */
};

/* Whether another has a lock that this use does not go with.  Parts of the file
 * are not looked at.
 */
bool filelock_is_taken (int fd, enum file_use use);

/* Locks the file for this use; a writer has it open for writing.  start and end
 * are the part that is written, in bytes and half open, and count for
 * FILE_WRITE_PART alone.  Of two copies that come at the same time, one gets
 * it.  0, or -1 where another has a lock; no lock is held then.
 */
int filelock_take (int fd, enum file_use use, uint64_t start, uint64_t end);

#endif /* FILELOCK_H */
