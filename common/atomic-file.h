/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small file that is replaced as a whole, and that only one process at a time
 * can lock.
 *
 * Its name always leads to complete content, the old or the new, even if the
 * machine or the process stops.  The lock is on the file itself, so that no
 * lock file is left behind.  The file that replaces the old one is locked
 * before it gets the name.  After locking a file, a process checks that the
 * name still leads to it.
 */

#ifndef ATOMIC_FILE_H
#define ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct atomic_file { /* closing a zeroed one is safe */
  char *path;        /* owned, resolved; NULL: not open */
  int fd;            /* owned; has the lock */
  bool made;         /* created by this process */
};

/* Opens and locks the file.  If it does not exist and @make is set, creates it
 * empty.  Returns 0, or -1 with errno: EWOULDBLOCK when another process holds
 * it, EINVAL when it is not a regular file.
 */
int atomic_file_open (struct atomic_file *l, const char *path, bool make);

/* Reads the whole file.  The result is allocated, and has no final NUL.
 * Returns NULL with errno: EFBIG if the file is larger than @max.
 */
char *atomic_file_read (const struct atomic_file *l, size_t max,
                        size_t *length);

/* Replaces the content and waits until it is on stable storage.  The mode
 * stays.  Returns -1 with errno: then the file has the old content, or all of
 * the new.
 */
int atomic_file_replace (struct atomic_file *l, const char *text,
                         size_t length);

/* Flushes the folder of a file, so that its new name is on stable storage.  A
 * file system that cannot flush folders needs no flush.  Returns -1 with errno.
 */
int atomic_file_store_name (const char *path);

/* Checks that atomic_file_write can work: the path is free or a regular file,
 * or a symbolic link to one, and files can be created beside that.  Returns 0,
 * or -1 with errno: EINVAL when the path is not a regular file.
 */
int atomic_file_check (const char *path);

/* Replaces the file by one with this content and mode, without locking it and
 * without waiting until it is stored.  A symbolic link stays, and the file to
 * which it leads is replaced.  Returns -1 with errno: then the file has
 * the old content.
 */
int atomic_file_write (const char *path, mode_t mode, const char *text,
                       size_t length);

/* Does the same, with content that a function prints; it may be called twice.
 * Errors of the stream need not be checked there.
 */
int atomic_file_print (const char *path, mode_t mode,
                       void (*print) (FILE *f, const void *opaque),
                       const void *opaque);

/* Returns the mode of a new file that anybody may read and write as far as the
 * umask allows.  No other thread may create files meanwhile.
 */
mode_t atomic_file_new_mode (void);

/* Closes the file, and removes it if @remove is set. */
void atomic_file_close (struct atomic_file *l, bool remove);

#endif /* ATOMIC_FILE_H */
