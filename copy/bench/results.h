/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The results as JSON: docs/bench.schema.json describes them. */

#ifndef RESULTS_H
#define RESULTS_H

#include "bench/bench.h"

/* Returns the results as one line of JSON with a line end.  Allocated; NULL
 * when memory runs out.
 */
char *results_json (const struct bench *b);

#endif /* RESULTS_H */
