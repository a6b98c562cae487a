/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket for several processes, in memory that they share.  It works as
 * the one in bucket.h, without a lock: a process that ends at any moment holds
 * nothing that the others need.  Pure but for that memory: the caller passes
 * the time, in ns from a start that all processes have in common.
 *
 * Each process takes as much of the rate as it can use; there are no fixed
 * shares.
 */

#ifndef SHARED_BUCKET_H
#define SHARED_BUCKET_H

#include <stdatomic.h>
#include <stdint.h>

/* Most bytes of one request. */
#define SHARED_BUCKET_BYTES_MAX (UINT64_C (1) << 33)

struct shared_bucket {
  _Atomic uint64_t rate; /* bytes per second; 0: no limit */
  _Atomic uint64_t paid; /* time at which everything that passed is paid for */
};

/* Initialises the bucket with no saved time, before it is shared. */
void shared_bucket_init (struct shared_bucket *b, uint64_t rate, uint64_t now);

/* Changes the rate.  The bytes that are not paid for yet stay the same.  Only
 * one process may call it.
 */
void shared_bucket_set_rate (struct shared_bucket *b, uint64_t rate,
                             uint64_t now);

/* Returns 0 if @bytes, at most SHARED_BUCKET_BYTES_MAX, may pass now, and
 * charges for them.  Else returns the time to ask again, which can be as late
 * as UINT64_MAX: the rate can change at any time.  @slack is the time in ns
 * that can be saved up.  Any process, any thread.
 */
uint64_t shared_bucket_take (struct shared_bucket *b, uint64_t bytes,
                             uint64_t slack, uint64_t now);

/* Returns the rate. */
uint64_t shared_bucket_rate (const struct shared_bucket *b);

#endif /* SHARED_BUCKET_H */
