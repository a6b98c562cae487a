/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lowest of the values of late: those of the last one to two spans.  Pure.
 */

#ifndef LOWEST_H
#define LOWEST_H

#include <stdint.h>

struct lowest {                 /* zeroed: no value yet */
  uint64_t since;               /* when the present span began */
  uint64_t now, before;         /* lowest in it and in the last; 0: none */
};

static inline uint64_t
lowest_note (struct lowest *l, uint64_t value, uint64_t time, uint64_t span)
{
  if (time - l->since >= span) {
    l->before = l->now;
    l->now = 0;
    l->since = time;
  }
  if (l->now == 0 || value < l->now)
    l->now = value;
  return l->before != 0 && l->before < l->now ? l->before : l->now;
}

#endif /* LOWEST_H */
