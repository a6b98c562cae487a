/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which errors deserve another try, when, and how many are left.  Pure. */

#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_plan {
  uint64_t tries; /* after the first one */
  uint64_t wait;  /* ns before the first of them */
};

/* Whether what failed with this errno may succeed another time. */
bool retry_helps (int err);

/* Whether there may be another try after so many failures in a row (1, 2, ...),
 * and after how many ns; dice is any random bits.
 */
bool retry_may (const struct retry_plan *p, unsigned failures, uint64_t dice,
                uint64_t *wait);

#endif /* RETRY_H */
