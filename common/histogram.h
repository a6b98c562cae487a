/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A histogram of durations, for their median and tail.  One writer and any
 * number of readers, without a lock.  Its size is fixed, and values are
 * accurate to an eighth.
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

/* Counts a value.  Only the thread that owns the histogram may call this. */
void histogram_add (struct histogram *h, uint64_t value);

/* Adds the histogram to @sums, which has HISTOGRAM_BUCKETS numbers, all zero at
 * first.
 */
void histogram_sum (uint64_t *sums, const struct histogram *h);

/* Returns the value that @percent percent of the summed values do not exceed; 0
 * if there are none.
 */
uint64_t histogram_percentile (const uint64_t *sums, unsigned percent);

#endif /* HISTOGRAM_H */
