/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says who has a block device that cannot be had exclusively. */

#ifndef HOLDERS_H
#define HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* In words, and what can be done about it: file systems that are mounted, swap
 * space, and devices that are made of it, also of its partitions, or of the
 * disk that it is a partition of.  name is what the user calls it.  Cut where the
 * size (at least 1) is too small; it looks at the present moment, in the mount
 * namespace of this process.  False where none of these has it: then it is a
 * program.
 */
bool holders_describe (dev_t number, const char *name, char *text, size_t size);

#endif /* HOLDERS_H */
