/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Room within the limits of this process for descriptors and memory. */

#ifndef HEADROOM_H
#define HEADROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Most descriptors that can be asked for. */
#define HEADROOM_DESCRIPTORS 16

/* Bytes reserved for libraries: a library that gets no memory may abort. */
#define HEADROOM_MEMORY (8 << 20)

/* Returns whether this many more descriptors and bytes of memory are available,
 * by allocating and releasing them.  Returns false with errno.  Descriptor 2
 * must be open.  Any thread; only one at a time.
 */
bool headroom_is_left (unsigned descriptors, size_t memory);

/* Returns how much more address space the limit of this process allows (see
 * RLIMIT_AS in getrlimit(2)), without HEADROOM_MEMORY for libraries and the
 * HEADROOM_MEMORY that headroom_is_left may take for a moment.  UINT64_MAX if
 * there is no limit.  Allocates nothing.  Any thread.
 */
uint64_t headroom_addresses (void);

#endif /* HEADROOM_H */
