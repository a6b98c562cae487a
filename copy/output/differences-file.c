/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of --differences: see differences-file.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic-file.h"
#include "base/log.h"
#include "human.h"
#include "output/differences-file.h"
#include "secrets.h"

/* The argument of print. */
struct list {
  const struct range_collector *found;
  uint64_t size; /* of the disk */
};

static int
refuse (const char *name, int err, struct error *e)
{
  char *shown = secrets_mask (name);

  error_set (e, err, "--differences=%s: %s", shown ? shown : "",
             err == EINVAL ? "not a regular file" : strerror (err));
  free (shown);
  return -1;
}

int
differences_file_check (struct differences_file *f, const char *name,
                        struct error *e)
{
  *f = (struct differences_file) { name, atomic_file_new_mode () };
  return strcmp (name, "-") == 0 || atomic_file_check (name) == 0
    ? 0
    : refuse (name, errno, e);
}

static void
print_block (FILE *f, uint64_t start, uint64_t end, char status)
{
  if (start < end)
    fprintf (f, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", start, end - start,
             status);
}

/* The size tells a reader whether the list was cut off. */
static void
print (FILE *f, const void *opaque)
{
  const struct list *l = opaque;
  uint64_t at = 0;

  fprintf (f,
           "# Mapfile of differences. Created by " PACKAGE_NAME
           " " PACKAGE_VERSION "\n"
           "# stripecopy source size: %" PRIu64 "\n"
           "# current_pos  current_status  current_pass\n"
           "0x00000000     ?               1\n"
           "#      pos        size  status\n",
           l->size);
  for (size_t i = 0; i < l->found->n; i++) {
    const struct range r = l->found->v[i];

    print_block (f, at, r.start, '?');
    print_block (f, r.start, r.end, '+');
    at = r.end;
  }
  print_block (f, at, l->size, '?');
}

/* A copy of the widened list is still correct, but copies more than needed. */
static void
warn_if_widened (const char *name, const struct range_collector *found)
{
  char *shown = secrets_mask (name), listed[HUMAN_MAX];

  if (found->widened)
    log_warning_as ("differences-joined",
                    "--differences=%s: there are more than %zu ranges: those"
                    " with little between them are joined, which lists %s in"
                    " %zu ranges",
                    shown ? shown : "", found->max,
                    human_size (listed, range_collector_bytes (found)),
                    found->n);
  free (shown);
}

static int
print_to_standard_output (const struct list *l)
{
  print (stdout, l);
  return fflush (stdout) == 0 && !ferror (stdout) ? 0 : -1;
}

int
differences_file_write (const struct differences_file *f,
                        const struct range_collector *found, uint64_t size,
                        struct error *e)
{
  const struct list l = { found, size };

  warn_if_widened (f->name, found);
  return (strcmp (f->name, "-") == 0
            ? print_to_standard_output (&l)
            : atomic_file_print (f->name, f->mode, print, &l))
      == 0
    ? 0
    : refuse (f->name, errno, e);
}

void
differences_file_omit (const struct differences_file *f)
{
  char *shown = secrets_mask (f->name);

  log_warning_as (
    "differences-not-written",
    "--differences=%s: not written, because the comparison did not"
    " finish",
    shown ? shown : "");
  free (shown);
}
