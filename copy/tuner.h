/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds which of the plan's paces delivers most.  Pure: it is told how much was
 * moved by when, and says the pace for all workers together.  If each worker
 * sought its own, they would only take from each other.
 *
 * On a long link it rises first, in large steps, as long as each delivers more.
 *
 * It tries the next pace down, then the next one up, each against the pace that
 * it is at, which is called home.  Home and trial are measured in turn, until
 * the difference is plain or was seen often.  What wins is the new home,
 * and the way goes on; where neither wins, it rests.  It never ends: links and
 * servers change, and what no longer pays is given back.
 */

#ifndef TUNER_H
#define TUNER_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

struct tuner {
  const struct plan *plan;      /* borrowed */
  unsigned workers;             /* at the last look */
  unsigned pace;                /* what to have now: a number in the plan's */
  unsigned home;
  enum { RISING, SETTLING, MEASURING, RESTING } state;
  uint64_t next;                /* clock_now time to look again */

  /* Where the present step began. */
  uint64_t since;               /* clock_now time */
  uint64_t moved, refused, limited;
  uint64_t trip;                /* of the last look */

  /* RISING. */
  uint64_t first;               /* clock_now time of the last look at which
                                   nothing had moved */
  bool begun;                   /* the first windows were answered */
  bool risen;                   /* answers are of the present pace */
  double last_rate;             /* of the pace before */

  /* Measured at home and on trial since it last rested. */
  struct measured {
    uint64_t bytes, time;       /* ns */
  } measured[2];
  unsigned rounds;

  bool far;                     /* the link is so long that more workers help;
                                   stays so */
  bool downwards;               /* the way of the trial */
  bool last_way;                /* the other way is known to lead nowhere */
  uint64_t rest;                /* ns between trials; grows, so that a long
                                   copy is hardly disturbed */
};

void tuner_init (struct tuner *t, const struct plan *plan, uint64_t now);

/* When tuner_look wants to be called again; clock_now time, 0 for never. */
uint64_t tuner_due (const struct tuner *t);

/* What all workers have done so far. */
struct delivered {
  unsigned workers;             /* that are connected, or were */
  uint64_t moved;               /* bytes that have gone through all windows */
  uint64_t refused;             /* how often a window had no room; where that
                                   never happens, windows are not what holds the
                                   copy up, and nothing is concluded */
  uint64_t limited;             /* how often only a limit on the rate had none:
                                   the same, where that happens */
  uint64_t trip;                /* ns that an answer takes at best; 0: unknown
                                 */
};

/* Returns the pace to have. */
unsigned tuner_look (struct tuner *t, const struct delivered *d, uint64_t now);

#endif /* TUNER_H */
