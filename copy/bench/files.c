/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refuses files that would be used for two things: see files.h. */

#include <config.h>

#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/files.h"
#include "device.h"

const char *
files_base_name (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash && slash[1] != '\0' ? slash + 1 : path;
}

static bool
have_one_folder (const char *a, const char *b)
{
  char *x = strdup (a), *y = strdup (b);
  struct stat s, t;
  const bool same = x && y && stat (dirname (x), &s) == 0
    && stat (dirname (y), &t) == 0 && s.st_dev == t.st_dev
    && s.st_ino == t.st_ino;

  free (x);
  free (y);
  return same;
}

/* Returns whether both names lead to one file, which may not exist yet. */
static bool
is_same (const char *a, const char *b)
{
  struct device x, y;

  if (device_find (a, &x) == 0 && device_find (b, &y) == 0)
    return device_same (&x, &y);
  return strcmp (files_base_name (a), files_base_name (b)) == 0
    && have_one_folder (a, b);
}

/* Returns whether a word, or the part of it after "=", names the file. */
static bool
is_named_by (const char *file, const struct words *w)
{
  for (size_t i = 0; i < w->n; i++) {
    const char *equals = strchr (w->at[i], '=');

    if (is_same (file, w->at[i]) || (equals && is_same (file, equals + 1)))
      return true;
  }
  return false;
}

static int
check_output (const struct arguments *a, const char *option, const char *name,
              struct error *e)
{
  const bool is_source = name && is_named_by (name, &a->source);

  if (name == NULL || (!is_source && !is_named_by (name, &a->destination)))
    return 0;
  error_set_kind (e, ERROR_REFUSED, 0, "%s: %s: the %s has the same file",
                  option, name, is_source ? "source" : "destination");
  return -1;
}

int
files_check (const struct arguments *a, struct error *e)
{
  const char *source = arguments_name (&a->source);
  const char *destination = arguments_name (&a->destination);

  if (check_output (a, "--json", a->json, e) == -1
      || check_output (a, "--html", a->html, e) == -1)
    return -1;
  if (a->json && a->html && is_same (a->json, a->html))
    error_set_kind (e, ERROR_REFUSED, 0, "--json and --html: %s: one file",
                    a->json);
  else if (source && destination && is_same (source, destination))
    error_set_kind (e, ERROR_REFUSED, 0,
                    "destination %s: is the same disk as the source",
                    destination);
  return error_is_set (e) ? -1 : 0;
}
