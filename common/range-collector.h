/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Collects ranges of 64-bit offsets that come in any order.  All memory is
 * allocated at first, and is only touched as it is needed.
 *
 * When there is no room, ranges with little between them are joined.  So the
 * collected ranges always cover everything that was added, but can cover more.
 */

#ifndef RANGE_COLLECTOR_H
#define RANGE_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "range.h"

struct range_collector { /* freeing a zeroed one is safe */
  struct range *v;       /* owned; in order after range_collector_sort */
  size_t n, max;
  bool widened; /* ranges with bytes between them were joined */
};

/* Makes room for @max ranges, at least 4.  -1 with errno (ENOMEM). */
int range_collector_init (struct range_collector *c, size_t max);

void range_collector_free (struct range_collector *c);

/* Adds a range that is not empty.  Takes constant time, except where there is
 * no room: then it sorts all ranges.
 */
void range_collector_add (struct range_collector *c, struct range r);

/* Sorts the ranges, and joins those that overlap or touch. */
void range_collector_sort (struct range_collector *c);

/* Returns the sum of all lengths.  Call it after range_collector_sort. */
uint64_t range_collector_bytes (const struct range_collector *c);

#endif /* RANGE_COLLECTOR_H */
