/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A descriptor that becomes readable when it is rung, from any thread, and
 * stays so: it wakes each poll that waits for it, now or later.
 */

#ifndef BELL_H
#define BELL_H

#include <stdbool.h>
#include <stdint.h>

/* Not a standard descriptor.  The caller closes it.  -1 with errno. */
int bell_new (void);

void bell_ring (int bell);

bool bell_is_rung (int bell);

/* How often it was rung since this was last asked; it is silent again. */
uint64_t bell_take (int bell);

#endif /* BELL_H */
