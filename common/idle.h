/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Idle processors: whether the machine has processor time to spare. */

#ifndef IDLE_H
#define IDLE_H

#include <stdint.h>

/* Returns the ns that a processor was idle since the machine was started, as
 * the average of all processors, in steps of some ms.  Returns 0 if that cannot
 * be read, so the machine then never seems idle.
 */
uint64_t idle_time (void);

#endif /* IDLE_H */
