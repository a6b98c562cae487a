/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Divides a list of copies among hosts.  Pure: the result depends only on the
 * sizes in the list, so that every host divides it in the same way.
 */

#ifndef PART_H
#define PART_H

#include <stddef.h>
#include <stdint.h>

#define PART_SIZE_UNKNOWN UINT64_MAX

/* Sets parts[i] to the part, from 1 to @count, that copy i belongs to.  The
 * largest copies are dealt out first, each to the part that has the fewest
 * bytes.  A copy of unknown size counts as the average of the others.
 * Returns -1 when memory runs out.
 */
int part_divide (uint64_t *parts, const uint64_t *sizes, size_t n,
                 uint64_t count);

#endif /* PART_H */
