/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event notifier: a descriptor that any thread can make readable.  It stays
 * readable, so that it wakes each poll that waits for it, now or later.
 */

#ifndef NOTIFIER_H
#define NOTIFIER_H

#include <stdbool.h>
#include <stdint.h>

/* Makes a notifier, never with the number of a standard descriptor.  The caller
 * closes it.  Returns -1 with errno.
 */
int notifier_new (void);

void notifier_signal (int notifier);

bool notifier_is_set (int notifier);

/* Returns how often it was notified since the last call, and makes it
 * unreadable again.
 */
uint64_t notifier_take (int notifier);

#endif /* NOTIFIER_H */
