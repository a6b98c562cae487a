/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few lines that the project adds to jansson.
 *
 * Every function that makes a value gives NULL where memory is out, and takes
 * what jansson's own functions take: a value that was put into another one is
 * that one's.
 */

#ifndef JSON_H
#define JSON_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* A number of bytes, or of things. */
json_t *json_of_number (uint64_t n);

/* Seconds, exact to the microsecond. */
json_t *json_of_ns (uint64_t ns);

/* A date in UTC, exact to the microsecond: "2026-01-31T12:00:00.000000Z". */
json_t *json_of_time (const struct timespec *t);

/* Text of at most so many bytes, whoever it comes from: NULL becomes null, and
 * what is no UTF-8 becomes U+FFFD, which jansson alone would refuse.
 */
json_t *json_of_text (const char *text, size_t at_most);

/* One line with its end, without blanks.  Allocated; NULL where memory is out,
 * or the value is NULL.
 */
char *json_line (const json_t *value, size_t *length);

#endif /* JSON_H */
