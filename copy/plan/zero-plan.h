/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of the plan about zeroes. */

#ifndef ZERO_PLAN_H
#define ZERO_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "options/types.h"

/* How zeroes are found and written. */
struct zero_plan {
  bool allocate;        /* zeroes become allocated blocks */
  uint64_t scan;        /* shortest run of zeroes looked for in data; 0: none */
  enum is_zero known;   /* about the destination */
  bool ask_destination; /* known is AUTO, and its extents can be asked */
  uint64_t request_max; /* bytes of one zero request; 0: cannot zero */
  bool fast;            /* try fast zero first */
  uint64_t write_max;   /* bytes of one write of zeroes */
};

#endif /* ZERO_PLAN_H */
