/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of this process alone: see private-folder.h.
 *
 * The lock file gets its name once it is locked.  So a folder with that file
 * was made by this program, and if the lock can be taken, its owner has ended.
 */

#include <config.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "private-folder.h"

#define LOCK "lock"
#define NEW_LOCK "lock.new"
#define RANDOM "XXXXXX"

static bool
is_ours (const struct stat *st)
{
  return st->st_uid == geteuid () && (st->st_mode & 077) == 0;
}

static bool
has_our_name (const char *name, const char *prefix)
{
  const size_t n = strlen (prefix);

  if (strncmp (name, prefix, n) != 0 || name[n] != '-'
      || strlen (name + n + 1) != strlen (RANDOM))
    return false;
  for (const char *s = name + n + 1; *s; s++)
    if (!isalnum ((unsigned char) *s))
      return false;
  return true;
}

/* Takes the lock of a folder whose owner has ended, or returns -1. */
static int
take_lock (int folder)
{
  const int fd = openat (folder, LOCK,
                         O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat st;

  if (fd == -1)
    return -1;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && is_ours (&st)
      && st.st_size == 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    return fd;
  close (fd);
  return -1;
}

static bool
is_socket (int folder)
{
  struct stat st;

  return fstatat (folder, PRIVATE_FOLDER_SOCKET, &st, AT_SYMLINK_NOFOLLOW) == 0
    && S_ISSOCK (st.st_mode);
}

/* Returns whether the folder holds nothing but files of ours. */
static bool
holds_nothing_else (int folder)
{
  const int fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd == -1 ? NULL : fdopendir (fd);
  struct dirent *entry;
  bool good = dir != NULL;

  if (dir == NULL && fd != -1)
    close (fd);
  while (good && (entry = readdir (dir)) != NULL)
    good = strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0
      || strcmp (entry->d_name, LOCK) == 0
      || (strcmp (entry->d_name, PRIVATE_FOLDER_SOCKET) == 0
          && is_socket (folder));
  if (dir)
    closedir (dir);
  return good;
}

static void
remove_content (int folder)
{
  if (is_socket (folder))
    unlinkat (folder, PRIVATE_FOLDER_SOCKET, 0);
  unlinkat (folder, LOCK, 0);
}

static void
remove_if_left (int at, const char *name)
{
  const int folder = openat (at, name,
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat st;
  int lock;

  if (folder == -1)
    return;
  if (fstat (folder, &st) == 0 && is_ours (&st) && holds_nothing_else (folder)
      && (lock = take_lock (folder)) != -1) {
    remove_content (folder);
    unlinkat (at, name, AT_REMOVEDIR);
    close (lock);
  }
  close (folder);
}

/* Removes folders that ended processes have left.  Folders that cannot be
 * inspected stay.
 */
static void
remove_all_left (const char *at, const char *prefix)
{
  DIR *dir = opendir (at);
  struct dirent *entry;

  if (dir == NULL)
    return;
  while ((entry = readdir (dir)) != NULL)
    if (has_our_name (entry->d_name, prefix))
      remove_if_left (dirfd (dir), entry->d_name);
  closedir (dir);
}

/* Makes the lock.  Without it, only this process removes the folder. */
static int
make_lock (const char *path)
{
  const int folder = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int lock = -1;

  if (folder == -1)
    return -1;
  lock = openat (folder, NEW_LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (lock != -1
      && (flock (lock, LOCK_EX | LOCK_NB) == -1
          || renameat (folder, NEW_LOCK, folder, LOCK) == -1)) {
    unlinkat (folder, NEW_LOCK, 0);
    close (lock);
    lock = -1;
  }
  close (folder);
  return lock;
}

int
private_folder_make (struct private_folder *f, const char *at,
                     const char *prefix)
{
  *f = (struct private_folder) { .lock = -1 };
  remove_all_left (at, prefix);
  if (asprintf (&f->path, "%s/%s-" RANDOM, at, prefix) == -1) {
    f->path = NULL;
    errno = ENOMEM;
    return -1;
  }
  if (mkdtemp (f->path) == NULL) {
    const int err = errno;

    free (f->path);
    f->path = NULL;
    errno = err;
    return -1;
  }
  f->lock = make_lock (f->path);
  return 0;
}

void
private_folder_remove (struct private_folder *f)
{
  int folder;

  if (f->path == NULL)
    return;
  folder = open (f->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder != -1) {
    remove_content (folder);
    close (folder);
  }
  rmdir (f->path);
  if (f->lock != -1)
    close (f->lock);
  free (f->path);
  *f = (struct private_folder) { .lock = -1 };
}
