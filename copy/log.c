/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error: see log.h. */

#include <config.h>

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "log.h"

#define LINE_MAX_BYTES 2048
#define KEPT_MAX 64

/* For whoever holds standard error and does not read it. */
#define READER_PATIENCE_MS 1000

static const char *program = "stripecopy";
static const char *disk;
static bool quiet;
static bool details;
static atomic_bool reader_sleeps;       /* it was waited for in vain */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;        /* writing */
static struct log_warning kept[KEPT_MAX];
static atomic_uint n_kept;      /* those before it do not change any more */

void
log_init (const char *program_, const char *disk_, bool quiet_,
          unsigned verbose)
{
  program = program_;
  disk = disk_;
  quiet = quiet_;
  details = verbose > 0;
}

/* Whether a line can be written.  With --verbose it is waited for: whoever
 * wants to know all gets all.
 */
static bool
reader_takes_a_line (void)
{
  struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

  if (details)
    return true;
  reader_sleeps = poll (&p, 1, reader_sleeps ? 0 : READER_PATIENCE_MS) == 0;
  return !reader_sleeps;
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
  if (reader_takes_a_line () && write (STDERR_FILENO, line, used) == -1)
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

/* Where memory is out, the line on standard error has to do. */
static void __attribute__ ((format (printf, 2, 0)))
keep (const char *code, const char *fs, va_list args)
{
  char *text;
  unsigned n;

  if (vasprintf (&text, fs, args) == -1)
    return;
  pthread_mutex_lock (&lock);
  n = atomic_load (&n_kept);
  if (n < KEPT_MAX) {
    kept[n] = (struct log_warning) { code, text };
    atomic_store (&n_kept, n + 1);
    text = NULL;
  }
  pthread_mutex_unlock (&lock);
  free (text);
}

static void __attribute__ ((format (printf, 2, 0)))
warn (const char *code, const char *fs, va_list args)
{
  va_list again;

  va_copy (again, args);
  keep (code, fs, again);
  va_end (again);
  if (!quiet)
    print_line ("warning: ", fs, args);
}

void
log_warning (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  warn (NULL, fs, args);
  va_end (args);
}

void
log_warning_as (const char *code, const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  warn (code, fs, args);
  va_end (args);
}

const struct log_warning *
log_warning_kept (unsigned n)
{
  return n < atomic_load (&n_kept) ? &kept[n] : NULL;
}

void
log_end (void)
{
  for (unsigned i = 0; i < atomic_load (&n_kept); i++)
    free (kept[i].text);
  atomic_store (&n_kept, 0);
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

void
log_relay (const char *line)
{
  struct iovec parts[] = {
    { .iov_base = (void *) line, .iov_len = strlen (line) },
    { .iov_base = (void *) "\n", .iov_len = 1 },
  };

  if (reader_takes_a_line () && writev (STDERR_FILENO, parts, 2) == -1)
    return;
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
