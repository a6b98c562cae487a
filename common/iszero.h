/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a buffer is all zero, fast: the usual answer for data, no, costs one
 * cache line.
 */

#ifndef ISZERO_H
#define ISZERO_H

#include <stdbool.h>
#include <stddef.h>

/* Any length and alignment; an empty buffer is zero. */
bool is_zero (const void *buffer, size_t length);

#endif /* ISZERO_H */
