/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of how the copy goes: how much is done, how fast, how long
 * it still takes.  It is told totals and times.  Pure.
 */

#ifndef ESTIMATE_H
#define ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/counters.h"

/* How many looks back the rate is taken over. */
#define ESTIMATE_SAMPLES 64

struct estimator {
  struct {
    uint64_t when, done, data, read_bytes, zero;
  } samples[ESTIMATE_SAMPLES];
  unsigned n_samples;     /* at least 1 */
  uint64_t began;         /* clock_now time: the present phase did */
  uint64_t zeroing_since; /* clock_now time: nothing was zeroed before */
  double fraction;        /* of this phase that is done; never falls */
  uint64_t next_sample;
  struct totals told; /* the latest */
  bool data_known;
  uint64_t source_data; /* bytes that have to be read, if known */
  uint64_t moved;       /* clock_now time of the last change */
};

/* begun is what earlier runs have done. */
void estimator_init (struct estimator *o, const struct totals *begun,
                     uint64_t now);

/* How many bytes of the source are data, of those that are to be copied. */
void estimator_know (struct estimator *o, uint64_t source_data);

/* When estimator_note wants to be called again; clock_now time. */
uint64_t estimator_deadline (const struct estimator *o);

/* Called at least each time it is due. */
void estimator_note (struct estimator *o, const struct totals *t, uint64_t now);

/* What there is to say of the totals that were noted last. */
struct estimate {
  const struct totals *totals; /* of the estimator */
  int percent;                 /* of this phase; -1: unknown.  100 only once
                                   all is done and flushed.  Of its bytes, or
                                   of its time where zeroing takes much of
                                   that */
  int percent_of_all;          /* the same of all phases */
  double data_rate;            /* bytes a second, over the last 10 s */
  double zero_rate;            /* the same of what is zeroed without having
                                   been read */
  double done_rate;            /* the same of bytes of any kind */
  bool left_known;
  uint64_t data_left; /* bytes still to be read in this phase */
  uint64_t zero_left; /* and to be zeroed: a guess */
  double left;        /* seconds for both, or for all bytes where they are
                         unknown; -1: unknown */
  uint64_t inflight;  /* requests without an answer */
  uint64_t stalled;   /* ns since anything moved */
};

/* finished says that all is done, and flushed. */
struct estimate estimator_estimate (const struct estimator *o, bool finished,
                                    uint64_t now);

#endif /* ESTIMATE_H */
