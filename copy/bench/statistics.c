/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the times of several runs say: see statistics.h. */

#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "bench/statistics.h"

#define FEWEST_RUNS 3

static int
compare_numbers (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

int
statistics_summarise (const double *values, size_t n, struct summary *s)
{
  double *sorted;

  *s = (struct summary) { .n = n };
  if (n == 0)
    return 0;
  sorted = malloc (n * sizeof *sorted);
  if (sorted == NULL)
    return -1;
  memcpy (sorted, values, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare_numbers);
  s->least = sorted[0];
  s->most = sorted[n - 1];
  s->median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  if (s->median > 0)
    s->spread = (s->most - s->least) / s->median * 100;
  free (sorted);
  return 0;
}

struct comparison
statistics_compare (const struct summary *ours, const struct summary *theirs,
                    double noise)
{
  const size_t fewest = ours->n < theirs->n ? ours->n : theirs->n;
  const bool apart = ours->most < theirs->least || theirs->most < ours->least;
  struct comparison c = { .verdict = VERDICT_SIMILAR };

  if (theirs->median > 0)
    c.ratio = ours->median / theirs->median;
  if (fewest < FEWEST_RUNS)
    c.verdict = VERDICT_FEW;
  else if (apart) {
    c.verdict = VERDICT_APART;
    c.barely_any = fewest == FEWEST_RUNS;
  }
  else if (ours->spread > noise || theirs->spread > noise)
    c.verdict = VERDICT_NOISY;
  return c;
}
