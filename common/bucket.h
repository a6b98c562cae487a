/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket: limits bytes to a rate.  Pure: the caller passes the time, in
 * ns from any start.
 *
 * A request may pass, whatever its size, once all requests before it are paid
 * for.  It is paid for afterwards, by making the next one wait.  Unused time is
 * saved up, but only up to the slack.  So in any second at most the bytes of
 * the rate, of the slack and of one request pass.
 */

#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Most bytes of one request. */
#define BUCKET_BYTES_MAX (UINT64_C (1) << 33)

struct bucket {
  uint64_t rate;  /* bytes per second; 0: no limit */
  uint64_t slack; /* ns that can be saved up */
  uint64_t paid;  /* time at which everything that passed is paid for */
  uint64_t rest;  /* the fraction of a ns after that, in units of 1/rate */
};

/* Initialises the bucket with no saved time. */
void bucket_init (struct bucket *b, uint64_t rate, uint64_t slack,
                  uint64_t now);

/* Changes the rate.  The bytes that are not paid for yet stay the same. */
void bucket_set_rate (struct bucket *b, uint64_t rate, uint64_t now);

/* Returns whether @bytes, at most BUCKET_BYTES_MAX, may pass now, and if so
 * charges for them.
 */
bool bucket_take (struct bucket *b, uint64_t bytes, uint64_t now);

/* Returns the time from which bucket_take is true; it can be in the past. */
uint64_t bucket_deadline (const struct bucket *b);

#endif /* BUCKET_H */
