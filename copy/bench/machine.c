/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts about the machine: see machine.h. */

#include <config.h>

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bench/machine.h"

/* Finds the first line of a file that begins with @name, and copies its value:
 * the text after blanks, the separator and quotes.
 */
static bool
find_line (const char *file, const char *name, char separator,
           char text[MACHINE_TEXT])
{
  char line[MACHINE_TEXT];
  const char *p;
  bool found = false;
  FILE *f = fopen (file, "r");

  while (f && !found && fgets (line, sizeof line, f))
    if (strncmp (line, name, strlen (name)) == 0
        && (p = strchr (line, separator)) != NULL) {
      p += 1 + strspn (p + 1, " \t\"");
      snprintf (text, MACHINE_TEXT, "%.*s", (int) strcspn (p, "\"\n"), p);
      found = *text != '\0';
    }
  if (f)
    fclose (f);
  return found;
}

void
machine_look (struct bench_machine *m)
{
  const long pages = sysconf (_SC_PHYS_PAGES), page = sysconf (_SC_PAGESIZE);
  struct utsname name;
  cpu_set_t set;

  *m = (struct bench_machine) { .processor = "?",
                                .system = "?",
                                .kernel = "?" };
  m->processors = sched_getaffinity (0, sizeof set, &set) == 0
    ? (unsigned) CPU_COUNT (&set)
    : 1;
  if (!find_line ("/proc/cpuinfo", "model name", ':', m->processor))
    find_line ("/proc/cpuinfo", "Model", ':', m->processor);
  if (!find_line ("/etc/os-release", "PRETTY_NAME", '=', m->system))
    find_line ("/usr/lib/os-release", "PRETTY_NAME", '=', m->system);
  if (uname (&name) == 0)
    snprintf (m->kernel, sizeof m->kernel, "%s %s", name.sysname, name.release);
  if (pages > 0 && page > 0)
    m->memory = (uint64_t) pages * (uint64_t) page;
  if (getloadavg (&m->load, 1) != 1)
    m->load = 0;
}
