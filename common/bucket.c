/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket: see bucket.h. */

#include <config.h>

#include <assert.h>

#include "arith.h"
#include "bucket.h"
#include "clock.h"

/* A higher rate is no limit in practice, and the arithmetic would overflow. */
#define RATE_MAX ((uint64_t) INT64_MAX)

void
bucket_init (struct bucket *b, uint64_t rate, uint64_t slack, uint64_t now)
{
  *b = (struct bucket) { .rate = min_u64 (rate, RATE_MAX),
                         .slack = slack,
                         .paid = now };
}

/* Charges for the bytes.  The remainder is kept: with rounding, small requests
 * would pay too little.
 */
static void
pay (struct bucket *b, uint64_t bytes)
{
  const uint64_t cost = bytes * NS_PER_S + b->rest;

  b->paid = add_saturated (b->paid, cost / b->rate);
  b->rest = cost % b->rate;
}

void
bucket_set_rate (struct bucket *b, uint64_t rate, uint64_t now)
{
  /* the bytes of one request, or more if @now is long past */
  const uint64_t owed = b->paid > now
    ? min_u64 (mul_saturated (b->paid - now, b->rate) / NS_PER_S,
               BUCKET_BYTES_MAX)
    : 0;

  bucket_init (b, rate, b->slack, now);
  if (rate)
    pay (b, owed);
}

bool
bucket_take (struct bucket *b, uint64_t bytes, uint64_t now)
{
  assert (bytes <= BUCKET_BYTES_MAX);
  if (b->rate == 0)
    return true;
  if (b->paid > now)
    return false;
  if (now - b->paid > b->slack) {
    b->paid = now - b->slack;
    b->rest = 0;
  }
  pay (b, bytes);
  return true;
}

uint64_t
bucket_deadline (const struct bucket *b)
{
  return b->rate ? b->paid : 0;
}
