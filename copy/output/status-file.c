/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of --status-file: see status-file.h. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "atomic-file.h"
#include "base/log.h"
#include "options/options.h"
#include "output/status-file.h"
#include "secrets.h"

int
status_file_open (struct status_file *f, const struct options *o,
                  struct error *e)
{
  char *shown;
  int err;

  *f = (struct status_file) { .mode = atomic_file_new_mode () };
  if (o->status_file == NULL)
    return 0;
  if (atomic_file_check (o->status_file) == 0) {
    f->name = o->status_file;
    return 0;
  }
  err = errno;
  shown = secrets_mask (o->status_file);
  error_set (e, EINVAL, "--status-file=%s: %s", shown ? shown : "",
             err == EINVAL ? "not a regular file" : strerror (err));
  free (shown);
  return -1;
}

void
status_file_write (struct status_file *f, const char *line, size_t length)
{
  char *shown;

  if (f->name == NULL || atomic_file_write (f->name, f->mode, line, length) == 0
      || f->warned)
    return;
  f->warned = true;
  shown = secrets_mask (f->name);
  log_warning_as ("status-file-not-written", "--status-file=%s: %s",
                  shown ? shown : "", strerror (errno));
  free (shown);
}
