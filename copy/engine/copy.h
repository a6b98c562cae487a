/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parts of one copy share: the plan, both endpoints, and the objects
 * that live as long as the copy.  copier.c fills in the struct before any
 * worker starts; all other code only reads it.  The map, the unreadable ranges,
 * the rate limit, the stop flag and the trace, to which it points, change while
 * workers run, and are safe to use from any thread.
 */

#ifndef COPY_H
#define COPY_H

#include "base/stop.h"
#include "base/trace.h"
#include "endpoint/endpoint.h"
#include "engine/extents.h"
#include "engine/kept-digests.h"
#include "engine/ratelimit.h"
#include "engine/unreadable.h"
#include "plan/plan.h"
#include "ranges.h"
#include "selection/extent-list.h"
#include "resume/map.h"

struct copy {
  struct plan plan;
  struct endpoint *endpoints[2]; /* by side */
  uint64_t opening_time;         /* ns that opening both took */
  /* Selects the ranges to copy: at most one is set; neither: the whole disk. */
  const struct extent_list *selection; /* whole blocks of both sides, in the
                                          plan's part */
  const char *changed;                 /* the source's meta context that says it
                                          while workers run */
  struct map *map;                     /* NULL: no resume map is kept */
  struct kept_digests *kept_digests;   /* beside the map; NULL: none are kept */
  struct unreadable *unreadable;       /* NULL: nothing is salvaged */
  struct ratelimit *ratelimit;         /* NULL: no limit can be set */
  struct stop *stop;
  struct trace *trace; /* NULL: no trace is wanted */
};

/* Returns whether other ranges than the selected ones are left alone. */
static inline bool
copy_is_partial (const struct copy *c)
{
  return c->selection || c->changed;
}

/* Returns the ranges that are selected; NULL: everything, or it is not known
 * beforehand.
 */
static inline const struct ranges *
copy_selected (const struct copy *c)
{
  return c->selection ? &c->selection->selected : NULL;
}

/* Returns what selects the extents of a side.  @source is the map of the source
 * that looks ahead of the same cursor.
 */
static inline struct selector
copy_selector (const struct copy *c, enum side side,
               const struct extents *source)
{
  return (struct selector) {
    .list = copy_selected (c),
    .changes = c->changed && side == SOURCE,
    .grain = c->plan.align,
    .source = c->changed && side == DESTINATION ? source : NULL,
  };
}

/* Returns how many bytes there are to copy, with those of earlier runs; at
 * most, if a meta context selects them.
 */
static inline uint64_t
copy_length (const struct copy *c)
{
  return c->selection ? c->selection->bytes : plan_length (&c->plan);
}

/* Returns how many bytes of the plan's part are known not to be selected. */
static inline uint64_t
copy_unselected (const struct copy *c)
{
  return plan_length (&c->plan) - copy_length (c);
}

/* Returns how many bytes are compared although they were not selected. */
static inline uint64_t
copy_compared_besides (const struct copy *c)
{
  return c->plan.compares_all ? copy_unselected (c) : 0;
}

#endif /* COPY_H */
