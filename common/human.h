/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, sizes and durations, to and from the text that people write and
 * read.
 */

#ifndef HUMAN_H
#define HUMAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUMAN_MAX 32 /* bytes that any formatted value fits in */

/* Parses a number without a sign: "0", "42", "007".  Returns as below. */
const char *human_parse_number (const char *text, uint64_t *number);

/* Whether @text is the number of a file descriptor, and not a file's name. */
bool human_parse_descriptor (const char *text, int *fd);

/* A number of bytes with an optional unit: "512", "32k", "1M", "1MiB", "4G".
 * Units b k m g t p e and s (512 bytes), k..e optionally with "iB" or "B"
 * behind, all in either case; all are powers of two.  No sign, no fraction, no
 * blanks, no hexadecimal.
 * Returns NULL on success, or why not ("unknown unit", "not a number",
 * "too large", ...), a constant string, *bytes then unchanged.
 */
const char *human_parse_size (const char *text, uint64_t *bytes);

/* A number of seconds with at most nine decimals: "2", "0.25".  Returns NULL on
 * success, or why not.
 */
const char *human_parse_seconds (const char *text, uint64_t *ns);

/* A rate: such a number of bytes a second; 0 and "none" say that there is none.
 * Returns as above.
 */
const char *human_parse_rate (const char *text, uint64_t *rate);

/* "0 B", "512 B", "1.5 KiB", "2.0 GiB": one decimal from KiB on.
 * Returns buf.
 */
char *human_size (char buf[HUMAN_MAX], uint64_t bytes);

/* "0.3 s" (tenths only below 10 s), "42 s", "3:07", "2:03:07",
 * "4 d 02:03:07".  Returns buf.
 */
char *human_duration (char buf[HUMAN_MAX], uint64_t ns);

#endif /* HUMAN_H */
