/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A descriptor that becomes readable when it is rung, from any thread, and
 * stays so: it wakes each poll that waits for it, now or later.
 */

#ifndef NOTIFIER_H
#define NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

/* Not a standard descriptor.  The caller closes it.  -1 with errno. */
int notifier_new (void);

void notifier_signal (int notifier);

bool notifier_is_set (int notifier);

/* How often it was rung since this was last asked; it is silent again. */
uint64_t notifier_take (int notifier);

#endif /* NOTIFIER_H */
