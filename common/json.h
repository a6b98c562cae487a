/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers for jansson.  Functions that make a value return NULL when memory
 * runs out.  As with jansson's own functions, NULL can be passed on as a value,
 * and a value put into another one belongs to that one.
 */

#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Makes a number of bytes or of items. */
json_t *json_of_number (uint64_t n);

/* Makes a number of seconds, exact to the microsecond. */
json_t *json_of_ns (uint64_t ns);

/* Makes a date in UTC, exact to the microsecond: "2026-01-31T12:00:00.000000Z".
 */
json_t *json_of_time (const struct timespec *t);

/* Makes text of at most @at_most bytes.  NULL becomes null, and bytes that are
 * not UTF-8, which jansson would refuse, become U+FFFD.
 */
json_t *json_of_text (const char *text, size_t at_most);

/* Formats a value as one line without blanks, with a line end.  Allocated; NULL
 * when memory runs out or the value is NULL.
 */
char *json_line (const json_t *value, size_t *length);

#endif /* JSON_H */
