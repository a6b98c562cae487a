/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error: see log.h. */

#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

#define LINE_MAX_BYTES 2048

static const char *program = "stripecopy";
static const char *disk;
static bool quiet;
static bool details;

void
log_init (const char *program_, const char *disk_, bool quiet_,
          unsigned verbose)
{
  program = program_;
  disk = disk_;
  quiet = quiet_;
  details = verbose > 0;
}

static void __attribute__ ((format (printf, 2, 0)))
print_line (const char *before, const char *fs, va_list args)
{
  char line[LINE_MAX_BYTES];
  size_t used;
  int n;

  n = snprintf (line, sizeof line, "%s: %s%s%s%s", program,
                disk ? "disk " : "", disk ? disk : "", disk ? ": " : "",
                before);
  used = (size_t) n < sizeof line ? (size_t) n : sizeof line - 1;
  n = vsnprintf (line + used, sizeof line - used, fs, args);
  used += (size_t) n < sizeof line - used ? (size_t) n : sizeof line - used - 1;
  if (used == sizeof line - 1)
    used--;                     /* a cut line still gets its end */
  line[used++] = '\n';

  /* Where standard error is gone there is nobody left to tell. */
  if (write (STDERR_FILENO, line, used) == -1)
    return;
}

void
log_error (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  print_line ("", fs, args);
  va_end (args);
}

void
log_warning (const char *fs, ...)
{
  va_list args;

  if (quiet)
    return;
  va_start (args, fs);
  print_line ("warning: ", fs, args);
  va_end (args);
}

void
log_say (const char *fs, ...)
{
  va_list args;

  if (quiet)
    return;
  va_start (args, fs);
  print_line ("", fs, args);
  va_end (args);
}

bool
log_details (void)
{
  return details;
}

void
log_detail (const char *fs, ...)
{
  va_list args;

  if (!details)
    return;
  va_start (args, fs);
  print_line ("", fs, args);
  va_end (args);
}
