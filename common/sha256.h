/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SHA-256 of short texts (FIPS 180-4), for builds with any TLS library or none.
 * Pure.
 */

#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>

#define SHA256_TEXT 65 /* digits and a NUL */

/* Writes the digest in hexadecimal digits. */
void sha256_text (const void *bytes, size_t length, char out[SHA256_TEXT]);

#endif /* SHA256_H */
