/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The shortest time in which a server has answered lately.  Pure.
 *
 * The three quickest of each 16 answers are left out: a server may have taken
 * them from a cache, and they do not show how far away it is.  Until a server
 * has given 16 answers, the quickest one counts.
 */

#ifndef RTT_H
#define RTT_H

#include <stdint.h>

#define ANSWERS 16
#define ANSWERS_QUICK 3 /* of these, the lowest, that do not count */

struct rtt {               /* zeroed: no answer yet */
  uint64_t times[ANSWERS]; /* ascending */
  unsigned n;
  uint64_t since;       /* when the present span began */
  uint64_t now, before; /* lowest in it and in the last; 0: none */
};

/* Takes in an answer that took so long, at this time.  Returns the lowest of the
 * last one to two spans.
 */
static inline uint64_t
rtt_note (struct rtt *a, uint64_t took, uint64_t time, uint64_t span)
{
  unsigned i = a->n++;

  for (; i > 0 && a->times[i - 1] > took; i--)
    a->times[i] = a->times[i - 1];
  a->times[i] = took;
  if (a->now + a->before == 0 && a->n < ANSWERS)
    return a->times[0];
  if (time - a->since >= span) {
    a->before = a->now;
    a->now = 0;
    a->since = time;
  }
  if (a->n == ANSWERS) {
    if (a->now == 0 || a->times[ANSWERS_QUICK] < a->now)
      a->now = a->times[ANSWERS_QUICK];
    a->n = 0;
  }
  return a->now == 0 || (a->before != 0 && a->before < a->now) ? a->before
                                                               : a->now;
}

#endif /* RTT_H */
