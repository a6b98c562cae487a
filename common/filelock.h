/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Locks between programs that use the same regular file: those that QEMU takes
 * on its disk images, and one more between copies.
 *
 * They are advisory, on bytes far from the data, and belong to the open file,
 * so they end when it is closed, however the process ends.  On a file system
 * without locks, no other program is kept out.
 */

#ifndef FILELOCK_H
#define FILELOCK_H

#include <stdbool.h>
#include <stdint.h>

enum file_use {
  FILE_READ,       /* others may not write to it */
  FILE_WRITE,      /* others may neither write to it nor rely on its content */
  FILE_WRITE_PART, /* others may write to other parts, as this copy does */
};

/* Returns whether another process has a lock that conflicts with this use.
 * Does not check the locks of parts.
 */
bool filelock_is_taken (int fd, enum file_use use);

/* Locks the file for this use; a writer must have opened it for writing.
 * @start and @end are the part that is written, in bytes and half open, and are
 * used for FILE_WRITE_PART only.  If two copies try at the same time, one gets
 * the lock.  Returns 0, or -1 if another process has it; then no lock is held.
 */
int filelock_take (int fd, enum file_use use, uint64_t start, uint64_t end);

#endif /* FILELOCK_H */
