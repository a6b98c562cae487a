/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts the system calls of one copy: see calls.h. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/calls.h"
#include "bench/output.h"
#include "child.h"

#define WORDS_BEFORE 8

/* Runs a program behind the given words; its own output is dropped.  Returns
 * what the counter wrote to @fd; NULL if the copy failed.
 */
static char *
run_counted (struct bench *b, const struct program *p, char *const before[],
             int fd)
{
  const int dropped = output_open (false);
  struct measured_command c = { .output = dropped,
                                .limit = b->arguments->limit,
                                .interrupt_fd = b->signal_fd };
  char **argv, *text = NULL;
  struct costs costs;
  size_t n = 0, words = 0;

  while (p->command[words])
    words++;
  argv = calloc (words + WORDS_BEFORE, sizeof *argv);
  if (argv && dropped != -1) {
    for (; before[n]; n++)
      argv[n] = before[n];
    memcpy (argv + n, p->command, words * sizeof *argv);
    c.argv = argv;
    if (measure_command (&c, &costs) == 0) {
      b->interrupted = b->interrupted || costs.ending == ENDING_SIGNAL;
      if (costs.ending == ENDING_EXIT && costs.status == 0)
        text = output_read (fd);
    }
  }
  if (dropped != -1)
    close (dropped);
  free (argv);
  return text;
}

/* Finds the number of calls in a line of strace -c, which ends with a name. */
static bool
find_calls (const char *text, const char *name, uint64_t *calls)
{
  char found[64];
  unsigned long long n;
  const char *line = text;

  while (line) {
    int at = 0;

    if ((sscanf (line, " %*f %*f %*f %llu %63s %n", &n, found, &at) == 2
         && strcmp (found, name) == 0)
        || (sscanf (line, " %*f %*f %*f %llu %*u %63s", &n, found) == 2
            && strcmp (found, name) == 0)) {
      *calls = n;
      return true;
    }
    line = strchr (line, '\n');
    line = line ? line + 1 : NULL;
  }
  return false;
}

static void
count_by_strace (struct bench *b, struct program *p)
{
  char strace[] = "strace", flags[] = "-fc", o[] = "-o", file[32];
  char *before[] = { strace, flags, o, file, NULL };
  const int fd = output_open (true);
  char *text;

  if (fd == -1)
    return;
  snprintf (file, sizeof file, "/proc/self/fd/%d", fd);
  text = run_counted (b, p, before, fd);
  p->calls.counted = text && find_calls (text, "total", &p->calls.all);
  p->calls.knows_futex = p->calls.counted;
  if (p->calls.counted)
    find_calls (text, "futex", &p->calls.futex);
  free (text);
  close (fd);
}

static void
count_by_perf (struct bench *b, struct program *p)
{
  char perf[] = "perf", stat[] = "stat", x[] = "-x,", e[] = "-e",
       event[] = "raw_syscalls:sys_enter", o[] = "-o", file[32];
  char *before[] = { perf, stat, x, e, event, o, file, NULL };
  const int fd = output_open (true);
  const char *line;
  char *text, *end;

  if (fd == -1)
    return;
  snprintf (file, sizeof file, "/proc/self/fd/%d", fd);
  text = run_counted (b, p, before, fd);
  line = text ? strstr (text, ",raw_syscalls") : NULL;
  if (line == NULL && text)
    line = strstr (text, ",,raw_syscalls");
  while (line && line > text && line[-1] != '\n')
    line--;
  if (line) {
    p->calls.all = strtoull (line, &end, 10);
    p->calls.counted = end > line;
  }
  free (text);
  close (fd);
}

void
calls_count (struct bench *b, struct program *p)
{
  if (child_exists ("strace"))
    count_by_strace (b, p);
  if (!p->calls.counted && !b->interrupted && child_exists ("perf"))
    count_by_perf (b, p);
}
