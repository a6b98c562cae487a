/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds how much to keep in flight, and in requests of which size, from what
 * the copy delivers and how long answers take.  Pure: it is told both, and says
 * the pace of each worker.  If each worker sought its own, they would only take
 * from each other.
 *
 * The window of all workers together follows the rule of BBR: a multiple of
 * what the link delivered in its best of the last rounds, times the shortest
 * time that answers take.  While the link could do more, that multiple is more
 * than what is in flight, so the window grows with each round; when the link is
 * full, it stands.  A round is as long as that time.
 *
 *   C. Bufferbloat and congestion: N. Cardwell, Y. Cheng and others, "BBR:
 *   Congestion-Based Congestion Control", ACM Queue 14 (5), 2016
 *
 * The shortest time is not seen while answers queue.  When none as short was
 * seen for long, the window is made small for a moment, to look again.
 *
 * The size of requests is found by trial: from time to time, a smaller or a
 * larger one is measured against the present one.  Where servers work on a few
 * requests at a time, only larger ones deliver more.
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
  unsigned workers;      /* that share what is in flight in all; those
                                   that come up later have no more than at the
                                   beginning until then */
};

/* What all workers have done so far. */
struct delivered {
  unsigned workers;     /* that are connected, or were */
  uint64_t came;        /* bytes that were read into the windows */
  uint64_t went;        /* bytes that have left them */
  uint64_t refused;     /* how often a window had no room; where that
                                   never happens, windows are not what holds the
                                   copy up, and nothing is concluded */
  uint64_t limited;     /* how often only a limit on the rate had none:
                                   the same, where that happens */
  uint64_t rtt[2];      /* ns that answers take at best, by side; 0:
                                   unknown */
  uint64_t last_rtt[2]; /* the same of the last answers alone */
  bool compares;        /* both sides are read at the same time */
  uint64_t idle;        /* ns that the processors were, on average */
};

struct tuner {
  const struct plan *plan; /* borrowed */
  struct tuning pace;      /* what to have now */
  bool far;                /* answers take so long that more workers help;
                                   stays so */
  uint64_t next;           /* clock_now time to look again */
  uint64_t pause;          /* ns between looks that found nothing */

  /* The present round. */
  uint64_t since;          /* clock_now time */
  struct delivered before; /* when it began */
  bool full;               /* windows held the copy up in the last one */

  double rates[TUNER_ROUNDS]; /* bytes a second in the last rounds, at the
                                   size that is chosen */
  unsigned n_rates;           /* rounds so far */
  unsigned flat;              /* rounds since the best rate grew */
  uint64_t grew, idle_then;   /* clock_now time when it did, or began, and
                                   d->idle */
  bool rising;                /* it still does, as at the beginning */

  uint64_t rtt;         /* ns: the shortest time that is believed */
  bool sure;            /* that it is not a queue's */
  uint64_t drained;     /* clock_now time when the smallest window has
                                   shown it; 0: it is not looked for */
  uint64_t drain_again; /* clock_now time when it may be */

  unsigned size;       /* chosen: a number in the plan's list */
  unsigned trial;      /* on trial; the same as size: none is */
  bool upwards;        /* the way of the next trial */
  uint64_t settled;    /* d->went when answers are those of the size on
                                   trial */
  bool is_settled;     /* they were for the whole present round */
  uint64_t trial_time; /* ns that it was measured for */
  double trial_bytes;
  uint64_t rest;      /* ns from trial to trial; grows, so that a long
                                   copy is hardly disturbed */
  uint64_t try_again; /* clock_now time of the next one */
};

/* What each worker begins with. */
struct tuning tuner_first (const struct plan *plan);

void tuner_init (struct tuner *t, const struct plan *plan, uint64_t now);

/* When tuner_tick wants to be called again; clock_now time, 0 for never. */
uint64_t tuner_deadline (const struct tuner *t);

/* Returns the pace to have. */
struct tuning tuner_tick (struct tuner *t, const struct delivered *d,
                          uint64_t now);

#endif /* TUNER_H */
