/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory limit of control groups: see memory-limit.h.
 *
 * The files are described in the kernel's Documentation/admin-guide:
 * cgroup-v2.rst and cgroup-v1/memory.rst; /proc/self/cgroup in cgroups(7).
 */

#include <config.h>

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arith.h"
#include "memory-limit.h"

/* Reads the number in a file; UINT64_MAX if there is none, as for "max". */
static uint64_t
read_limit (const char *folder, const char *group, const char *file)
{
  char path[2 * PATH_MAX];
  uint64_t limit = UINT64_MAX;
  FILE *f;

  snprintf (path, sizeof path, "%s%s/%s", folder, group, file);
  if ((f = fopen (path, "re")) == NULL)
    return UINT64_MAX;
  if (fscanf (f, "%" SCNu64, &limit) != 1)
    limit = UINT64_MAX;
  fclose (f);
  return limit;
}

/* Returns the lowest limit of a group and the groups above it.  A container may
 * see only the top of its own.
 */
static uint64_t
lowest_limit (const char *folder, char *group, const char *file)
{
  uint64_t limit = UINT64_MAX;
  char *slash;

  while ((slash = strrchr (group, '/')) != NULL) {
    limit = min_u64 (limit, read_limit (folder, group, file));
    *slash = '\0';
  }
  return min_u64 (limit, read_limit (folder, "", file));
}

/* Returns whether "memory" is one of the controllers, which are separated by
 * commas.
 */
static bool
names_memory (char *controllers)
{
  char *rest = controllers, *word;

  while ((word = strsep (&rest, ",")) != NULL)
    if (strcmp (word, "memory") == 0)
      return true;
  return false;
}

uint64_t
memory_limit (void)
{
  FILE *f = fopen ("/proc/self/cgroup", "re");
  char line[PATH_MAX + 64];
  uint64_t limit = UINT64_MAX;

  while (f && fgets (line, sizeof line, f)) {
    char *group = line, *controllers;

    line[strcspn (line, "\n")] = '\0';
    strsep (&group, ":");
    controllers = strsep (&group, ":");
    if (group == NULL)
      continue;
    if (controllers[0] == '\0')
      limit = min_u64 (limit,
                       lowest_limit ("/sys/fs/cgroup", group, "memory.max"));
    else if (names_memory (controllers))
      limit = min_u64 (
        limit,
        lowest_limit ("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
  }
  if (f)
    fclose (f);
  return limit;
}
