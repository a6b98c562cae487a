/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Divides a list of copies among hosts: see part.h. */

#include <config.h>

#include <stdlib.h>

#include "arith.h"
#include "batch/part.h"

struct weighed {
  size_t copy;
  uint64_t weight;
};

/* Returns MiB, rounded up, and at least 1: even an empty disk is some work, and
 * sums of any number of sizes fit.
 */
static uint64_t
weight_of (uint64_t size)
{
  return size / MiB + 1;
}

/* Returns the mean weight of the copies of known size. */
static uint64_t
usual_weight (const uint64_t *sizes, size_t n)
{
  uint64_t sum = 0, known = 0;

  for (size_t i = 0; i < n; i++)
    if (sizes[i] != PART_SIZE_UNKNOWN) {
      sum = add_saturated (sum, weight_of (sizes[i]));
      known++;
    }
  return known ? max_u64 (1, sum / known) : 1;
}

/* Orders by weight, the largest first, and then by the list. */
static int
compare (const void *a, const void *b)
{
  const struct weighed *x = a, *y = b;

  if (x->weight != y->weight)
    return x->weight > y->weight ? -1 : 1;
  return x->copy < y->copy ? -1 : 1;
}

static size_t
lightest (const uint64_t *loads, size_t n)
{
  size_t best = 0;

  for (size_t i = 1; i < n; i++)
    if (loads[i] < loads[best])
      best = i;
  return best;
}

int
part_divide (uint64_t *parts, const uint64_t *sizes, size_t n, uint64_t count)
{
  const size_t n_used = min_u64 (count, n); /* further parts stay empty */
  const uint64_t usual = usual_weight (sizes, n);
  struct weighed *order = calloc (n + 1, sizeof *order);
  uint64_t *loads = calloc (n_used + 1, sizeof *loads);

  for (size_t i = 0; order && loads && i < n; i++)
    order[i] = (struct weighed) {
      i, sizes[i] == PART_SIZE_UNKNOWN ? usual : weight_of (sizes[i])
    };
  if (order && loads) {
    qsort (order, n, sizeof *order, compare);
    for (size_t i = 0; i < n; i++) {
      const size_t to = lightest (loads, n_used);

      parts[order[i].copy] = to + 1;
      loads[to] = add_saturated (loads[to], order[i].weight);
    }
  }
  free (order);
  free (loads);
  return order && loads ? 0 : -1;
}
