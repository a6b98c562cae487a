/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small file that one process at a time holds, and replaces as a whole.
 *
 * Under its name there is always something complete, the old content or the
 * new, whenever the machine or the process ends.  The lock is on the file
 * itself, so that nothing else stays behind.  Replacing puts another file under
 * the name: that one is locked before it gets there, and whoever has locked a
 * file looks whether it still has the name.
 */

#ifndef ATOMIC_FILE_H
#define ATOMIC_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct atomic_file { /* closing a zeroed one is safe */
  char *path;        /* owned, without links; NULL: not open */
  int fd;            /* owned; has the lock */
  bool made;         /* by us; it was not there before */
};

/* Opens and locks it; where it is not there and make says so, makes it, empty.
 * -1 with errno: EWOULDBLOCK when another process holds it, EINVAL when it is
 * no regular file.
 */
int atomic_file_open (struct atomic_file *l, const char *path, bool make);

/* All that is in it: allocated, without an end mark.  NULL with errno; EFBIG
 * where that is more than max.
 */
char *atomic_file_read (const struct atomic_file *l, size_t max,
                        size_t *length);

/* Puts this in its place, and waits until it is stored.  The mode stays.  -1
 * with errno: then the old content stands, or all of the new.
 */
int atomic_file_replace (struct atomic_file *l, const char *text,
                         size_t length);

/* Checks that atomic_file_write can work: the path is free or a regular file,
 * and files can be made beside it.  0, or -1 with errno: EINVAL when the path is
 * not a regular file.
 */
int atomic_file_check (const char *path);

/* Puts a file of this content and mode under a name, whatever file had it, but
 * neither locks it nor waits until it is stored.  -1 with errno: then the old
 * content stands.
 */
int atomic_file_write (const char *path, mode_t mode, const char *text,
                       size_t length);

/* Gives it up; remove says that it is to go. */
void atomic_file_close (struct atomic_file *l, bool remove);

#endif /* ATOMIC_FILE_H */
