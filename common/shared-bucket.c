/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket for several processes: see shared-bucket.h. */

#include <config.h>

#include <assert.h>

#include "arith.h"
#include "clock.h"
#include "shared-bucket.h"

/* A higher rate is no limit in practice, and the arithmetic would overflow. */
#define RATE_MAX ((uint64_t) INT64_MAX)

/* Stands in for the time while the rate changes: nothing passes. */
#define CHANGING UINT64_MAX

void
shared_bucket_init (struct shared_bucket *b, uint64_t rate, uint64_t now)
{
  atomic_init (&b->rate, min_u64 (rate, RATE_MAX));
  atomic_init (&b->paid, now);
}

uint64_t
shared_bucket_rate (const struct shared_bucket *b)
{
  return atomic_load (&b->rate);
}

/* Returns the ns that the bytes cost, rounded up: there is no place for a
 * remainder that would change together with the time.
 */
static uint64_t
cost (uint64_t bytes, uint64_t rate)
{
  const uint64_t ns = bytes * NS_PER_S;

  return ns / rate + (ns % rate != 0);
}

/* The new time always differs from the old one, so that the exchange of a process
 * which has read the old rate fails.
 */
void
shared_bucket_set_rate (struct shared_bucket *b, uint64_t rate, uint64_t now)
{
  const uint64_t before = atomic_load (&b->rate);
  const uint64_t paid = atomic_exchange (&b->paid, CHANGING);
  /* the bytes of one request, or more if @now is long past */
  const uint64_t owed = paid > now
    ? min_u64 (mul_saturated (paid - now, before) / NS_PER_S,
               SHARED_BUCKET_BYTES_MAX)
    : 0;
  const uint64_t known = min_u64 (rate, RATE_MAX);
  const uint64_t next = known ? add_saturated (now, cost (owed, known)) : now;

  atomic_store (&b->rate, known);
  atomic_store (&b->paid, next == paid ? next + 1 : next);
}

/* Reads the time before the rate.  If the rate has changed in between, the time
 * has, too, and the exchange fails.
 */
uint64_t
shared_bucket_take (struct shared_bucket *b, uint64_t bytes, uint64_t slack,
                    uint64_t now)
{
  const uint64_t earliest = now > slack ? now - slack : 0;

  assert (bytes <= SHARED_BUCKET_BYTES_MAX);
  for (;;) {
    uint64_t paid = atomic_load (&b->paid);
    const uint64_t rate = atomic_load (&b->rate);

    if (rate == 0)
      return 0;
    if (paid > now)
      return paid;
    if (atomic_compare_exchange_weak (
          &b->paid, &paid, max_u64 (paid, earliest) + cost (bytes, rate)))
      return 0;
  }
}
