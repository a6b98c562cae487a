/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts the disk into stripes and hands out each byte exactly once. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "arith.h"
#include "engine/stripes.h"

/* A share of the disk, cut at the start.  Each becomes one owner's stripe. */
struct share {
  struct range range;
  bool begun;
  bool small; /* all that there is to do around here */
};

struct stripes {
  pthread_mutex_t lock; /* all below */
  uint64_t align, steal_min;
  bool in_order; /* the stripe of owner 0 is everybody's */
  unsigned owners;
  struct range *own;    /* what each owner has not claimed yet */
  bool *busy;           /* has taken, and not yet finished */
  struct share *pieces; /* cut at the start; taken whole */
  size_t n_pieces;
};

/* Cuts todo after each share of bytes.  Ranges below small are marked.  pieces
 * is NULL for only counting.
 */
static size_t
cut (const struct ranges *todo, uint64_t share, uint64_t align, uint64_t small,
     struct share *pieces)
{
  size_t n = 0;

  for (size_t i = 0; i < ranges_count (todo); i++) {
    const struct ranges_entry *r = ranges_at (todo, i);
    uint64_t start = r->start;

    while (start < r->end) {
      const uint64_t end = r->end - start <= share
        ? r->end
        : min_u64 (r->end, align_up (start + share, align));

      if (pieces)
        pieces[n] = (struct share) {
          .range = { start, end },
          .small = r->end - r->start < small,
        };
      n++;
      start = end;
    }
  }
  return n;
}

static struct stripes *
make (const struct ranges *todo, unsigned owners, uint64_t align,
      uint64_t steal_min, uint64_t share)
{
  struct stripes *s = calloc (1, sizeof *s);

  if (s == NULL)
    return NULL;
  s->align = align;
  s->steal_min = max_u64 (align, steal_min);
  s->owners = owners;
  s->n_pieces = cut (todo, share, align, 0, NULL);
  s->own = calloc (owners, sizeof *s->own);
  s->busy = calloc (owners, sizeof *s->busy);
  s->pieces = calloc (max_u64 (1, s->n_pieces), sizeof *s->pieces);
  if (!s->own || !s->busy || !s->pieces
      || (errno = pthread_mutex_init (&s->lock, NULL)) != 0) {
    free (s->own);
    free (s->busy);
    free (s->pieces);
    free (s);
    return NULL;
  }
  cut (todo, share, align, s->steal_min, s->pieces);
  return s;
}

struct stripes *
stripes_new (const struct ranges *todo, unsigned owners, uint64_t align,
             uint64_t steal_min)
{
  return make (todo, owners, align, steal_min,
               max_u64 (align, ranges_bytes (todo) / owners));
}

struct stripes *
stripes_new_in_order (const struct ranges *todo, unsigned owners,
                      uint64_t align)
{
  struct stripes *s = make (todo, owners, align, align, UINT64_MAX);

  if (s)
    s->in_order = true;
  return s;
}

void
stripes_free (struct stripes *s)
{
  if (s == NULL)
    return;
  pthread_mutex_destroy (&s->lock);
  free (s->own);
  free (s->busy);
  free (s->pieces);
  free (s);
}

/* Whose stripe this owner works on. */
static unsigned
home_of (const struct stripes *s, unsigned owner)
{
  assert (owner < s->owners);
  return s->in_order ? 0 : owner;
}

/* Returns the share that no owner has begun and that is nearest to the owner's
 * part of the disk, so that all owners begin well apart, and in order.  Small
 * shares come last, and the smallest of all at the very end: earlier runs have
 * left them around places that cannot be read or written, where this run may
 * fail, too.
 */
static struct share *
find_whole (struct stripes *s, unsigned owner)
{
  const size_t home = owner * s->n_pieces / s->owners;
  struct share *small = NULL;

  for (size_t i = 0; i < s->n_pieces; i++) {
    struct share *p = &s->pieces[(home + i) % s->n_pieces];

    if (!p->begun && !p->small)
      return p;
    if (!p->begun
        && (small == NULL
            || range_length (p->range) > range_length (small->range)))
      small = p;
  }
  return small;
}

static struct range *
find_largest (struct stripes *s)
{
  struct range *largest = &s->own[0];

  for (unsigned i = 1; i < s->owners; i++)
    if (range_length (s->own[i]) > range_length (*largest))
      largest = &s->own[i];
  return largest;
}

static bool
steal (struct stripes *s, struct range *from, struct range *out)
{
  const uint64_t half = align_up (from->start + range_length (*from) / 2,
                                  s->align);

  if (half >= from->end || from->end - half < s->steal_min
      || half - from->start < s->steal_min)
    return false;
  *out = range_of (half, from->end);
  from->end = half;
  return true;
}

bool
stripes_take (struct stripes *s, unsigned owner, struct range *out,
              bool *stolen)
{
  const unsigned home = home_of (s, owner);
  struct share *whole;
  bool got = true;

  *stolen = false;
  pthread_mutex_lock (&s->lock);
  if (range_length (s->own[home]) > 0)
    *out = s->own[home];
  else if ((whole = find_whole (s, home)) != NULL) {
    whole->begun = true;
    *out = whole->range;
  }
  else
    got = *stolen = steal (s, find_largest (s), out);
  if (got) {
    s->own[home] = *out;
    s->busy[owner] = true;
  }
  pthread_mutex_unlock (&s->lock);
  return got;
}

static void
claim_front (struct range *from, uint64_t want, uint64_t align,
             struct range *out)
{
  out->start = from->start;
  out->end = range_length (*from) <= want
    ? from->end
    : min_u64 (from->end, align_up (from->start + want, align));
  from->start = out->end;
}

bool
stripes_claim (struct stripes *s, unsigned owner, uint64_t want,
               struct range *out, uint64_t *left)
{
  struct range *mine = &s->own[owner];
  bool got;

  assert (owner < s->owners && !s->in_order && want > 0);
  pthread_mutex_lock (&s->lock);
  got = range_length (*mine) > 0;
  if (got)
    claim_front (mine, want, s->align, out);
  *left = mine->end;
  pthread_mutex_unlock (&s->lock);
  return got;
}

void
stripes_end (struct stripes *s)
{
  pthread_mutex_lock (&s->lock);
  for (unsigned i = 0; i < s->owners; i++)
    s->own[i].end = s->own[i].start;
  for (size_t i = 0; i < s->n_pieces; i++)
    s->pieces[i].begun = true;
  pthread_mutex_unlock (&s->lock);
}

bool
stripes_claim_at (struct stripes *s, unsigned owner, uint64_t start,
                  uint64_t want, struct range *out)
{
  struct range *shared = &s->own[0];
  bool got;

  assert (owner < s->owners && s->in_order && want > 0);
  pthread_mutex_lock (&s->lock);
  got = range_length (*shared) > 0 && shared->start == start;
  if (got)
    claim_front (shared, want, s->align, out);
  pthread_mutex_unlock (&s->lock);
  return got;
}

static uint64_t
left_unlocked (const struct stripes *s)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < s->owners; i++)
    sum += range_length (s->own[i]);
  for (size_t i = 0; i < s->n_pieces; i++)
    if (!s->pieces[i].begun)
      sum += range_length (s->pieces[i].range);
  return sum;
}

bool
stripes_finish (struct stripes *s, unsigned owner)
{
  bool all;

  assert (owner < s->owners);
  pthread_mutex_lock (&s->lock);
  assert (s->in_order || range_length (s->own[owner]) == 0);
  s->busy[owner] = false;
  all = left_unlocked (s) == 0;
  for (unsigned i = 0; i < s->owners; i++)
    all = all && !s->busy[i];
  pthread_mutex_unlock (&s->lock);
  return all;
}

uint64_t
stripes_left (struct stripes *s)
{
  uint64_t sum;

  pthread_mutex_lock (&s->lock);
  sum = left_unlocked (s);
  pthread_mutex_unlock (&s->lock);
  return sum;
}
