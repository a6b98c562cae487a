/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads a few places of a destination that the user has promised to be zero.
 * Uses the first conn, in the main thread.
 */

#ifndef SPOT_CHECK_H
#define SPOT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

struct spot_check; /* body in spot-check.c */

/* Reads at places all over [@start, @end) until one is not zero, @wait_ns have
 * passed, or @interrupt_fd is readable.  Places that cannot be read do not
 * count.  Returns NULL with errno.
 */
struct spot_check *spot_check_new (struct endpoint *ep, uint64_t start,
                                   uint64_t end, uint64_t wait_ns,
                                   int interrupt_fd);

/* Returns whether a place was found that is not zero, and sets *offset and
 * *length to the range that was read there.
 */
bool spot_check_found (const struct spot_check *s, uint64_t *offset,
                       uint64_t *length);

/* Frees it, after the endpoint's conns are closed: until then, answers can be
 * on their way.  @s may be NULL.
 */
void spot_check_free (struct spot_check *s);

#endif /* SPOT_CHECK_H */
