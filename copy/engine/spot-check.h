/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A look at a few places of a destination that is promised to read as zeroes.
 * It reads little, over the first conn, in the main thread.
 */

#ifndef SPOT_CHECK_H
#define SPOT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

struct spot_check; /* body in spot-check.c */

/* Reads from places all over [start, end), until one is no zero, wait_ns are
 * over, or interrupt_fd is readable.  What cannot be read says nothing.  NULL
 * with errno.
 */
struct spot_check *spot_check_new (struct endpoint *ep, uint64_t start,
                                   uint64_t end, uint64_t wait_ns,
                                   int interrupt_fd);

/* Whether a place was found that is no zero: the range that was read there. */
bool spot_check_found (const struct spot_check *s, uint64_t *offset,
                       uint64_t *length);

/* After the endpoint's conns were closed: answers may still have been on their
 * way.  NULL is fine.
 */
void spot_check_free (struct spot_check *s);

#endif /* SPOT_CHECK_H */
