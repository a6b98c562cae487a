/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes lines to standard error: see log.h. */

#include <config.h>

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "base/sink.h"

#define LINE_MAX_BYTES 2048
#define KEPT_MAX 64

/* How long to wait for a reader of standard error that does not read. */
#define READER_PATIENCE_MS 1000

static const char *program = "stripecopy";
static const char *disk;
static bool quiet;
static bool details;

static pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER; /* these six */
static void (*make_room) (void *opaque); /* NULL: nothing to be called */
static void *room_opaque;
static struct sink errors = { .fd = -1 };
static bool reader_sleeps;    /* the wait for it was in vain */
static unsigned long dropped; /* lines that were not reported as dropped yet */
static unsigned long all_dropped;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* to keep one */
static struct log_warning kept[KEPT_MAX];
static atomic_uint n_kept; /* the warnings before it are final */

void
log_init (const char *program_, const char *disk_, bool quiet_,
          unsigned verbose)
{
  program = program_;
  disk = disk_;
  quiet = quiet_;
  details = verbose > 0;
  sink_close (&errors);
  sink_open_errors (&errors);
}

static bool
write_line (const char *line, size_t length)
{
  reader_sleeps = !sink_line (&errors, line, length,
                              reader_sleeps ? 0 : READER_PATIENCE_MS);
  return !reader_sleeps;
}

/* Reports how many lines were dropped.  False when even that is dropped. */
static bool
say_dropped (void)
{
  char line[LINE_MAX_BYTES];

  if (dropped == 0)
    return true;
  snprintf (line, sizeof line,
            "%.256s: %lu lines were dropped here: nobody"
            " read them\n",
            program, dropped);
  if (!write_line (line, strlen (line)))
    return false;
  dropped = 0;
  return true;
}

/* Writes a line.  If standard error is gone, so is it. */
static void
put_line (const char *line, size_t length)
{
  pthread_mutex_lock (&line_lock);
  if (make_room)
    make_room (room_opaque);
  if (errors.fd != -1 && (!say_dropped () || !write_line (line, length))) {
    dropped++;
    all_dropped++;
  }
  pthread_mutex_unlock (&line_lock);
}

void
log_make_room (void (*make_room_) (void *opaque), void *opaque)
{
  pthread_mutex_lock (&line_lock);
  make_room = make_room_;
  room_opaque = opaque;
  pthread_mutex_unlock (&line_lock);
}

/* Appends to the @used bytes of a line, cuts it if it is too long, and writes
 * it.
 */
static void __attribute__ ((format (printf, 3, 0)))
finish_line (char line[LINE_MAX_BYTES], size_t used, const char *fs,
             va_list args)
{
  const size_t room = LINE_MAX_BYTES - used;
  const int n = vsnprintf (line + used, room, fs, args);

  used += n < 0 ? 0 : (size_t) n < room ? (size_t) n : room - 1;
  if (used == LINE_MAX_BYTES - 1)
    used--; /* for the line end */
  line[used++] = '\n';
  put_line (line, used);
}

static void __attribute__ ((format (printf, 2, 0)))
print_line (const char *before, const char *fs, va_list args)
{
  char line[LINE_MAX_BYTES];
  const int n = snprintf (line, sizeof line, "%s: %s%s%s%s", program,
                          disk ? "disk " : "", disk ? disk : "",
                          disk ? ": " : "", before);

  finish_line (line, (size_t) n < sizeof line ? (size_t) n : sizeof line - 1,
               fs, args);
}

void
log_error (const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  print_line ("", fs, args);
  va_end (args);
}

/* Keeps a warning for the report.  If memory is out, only standard error has
 * it.
 */
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

void
log_tell_dropped (void)
{
  unsigned long n;

  pthread_mutex_lock (&line_lock);
  n = all_dropped;
  pthread_mutex_unlock (&line_lock);
  if (n > 0)
    log_warning_as ("log-lines-dropped",
                    "%lu lines on standard error were dropped because they"
                    " were not read",
                    n);
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
  pthread_mutex_lock (&line_lock);
  sink_close (&errors);
  pthread_mutex_unlock (&line_lock);
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
  char whole[SINK_LINE];
  const int n = snprintf (whole, sizeof whole, "%s\n", line);
  const size_t length = min_u64 (n, sizeof whole - 1);

  whole[length - 1] = '\n'; /* a line that was cut needs its end */
  put_line (whole, length);
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

void
log_library (const char *fs, ...)
{
  char line[LINE_MAX_BYTES];
  va_list args;

  va_start (args, fs);
  finish_line (line, 0, fs, args);
  va_end (args);
}
