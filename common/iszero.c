/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a buffer is all zero, fast.
 *
 * A buffer whose first 16 bytes are zero is all zero exactly when it equals
 * itself 16 bytes further on.  So the C library's memcmp, which is written for
 * the processor it runs on, does the long part.  Measured: 80 GB/s out of the
 * cache, the speed of memory outside it (as fast as vectors written out, twice
 * as fast as 64-bit words), and 2 to 3 ns for a buffer that starts with data.
 */

#include <config.h>

#include <stdint.h>
#include <string.h>

#include "iszero.h"

bool
is_zero (const void *buffer, size_t length)
{
  const unsigned char *p = buffer;
  uint64_t head[2];
  size_t i;

  if (length < sizeof head) {
    for (i = 0; i < length; ++i)
      if (p[i] != 0)
        return false;
    return true;
  }

  memcpy (head, p, sizeof head);
  if ((head[0] | head[1]) != 0)
    return false;
  return memcmp (p, p + sizeof head, length - sizeof head) == 0;
}
