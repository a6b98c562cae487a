/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error: errors always, warnings unless --quiet, details with
 * --verbose.  Each line is one write, so lines of several threads never mix.
 * If the reader of standard error does not read, the first line waits for it
 * for a second; further lines are dropped and counted.  Once it reads again, a
 * line says how many were dropped.
 */

#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

/* Sets how lines look and which are printed.  Called once, before any thread is
 * started.  Each line begins with @program, and @disk unless that is NULL; both
 * are borrowed.
 */
void log_init (const char *program, const char *disk, bool quiet,
               unsigned verbose);

void log_error (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));
void log_warning (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* Prints a warning.  Programs recognise it by @code, a constant. */
void log_warning_as (const char *code, const char *fs, ...)
  __attribute__ ((format (printf, 2, 3)));

/* A warning, printed or not, that is kept for events and the report. */
struct log_warning {
  const char *code; /* NULL: it has no code */
  char *text;
};

/* Returns warning number n (0, 1, ...), or NULL if there is none yet.  Only the
 * first 64 are kept.  Any thread; never waits.
 */
const struct log_warning *log_warning_kept (unsigned n);

/* Turns the number of dropped lines into a warning, for the report. */
void log_tell_dropped (void);

/* Lets @make_room be called before each line that is written, in the thread that
 * writes it, with @opaque; NULL: nothing is called any more.
 */
void log_make_room (void (*make_room) (void *opaque), void *opaque);

/* Frees the warnings at the end of the program. */
void log_end (void);

/* Prints what the user asked to see.  The line begins with the program's name
 * only.
 */
void log_say (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* Prints a line of a program that we started, unchanged, also with --quiet.
 * Any thread.
 */
void log_relay (const char *line);

/* Print a detail with --verbose.  log_details returns whether log_detail
 * prints, to be asked before something costly is formatted.
 */
bool log_details (void);
void log_detail (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* Prints a line of a library, with nothing before it. */
void log_library (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

#endif /* LOG_H */
