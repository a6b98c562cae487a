/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The small types that options have: see types.h. */

#include <config.h>

#include "options/types.h"

const char *
digest_name (enum digest_kind kind)
{
  static const char *const names[] = {
    [DIGEST_NONE] = "no",       [DIGEST_MD5] = "md5",
    [DIGEST_SHA1] = "sha1",     [DIGEST_SHA256] = "sha256",
    [DIGEST_SHA512] = "sha512",
  };

  return names[kind];
}
