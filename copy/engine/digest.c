/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Message digests, by GnuTLS: libnbd has loaded it anyway.  Where it was
 * missing when this was built, there are none, and the options that want one
 * are refused.
 */

#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "engine/digest.h"

size_t
digest_size (enum digest_kind kind)
{
  static const size_t sizes[] = {
    [DIGEST_MD5] = 16,
    [DIGEST_SHA1] = 20,
    [DIGEST_SHA256] = 32,
    [DIGEST_SHA512] = 64,
  };

  return sizes[kind];
}

#ifdef HAVE_GNUTLS

#include <gnutls/crypto.h>

struct digest {
  gnutls_hash_hd_t handle;
  bool failed;
};

struct digest *
digest_new (enum digest_kind kind)
{
  static const gnutls_digest_algorithm_t kinds[] = {
    [DIGEST_MD5] = GNUTLS_DIG_MD5,
    [DIGEST_SHA1] = GNUTLS_DIG_SHA1,
    [DIGEST_SHA256] = GNUTLS_DIG_SHA256,
    [DIGEST_SHA512] = GNUTLS_DIG_SHA512,
  };
  struct digest *d = calloc (1, sizeof *d);
  int r;

  if (d == NULL)
    return NULL;
  if ((r = gnutls_hash_init (&d->handle, kinds[kind])) != 0) {
    free (d);
    errno = r == GNUTLS_E_MEMORY_ERROR ? ENOMEM : ENOTSUP;
    return NULL;
  }
  return d;
}

void
digest_free (struct digest *d)
{
  if (d == NULL)
    return;
  gnutls_hash_deinit (d->handle, NULL);
  free (d);
}

void
digest_add (struct digest *d, const void *data, size_t length)
{
  if (gnutls_hash (d->handle, data, length) != 0)
    d->failed = true;
}

bool
digest_end (struct digest *d, uint8_t *out)
{
  const bool good = !d->failed;

  d->failed = false;
  gnutls_hash_output (d->handle, out);
  return good;
}

#else /* !HAVE_GNUTLS */

struct digest *
digest_new (enum digest_kind kind)
{
  (void) kind;
  errno = ENOTSUP;
  return NULL;
}

void
digest_free (struct digest *d)
{
  (void) d;
}

void
digest_add (struct digest *d, const void *data, size_t length)
{
  (void) d;
  (void) data;
  (void) length;
}

bool
digest_end (struct digest *d, uint8_t *out)
{
  (void) d;
  (void) out;
  return false;
}

#endif /* !HAVE_GNUTLS */
