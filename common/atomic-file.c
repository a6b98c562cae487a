/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small file that one process holds, and replaces as a whole: see atomic-file.h.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic-file.h"

/* The new content gets a name that begins so, for the moment until it is renamed
 * over the old one.  Only names that are free are taken, and no file is removed
 * but one that was made here.
 */
#define BESIDE ".stripecopy"

/* So often the file may be replaced between our opening and locking it, and so
 * many names beside it may be taken.
 */
#define TRIES 100

static void
close_keeping_errno (int fd)
{
  const int err = errno;

  close (fd);
  errno = err;
}

/* No FIFO makes us wait, and no terminal becomes ours. */
static int
open_or_make (const char *path, bool make, bool *made)
{
  const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  int fd = open (path, flags);

  *made = false;
  if (fd == -1 && errno == ENOENT && make) {
    fd = open (path, flags | O_CREAT | O_EXCL, 0644);
    *made = fd != -1;
  }
  return fd;
}

static bool
has_name (int fd, const char *path)
{
  struct stat ours, its;

  return fstat (fd, &ours) == 0 && stat (path, &its) == 0
    && ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
}

/* 1 when it is ours, 0 when it was replaced meanwhile, -1 with errno. */
static int
lock (int fd, const char *path)
{
  struct stat st;

  if (fstat (fd, &st) == -1)
    return -1;
  if (!S_ISREG (st.st_mode)) {
    errno = EINVAL;
    return -1;
  }
  if (flock (fd, LOCK_EX | LOCK_NB) == -1)
    return -1;
  return has_name (fd, path);
}

int
atomic_file_open (struct atomic_file *l, const char *path, bool make)
{
  *l = (struct atomic_file) { .fd = -1 };
  for (unsigned i = 0; i < TRIES; i++) {
    int fd = open_or_make (path, make, &l->made);
    int r = -1;

    if (fd == -1 && errno == EEXIST)
      continue; /* another was sooner to make it */
    if (fd == -1)
      return -1;
    r = lock (fd, path);
    if (r == 1 && (l->path = realpath (path, NULL)) != NULL) {
      l->fd = fd;
      return 0;
    }
    close_keeping_errno (fd);
    if (r != 0)
      return -1;
  }
  errno = EWOULDBLOCK;
  return -1;
}

char *
atomic_file_read (const struct atomic_file *l, size_t max, size_t *length)
{
  struct stat st;
  char *text;
  ssize_t n;

  if (fstat (l->fd, &st) == -1)
    return NULL;
  if ((uint64_t) st.st_size > max) {
    errno = EFBIG;
    return NULL;
  }
  if ((text = malloc (st.st_size + 1)) == NULL)
    return NULL;
  for (*length = 0; *length < (size_t) st.st_size; *length += n) {
    n = pread (l->fd, text + *length, st.st_size - *length, *length);
    if (n == -1 && errno == EINTR)
      n = 0;
    else if (n <= 0) {
      errno = n == 0 ? EIO : errno; /* it has become shorter */
      free (text);
      return NULL;
    }
  }
  return text;
}

static int
write_all (int fd, const char *text, size_t length)
{
  while (length > 0) {
    const ssize_t n = write (fd, text, length);

    if (n == -1 && errno != EINTR)
      return -1;
    if (n > 0) {
      text += n;
      length -= n;
    }
  }
  return fsync (fd);
}

/* Gives the new file all that it needs besides a name. */
static int
fill (const struct atomic_file *l, int fd, const char *text, size_t length)
{
  struct stat st;

  return fstat (l->fd, &st) == 0 && fchmod (fd, st.st_mode & 0777) == 0
      && flock (fd, LOCK_EX | LOCK_NB) == 0
    ? write_all (fd, text, length)
    : -1;
}

/* A free name beside the file, tried for the n-th time; allocated. */
static char *
name_beside (const struct atomic_file *l, unsigned n)
{
  char *name;

  return asprintf (&name, "%s" BESIDE "-%ld-%u", l->path, (long) getpid (), n)
      == -1
    ? NULL
    : name;
}

/* The name that the open file has got, or NULL with errno. */
static char *
link_beside (const struct atomic_file *l, int fd)
{
  char open_file[40], *name;

  snprintf (open_file, sizeof open_file, "/proc/self/fd/%d", fd);
  for (unsigned i = 0; i < TRIES; i++) {
    if ((name = name_beside (l, i)) == NULL)
      return NULL;
    if (linkat (AT_FDCWD, open_file, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0)
      return name;
    free (name);
    if (errno != EEXIST)
      return NULL;
  }
  return NULL;
}

/* A file that has no name until it is whole: who is killed before leaves
 * nothing.  Not every file system can do it.
 */
static int
make_unnamed (const struct atomic_file *l, const char *text, size_t length,
              char **name)
{
  char *copy = strdup (l->path);
  const int fd = copy
    ? open (dirname (copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
    : -1;

  free (copy);
  if (fd == -1)
    return -1;
  if (fill (l, fd, text, length) == 0 && (*name = link_beside (l, fd)) != NULL)
    return fd;
  close_keeping_errno (fd);
  return -1;
}

static int
make_named (const struct atomic_file *l, const char *text, size_t length,
            char **name)
{
  int fd = -1, err;

  for (unsigned i = 0; i < TRIES && fd == -1; i++) {
    if ((*name = name_beside (l, i)) == NULL)
      return -1;
    fd = open (*name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd != -1 && fill (l, fd, text, length) == 0)
      return fd;
    err = errno;
    if (fd != -1) {
      unlink (*name);
      close (fd);
    }
    free (*name);
    errno = err;
    if (fd != -1 || err != EEXIST)
      return -1;
  }
  return -1;
}

/* A locked file with the new content, and its name, which is allocated; or -1
 * with errno.
 */
static int
make_beside (const struct atomic_file *l, const char *text, size_t length,
             char **name)
{
  const int fd = make_unnamed (l, text, length, name);

  return fd != -1 ? fd : make_named (l, text, length, name);
}

/* That the name leads to the new file is stored with its folder; a file system
 * that stores no folders has no more to do.
 */
static int
store_name (const char *path)
{
  char *copy = strdup (path);
  int fd = -1, r = -1;

  if (copy)
    fd = open (dirname (copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd != -1) {
    r = fsync (fd) == 0 || errno == EINVAL ? 0 : -1;
    close_keeping_errno (fd);
  }
  free (copy);
  return r;
}

int
atomic_file_replace (struct atomic_file *l, const char *text, size_t length)
{
  char *name;
  const int fd = make_beside (l, text, length, &name);
  int r = -1;

  if (fd == -1)
    return -1;
  if (rename (name, l->path) == 0) {
    close (l->fd);
    l->fd = fd;
    r = store_name (l->path);
  }
  else {
    const int err = errno;

    close (fd);
    unlink (name);
    errno = err;
  }
  free (name);
  return r;
}

void
atomic_file_close (struct atomic_file *l, bool remove)
{
  if (l->path == NULL)
    return;
  if (remove && has_name (l->fd, l->path))
    unlink (l->path);
  close (l->fd);
  free (l->path);
  *l = (struct atomic_file) { .fd = -1 };
}
