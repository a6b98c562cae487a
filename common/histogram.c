/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A histogram of durations: see histogram.h. */

#include <config.h>

#include "histogram.h"

/* Returns the bucket of a value.  The three bits after the highest one choose
 * it within the power of two.
 */
static unsigned
bucket_of (uint64_t value)
{
  unsigned power;

  if (value < 8)
    return value;
  power = 63 - __builtin_clzll (value);
  return (power - 2) * 8 + (value >> (power - 3) & 7);
}

/* Returns the middle of a bucket's range. */
static uint64_t
value_of (unsigned bucket)
{
  const unsigned shift = bucket / 8 - 1;

  if (bucket < 8)
    return bucket;
  return ((uint64_t) (8 + bucket % 8) << shift)
    + ((UINT64_C (1) << shift) >> 1);
}

void
histogram_add (struct histogram *h, uint64_t value)
{
  counter_add (&h->buckets[bucket_of (value)], 1);
}

void
histogram_sum (uint64_t *sums, const struct histogram *h)
{
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
    sums[i] += counter_get (&h->buckets[i]);
}

uint64_t
histogram_percentile (const uint64_t *sums, unsigned percent)
{
  uint64_t all = 0, below = 0, rank;

  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
    all += sums[i];
  if (all == 0)
    return 0;
  rank = all / 100 * percent + (all % 100 * percent + 99) / 100;
  for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
    if ((below += sums[i]) >= rank && below > 0)
      return value_of (i);
  return 0;
}
