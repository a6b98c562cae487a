/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The unreadable ranges of the source: see unreadable.h. */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/unreadable.h"

struct unreadable {
  struct map *map; /* borrowed; NULL: none */

  pthread_mutex_t lock; /* all below */
  struct ranges found;
  uint64_t bytes; /* that were added */
  bool joined;    /* found has more than that */
};

struct unreadable *
unreadable_new (struct map *map)
{
  struct unreadable *u = calloc (1, sizeof *u);

  if (u == NULL)
    return NULL;
  u->map = map;
  pthread_mutex_init (&u->lock, NULL);
  if (ranges_init (&u->found, UNREADABLE_RANGES) == 0)
    return u;
  unreadable_free (u);
  errno = ENOMEM;
  return NULL;
}

void
unreadable_free (struct unreadable *u)
{
  if (u == NULL)
    return;
  ranges_free (&u->found);
  pthread_mutex_destroy (&u->lock);
  free (u);
}

/* Adds a range.  A known range is reported again if it was lost with a
 * connection.  Within joined ranges, any range can be a new one.
 */
static void
add (struct unreadable *u, struct range range, bool again)
{
  const struct ranges_entry *known = ranges_find (&u->found, range.start);

  if (known && known->end >= range.end && (again || !u->joined))
    return;
  u->bytes += range_length (range);
  if (ranges_set (&u->found, range.start, range.end, 0))
    return;
  u->joined = true;
  ranges_cover (&u->found, range.start, range.end);
}

void
unreadable_add (struct unreadable *u, struct range range, bool again)
{
  pthread_mutex_lock (&u->lock);
  add (u, range, again);
  pthread_mutex_unlock (&u->lock);
  if (u->map)
    map_mark_unreadable (u->map, range.start, range.end);
}

uint64_t
unreadable_bytes (struct unreadable *u)
{
  uint64_t bytes;

  pthread_mutex_lock (&u->lock);
  bytes = u->bytes;
  pthread_mutex_unlock (&u->lock);
  return bytes;
}

static struct range
range_at (const struct ranges_entry *r)
{
  return range_of (r->start, r->end);
}

size_t
unreadable_first (struct unreadable *u, struct range *first, size_t max)
{
  size_t n;

  pthread_mutex_lock (&u->lock);
  n = ranges_count (&u->found);
  for (size_t i = 0; i < n && i < max; i++)
    first[i] = range_at (ranges_at (&u->found, i));
  pthread_mutex_unlock (&u->lock);
  return n;
}

bool
unreadable_next (struct unreadable *u, uint64_t offset, bool joined,
                 struct range *out)
{
  const struct ranges_entry *next;

  pthread_mutex_lock (&u->lock);
  next = u->joined && !joined ? NULL : ranges_next (&u->found, offset);
  if (next)
    *out = range_at (next);
  pthread_mutex_unlock (&u->lock);
  return next != NULL;
}
