/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small file that is replaced as a whole: see atomic-file.h. */

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

/* The new content has a name like this until it is renamed over the old one.
 * Only free names are used, and only files created here are removed.
 */
#define BESIDE ".stripecopy"

/* How often the file may be replaced between opening and locking it, and how
 * many names beside it may be taken.
 */
#define TRIES 100

/* How much of the file's own name such a name begins with: names are limited
 * to 255 bytes.
 */
#define NAME_PART 200

static void
close_keeping_errno (int fd)
{
  const int err = errno;

  close (fd);
  errno = err;
}

/* Opens the file, or creates it.  Never waits for a FIFO, and never gets a
 * controlling terminal.
 */
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

/* 1 when the name leads to this file, 0 when it does not, -1 with errno.  It is
 * opened for that: a network file system may answer stat with what it knew before
 * another host renamed a file, but asks the server when a name is opened.
 */
static int
has_name (int fd, const char *path)
{
  const int named = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat ours, its;
  int r = -1;

  if (named == -1)
    return errno == ENOENT ? 0 : -1;
  if (fstat (fd, &ours) == 0 && fstat (named, &its) == 0)
    r = ours.st_dev == its.st_dev && ours.st_ino == its.st_ino;
  close_keeping_errno (named);
  return r;
}

/* Locks the file.  1 when it is locked, 0 when it was replaced meanwhile, -1
 * with errno.
 */
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
      continue; /* another process created it first */
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
      errno = n == 0 ? EIO : errno; /* it was truncated meanwhile */
      free (text);
      return NULL;
    }
  }
  return text;
}

/* -- replacing ------------------------------------------------------------ */

/* What a file will be replaced with. */
struct content {
  const char *path; /* of the file that will be replaced */
  mode_t mode;
  bool held; /* locked, and on stable storage before it gets the name */
  void (*print) (FILE *f, const void *opaque); /* NULL: text */
  const void *opaque;
  const char *text;
  size_t length;
};

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
  return 0;
}

/* Closes the stream.  -1 with errno if anything could not be written. */
static int
close_stream (FILE *f)
{
  int err = ferror (f) ? errno : 0;

  if (fclose (f) != 0 && err == 0)
    err = errno;
  errno = err;
  return err == 0 ? 0 : -1;
}

static int
write_content (const struct content *c, int fd)
{
  int copy;
  FILE *f;

  if (c->print == NULL)
    return write_all (fd, c->text, c->length);
  if ((copy = fcntl (fd, F_DUPFD_CLOEXEC, 0)) == -1)
    return -1;
  if ((f = fdopen (copy, "w")) == NULL) {
    close_keeping_errno (copy);
    return -1;
  }
  c->print (f, c->opaque);
  return close_stream (f);
}

/* Gives the new file everything that it needs besides a name. */
static int
fill (const struct content *c, int fd)
{
  if (fchmod (fd, c->mode) == -1
      || (c->held && flock (fd, LOCK_EX | LOCK_NB) == -1)
      || write_content (c, fd) == -1)
    return -1;
  return c->held ? fsync (fd) : 0;
}

/* Returns the n-th name to try beside the file; allocated. */
static char *
name_beside (const char *path, unsigned n)
{
  const char *slash = strrchr (path, '/');
  const size_t folder = slash ? slash + 1 - path : 0;
  char *name;

  return asprintf (&name, "%.*s%.*s" BESIDE "-%ld-%u", (int) folder, path,
                   NAME_PART, path + folder, (long) getpid (), n)
      == -1
    ? NULL
    : name;
}

/* Links the open file to a free name, which is returned; NULL with errno. */
static char *
link_beside (const char *path, int fd)
{
  char open_file[40], *name;

  snprintf (open_file, sizeof open_file, "/proc/self/fd/%d", fd);
  for (unsigned i = 0; i < TRIES; i++) {
    if ((name = name_beside (path, i)) == NULL)
      return NULL;
    if (linkat (AT_FDCWD, open_file, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0)
      return name;
    free (name);
    if (errno != EEXIST)
      return NULL;
  }
  return NULL;
}

/* Opens a file without a name in the same folder: a process that is killed
 * leaves nothing behind.  Not every file system can do that.
 */
static int
open_unnamed (const char *path)
{
  char *copy = strdup (path);
  const int fd = copy
    ? open (dirname (copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
    : -1;

  free (copy);
  return fd;
}

static int
open_named (const char *path, char **name)
{
  for (unsigned i = 0; i < TRIES; i++) {
    int fd;

    if ((*name = name_beside (path, i)) == NULL)
      return -1;
    fd = open (*name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd != -1)
      return fd;
    free (*name);
    if (errno != EEXIST)
      return -1;
  }
  return -1;
}

static int
make_unnamed (const struct content *c, char **name)
{
  const int fd = open_unnamed (c->path);

  if (fd == -1)
    return -1;
  if (fill (c, fd) == 0 && (*name = link_beside (c->path, fd)) != NULL)
    return fd;
  close_keeping_errno (fd);
  return -1;
}

/* Closes and removes the file beside, and frees its name. */
static void
discard (int fd, char *name)
{
  const int err = errno;

  unlink (name);
  free (name);
  close (fd);
  errno = err;
}

static int
make_named (const struct content *c, char **name)
{
  const int fd = open_named (c->path, name);

  if (fd == -1 || fill (c, fd) == 0)
    return fd;
  discard (fd, *name);
  return -1;
}

/* Returns the name to which a symbolic link leads, or a copy of any other name;
 * NULL with errno, for example for a link that leads nowhere.
 */
static char *
follow_link (const char *path)
{
  struct stat st;

  return lstat (path, &st) == 0 && S_ISLNK (st.st_mode) ? realpath (path, NULL)
                                                        : strdup (path);
}

/* Makes the new file beside the old one and renames it over that.  Returns its
 * descriptor, or -1 with errno.
 */
static int
replace_name (const struct content *c)
{
  char *name;
  int fd = make_unnamed (c, &name);

  if (fd == -1)
    fd = make_named (c, &name);
  if (fd == -1)
    return -1;
  if (rename (name, c->path) == -1) {
    discard (fd, name);
    return -1;
  }
  free (name);
  return fd;
}

/* Does the same for the file to which a symbolic link leads: other programs may
 * need the link itself, such as /dev/stdout.
 */
static int
replace (const struct content *c)
{
  struct content real = *c;
  char *path = follow_link (c->path);
  int fd;

  if (path == NULL)
    return -1;
  real.path = path;
  fd = replace_name (&real);
  free (path);
  return fd;
}

int
atomic_file_store_name (const char *path)
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
  struct stat st;
  int fd = -1;

  if (fstat (l->fd, &st) == 0)
    fd = replace (&(struct content) { .path = l->path,
                                      .mode = st.st_mode & 0777,
                                      .held = true,
                                      .text = text,
                                      .length = length });
  if (fd == -1)
    return -1;
  close (l->fd);
  l->fd = fd;
  return atomic_file_store_name (l->path);
}

/* Checks that files can be created beside @path, which is not a link. */
static int
check_folder (const char *path)
{
  char *name = NULL;
  int fd;

  if ((fd = open_unnamed (path)) != -1)
    return close (fd);
  if ((fd = open_named (path, &name)) == -1)
    return -1;
  discard (fd, name);
  return 0;
}

int
atomic_file_check (const char *path)
{
  struct stat st;
  char *real;
  int r;

  if (stat (path, &st) == 0 && !S_ISREG (st.st_mode)) {
    errno = EINVAL;
    return -1;
  }
  if ((real = follow_link (path)) == NULL)
    return -1;
  r = check_folder (real);
  free (real);
  return r;
}

int
atomic_file_write (const char *path, mode_t mode, const char *text,
                   size_t length)
{
  const int fd = replace (&(struct content) {
    .path = path, .mode = mode, .text = text, .length = length });

  return fd == -1 ? -1 : close (fd);
}

int
atomic_file_print (const char *path, mode_t mode,
                   void (*print) (FILE *f, const void *opaque),
                   const void *opaque)
{
  const int fd = replace (&(struct content) {
    .path = path, .mode = mode, .print = print, .opaque = opaque });

  return fd == -1 ? -1 : close (fd);
}

mode_t
atomic_file_new_mode (void)
{
  const mode_t mask = umask (0);

  umask (mask);
  return 0666 & ~mask;
}

void
atomic_file_close (struct atomic_file *l, bool remove)
{
  if (l->path == NULL)
    return;
  if (remove && has_name (l->fd, l->path) == 1)
    unlink (l->path);
  close (l->fd);
  free (l->path);
  *l = (struct atomic_file) { .fd = -1 };
}
