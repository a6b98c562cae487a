/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of one copy share: the plan, both endpoints, and the objects
 * that live as long as the copy.  copier.c fills it in before any worker
 * starts; for everything else it is const.  The map, the rate limit, the stop
 * and the trace change while workers run, and lock themselves.
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
