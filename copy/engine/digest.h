/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Message digests: md5, sha1, sha256, sha512.  Each belongs to one thread. */

#ifndef DIGEST_H
#define DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/types.h"

#define DIGEST_MAX 64 /* bytes that any of them fits in */

struct digest; /* body in digest.c */

/* Returns how many bytes a digest of this kind has. */
size_t digest_size (enum digest_kind kind);

/* Makes an empty digest.  Returns NULL with errno: ENOTSUP where the library,
 * or its configuration on this system, does not offer this kind.
 */
struct digest *digest_new (enum digest_kind kind);
void digest_free (struct digest *d); /* NULL is fine */

void digest_add (struct digest *d, const void *data, size_t length);

/* Writes the digest of all bytes that were added since the last time,
 * digest_size bytes, and starts again.  Returns false when the library has
 * failed.
 */
bool digest_end (struct digest *d, uint8_t *out);

#endif /* DIGEST_H */
