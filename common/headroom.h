/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the limits of this process leave room for more. */

#ifndef HEADROOM_H
#define HEADROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* At most this many descriptors can be asked for. */
#define HEADROOM_DESCRIPTORS 16

/* Bytes that are left to libraries: one that gets no memory may abort. */
#define HEADROOM_MEMORY (8 << 20)

/* Whether so many more descriptors and bytes of memory can be had: takes them,
 * and gives them back.  False with errno.  Needs descriptor 2.  Any thread; two
 * at a time take turns.
 */
bool headroom_is_left (unsigned descriptors, size_t memory);

/* How many more bytes of addresses the limit of this process leaves to it (see
 * RLIMIT_AS in getrlimit(2)), without the HEADROOM_MEMORY that is for libraries
 * and the one that headroom_is_left may take for a moment.  UINT64_MAX where
 * there is no limit.  Takes nothing.  Any thread.
 */
uint64_t headroom_addresses (void);

#endif /* HEADROOM_H */
