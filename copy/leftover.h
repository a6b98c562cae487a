/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Servers of images that a killed run has left.  qemu-nbd gets SIGTERM then,
 * but forgets one that comes while it starts, and keeps its image locked.
 */

#ifndef LEFTOVER_H
#define LEFTOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "device.h"

/* Ends those that have this file open: ours, and nobody listens to what they
 * print any more, as the run that started them would.  Waits until they have
 * ended, at most until the deadline (clock_now time), or until hurry_fd (-1:
 * none) is readable.  True when there were any.
 */
bool leftover_end (const struct device *d, uint64_t deadline, int hurry_fd);

#endif /* LEFTOVER_H */
