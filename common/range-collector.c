/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges in an array, in the order they came: see range-collector.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "arith.h"
#include "range-collector.h"

int
range_collector_init (struct range_collector *c, size_t max)
{
  assert (max >= 4);
  *c = (struct range_collector) { .max = max };
  if (max > PTRDIFF_MAX / sizeof *c->v) {
    errno = ENOMEM;
    return -1;
  }
  c->v = malloc (max * sizeof *c->v);
  return c->v ? 0 : -1;
}

void
range_collector_free (struct range_collector *c)
{
  free (c->v);
  *c = (struct range_collector) { .v = NULL };
}

static int
compare_starts (const void *a, const void *b)
{
  const struct range *x = a, *y = b;

  return (x->start > y->start) - (x->start < y->start);
}

/* Joins sorted ranges with at most @gap bytes between them. */
static void
join (struct range_collector *c, uint64_t gap)
{
  size_t n = 0;

  for (size_t i = 0; i < c->n; i++) {
    const struct range r = c->v[i];
    struct range *last = n > 0 ? &c->v[n - 1] : NULL;

    if (last && (r.start <= last->end || r.start - last->end <= gap)) {
      c->widened = c->widened || r.start > last->end;
      last->end = max_u64 (last->end, r.end);
    }
    else
      c->v[n++] = r;
  }
  c->n = n;
}

void
range_collector_sort (struct range_collector *c)
{
  qsort (c->v, c->n, sizeof *c->v, compare_starts);
  join (c, 0);
}

/* Makes room for as many ranges as there are then, so that sorting is rare. */
static void
make_room (struct range_collector *c)
{
  range_collector_sort (c);
  for (uint64_t gap = 512; c->n > c->max / 2; gap = add_saturated (gap, gap))
    join (c, gap);
}

void
range_collector_add (struct range_collector *c, struct range r)
{
  struct range *last = c->n > 0 ? &c->v[c->n - 1] : NULL;

  assert (r.start < r.end);
  if (last && r.start <= last->end && r.end >= last->start) {
    last->start = min_u64 (last->start, r.start);
    last->end = max_u64 (last->end, r.end);
    return;
  }
  if (c->n == c->max)
    make_room (c);
  c->v[c->n++] = r;
}

uint64_t
range_collector_bytes (const struct range_collector *c)
{
  uint64_t bytes = 0;

  for (size_t i = 0; i < c->n; i++)
    bytes += range_length (c->v[i]);
  return bytes;
}
