/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory limit of the control groups of this process, as in a container. */

#ifndef MEMORY_LIMIT_H
#define MEMORY_LIMIT_H

#include <stdint.h>

/* Returns the lowest limit, in bytes, of the process's group and the groups
 * above it, in either version of control groups; UINT64_MAX if there is none or
 * none can be read.
 */
uint64_t memory_limit (void);

#endif /* MEMORY_LIMIT_H */
