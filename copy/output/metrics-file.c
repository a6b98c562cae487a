/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of --metrics-file: see metrics-file.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "arith.h"
#include "atomic-file.h"
#include "base/log.h"
#include "clock.h"
#include "json.h"
#include "output/describe.h"
#include "output/metrics-file.h"
#include "secrets.h"

#define ENDING ".prom"

/* Beyond any use: a larger file was not written by us. */
#define EARLIER_MAX (64 * MiB)

double
metrics_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return now.tv_sec + (double) now.tv_nsec / NS_PER_S;
}

/* -- names ---------------------------------------------------------------- */

/* Returns the text as UTF-8, without secrets.  Allocated; NULL when out of
 * memory.
 */
static char *
make_printable (const char *text)
{
  char *masked = secrets_mask (text);
  json_t *valid = masked ? json_of_text (masked, NAME_MAX_BYTES) : NULL;
  char *result = valid ? strdup (json_string_value (valid)) : NULL;

  json_decref (valid);
  free (masked);
  return result;
}

static const char *
without_folders (const char *name)
{
  const char *slash = strrchr (name, '/');

  return slash ? slash + 1 : name;
}

static bool
has_ending (const char *name)
{
  const size_t n = strlen (name), m = strlen (ENDING);

  return n >= m && strcmp (name + n - m, ENDING) == 0;
}

char *
metrics_file_label (const struct metrics_file *f, const char *name)
{
  char *label;

  if (f->name == NULL)
    return NULL;
  if (name)
    return make_printable (name);
  label = strdup (f->own_name);
  if (label && has_ending (label)) /* it was cut if it is very long */
    label[strlen (label) - strlen (ENDING)] = '\0';
  return label;
}

/* -- the earlier run ------------------------------------------------------ */

/* Reads a whole regular file.  Allocated; NULL if that is not possible: then
 * nothing is known about earlier runs.
 */
static char *
read_earlier (const char *name)
{
  const int fd = open (name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  char *text = NULL;
  struct stat st;
  ssize_t n;

  if (fd == -1)
    return NULL;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode)
      && st.st_size <= (off_t) EARLIER_MAX)
    text = malloc (st.st_size + 1);
  if (text) {
    n = read (fd, text, st.st_size);
    text[n < 0 ? 0 : n] = '\0';
  }
  close (fd);
  return text;
}

double
metrics_file_success (const struct metrics_file *f, bool of_manifest,
                      const char *name)
{
  const char *at = f->earlier;
  struct metrics_success s;

  while (at && metrics_next_success (&at, &s))
    if (s.of_manifest == of_manifest && strcmp (s.name, name) == 0
        && s.when <= metrics_now ())
      return s.when;
  return 0;
}

/* -- writing -------------------------------------------------------------- */

int
metrics_file_open (struct metrics_file *f, const char *name, struct error *e)
{
  char *shown;
  int err;

  *f = (struct metrics_file) { .mode = atomic_file_new_mode () };
  if (name == NULL || !has_ending (name)) /* that has been refused */
    return 0;
  if (atomic_file_check (name) == 0
      && (f->own_name = make_printable (without_folders (name)))) {
    f->name = name;
    f->earlier = read_earlier (name);
    return 0;
  }
  err = errno;
  shown = secrets_mask (name);
  error_set (e, EINVAL, "--metrics-file=%s: %s", shown ? shown : "",
             err == EINVAL ? "not a regular file" : strerror (err));
  free (shown);
  return -1;
}

static void
print (FILE *stream, const void *opaque)
{
  metrics_print (stream, opaque);
}

void
metrics_file_write (struct metrics_file *f, struct metrics *m)
{
  char *shown;

  if (f->name == NULL)
    return;
  m->file = f->own_name;
  if (atomic_file_print (f->name, f->mode, print, m) == 0 || f->warned)
    return;
  f->warned = true;
  shown = secrets_mask (f->name);
  log_warning_as ("metrics-file-not-written", "--metrics-file=%s: %s",
                  shown ? shown : "", strerror (errno));
  free (shown);
}

void
metrics_file_close (struct metrics_file *f)
{
  free (f->own_name);
  free (f->earlier);
  *f = (struct metrics_file) { 0 };
}
