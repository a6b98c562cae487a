/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds how many bytes to keep in flight, and in requests of which size, from
 * the rate of the copy and the round trip times.  Pure: the caller passes both,
 * and gets one tuning for all workers.  If each worker had its own tuner, the
 * tuners would only take bandwidth from each other.
 *
 * The window of all workers together follows the rule of BBR: a multiple of the
 * best rate of the last rounds, times the shortest round trip time.  While the
 * link could carry more, that is more than the bytes in flight, so the window
 * grows with each round; when the link is full, the window stays.  A round
 * takes about one round trip.
 *
 *   C. Bufferbloat and congestion: N. Cardwell, Y. Cheng and others, "BBR:
 *   Congestion-Based Congestion Control", ACM Queue 14 (5), 2016
 *
 * While answers queue, the shortest round trip time cannot be measured.  When
 * no answer has been as quick for some time, the window is made small for a
 * moment, to measure the shortest round trip again.
 *
 * The size of requests is found by trial: from time to time, a smaller or a
 * larger size is compared with the present one.  Where servers work on a few
 * requests at a time, only larger requests make the copy faster.
 */

#ifndef TUNER_H
#define TUNER_H

#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

#define TUNER_ROUNDS 8

/* How much each worker keeps in flight. */
struct tuning {
  uint64_t request_size; /* bytes of one request, at most */
  uint64_t window;       /* bytes in flight in one worker */
  unsigned workers;      /* that share the bytes in flight; a worker that
                            connects later keeps its first window until it is
                            counted */
};

/* Sums over all workers, from the beginning of the copy. */
struct delivered {
  unsigned workers;     /* that are connected, or were */
  uint64_t came;        /* bytes that were read into the windows */
  uint64_t went;        /* bytes that have left the windows */
  uint64_t refused;     /* times a window had no room; in a round without any,
                           the windows do not limit the copy, and nothing is
                           concluded */
  uint64_t limited;     /* times only the rate limit held a request back; in a
                           round with any, nothing is concluded */
  uint64_t rtt[2];      /* ns, by side: the shortest round trip; 0: unknown */
  uint64_t last_rtt[2]; /* ns, by side: of the latest answers */
  bool reads_both;      /* both sides are read at the same time */
  uint64_t idle;        /* ns that the processors were idle, on average */
};

struct tuner {
  const struct plan *plan; /* borrowed */
  struct tuning pace;      /* the present tuning */
  bool far;                /* round trips are so long that more workers help;
                              stays so */
  uint64_t next;           /* clock_now time of the next tick */
  uint64_t pause;          /* ns between ticks that concluded nothing */

  /* The present round. */
  uint64_t since;          /* clock_now time */
  struct delivered before; /* when it began */
  bool full;               /* the windows limited the copy in the last one */

  double rates[TUNER_ROUNDS]; /* bytes per second in the last rounds, at the
                                 chosen size */
  unsigned n_rates;           /* rounds so far */
  unsigned flat;              /* rounds since the best rate grew */
  uint64_t grew, idle_then;   /* clock_now time when it last grew, or when the
                                 copy began, and d->idle at that time */
  bool rising;                /* it has grown ever since the beginning */

  uint64_t rtt;         /* ns: the shortest round trip time */
  bool sure;            /* it does not include time in a queue */
  uint64_t drained;     /* clock_now time when the smallest window will have
                           shown it; 0: it is not being measured */
  uint64_t drain_again; /* clock_now time when it may be measured again */

  unsigned size;       /* the chosen one: an index into the plan's list */
  unsigned trial;      /* the size on trial; the same as size: no trial */
  bool upwards;        /* the direction of the next trial */
  uint64_t settled;    /* d->went from which on answers are to requests of the
                          size on trial */
  bool is_settled;     /* they were in the whole present round */
  uint64_t trial_time; /* ns for which it was measured */
  double trial_bytes;
  uint64_t rest;      /* ns between trials; grows, so that a long copy is hardly
                         disturbed */
  uint64_t try_again; /* clock_now time of the next trial */
};

/* Returns the tuning that each worker begins with. */
struct tuning tuner_first (const struct plan *plan);

void tuner_init (struct tuner *t, const struct plan *plan, uint64_t now);

/* Returns when tuner_tick has to be called again; clock_now time, 0 for never.
 */
uint64_t tuner_deadline (const struct tuner *t);

/* Takes in the sums at @now, and returns the tuning from now on. */
struct tuning tuner_tick (struct tuner *t, const struct delivered *d,
                          uint64_t now);

#endif /* TUNER_H */
