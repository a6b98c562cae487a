/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Charts as SVG.  Their widths are parts of the page's, and their text is not
 * scaled, so they can be read on a telephone as well.
 */

#ifndef CHART_H
#define CHART_H

#include <stdio.h>

#include "bench/bench.h"

/* Colours of programs are classes "c0" to "c6" of the page. */
#define CHART_COLOURS 7

/* Draws the median of each program as a bar, and each run as a dot. */
void chart_wall (FILE *f, const struct bench *b);

/* Draws the wall times of all programs round by round. */
void chart_rounds (FILE *f, const struct bench *b);

/* Draws processor time as bars of up to three parts. */
void chart_cpu (FILE *f, const struct bench *b);

/* Draws the peak of memory as bars. */
void chart_memory (FILE *f, const struct bench *b);

#endif /* CHART_H */
