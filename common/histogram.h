/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How often values of each size came up: for the middle and the tail of
 * durations.  One writer and any readers, without a lock; its size is fixed,
 * and what it tells is exact to an eighth.
 */

#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#include "counter.h"

/* Each power of two has 8 buckets; values below 8 have one each. */
#define HISTOGRAM_BUCKETS (62 * 8)

struct histogram {
  counter buckets[HISTOGRAM_BUCKETS];
};

/* Only ever called by the one thread that owns the histogram. */
void histogram_add (struct histogram *h, uint64_t value);

/* Adds up several of them: sums has HISTOGRAM_BUCKETS numbers, zeroes first. */
void histogram_sum (uint64_t *sums, const struct histogram *h);

/* The value that so many percent of what was added up do not exceed; 0 where
 * nothing was.
 */
uint64_t histogram_percentile (const uint64_t *sums, unsigned percent);

#endif /* HISTOGRAM_H */
