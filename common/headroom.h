/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the limits of this process leave room for more. */

#ifndef HEADROOM_H
#define HEADROOM_H

#include <stdbool.h>
#include <stddef.h>

/* At most this many descriptors can be asked for. */
#define HEADROOM_DESCRIPTORS 16

/* Whether so many more descriptors and bytes of memory can be had: takes them,
 * and gives them back.  False with errno.  Needs descriptor 2.  Any thread; two
 * at a time take turns.
 */
bool headroom_is_left (unsigned descriptors, size_t memory);

#endif /* HEADROOM_H */
