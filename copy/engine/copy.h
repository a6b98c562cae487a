/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What everything that works on one copy is given: both endpoints, the plan,
 * and what is kept meanwhile.  copier.c fills it in before any worker starts;
 * it is const for everybody else.  Objects behind its pointers that change
 * while workers run (the resume map, the rate limit, the stop, the trace) lock
 * themselves.
 */

#ifndef COPY_H
#define COPY_H

#include "base/stop.h"
#include "base/trace.h"
#include "endpoint/endpoint.h"
#include "engine/ratelimit.h"
#include "plan/plan.h"
#include "resume/map.h"

struct copy {
  struct plan plan;
  struct endpoint *endpoints[2]; /* by side */
  struct map *map;               /* NULL: no resume map is kept */
  struct ratelimit *ratelimit;   /* NULL: no limit can be set */
  struct stop *stop;
  struct trace *trace; /* NULL: no trace is wanted */
};

#endif /* COPY_H */
