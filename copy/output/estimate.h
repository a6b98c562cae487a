/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress estimate: how much is done, how fast, and how long the rest
 * takes.  It reads no clock and no counters: callers pass totals and times.
 */

#ifndef ESTIMATE_H
#define ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/counters.h"

/* The number of samples that rates are computed over. */
#define ESTIMATE_SAMPLES 64

struct estimator {
  struct {
    uint64_t when, done, data, read_bytes, zero;
  } samples[ESTIMATE_SAMPLES];
  unsigned n_samples;     /* at least 1 */
  uint64_t began;         /* clock_now time when the current phase began */
  uint64_t zeroing_since; /* clock_now time before which nothing was zeroed */
  double fraction;        /* of this phase that is done; never decreases */
  uint64_t next_sample;
  struct totals latest; /* the latest totals */
  bool data_known;
  uint64_t source_data; /* bytes to read, if known */
  uint64_t moved;       /* clock_now time of the last progress */
};

/* Initialises the estimator.  @begun counts the bytes that earlier runs copied.
 */
void estimator_init (struct estimator *e, const struct totals *begun,
                     uint64_t now);

/* Sets how many of the bytes to copy are data at the source. */
void estimator_know (struct estimator *e, uint64_t source_data);

/* Returns when estimator_note must be called next; clock_now time. */
uint64_t estimator_deadline (const struct estimator *e);

/* Takes new totals.  Must be called at least at each deadline. */
void estimator_note (struct estimator *e, const struct totals *t, uint64_t now);

/* The estimate for the totals that were noted last. */
struct estimate {
  const struct totals *totals; /* borrowed from the estimator */
  int percent;                 /* of this phase; -1: unknown.  100 only once
                                  everything is flushed */
  int percent_of_all;          /* of all phases; -1: unknown */
  double fraction;             /* the same from 0 to 1, exactly; -1: unknown */
  double data_rate;            /* bytes per second, over the last 10 s */
  double zero_rate;            /* bytes per second zeroed without being read */
  double done_rate;            /* bytes per second of any kind */
  bool left_known;
  uint64_t data_left; /* bytes to read in this phase */
  uint64_t zero_left; /* bytes to zero in this phase, estimated */
  double left;        /* seconds for both, or for all bytes where they are
                         unknown; -1: unknown */
  uint64_t inflight;  /* requests in flight */
  uint64_t stalled;   /* ns since the last progress; 0 below 1 s */
};

/* Returns the current estimate.  @finished: everything is done and flushed. */
struct estimate estimator_estimate (const struct estimator *e, bool finished,
                                    uint64_t now);

#endif /* ESTIMATE_H */
