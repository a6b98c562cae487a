/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a server in brackets stores each cluster only once: behind QEMU's
 * compress filter, or in a streamOptimized vmdk.  The server does not tell.
 */

#ifndef WRITTEN_ONCE_H
#define WRITTEN_ONCE_H

#include <stdint.h>

/* The bytes that have to be written at a time, where the words of the command
 * say that; 0 where they do not.
 */
uint64_t written_once_grain (char *const command[]);

#endif /* WRITTEN_ONCE_H */
