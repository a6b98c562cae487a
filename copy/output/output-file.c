/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file that is written at the end: see output-file.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/output-file.h"
#include "secrets.h"

/* Opens the file, or creates it.  A FIFO without a reader is refused rather
 * than waited for.
 */
static int
open_or_make (struct output_file *f)
{
  const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;

  f->fd = open (f->name, flags | O_CREAT | O_EXCL, 0666);
  f->made = f->fd != -1;
  if (f->fd == -1 && errno == EEXIST)
    f->fd = open (f->name, flags | O_NONBLOCK);
  return f->fd == -1 ? -1 : fcntl (f->fd, F_SETFL, 0);
}

static int
fail (struct output_file *f, int err, const char *why, struct error *e)
{
  char *shown = secrets_mask (f->name);

  error_set (e, err, "%s=%s: %s", f->option, shown ? shown : "", why);
  free (shown);
  output_file_drop (f);
  return -1;
}

int
output_file_open (struct output_file *f, const char *option, const char *name,
                  struct error *e)
{
  struct stat us;

  *f = (struct output_file) { .option = option, .name = name };
  if (open_or_make (f) == -1 || fstat (f->fd, &us) == -1
      || device_describe (f->fd, &f->device) == -1)
    return fail (f, errno, strerror (errno), e);
  if (!S_ISREG (us.st_mode))
    return 0;
  /* If the file is also standard output or standard error, its content is kept.
   */
  if ((device_is_standard (f->fd) ? fcntl (f->fd, F_SETFL, O_APPEND)
                                  : ftruncate (f->fd, 0))
      == -1)
    return fail (f, errno, strerror (errno), e);
  return 0;
}

int
output_file_end (struct output_file *f, const char *text, struct error *e)
{
  const int length = dprintf (f->fd, "%s\n", text);

  return output_file_close (f, length == (int) strlen (text) + 1 ? 0 : errno,
                            e);
}

int
output_file_close (struct output_file *f, int err, struct error *e)
{
  const int fd = f->fd;

  if (err)
    return fail (f, err, strerror (err), e);
  f->fd = -1;
  if (close (fd) == -1)
    return fail (f, errno, strerror (errno), e);
  f->name = NULL;
  return 0;
}

void
output_file_drop (struct output_file *f)
{
  if (f->name == NULL)
    return;
  if (f->fd != -1)
    close (f->fd);
  if (f->made)
    device_remove_file (&f->device, f->name);
  f->name = NULL;
}
