/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All workers of one copy: see workers.h. */

#include <config.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arith.h"
#include "base/log.h"
#include "clock.h"
#include "engine/request.h"
#include "engine/stripes.h"
#include "engine/worker.h"
#include "engine/workers.h"
#include "headroom.h"
#include "notifier.h"
#include "ranges.h"

struct workers {
  const struct copy *copy; /* borrowed */
  struct shared shared;
  struct worker *workers; /* owned */
  unsigned n_workers;     /* threads that were started */
};

static struct stripes *
cut (const struct plan *plan, const struct ranges *todo, bool in_order)
{
  return in_order
    ? stripes_new_in_order (todo, plan->workers_max, plan->unit)
    : stripes_new (todo, plan->workers_max, plan->unit, plan->steal_min);
}

/* Without a map, or for comparing, the whole part that the plan names is cut.
 */
static struct stripes *
cut_disk (const struct plan *plan, const struct map *map, bool in_order)
{
  struct ranges todo = { 0 };
  struct stripes *s = NULL;

  if (map)
    return cut (plan, map_todo (map), in_order);
  if (ranges_init (&todo, 1) == 0
      && ranges_set (&todo, plan->start, plan->end, 0))
    s = cut (plan, &todo, in_order);
  ranges_free (&todo);
  return s;
}

/* Untouched anonymous memory reads as the kernel's one page of zeroes. */
static uint8_t *
reserve_zeroes (uint64_t size)
{
  void *p = mmap (NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return p == MAP_FAILED ? NULL : p;
}

/* The functions of this group return false with errno. */
static bool
make_phase (struct workers *c, bool compares, bool last)
{
  struct phase *phase = &c->shared.phases[c->shared.n_phases++];

  phase->compares = compares;
  phase->is_whole = compares && c->copy->plan.compares_all;
  phase->finished = phase->settled = -1;
  /* The digest is computed from what the first phase reads. */
  phase->in_order = c->copy->plan.in_order && c->shared.n_phases == 1;
  if ((phase->finished = notifier_new ()) == -1
      || (!last && (phase->settled = notifier_new ()) == -1))
    return false;
  phase->stripes = cut_disk (&c->copy->plan, compares ? NULL : c->copy->map,
                             phase->in_order);
  return phase->stripes != NULL;
}

static bool
make_phases (struct workers *c)
{
  const struct plan *plan = &c->copy->plan;

  if (plan->compares
      && ((c->shared.differences = differences_new ()) == NULL
          || (plan->lists_all
              && differences_keep_all (c->shared.differences) == -1)))
    return false;
  if ((plan->copies && !make_phase (c, false, !plan->compares))
      || (plan->compares && !make_phase (c, true, true)))
    return false;
  c->shared.phases[0].began = clock_now ();
  return true;
}

static void
free_phase (struct phase *phase)
{
  if (phase->finished != -1)
    close (phase->finished);
  if (phase->settled != -1)
    close (phase->settled);
  stripes_free (phase->stripes);
  blkhash_free (phase->blkhash);
}

static bool
start_digest (struct workers *c)
{
  const struct plan *plan = &c->copy->plan;
  const struct blkhash_shape shape = {
    .kind = plan->digest.kind,
    .block = plan->digest.block,
    .size = plan->size,
    .claim = plan->claim + plan->gap,
    .kept = c->copy->kept_digests,
  };

  if (plan->digest.kind == DIGEST_NONE)
    return true;
  c->shared.phases[0].blkhash = blkhash_new (&shape, plan->workers_max);
  return c->shared.phases[0].blkhash != NULL;
}

static int
start_worker (struct workers *c, unsigned number)
{
  struct worker *w = &c->workers[number];

  w->copy = c->copy;
  w->shared = &c->shared;
  w->number = number;
  return pthread_create (&w->thread, NULL, worker_run, w);
}

/* What the libraries of a worker allocate: two handles of libnbd, mostly. */
#define LIBRARY_MEMORY MiB

/* Returns how much memory a worker needs: its stack, its buffers, the extents of
 * both sides, and its libraries.
 */
static size_t
worker_memory (const struct copy *copy)
{
  const struct plan *plan = &copy->plan;
  pthread_attr_t attr;
  size_t stack = 0;

  if (pthread_getattr_default_np (&attr) == 0) {
    pthread_attr_getstacksize (&attr, &stack);
    pthread_attr_destroy (&attr);
  }
  return stack + lane_memory (plan) + requests_memory (plan)
    + extents_memory (copy->changed != NULL) + extents_memory (false)
    + LIBRARY_MEMORY;
}

/* Returns how many of n workers there is memory for: at least one, which can
 * work with few buffers.  Workers that have not allocated theirs yet will need
 * it.
 */
static unsigned
affordable_workers (struct workers *c, unsigned n)
{
  const unsigned bought = atomic_load (&c->shared.n_bought);
  const uint64_t more = headroom_addresses () / worker_memory (c->copy);

  return max_u64 (min_u64 (n, add_saturated (bought, more)),
                  max_u64 (c->n_workers, 1));
}

/* Starts workers until there are n.  One is enough: having no room for more
 * threads is no failure.  -1 with errno if none can be started.
 */
static int
start_workers (struct workers *c, unsigned n)
{
  const unsigned most = affordable_workers (c, n);
  int err = most < n ? ENOMEM : 0;

  while (c->n_workers < most) {
    const int failed = start_worker (c, c->n_workers);

    if (failed) {
      err = failed;
      break;
    }
    c->n_workers++;
  }
  if (c->n_workers == 0) {
    errno = err;
    return -1;
  }
  if (err)
    log_warning_as ("fewer-workers", "only %u workers can be started: %s",
                    c->n_workers, strerror (err));
  return 0;
}

/* Makes all threads share one heap where the address space is limited: the C
 * library would reserve 64 MiB of addresses for each.
 */
static void
share_heap (void)
{
#ifdef M_ARENA_MAX
  if (headroom_addresses () != UINT64_MAX)
    mallopt (M_ARENA_MAX, 1);
#endif
}

struct workers *
workers_start (const struct copy *copy, struct error *e)
{
  const struct plan *plan = &copy->plan;
  const struct tuning first = tuner_first (plan);
  struct workers *c = calloc (1, sizeof *c);

  if (c == NULL)
    goto fail;
  c->copy = copy;
  c->shared = (struct shared) {
    .notifier = notifier_new (),
    .request_size = first.request_size,
    .window = first.window,
  };
  sem_init (&c->shared.first, 0, 0);
  share_heap ();
  if (c->shared.notifier != -1
      && (c->shared.mailbox = mailbox_new (c->shared.notifier)) != NULL
      && (c->shared.zeroes = reserve_zeroes (plan->zero.write_max)) != NULL
      && (c->workers = calloc (plan->workers_max, sizeof *c->workers)) != NULL
      && make_phases (c) && start_digest (c)
      && start_workers (c, plan->workers) == 0)
    return c;

fail:
  error_set (e, errno, "cannot start the workers: %s", strerror (errno));
  workers_free (c);
  return NULL;
}

int
workers_fd (const struct workers *c)
{
  return c->shared.notifier;
}

struct mailbox *
workers_mailbox (const struct workers *c)
{
  return c->shared.mailbox;
}

bool
workers_has_ended (struct workers *c)
{
  return atomic_load (&c->shared.n_ended) == c->n_workers;
}

void
workers_grow (struct workers *c)
{
  if (!workers_has_ended (c))
    start_workers (c, c->copy->plan.workers_max);
}

/* Returns the last phase that has begun. */
static const struct phase *
present_phase (const struct workers *c)
{
  const struct phase *phase = &c->shared.phases[c->shared.n_phases - 1];

  while (atomic_load (&phase->began) == 0)
    phase--;
  return phase;
}

/* Returns the shortest round trip of all workers: they talk to the same server.
 */
static uint64_t
rtt_of (const struct workers *c, enum side side)
{
  uint64_t rtt = 0;

  for (unsigned i = 0; i < c->n_workers; i++)
    rtt = clock_earlier (rtt, counter_get (&c->workers[i].stats.rtt[side]));
  return rtt;
}

static int
compare_numbers (const void *a, const void *b)
{
  const uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

  return (x > y) - (x < y);
}

/* Returns the median of all workers' last round trips, since a single one can
 * be quick or slow by chance.
 */
static uint64_t
last_rtt_of (const struct workers *c, enum side side)
{
  uint64_t rtt[WORKERS_MAX];
  unsigned n = 0;

  for (unsigned i = 0; i < c->n_workers; i++) {
    rtt[n] = counter_get (&c->workers[i].stats.last_rtt[side]);
    n += rtt[n] > 0;
  }
  qsort (rtt, n, sizeof rtt[0], compare_numbers);
  return n > 0 ? rtt[n / 2] : 0;
}

/* Returns how many of the bytes that were passed over reduce the total: none
 * with a list, whose selected bytes are counted beforehand.
 */
static uint64_t
clean_bytes (const struct workers *c, uint64_t passed_over)
{
  return c->copy->changed ? passed_over : 0;
}

/* Returns how many bytes are compared although they were not selected; at most,
 * until a context has said which.
 */
static uint64_t
compared_besides (const struct workers *c, const struct totals *t)
{
  if (c->copy->changed == NULL)
    return copy_compared_besides (c->copy);
  return c->copy->plan.copies && t->uncopied > t->uncompared
    ? t->uncopied - t->uncompared
    : 0;
}

struct totals
workers_totals (const struct workers *c)
{
  const struct phase *phase = present_phase (c);
  struct totals t = {
    .open_ended = c->copy->plan.open_ended,
    .updates = c->copy->plan.updates,
    .phases = c->shared.n_phases,
    .phase = phase->compares ? PHASE_COMPARE : PHASE_COPY,
    .began = atomic_load (&phase->began),
    .rtt = { rtt_of (c, SOURCE), rtt_of (c, DESTINATION) },
    .last_rtt = { last_rtt_of (c, SOURCE), last_rtt_of (c, DESTINATION) },
    .total_falls = c->copy->changed != NULL,
  };
  uint64_t clean;

  for (unsigned i = 0; i < c->n_workers; i++) {
    const struct stats *s = &c->workers[i].stats;

    totals_add (&t, s);
    t.total += counter_get (&s->end);
    t.flush_time = max_u64 (t.flush_time, counter_get (&s->flush_time));
    t.workers += atomic_load (&c->workers[i].outcome) != UNUSED;
  }
  clean = clean_bytes (c, c->copy->plan.copies ? t.uncopied : t.uncompared);
  if (!t.open_ended)
    t.total = copy_length (c->copy) - clean;
  t.unselected = copy_unselected (c->copy) + clean;
  t.compared_besides = compared_besides (c, &t);
  if (c->copy->map)
    t.resumed = map_resumed (c->copy->map);
  return t;
}

uint64_t
workers_latency (const struct workers *c, unsigned percent)
{
  uint64_t sums[HISTOGRAM_BUCKETS] = { 0 };

  for (unsigned i = 0; i < c->n_workers; i++)
    histogram_sum (sums, &c->workers[i].stats.latency);
  return histogram_percentile (sums, percent);
}

void
workers_set_tuning (struct workers *c, const struct tuning *pace)
{
  atomic_store (&c->shared.sharers, pace->workers);
  counter_set (&c->shared.request_size, pace->request_size);
  counter_set (&c->shared.window, pace->window);
}

bool
workers_join (struct workers *c)
{
  const struct plan *plan = &c->copy->plan;
  struct totals t;
  uint64_t total;
  bool all = true;

  for (unsigned i = 0; i < c->n_workers; i++) {
    pthread_join (c->workers[i].thread, NULL);
    all = all && c->workers[i].outcome != STOPPED;
  }
  /* A consistency check: no worker was stopped, and their sums must agree. */
  t = workers_totals (c);
  total = plan->open_ended ? t.total : copy_length (c->copy);
  return all && t.workers > 0
    && (!plan->copies
        || totals_copied (&t) + t.unreadable + clean_bytes (c, t.uncopied)
          == total)
    && (!plan->compares
        || totals_compared (&t) + t.unverified + clean_bytes (c, t.uncompared)
          == total + copy_compared_besides (c->copy));
}

const struct differences *
workers_differences (const struct workers *c)
{
  return c->shared.differences;
}

struct range_collector
workers_take_differences (struct workers *c)
{
  return differences_take_all (c->shared.differences);
}

int
workers_digest (struct workers *c, char text[BLKHASH_TEXT], struct error *e)
{
  if (blkhash_end (c->shared.phases[0].blkhash, text) == 0)
    return 0;
  error_set (e, errno, "the digest could not be computed: %s",
             strerror (errno));
  return -1;
}

void
workers_free (struct workers *c)
{
  if (c == NULL)
    return;
  if (c->shared.notifier != -1)
    close (c->shared.notifier);
  sem_destroy (&c->shared.first);
  if (c->shared.zeroes)
    munmap (c->shared.zeroes, c->copy->plan.zero.write_max);
  for (unsigned i = 0; i < c->shared.n_phases; i++)
    free_phase (&c->shared.phases[i]);
  mailbox_free (c->shared.mailbox);
  differences_free (c->shared.differences);
  free (c->workers);
  free (c);
}
