/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The round-trip time: the shortest time in which a server answered recently.
 * Pure.
 *
 * The three fastest of each 16 answers are ignored: they may have come from a
 * cache and do not show how far away the server is.  Until a server has given
 * 16 answers, the fastest one counts.
 */

#ifndef RTT_H
#define RTT_H

#include <stdint.h>

#define ANSWERS 16
#define ANSWERS_QUICK 3 /* the lowest of these, which are ignored */

struct rtt {               /* zeroed: no answer yet */
  uint64_t times[ANSWERS]; /* ascending */
  unsigned n;
  uint64_t since;       /* when the current span began */
  uint64_t now, before; /* lowest in the current and the previous span; 0:
                           none */
};

/* Notes an answer that took @took and came at @time.  Returns the lowest round
 * trip of the present span and the one before it; a span takes @span.  All
 * times are in the same unit.
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
