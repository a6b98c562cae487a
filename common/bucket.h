/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A token bucket: when so many bytes may phase, at so many a second.  Pure: it
 * is given the time, in ns from any start.
 *
 * Whoever comes when all before it is paid for may phase, whatever its size, and
 * pays afterwards, by making the next one wait.  What is not used is saved up,
 * but only for a short time; so in any second, rate bytes phase, and at most
 * those of the slack and of one passage more.
 */

#ifndef BUCKET_H
#define BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* Of one passage. */
#define BUCKET_BYTES_MAX (UINT64_C (1) << 33)

struct bucket {
  uint64_t rate;  /* bytes a second; 0: all may pass */
  uint64_t slack; /* ns that can be saved up */
  uint64_t paid;  /* when all that has passed is paid for */
  uint64_t rest;  /* behind that: rate parts of a ns */
};

/* Nothing is saved up yet. */
void bucket_init (struct bucket *b, uint64_t rate, uint64_t slack,
                  uint64_t now);

/* What has passed and is not paid for stays so many bytes. */
void bucket_set_rate (struct bucket *b, uint64_t rate, uint64_t now);

/* Whether so many bytes, at most BUCKET_BYTES_MAX, may pass now.  If so, they
 * have.
 */
bool bucket_take (struct bucket *b, uint64_t bytes, uint64_t now);

/* From when on bucket_take is true; it can have been so for long. */
uint64_t bucket_deadline (const struct bucket *b);

#endif /* BUCKET_H */
