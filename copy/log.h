/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error: errors always, warnings unless --quiet, details with
 * --verbose.  Each line is one write, so lines of several threads never mix.
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

/* For what people asked to see: nothing is put before it but the name. */
void log_say (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

/* Whether log_detail prints: ask before working out what to say. */
bool log_details (void);
void log_detail (const char *fs, ...) __attribute__ ((format (printf, 1, 2)));

#endif /* LOG_H */
