/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ranges of the source that one worker could not read: see salvage.h. */

#include <config.h>

#include "arith.h"
#include "engine/salvage.h"

/* The pieces of a level are this many times larger than those of the level
 * below: 2^SHIFT.
 */
#define SHIFT 3

/* Once a level has this many ranges, the smallest pieces are taken first, which
 * adds no more ranges than there are reads in flight.
 */
#define CROWD 1024

static uint64_t
piece_of (const struct salvage_shape *s, unsigned level)
{
  return s->block << (SHIFT * level);
}

/* Returns how many levels there are: the largest read is larger than the pieces
 * of the last level.
 */
static unsigned
count_levels (const struct salvage_shape *s)
{
  unsigned n = 1;

  while (n < SALVAGE_LEVELS && piece_of (s, n) < s->largest)
    n++;
  return n;
}

/* Returns how many ranges a level has room for.  The reads in flight can fail
 * all at once, before it is crowded and after; and so can all that follow in a
 * claim, each of which is longer than a piece of the level.
 */
static size_t
room_for (const struct salvage_shape *s, unsigned level)
{
  return CROWD + 2 * (size_t) s->requests + s->claim / piece_of (s, level);
}

size_t
salvage_memory (const struct salvage_shape *shape)
{
  const unsigned n = count_levels (shape);
  size_t sum = 0;

  for (unsigned i = 0; i < n; i++)
    sum += ranges_memory (room_for (shape, i));
  return sum;
}

int
salvage_init (struct salvage *s, const struct salvage_shape *shape)
{
  const unsigned n = count_levels (shape);

  *s = (struct salvage) { .shape = *shape, .crowd = CROWD };
  for (; s->n_levels < n; s->n_levels++)
    if (ranges_init (&s->levels[s->n_levels], room_for (shape, s->n_levels))
        == -1) {
      salvage_free (s);
      return -1;
    }
  return 0;
}

void
salvage_free (struct salvage *s)
{
  for (unsigned i = 0; i < s->n_levels; i++)
    ranges_free (&s->levels[i]);
  s->n_levels = 0;
}

bool
salvage_split (struct salvage *s, struct range failed, bool again)
{
  unsigned level = s->n_levels;

  while (level > 0 && piece_of (&s->shape, level - 1) >= range_length (failed))
    level--;
  return level > 0
    && ranges_set (&s->levels[level - 1], failed.start, failed.end, again);
}

/* Returns the level of the next piece; NULL when all are empty. */
static struct ranges *
choose_level (struct salvage *s, unsigned *level)
{
  const bool crowded = salvage_is_crowded (s);

  for (unsigned i = 0; i < s->n_levels; i++) {
    *level = crowded ? i : s->n_levels - 1 - i;
    if (ranges_count (&s->levels[*level]) > 0)
      return &s->levels[*level];
  }
  return NULL;
}

bool
salvage_take (struct salvage *s, struct range *piece, bool *again)
{
  unsigned level;
  struct ranges *from = choose_level (s, &level);
  const struct ranges_entry *first;

  if (from == NULL)
    return false;
  first = ranges_at (from, 0);
  piece->start = first->start;
  piece->end = min_u64 (first->end,
                        align_down (first->start, piece_of (&s->shape, level))
                          + piece_of (&s->shape, level));
  *again = first->value;
  ranges_forget_below (from, piece->end);
  return true;
}

bool
salvage_is_empty (const struct salvage *s)
{
  for (unsigned i = 0; i < s->n_levels; i++)
    if (ranges_count (&s->levels[i]) > 0)
      return false;
  return true;
}

bool
salvage_is_crowded (const struct salvage *s)
{
  for (unsigned i = 0; i < s->n_levels; i++)
    if (ranges_count (&s->levels[i]) >= s->crowd)
      return true;
  return false;
}
