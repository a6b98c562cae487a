/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Message digests: md5, sha1, sha256, sha512.  One at a time belongs to one
 * thread.
 */

#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/types.h"

#define DIGEST_MAX 64 /* bytes that any of them fits in */

struct digest; /* body in digest.c */

/* How many bytes one is. */
size_t digest_size (enum digest_kind kind);

/* Ready to be added to.  NULL with errno: ENOTSUP where the library, or how
 * this system has set it up, does not offer that kind.
 */
struct digest *digest_new (enum digest_kind kind);
void digest_free (struct digest *d); /* NULL is fine */

void digest_add (struct digest *d, const void *data, size_t length);

/* Writes digest_size bytes about all that was added since the last time, and
 * starts afresh.  False when the library failed at any of it.
 */
bool digest_end (struct digest *d, uint8_t *out);

#endif /* DIGEST_H */
