/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells whether a buffer is all zero, fast: for most data the answer costs one
 * cache line.
 */

#ifndef ISZERO_H
#define ISZERO_H

#include <stdbool.h>
#include <stddef.h>

/* Takes any length and alignment; an empty buffer is zero. */
bool is_zero (const void *buffer, size_t length);

#endif /* ISZERO_H */
