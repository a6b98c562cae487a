/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How much memory the control groups of this process grant, as in a container.
 */

#ifndef MEMORY_LIMIT_H
#define MEMORY_LIMIT_H

#include <stdint.h>

/* The lowest limit in bytes of its group and those above, in either version of
 * control groups; UINT64_MAX where there is none, or none can be read.
 */
uint64_t memory_limit (void);

#endif /* MEMORY_LIMIT_H */
