/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the times of several runs say.  Pure. */

#ifndef STATISTICS_H
#define STATISTICS_H

#include <stdbool.h>
#include <stddef.h>

struct summary {
  size_t n;
  double median, least, most; /* 0 if there are no values */
  double spread;              /* most - least, in percent of the median */
};

/* Summarises @n values in any order; @values stays as it is.  Returns 0, or -1
 * when memory runs out.
 */
int statistics_summarise (const double *values, size_t n, struct summary *s);

enum verdict {
  VERDICT_FEW,    /* fewer than three runs of one of the programs */
  VERDICT_APART,  /* all times of one are below all of the other's */
  VERDICT_NOISY,  /* they overlap, and spread too much */
  VERDICT_SIMILAR /* they overlap, and spread little */
};

/* For two equal programs, the chance of times that lie apart is 1 in 10 with 3
 * runs each, 1 in 35 with 4, and 1 in 126 with 5.
 */
struct comparison {
  enum verdict verdict;
  double ratio;    /* our median to theirs; 0 if theirs is 0 */
  bool barely_any; /* apart, but in only three runs */
};

/* Compares two programs.  A spread above @noise percent is too much. */
struct comparison statistics_compare (const struct summary *ours,
                                      const struct summary *theirs,
                                      double noise);

#endif /* STATISTICS_H */
