/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether the machine has something left to do work with. */

#ifndef IDLE_H
#define IDLE_H

#include <stdint.h>

/* The ns that a processor was idle since the machine was started, on average
 * of all; in steps of some ms.  0 where that cannot be read: then none of them
 * ever seems to be.
 */
uint64_t idle_time (void);

#endif /* IDLE_H */
