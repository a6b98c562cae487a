/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates an image beside its place: see new-image.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "endpoint/new-image.h"

/* The longest part of the image's name in the folder's name, whose length is
 * limited.
 */
#define NAME_PART 200

/* Returns where a link to an existing file leads, or the name unchanged. */
static char *
find_place (const char *path)
{
  char *real = realpath (path, NULL);

  return real || errno != ENOENT ? real : strdup (path);
}

/* Opens the folder of a path, and finds its last part.  -1 with errno. */
static int
open_parent (struct new_image *n, const char *path)
{
  char *copy;

  n->path = find_place (path);
  copy = n->path ? strdup (n->path) : NULL;
  if (copy == NULL)
    return -1;
  n->parent = open (dirname (copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
  free (copy);
  n->name = strrchr (n->path, '/');
  n->name = n->name ? n->name + 1 : n->path;
  if (asprintf (&n->folder, ".%.*s.stripecopy", NAME_PART, n->name) == -1) {
    n->folder = NULL;
    errno = ENOMEM;
    return -1;
  }
  return n->parent == -1 ? -1 : 0;
}

/* Returns whether this run or an earlier one of ours created the folder, so
 * that no other user can have entered it.
 */
static bool
is_ours (int fd)
{
  struct stat st;

  if (fstat (fd, &st) == 0 && st.st_uid == geteuid ()
      && (st.st_mode & 077) == 0)
    return true;
  errno = EEXIST;
  return false;
}

/* Returns whether the name still leads to the open folder: the run that owned
 * it may have removed it before releasing its lock.
 */
static bool
is_there (const struct new_image *n)
{
  struct stat open, there;

  return fstat (n->inside, &open) == 0
    && fstatat (n->parent, n->folder, &there, AT_SYMLINK_NOFOLLOW) == 0
    && open.st_dev == there.st_dev && open.st_ino == there.st_ino;
}

/* Opens and locks the folder, which we have just created or which existed.  0,
 * or -1 with errno: EAGAIN if it has just been removed.  Some file systems give
 * new folders another owner or mode.
 */
static int
enter (struct new_image *n, bool made)
{
  n->inside = openat (n->parent, n->folder,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (n->inside == -1) {
    errno = errno == ENOENT ? EAGAIN : errno;
    return -1;
  }
  if (!made && !is_ours (n->inside))
    return -1;
  if (flock (n->inside, LOCK_EX | LOCK_NB) == -1) {
    errno = errno == EWOULDBLOCK ? EBUSY : errno;
    return -1;
  }
  if (is_there (n))
    return 0;
  errno = EAGAIN;
  return -1;
}

static void
leave (struct new_image *n)
{
  if (n->inside != -1)
    close (n->inside);
  n->inside = -1;
}

/* Does the same, and lets go of a folder that is not ours, so that it is not
 * removed.
 */
static int
enter_or_leave (struct new_image *n, bool made)
{
  const int r = enter (n, made), err = errno;

  if (r == -1)
    leave (n);
  errno = err;
  return r;
}

int
new_image_begin (struct new_image *n, const char *path)
{
  int r;

  *n = (struct new_image) { .parent = -1, .inside = -1 };
  if (open_parent (n, path) == -1)
    return -1;
  do {
    const bool made = mkdirat (n->parent, n->folder, 0700) == 0;

    r = made || errno == EEXIST ? enter_or_leave (n, made) : -1;
  } while (r == -1 && errno == EAGAIN);
  if (r == -1)
    return -1;
  return unlinkat (n->inside, n->name, 0) == 0 || errno == ENOENT ? 0 : -1;
}

void
new_image_forget (const char *path)
{
  struct new_image n = { .parent = -1, .inside = -1 };

  if (open_parent (&n, path) == 0)
    enter_or_leave (&n, false);
  new_image_end (&n);
}

char *
new_image_beside (const struct new_image *n)
{
  char *name;

  if (asprintf (&name, "/proc/%ld/fd/%d/%s", (long) getpid (), n->inside,
                n->name)
      != -1)
    return name;
  errno = ENOMEM;
  return NULL;
}

/* -- putting it in its place ---------------------------------------------- */

/* Moves the image to its place.  Some file systems cannot refuse to overwrite:
 * there, an empty file takes the name first.
 */
static int
put (struct new_image *n)
{
  int fd;

  if (renameat2 (n->inside, n->name, n->parent, n->name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  fd = openat (n->parent, n->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
               0600);
  if (fd == -1)
    return -1;
  close (fd);
  return renameat (n->inside, n->name, n->parent, n->name);
}

static bool
is_empty_at (int folder, const char *name, const struct device *d)
{
  struct stat st;

  return fstatat (folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0
    && st.st_dev == d->number && st.st_ino == d->inode && st.st_size == 0;
}

/* Exchanges the image with the file in its place, and checks that file before
 * it is removed.
 */
static int
exchange (struct new_image *n, const struct device *replaced)
{
  if (!is_empty_at (n->parent, n->name, replaced)) {
    errno = EEXIST;
    return -1;
  }
  if (renameat2 (n->inside, n->name, n->parent, n->name, RENAME_EXCHANGE) == -1)
    return errno != EINVAL && errno != ENOSYS
      ? -1
      : renameat (n->inside, n->name, n->parent, n->name);
  if (is_empty_at (n->inside, n->name, replaced))
    return unlinkat (n->inside, n->name, 0);
  renameat2 (n->inside, n->name, n->parent, n->name, RENAME_EXCHANGE);
  errno = EEXIST;
  return -1;
}

/* Gives the image the owner and the permissions of the file that it replaces.
 */
static int
take_over (struct new_image *n, int fd)
{
  struct stat st;

  if (fstatat (n->parent, n->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
    return -1;
  if (fchown (fd, st.st_uid, st.st_gid) == -1 && errno != EPERM)
    return -1;
  return fchmod (fd, st.st_mode & 07777);
}

/* Stores the name on the disk, if the folder can be read. */
static void
store_name (const struct new_image *n)
{
  const int fd = openat (n->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  if (fd == -1)
    return;
  fsync (fd);
  close (fd);
}

int
new_image_open (struct new_image *n)
{
  return openat (n->inside, n->name,
                 O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
}

int
new_image_place (struct new_image *n, int fd, const struct device *replaced)
{
  if (fsync (fd) == -1 || (replaced && take_over (n, fd) == -1)
      || (replaced ? exchange (n, replaced) : put (n)) == -1)
    return -1;
  store_name (n);
  return 0;
}

void
new_image_end (struct new_image *n)
{
  if (n->inside != -1) {
    unlinkat (n->inside, n->name, 0);
    unlinkat (n->parent, n->folder, AT_REMOVEDIR);
    close (n->inside);
  }
  if (n->parent != -1)
    close (n->parent);
  free (n->folder);
  free (n->path);
  *n = (struct new_image) { .parent = -1, .inside = -1 };
}
