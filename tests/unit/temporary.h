/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The folder for files of unit tests: the harness checks TMPDIR for files that
 * are left.
 */

#ifndef TEMPORARY_H
#define TEMPORARY_H

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* Writes a template for mkstemp and mkdtemp to name. */
static inline void
temporary_name (char name[PATH_MAX])
{
  const char *folder = getenv ("TMPDIR");
  const int n = snprintf (name, PATH_MAX, "%s/unit.XXXXXX",
                          folder ? folder : "/tmp");

  assert (n > 0 && n < PATH_MAX);
  (void) n;
}

#endif /* TEMPORARY_H */
