/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Endpoints whose name is a path, of any kind: see path.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "endpoint/path.h"
#include "holders.h"

/* -- before anything is opened -------------------------------------------- */

/* Refuses a file that says that it is empty but can be read, as those of /proc.
 */
static int
check_sized (const char *path, const char *what, struct error *e)
{
  const int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat st;
  char byte;
  const bool lies = fd != -1 && fstat (fd, &st) == 0 && S_ISREG (st.st_mode)
    && st.st_size == 0 && pread (fd, &byte, 1, 0) == 1;

  if (fd != -1)
    close (fd);
  if (!lies)
    return 0;
  error_set (e, ENOTSUP,
             "%s: its size is 0, but it can be read: pipe it, for example by:"
             " cat FILE | stripecopy - DESTINATION",
             what);
  return -1;
}

/* Returns where a path leads, without links; for a file that does not exist,
 * the nearest folder above it that does.  Allocated, or NULL.
 */
static char *
find_place (const char *path)
{
  char *name = strdup (path), *found = name ? realpath (name, NULL) : NULL;

  while (name && found == NULL && strcmp (name, "/") != 0
         && strcmp (name, ".") != 0) {
    char *up = strdup (dirname (name));

    free (name);
    name = up;
    found = up ? realpath (up, NULL) : NULL;
  }
  free (name);
  return found;
}

/* Returns whether a path is in the folder of devices itself: neither in a file
 * system that is mounted there, nor in the folder for shared memory.
 */
static bool
is_among_devices (const char *place)
{
  struct stat st, of_devices;

  if (strcmp (place, "/dev") != 0 && strncmp (place, "/dev/", 5) != 0)
    return false;
  return strcmp (place, "/dev/shm") != 0 && strncmp (place, "/dev/shm/", 9) != 0
    && stat (place, &st) == 0 && stat ("/dev", &of_devices) == 0
    && st.st_dev == of_devices.st_dev;
}

/* Refuses a name in /dev that no device has. */
static int
check_no_typo (const char *path, const char *what, struct error *e)
{
  struct stat st;
  const bool there = stat (path, &st) == 0;
  char *place;
  bool typo;

  if (there && !S_ISREG (st.st_mode))
    return 0;
  place = find_place (path);
  typo = place && is_among_devices (place);
  free (place);
  if (!typo)
    return 0;
  error_set (e, there ? EINVAL : ENOENT,
             there ? "%s: is a regular file in /dev, and not a device"
                   : "%s: no such device, and no file is created in /dev",
             what);
  return -1;
}

int
path_check (const struct target *t, struct error *e)
{
  return t->wants.write ? check_no_typo (t->operand->name, t->name, e)
                        : check_sized (t->operand->name, t->name, e);
}

int
path_check_new (const char *path, const char *what, struct error *e)
{
  struct stat st;
  char *copy;
  int r;

  /* Any other file was created since; creating ours will then fail. */
  if (lstat (path, &st) == 0 && S_ISLNK (st.st_mode)) {
    error_set (e, ENOENT, "%s: dangling symbolic link", what);
    return -1;
  }
  copy = strdup (path);
  r = copy ? faccessat (AT_FDCWD, dirname (copy), W_OK | X_OK, AT_EACCESS) : -1;
  if (r == -1)
    error_set (e, errno, "%s: cannot create it: %s", what, strerror (errno));
  free (copy);
  return r;
}

/* -- opening -------------------------------------------------------------- */

/* How long to wait for a device that is neither mounted nor used by another
 * device.  When a copy is killed, the kernel frees its ring, and so the device,
 * only after its parent has been notified.
 */
#define RELEASE_MS 2000
#define RELEASE_STEP_MS 20

/* Returns false when the caller does not want to wait any longer. */
static bool
pause_for_release (int interrupt_fd)
{
  struct pollfd p = { .fd = interrupt_fd, .events = POLLIN };

  return poll (&p, 1, RELEASE_STEP_MS) <= 0;
}

int
path_open_alone (struct endpoint *ep, const char *path, int flags,
                 int interrupt_fd)
{
  int left = RELEASE_MS / RELEASE_STEP_MS;
  struct stat st;

  if (stat (path, &st) == -1 || !S_ISBLK (st.st_mode))
    return open (path, flags);
  for (;;) {
    const int fd = open (path, flags | O_EXCL);

    if (fd != -1 || errno != EBUSY)
      return fd;
    if (holders_describe (st.st_rdev, path, ep->in_use_by, sizeof ep->in_use_by)
        || left-- == 0 || !pause_for_release (interrupt_fd))
      break;
  }
  ep->caps.in_use = true;
  ep->caps.in_use_by = ep->in_use_by;
  return -1;
}

int
path_check_place (const struct endpoint *ep, int fd, const char *path,
                  struct error *e)
{
  const char *what;
  struct stat st, its;

  if (fstat (fd, &st) == -1)
    return endpoint_fail (ep, "cannot stat it", e);
  if (!S_ISREG (st.st_mode) || device_is_at (fd, path))
    return 0;
  if (stat (path, &its) == 0)
    what = "another file took its place";
  else if (errno == ENOENT || errno == ENOTDIR)
    what = st.st_nlink == 0 ? "the file was removed" : "the file was moved";
  else /* unknown */
    return 0;
  error_set (e, ESTALE, "%s: %s while it was written", ep->name, what);
  return -1;
}
