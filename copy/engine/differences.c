/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the two sides differ: see differences.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "engine/differences.h"
#include "iszero.h"

#define SECTOR 512

/* Far more than are shown, because a range that is found late can join two
 * others.
 */
#define RANGES 1024

struct differences {
  pthread_mutex_t lock; /* all below */
  struct ranges found;  /* all that differs below limit */
  uint64_t limit;
  struct range_collector all; /* v is NULL: not all are kept */
};

struct differences *
differences_new (void)
{
  struct differences *d = calloc (1, sizeof *d);

  if (d == NULL)
    return NULL;
  d->limit = UINT64_MAX;
  if (ranges_init (&d->found, RANGES) == -1) {
    free (d);
    return NULL;
  }
  if ((errno = pthread_mutex_init (&d->lock, NULL)) != 0) {
    ranges_free (&d->found);
    free (d);
    return NULL;
  }
  return d;
}

void
differences_free (struct differences *d)
{
  if (d == NULL)
    return;
  pthread_mutex_destroy (&d->lock);
  ranges_free (&d->found);
  range_collector_free (&d->all);
  free (d);
}

int
differences_keep_all (struct differences *d)
{
  return range_collector_init (&d->all, DIFFERENCES_MAX);
}

/* When there is no room, the last range on the disk is dropped, and so is
 * everything that is found after its start: so the ranges that are kept are
 * complete up to there.
 */
static void
note (struct differences *d, uint64_t start, uint64_t end)
{
  pthread_mutex_lock (&d->lock);
  if (d->all.v)
    range_collector_add (&d->all, range_of (start, end));
  while (start < d->limit
         && !ranges_set (&d->found, start, min_u64 (end, d->limit), 0)) {
    d->limit = ranges_at (&d->found, ranges_count (&d->found) - 1)->start;
    ranges_cut (&d->found, d->limit, UINT64_MAX);
  }
  pthread_mutex_unlock (&d->lock);
}

static bool
is_same (const uint8_t *source, const uint8_t *destination, uint64_t at,
         uint64_t length)
{
  if (source && destination)
    return memcmp (source + at, destination + at, length) == 0;
  return is_zero ((source ? source : destination) + at, length);
}

/* Where the run of sectors ends that starts at at: all are equal, or none. */
static uint64_t
run_end (const uint8_t *source, const uint8_t *destination, uint64_t offset,
         uint64_t at, uint64_t length, bool *same)
{
  uint64_t end = at, to;

  for (; end < length; end = to) {
    bool is;

    to = min_u64 (length, align_down (offset + end, SECTOR) + SECTOR - offset);
    is = is_same (source, destination, end, to - end);
    if (end == at)
      *same = is;
    else if (is != *same)
      break;
  }
  return end;
}

uint64_t
differences_compare (struct differences *d, uint64_t offset,
                     const uint8_t *source, const uint8_t *destination,
                     uint64_t length)
{
  uint64_t sum = 0, to;
  bool same = true;

  assert (source || destination);
  if (is_same (source, destination, 0, length))
    return 0;
  for (uint64_t at = 0; at < length; at = to) {
    to = run_end (source, destination, offset, at, length, &same);
    if (!same) {
      note (d, offset + at, offset + to);
      sum += to - at;
    }
  }
  return sum;
}

struct range_collector
differences_take_all (struct differences *d)
{
  struct range_collector all = d->all;

  range_collector_sort (&all);
  d->all = (struct range_collector) { .v = NULL };
  return all;
}

const struct ranges *
differences_found (const struct differences *d, bool *all)
{
  *all = d->limit == UINT64_MAX;
  return &d->found;
}
