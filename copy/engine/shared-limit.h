/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limit of all copies of a manifest together, in memory that they share.
 *
 * The process that runs the batch owns the limit and changes its rate.  Each
 * copy inherits a descriptor of the memory, and takes from the limit besides
 * its own one.
 */

#ifndef SHARED_LIMIT_H
#define SHARED_LIMIT_H

#include <stdint.h>

#include "engine/rate-file.h"
#include "error.h"
#include "options/types.h"
#include "shared-bucket.h"

struct shared_limit {           /* closing a zeroed one is safe */
  struct shared_bucket *bucket; /* owned, mapped; NULL: there is no limit */
  int fd;                       /* owned, of the memory; valid with a bucket */
  struct rate_file file;
};

/* Creates the memory if there is a limit.  0, or -1 with the error set. */
int shared_limit_open (struct shared_limit *l, const struct bwlimit *limit,
                       uint64_t now, struct error *e);

/* Returns the descriptor for the copies, -1 if there is no limit. */
int shared_limit_fd (const struct shared_limit *l);

/* Returns when shared_limit_tick has to be called; clock_now time, 0: never. */
uint64_t shared_limit_deadline (const struct shared_limit *l);

/* Reads the rate from its file again when that is due. */
void shared_limit_tick (struct shared_limit *l, uint64_t now);

void shared_limit_close (struct shared_limit *l);

/* In a copy: maps the limit that it inherited as @fd, which is closed.  NULL
 * with errno: EINVAL if it is no such memory.
 */
struct shared_bucket *shared_limit_join (int fd);

/* Unmaps it; NULL is fine. */
void shared_limit_leave (struct shared_bucket *b);

#endif /* SHARED_LIMIT_H */
