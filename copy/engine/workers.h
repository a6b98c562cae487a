/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All workers of one copy: starts them, adds them up, joins them. */

#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/blkhash.h"
#include "engine/copy.h"
#include "engine/differences.h"
#include "engine/mailbox.h"
#include "engine/tuner.h"
#include "error.h"

enum phase_kind { PHASE_COPY, PHASE_COMPARE };

/* Bytes and requests, added up over the workers. */
struct totals {
  uint64_t total;               /* bytes there are to do in each phase */
  bool open_ended;              /* total is where the stream ended, or 0 */
  unsigned phases;              /* how many there are: 1 or 2 */
  enum phase_kind phase;        /* the present one, or the last */
  uint64_t began;               /* clock_now time: when it did */
  uint64_t data, zero, skipped; /* bytes copied: see struct stats */
  uint64_t zero_unread;         /* of zero: nothing was read there */
  uint64_t resumed;             /* bytes copied by earlier runs */
  uint64_t read_bytes;          /* of the source, for what is copied */
  uint64_t again;               /* bytes done once more, after a loss */
  uint64_t compared, holes;     /* bytes compared: the same */
  uint64_t differing;           /* of those */
  uint64_t reads, writes, zeroes, questions; /* requests */
  uint64_t inflight;                         /* requests */
  uint64_t flush_time;  /* ns, of the slowest worker; 0: no flush yet */
  uint64_t retries;     /* requests and connections tried again */
  uint64_t came, went;  /* into the windows, and out of them */
  uint64_t refused;     /* by them */
  uint64_t limited;     /* by the limit alone */
  uint64_t rtt[2];      /* ns: the quickest answers of late, by side; 0:
                                   none yet */
  uint64_t last_rtt[2]; /* ns: the same of the last answer of each worker,
                                   their median */
  unsigned workers;     /* that have, or had, a connection */
};

static inline uint64_t
totals_copied (const struct totals *t)
{
  return t->data + t->zero + t->skipped + t->resumed;
}

static inline uint64_t
totals_compared (const struct totals *t)
{
  return t->compared + t->holes;
}

/* Bytes that the present phase has done. */
static inline uint64_t
totals_done (const struct totals *t)
{
  return t->phase == PHASE_COPY ? totals_copied (t) : totals_compared (t);
}

struct workers; /* body in workers.c */

/* Starts the workers, which borrow the copy until workers_free.  NULL with the
 * error set; nothing is running then.
 */
struct workers *workers_start (const struct copy *copy, struct error *e);

/* Readable when a worker has ended, or has something to tell. */
int workers_fd (const struct workers *c);

/* What they have to tell while they work. */
struct mailbox *workers_mailbox (const struct workers *c);

/* Whether all have ended. */
bool workers_has_ended (struct workers *c);

/* At any time, from any thread, without a lock: each number is right, but they
 * need not be of the same moment.
 */
struct totals workers_totals (const struct workers *c);

/* Starts more workers, up to plan->workers_max in all: where the link is long,
 * a server may work on only so many requests of each connection.
 */
void workers_grow (struct workers *c);

/* The ns that so many percent of the reads, writes and zeroes did not exceed; 0
 * where there were none.
 */
uint64_t workers_latency (const struct workers *c, unsigned percent);

/* The pace that all workers have from now on. */
void workers_set_tuning (struct workers *c, const struct tuning *pace);

/* Waits for all workers.  True when the whole disk is copied, and flushed where
 * the plan says so, and compared where it says that, whatever was found.
 */
bool workers_join (struct workers *c);

/* What differs.  After workers_join, where the plan compares; until workers_free. */
const struct differences *workers_differences (const struct workers *c);

/* Writes the digest that the plan wants.  After workers_join, which was true.  -1
 * with the error set.
 */
int workers_digest (struct workers *c, char text[BLKHASH_TEXT],
                    struct error *e);

void workers_free (struct workers *c); /* after workers_join; NULL is fine */

#endif /* WORKERS_H */
