/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes a second that all workers together may move: see ratelimit.h. */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "bucket.h"
#include "clock.h"
#include "engine/rate-file.h"
#include "engine/ratelimit.h"
#include "engine/shared-limit.h"
#include "human.h"

/* The least number of requests in a second, and the time that can be saved up
 * for a worker that is woken late: together, less than 5 % of a second.
 */
#define REQUESTS_A_SECOND 64
#define SLACK (25 * NS_PER_MS)

/* Below that, requests cost more than they are worth. */
#define REQUEST_MIN (4 * KiB)

/* How soon workers see a new rate. */
#define WAIT_MAX (250 * NS_PER_MS)

struct ratelimit {
  pthread_mutex_t lock; /* bucket */
  struct bucket bucket;
  _Atomic uint64_t rate; /* bytes a second; 0: no limit */
  struct rate_file file;
  struct shared_bucket *all; /* of all copies; NULL: of this one only */
};

static void
set_rate (struct ratelimit *l, uint64_t rate, uint64_t now)
{
  char text[HUMAN_MAX];

  if (rate == atomic_load_explicit (&l->rate, memory_order_relaxed))
    return;
  atomic_store_explicit (&l->rate, rate, memory_order_relaxed);
  pthread_mutex_lock (&l->lock);
  bucket_set_rate (&l->bucket, rate, now);
  pthread_mutex_unlock (&l->lock);
  log_detail ("limit: %s%s", rate ? human_size (text, rate) : "none",
              rate ? "/s" : "");
}

uint64_t
ratelimit_deadline (const struct ratelimit *l)
{
  return l->file.next_look;
}

void
ratelimit_tick (struct ratelimit *l, uint64_t now)
{
  uint64_t rate;

  if (rate_file_tick (&l->file, now, &rate))
    set_rate (l, rate, clock_now ()); /* reading the file can take long */
}

/* -- what workers ask ----------------------------------------------------- */

static uint64_t
own_rate (const struct ratelimit *l)
{
  return atomic_load_explicit (&l->rate, memory_order_relaxed);
}

static uint64_t
rate_of_all (const struct ratelimit *l)
{
  return l->all ? shared_bucket_rate (l->all) : 0;
}

/* Returns the lower one of the two rates; 0: there is no limit. */
static uint64_t
rate_of (const struct ratelimit *l)
{
  const uint64_t own = l ? own_rate (l) : 0, all = l ? rate_of_all (l) : 0;

  return own && all ? min_u64 (own, all) : max_u64 (own, all);
}

uint64_t
ratelimit_request (const struct ratelimit *l, uint64_t least)
{
  const uint64_t rate = rate_of (l);
  const uint64_t most = rate / REQUESTS_A_SECOND;
  uint64_t size = max_u64 (least, REQUEST_MIN);

  if (rate == 0)
    return UINT64_C (1) << 63;
  while (size <= most / 2)
    size *= 2;
  return size;
}

static uint64_t
take_of_all (struct ratelimit *l, uint64_t bytes, uint64_t now)
{
  return l->all ? shared_bucket_take (l->all, bytes, SLACK, now) : 0;
}

/* Takes from both limits, or from none. */
static uint64_t
take_of_both (struct ratelimit *l, uint64_t bytes, uint64_t now)
{
  uint64_t due;

  pthread_mutex_lock (&l->lock);
  due = bucket_deadline (&l->bucket);
  if (due <= now)
    due = take_of_all (l, bytes, now);
  if (due == 0)
    bucket_take (&l->bucket, bytes, now);
  pthread_mutex_unlock (&l->lock);
  return due;
}

uint64_t
ratelimit_take (struct ratelimit *l, uint64_t bytes, uint64_t now)
{
  uint64_t due;

  if (rate_of (l) == 0)
    return 0;
  due = own_rate (l) ? take_of_both (l, bytes, now)
                     : take_of_all (l, bytes, now);
  return min_u64 (due, now + WAIT_MAX);
}

/* -- its life ------------------------------------------------------------- */

struct ratelimit *
ratelimit_new (const struct bwlimit *limit, int all_fd, uint64_t now,
               struct error *e)
{
  struct ratelimit *l = calloc (1, sizeof *l);
  int err = l ? pthread_mutex_init (&l->lock, NULL) : errno;
  uint64_t rate;

  if (err) {
    error_set (e, err, "%s", strerror (err));
    free (l);
    return NULL;
  }
  if (rate_file_open (&l->file, limit, now, &rate, e) == 0) {
    bucket_init (&l->bucket, rate, SLACK, now);
    atomic_init (&l->rate, rate);
    if (all_fd == -1 || (l->all = shared_limit_join (all_fd)) != NULL)
      return l;
    error_set (e, errno, "cannot share the limit: %s", strerror (errno));
  }
  ratelimit_free (l);
  return NULL;
}

void
ratelimit_free (struct ratelimit *l)
{
  if (l == NULL)
    return;
  shared_limit_leave (l->all);
  pthread_mutex_destroy (&l->lock);
  free (l);
}
