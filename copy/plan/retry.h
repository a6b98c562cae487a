/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which errors are retried, when, and how often.  Pure. */

#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_plan {
  uint64_t tries; /* after the first one */
  uint64_t wait;  /* ns before the first of them */
};

/* Returns whether a retry may succeed after this errno. */
bool retry_helps (int err);

/* Returns whether to try again after @failures failures in a row (1, 2, ...),
 * and sets *wait to the ns before that.  @dice is any random bits: see
 * backoff_wait.
 */
bool retry_may (const struct retry_plan *p, unsigned failures, uint64_t dice,
                uint64_t *wait);

#endif /* RETRY_H */
