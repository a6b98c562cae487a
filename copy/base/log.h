/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error: errors always, warnings unless --quiet, details with
 * --verbose.  Each line is one write, so lines of several threads never mix.
 * Where nobody reads them, they are waited for once, a second, and then dropped
 * and counted.  Their number is said once there is a reader again.
 */

#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/* Called once, before any thread is started.  program, and the disk where there
 * is one (NULL: none), stand before each line, and are borrowed.
 */
void log_init (const char *program, const char *disk, bool quiet,
               unsigned verbose);

void log_error (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));
void log_warning (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* A warning that programs know by a word of its own, a constant. */
void log_warning_as (const char *code, const char *fs, ...)
  __attribute__ ((format (printf, 2, 3)));

/* The warnings so far, quiet or not, are kept for those who tell of them. */
struct log_warning {
  const char *code; /* NULL: it has none */
  char *text;
};

/* Number n (0, 1, ...) of them, or NULL where it has not come.  The first 64
 * are kept.  Any thread, without waiting.
 */
const struct log_warning *log_warning_kept (unsigned n);

/* Where lines were dropped, that becomes a warning, for those who report. */
void log_tell_dropped (void);

/* Forgets them: at the very end. */
void log_end (void);

/* For what people asked to see: nothing is put before it but the name. */
void log_say (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* A line of a program that we started, as it is, quiet or not.  Any thread. */
void log_relay (const char *line);

/* Whether log_detail prints: ask before working out what to say. */
bool log_details (void);
void log_detail (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* A line of a library's own, with nothing before it. */
void log_library (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

#endif /* LOG_H */
