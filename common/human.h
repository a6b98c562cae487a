/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, sizes and durations as people write and read them. */

#ifndef HUMAN_H
#define HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUMAN_MAX 32 /* bytes for any formatted value */

/* Parses a number without a sign: "0", "42", "007".  Returns the same as
 * human_parse_size.
 */
const char *human_parse_number (const char *text, uint64_t *number);

/* Returns whether @text is the number of a file descriptor rather than a file
 * name.
 */
bool human_parse_descriptor (const char *text, int *fd);

/* Parses a number of bytes with an optional unit: "512", "32k", "1M", "1MiB",
 * "4G".  Units are b k m g t p e and s (512 bytes), k to e optionally followed
 * by "iB" or "B", in upper or lower case; all are powers of two.  No sign,
 * fraction, blanks or hexadecimal.  Returns NULL on success, or the reason as a
 * constant string ("unknown unit", "not a number", "too large", ...); *bytes is
 * then unchanged.
 */
const char *human_parse_size (const char *text, uint64_t *bytes);

/* Parses a number of seconds, or of the units s, m and h, with at most nine
 * decimals: "2", "0.25", "1.5h".  Returns NULL on success, or the reason.
 */
const char *human_parse_seconds (const char *text, uint64_t *ns);

/* Parses a rate, a number of bytes per second; 0 and "none" mean no limit.
 * Returns the same as human_parse_size.
 */
const char *human_parse_rate (const char *text, uint64_t *rate);

/* Formats a size: "0 B", "512 B", "1.5 KiB", "2.0 GiB", with one decimal from
 * KiB on.  Returns @buf.
 */
char *human_size (char buf[HUMAN_MAX], uint64_t bytes);

/* Formats a duration: "0.3 s" (tenths only below 10 s), "42 s", "3:07",
 * "2:03:07", "4 d 02:03:07".  Returns @buf.
 */
char *human_duration (char buf[HUMAN_MAX], uint64_t ns);

#endif /* HUMAN_H */
