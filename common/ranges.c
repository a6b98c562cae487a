/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted, merged, half-open ranges in a sliding window of one array.
 *
 * The array has room for twice the capacity.  Ranges are removed at the front
 * by moving the window, and mostly added at the back.  Only when the window
 * reaches the end of the array are the live ranges moved to its start, which
 * happens at most once in max additions.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "ranges.h"

int
ranges_init (struct ranges *r, size_t max)
{
  assert (max >= 1);

  *r = (struct ranges) { .v = NULL };
  if (max > PTRDIFF_MAX / (2 * sizeof *r->v)) {
    errno = ENOMEM;
    return -1;
  }
  r->v = malloc (2 * max * sizeof *r->v);
  if (r->v == NULL)
    return -1;
  r->max = max;
  return 0;
}

void
ranges_free (struct ranges *r)
{
  free (r->v);
  *r = (struct ranges) { .v = NULL };
}

void
ranges_clear (struct ranges *r)
{
  r->first = r->n = 0;
}

/* Returns the index of the first range that ends at or after offset; r->n if
 * there is none.
 */
static size_t
first_ending_at (const struct ranges *r, uint64_t offset)
{
  size_t low = 0, high = r->n, middle;

  /* fast paths: walking along a disk looks at the front and adds at the back */
  if (r->n == 0 || ranges_at (r, 0)->end >= offset)
    return 0;
  if (ranges_at (r, r->n - 1)->end < offset)
    return r->n;

  while (low < high) {
    middle = low + (high - low) / 2;
    if (ranges_at (r, middle)->end < offset)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Returns the index of the first range that ends after offset; r->n if there is
 * none.
 */
static size_t
first_ending_after (const struct ranges *r, uint64_t offset)
{
  /* no range ends after the largest offset */
  return offset == UINT64_MAX ? r->n : first_ending_at (r, offset + 1);
}

/* Replaces the ranges from index i up to, not including, index j by n_piece
 * others.  Returns false, and changes nothing, if they do not fit.
 */
static bool
splice (struct ranges *r, size_t i, size_t j, const struct ranges_entry *piece,
        size_t n_piece)
{
  size_t n = r->n - (j - i) + n_piece;

  if (n > r->max)
    return false;

  if (r->first + n > 2 * r->max) {
    memmove (r->v, r->v + r->first, r->n * sizeof *r->v);
    r->first = 0;
  }
  if (j < r->n && n != r->n)
    memmove (r->v + r->first + i + n_piece, r->v + r->first + j,
             (r->n - j) * sizeof *r->v);
  if (n_piece > 0)
    memcpy (r->v + r->first + i, piece, n_piece * sizeof *piece);
  r->n = n;
  if (n == 0)
    r->first = 0;
  return true;
}

bool
ranges_set (struct ranges *r, uint64_t start, uint64_t end, uint32_t value)
{
  struct ranges_entry piece[3];
  size_t n_piece = 0, i, j;

  if (start >= end)
    return true;

  /* from i up to j: all ranges that overlap or touch */
  i = first_ending_at (r, start);
  for (j = i; j < r->n && ranges_at (r, j)->start <= end; ++j)
    ;

  /* Only the first of them can begin before the new range, and only the last
   * can end after it.  The parts outside are joined to the new range if they
   * have its value, else they stay as ranges of their own.
   */
  if (i < j && ranges_at (r, i)->start < start) {
    const struct ranges_entry *left = ranges_at (r, i);

    if (left->value == value)
      start = left->start;
    else
      piece[n_piece++] = (struct ranges_entry) {
        .start = left->start,
        .end = min_u64 (left->end, start),
        .value = left->value,
      };
  }
  piece[n_piece++] = (struct ranges_entry) { .start = start,
                                             .end = end,
                                             .value = value };
  if (i < j && ranges_at (r, j - 1)->end > end) {
    const struct ranges_entry *right = ranges_at (r, j - 1);

    if (right->value == value)
      piece[n_piece - 1].end = right->end;
    else
      piece[n_piece++] = (struct ranges_entry) {
        .start = max_u64 (right->start, end),
        .end = right->end,
        .value = right->value,
      };
  }

  return splice (r, i, j, piece, n_piece);
}

void
ranges_cover (struct ranges *r, uint64_t start, uint64_t end)
{
  const struct ranges_entry *before, *after;

  if (ranges_set (r, start, end, 0))
    return;
  before = ranges_previous (r, start);
  after = ranges_next (r, start);
  if (after == NULL || (before && start - before->end <= after->start - end))
    ranges_set (r, before->end, end, 0);
  else
    ranges_set (r, start, after->start, 0);
}

bool
ranges_cut (struct ranges *r, uint64_t start, uint64_t end)
{
  struct ranges_entry piece[2];
  size_t n_piece = 0, i, j;

  if (start >= end)
    return true;

  i = first_ending_after (r, start);
  for (j = i; j < r->n && ranges_at (r, j)->start < end; ++j)
    ;
  if (i == j)
    return true;

  if (ranges_at (r, i)->start < start) {
    piece[n_piece] = *ranges_at (r, i);
    piece[n_piece++].end = start;
  }
  if (ranges_at (r, j - 1)->end > end) {
    piece[n_piece] = *ranges_at (r, j - 1);
    piece[n_piece++].start = end;
  }

  return splice (r, i, j, piece, n_piece);
}

void
ranges_forget_below (struct ranges *r, uint64_t offset)
{
  while (r->n > 0 && r->v[r->first].end <= offset) {
    r->first++;
    r->n--;
  }
  if (r->n == 0)
    r->first = 0;
  else if (r->v[r->first].start < offset)
    r->v[r->first].start = offset;
}

const struct ranges_entry *
ranges_find (const struct ranges *r, uint64_t offset)
{
  const struct ranges_entry *next = ranges_next (r, offset);

  return next != NULL && next->start <= offset ? next : NULL;
}

const struct ranges_entry *
ranges_next (const struct ranges *r, uint64_t offset)
{
  size_t i = first_ending_after (r, offset);

  return i < r->n ? ranges_at (r, i) : NULL;
}

uint64_t
ranges_bytes (const struct ranges *r)
{
  uint64_t bytes = 0;
  size_t i;

  for (i = 0; i < r->n; ++i)
    bytes += ranges_at (r, i)->end - ranges_at (r, i)->start;
  return bytes;
}

uint64_t
ranges_bytes_in_both (const struct ranges *a, const struct ranges *b)
{
  uint64_t bytes = 0;
  size_t i = 0, j = 0;

  while (i < a->n && j < b->n) {
    const struct ranges_entry *x = ranges_at (a, i), *y = ranges_at (b, j);
    const uint64_t start = max_u64 (x->start, y->start);
    const uint64_t end = min_u64 (x->end, y->end);

    if (start < end)
      bytes += end - start;
    if (x->end < y->end)
      i++;
    else
      j++;
  }
  return bytes;
}

const struct ranges_entry *
ranges_previous (const struct ranges *r, uint64_t offset)
{
  const size_t i = first_ending_at (r, offset);

  if (i < r->n && ranges_at (r, i)->start < offset)
    return ranges_at (r, i);
  return i > 0 ? ranges_at (r, i - 1) : NULL;
}
