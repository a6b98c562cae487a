/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes all decisions that are made before the copy: see plan.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "arith.h"
#include "clock.h"
#include "options/options.h"
#include "plan/plan.h"

/* The request sizes that the tuner chooses from.  Near servers want little in
 * flight, so that it stays in the processor's cache, in requests that are
 * neither small, which cost more per byte, nor so large that only a few fit.
 * Some servers prefer smaller requests.  Distant servers that process few
 * requests at a time need larger ones.  docs/BENCHMARKS.md has the
 * measurements.
 */
static const uint64_t sizes[SIZES_MAX] = { 512 * KiB, 768 * KiB, MiB, 3 * MiB };

#define NEAR_SIZE 1
#define FAR_SIZE 2

#define REQUEST_SIZE MiB
#define REQUEST_SIZE_MAX (32 * MiB)

/* The bytes that all workers together may have in flight by default, and which
 * part of the memory: the rest is for sockets, the page cache, and servers.
 */
#define IN_FLIGHT_MAX (128 * MiB)
#define IN_FLIGHT_MIN (4 * MiB)
#define MEMORY_PART 4

/* Limits of the buffers and requests of one worker.  Buffers only take memory
 * once they are used, but need addresses; each request takes some memory.
 */
#define ARENA_MAX GiB
#define REQUESTS_MAX 4096

/* Extents are cut at multiples of this at least, whatever the servers' minimum.
 */
#define GRAIN 512

/* Shorter holes are read as data: that costs less than a request of their own.
 * A coarser --sparse does not change this, or longer holes would be filled.
 */
#define GAP 4096

/* When updating, two differences with fewer bytes between them are written as
 * one: that costs less than a request of its own, and touches few blocks more.
 * Differences are cut at multiples of BLOCK at least.
 */
#define MERGE (16 * KiB)
#define BLOCK 4096

/* In requests.  A worker that claims several at a time rarely meets the lock of
 * the stripes, and leaves the rest to be stolen.  Stealing pays as soon as it
 * saves waiting for the owner.  A claim is a whole number of requests at each
 * size that the tuner uses, so that no request is cut short at the end of a
 * claim.
 */
#define CLAIM 3
#define STEAL_MIN 2

/* Where a disk is cut into shards: by size and count alone, so that all copies
 * that share it agree.
 */
#define SHARD_UNIT MiB

/* The blocks of a digest in a claim: their digests wait in memory until those
 * of all earlier blocks are computed.
 */
#define CLAIM_BLOCKS 8192

/* How much work is lost when the destination crashes, if it can flush; with a
 * map, how much is lost when this program is killed.
 */
#define CHECKPOINT (30 * NS_PER_S)

/* Returns whether the copy leaves other parts of the destination as they are. */
static bool
copies_part (const struct options *o)
{
  return o->shard.count > 0 || o->extents || o->changed;
}

struct endpoint_wants
plan_wants (enum side side, const struct options *o)
{
  const bool compare = o->compare || o->verify || o->update;
  const bool asks_what_is_zero = !o->compare && !o->allocated
    && (o->destination_is_zero == IS_ZERO_AUTO
        || (o->map && o->destination_is_zero == IS_ZERO_YES));

  return (struct endpoint_wants) {
    .extents = side == SOURCE
      ? !o->no_extents
      : asks_what_is_zero || (compare && !o->no_extents),
    .changed = side == SOURCE ? o->changed : NULL,
    .write = side == DESTINATION && !o->compare,
    .compare = compare,
    .part = copies_part (o),
    .just_look = o->plan,
  };
}

/* Returns where the first @n of all @count shards end. */
static uint64_t
shards_end (uint64_t size, uint64_t n, uint64_t count, uint64_t align)
{
  return n == count
    ? size
    : align_down (size / count * n + size % count * n / count, align);
}

struct range
plan_shard (const struct plan *p, struct shard shard)
{
  const uint64_t align = max_u64 (SHARD_UNIT, p->align);

  if (shard.count == 0)
    return range_of (0, p->size);
  return range_of (shards_end (p->size, shard.number - 1, shard.count, align),
                   shards_end (p->size, shard.number, shard.count, align));
}

static void
choose_part (struct plan *p, const struct options *o)
{
  const struct range part = plan_shard (p, o->shard);

  p->shard = o->shard;
  p->start = part.start;
  p->end = part.end;
}

/* Refuses a side for this copy.  Returns -1 with the error set, which begins
 * with the name of the side.
 */
static int __attribute__ ((format (printf, 5, 6)))
refuse (const struct plan_side *sides, enum side side, int number,
        struct error *e, const char *fs, ...)
{
  char why[sizeof e->text];
  va_list args;

  va_start (args, fs);
  vsnprintf (why, sizeof why, fs, args);
  va_end (args);
  error_set (e, number, "%s: %s", sides[side].name, why);
  error_set_side (e, side_name (side));
  return -1;
}

static int
refuse_used (const struct plan_side *sides, struct error *e)
{
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    const struct caps *caps = sides[side].caps;

    if (caps->in_use) {
      refuse (sides, side, EBUSY, e, "in use by another program%s%s",
              caps->in_use_by ? ": " : ", or mounted",
              caps->in_use_by ? caps->in_use_by : "");
      e->kind = ERROR_IN_USE;
      return -1;
    }
  }
  return 0;
}

/* Reasons to refuse the destination, whatever the source is. */
static int
refuse_unwritable (const struct options *o, const struct plan_side *sides,
                   struct error *e)
{
  const struct caps *destination = sides[DESTINATION].caps;

  if (destination->read_only)
    return refuse (sides, DESTINATION, EROFS, e,
                   "read-only, cannot write to it");
  if (destination->terminal)
    return refuse (sides, DESTINATION, ENOTSUP, e,
                   "refusing to write to a terminal");
  if ((o->flush || o->map) && !destination->can_flush && !destination->stream)
    return refuse (sides, DESTINATION, ENOTSUP, e,
                   "cannot flush, which %s requires",
                   o->map ? "--map" : "--flush");
  if (o->map && destination->written_once)
    return refuse (sides, DESTINATION, ENOTSUP, e,
                   "each of its blocks can be written only once, so --map"
                   " cannot resume the copy");
  if (o->update && destination->written_once)
    return refuse (sides, DESTINATION, ENOTSUP, e,
                   "each of its blocks can be written only once, so --update"
                   " cannot change them");
  return 0;
}

/* Checks --source-size.  The size of a stream is only known at its end: see
 * request.c.
 */
static int
refuse_size (const struct plan *p, const struct plan_side *sides,
             struct error *e)
{
  const struct caps *source = sides[SOURCE].caps;

  if (!p->size_is_known)
    return 0;
  if (!source->stream && source->size != p->expected)
    return refuse (sides, SOURCE, EINVAL, e,
                   "its size is %" PRIu64 ", not %" PRIu64
                   " as --source-size says",
                   source->size, p->expected);
  if (source->stream && p->expected > p->room)
    return refuse (sides, DESTINATION, ENOSPC, e,
                   "is too small: its size is %" PRIu64
                   ", --source-size is %" PRIu64,
                   p->room, p->expected);
  return 0;
}

static int
refuse_streams (const struct options *o, const struct plan_side *sides,
                struct error *e)
{
  const enum side side = sides[SOURCE].caps->stream ? SOURCE : DESTINATION;

  if (!sides[side].caps->stream)
    return 0;
  if (o->map)
    return refuse (sides, side, ENOTSUP, e,
                   "a stream cannot be resumed: --map needs offsets");
  if (o->shard.count)
    return refuse (sides, side, ENOTSUP, e,
                   "a stream has no shards: --shard needs offsets");
  if (o->salvage != SALVAGE_NO)
    return refuse (sides, side, ENOTSUP, e,
                   "a stream cannot be read again: --salvage needs offsets");
  return 0;
}

/* Refuses blocks that would lie in two shards: where shards end must not depend
 * on a digest, because it is no part of what they have to agree on.
 */
static int
refuse_digest (const struct options *o, struct error *e)
{
  if (o->digest == DIGEST_NONE || o->shard.count == 0
      || o->digest_block <= SHARD_UNIT)
    return 0;
  error_set (e, EINVAL,
             "--blkhash: its blocks must not be larger than %" PRIu64
             " with --shard: shards end at multiples of that",
             (uint64_t) SHARD_UNIT);
  return -1;
}

/* Checks that the destination has room for the source. */
static int
refuse_small (const struct plan *p, const struct plan_side *sides,
              struct error *e)
{
  const struct caps *source = sides[SOURCE].caps;
  const struct caps *destination = sides[DESTINATION].caps;

  if (p->open_ended)
    return 0;
  if (destination->size < source->size && !destination->grows)
    return refuse (sides, DESTINATION, ENOSPC, e,
                   "is too small: its size is %" PRIu64
                   ", the source's is %" PRIu64,
                   destination->size, source->size);
  if (destination->grows && destination->size_max > 0
      && source->size > destination->size_max)
    return refuse (sides, DESTINATION, EFBIG, e,
                   "files there are limited to %" PRIu64
                   " bytes, and the source has %" PRIu64,
                   destination->size_max, source->size);
  return 0;
}

static int
refuse_blocks (const struct plan *p, const struct plan_side *sides,
               struct error *e)
{
  const struct caps *source = sides[SOURCE].caps;
  const struct caps *destination = sides[DESTINATION].caps;
  const uint64_t block_max = min_u64 (source->block_max,
                                      destination->block_max);

  if (source->size % source->block_min != 0)
    return refuse (sides, SOURCE, EINVAL, e,
                   "its size (%" PRIu64 ") is not a multiple of its minimum"
                   " block (%" PRIu64 "): the end cannot be read",
                   source->size, source->block_min);
  if (source->size % destination->block_min != 0 && !p->open_ended)
    return refuse (sides, DESTINATION, EINVAL, e,
                   "the source's size (%" PRIu64 ") is not a multiple of its"
                   " minimum block (%" PRIu64 "): the end cannot be %s",
                   source->size, destination->block_min,
                   p->copies ? "written" : "read");
  if (p->align > block_max)
    return refuse (sides, DESTINATION, EINVAL, e,
                   "the minimum block of one side (%" PRIu64 ") is larger than"
                   " the maximum of the other (%" PRIu64 ")",
                   p->align, block_max);
  return 0;
}

static int
refuse_impossible (const struct plan *p, const struct options *o,
                   const struct plan_side *sides, struct error *e)
{
  return refuse_used (sides, e) == -1
      || (p->copies && refuse_unwritable (o, sides, e) == -1)
      || refuse_size (p, sides, e) == -1 || refuse_streams (o, sides, e) == -1
      || refuse_digest (o, e) == -1 || refuse_small (p, sides, e) == -1
      || refuse_blocks (p, sides, e) == -1
    ? -1
    : 0;
}

static uint64_t
choose_request_size (const struct plan *p, const struct options *o,
                     const struct caps *source, const struct caps *destination,
                     uint64_t preferred)
{
  uint64_t size = o->tuning_size ? o->tuning_size
    : o->request_size            ? o->request_size
                                 : REQUEST_SIZE;

  size = max_u64 (size, min_u64 (preferred, REQUEST_SIZE_MAX));
  size = min_u64 (size, min_u64 (source->block_max, destination->block_max));
  return max_u64 (align_down (size, p->align), p->align);
}

static unsigned
choose_requests (const struct plan *p, const struct options *o)
{
  return o->synchronous
    ? 1
    : min_u64 (min_u64 (o->requests, REQUESTS_MAX),
               max_u64 (1, ARENA_MAX / plan_buffer_size (p, p->request_size)));
}

uint64_t
plan_in_flight (const struct machine *m)
{
  return max_u64 (IN_FLIGHT_MIN,
                  min_u64 (IN_FLIGHT_MAX, m->memory / MEMORY_PART));
}

static uint64_t
choose_queue_size (const struct plan *p, const struct options *o,
                   const struct machine *machine)
{
  const uint64_t most = o->queue_size_given
    ? UINT64_MAX
    : plan_in_flight (machine) / p->workers_max;

  return max_u64 (min_u64 (o->queue_size, most), p->request_size);
}

/* Uses a fixed request size and window as given, as far as the servers' block
 * sizes allow.
 */
static void
pin_tuning (struct plan *p, const struct options *o)
{
  p->pinned = true;
  p->workers = p->workers_max;
  p->n_sizes = 1;
  p->sizes[0] = p->buffer_size = p->request_size;
  p->window_max = max_u64 (o->tuning_window, p->buffer_size);
}

/* Chooses the sizes that the tuner tries: only one if --request-size is given.
 */
static void
choose_sizes (struct plan *p, const struct options *o,
              const struct caps *source, const struct caps *destination,
              uint64_t preferred)
{
  const uint64_t block_max = min_u64 (source->block_max,
                                      destination->block_max);

  if (o->tuning_size) {
    pin_tuning (p, o);
    return;
  }
  p->window_max = min_u64 (p->queue_size, p->requests * p->request_size);
  for (unsigned i = 0; i < SIZES_MAX; i++) {
    const bool large = i > FAR_SIZE;
    uint64_t size = max_u64 (sizes[i], preferred);

    if (o->request_size || (!large && size > p->request_size))
      size = p->request_size;
    if (preferred > 0 && size > preferred)
      size -= size % preferred;
    size = max_u64 (align_down (size, p->align), p->align);
    if ((p->n_sizes > 0 && PLAN_DEPTH * size > p->window_max)
        || (large
            && (o->request_size || o->digest != DIGEST_NONE
                || size > block_max)))
      break;
    if (p->n_sizes == 0 || size > p->sizes[p->n_sizes - 1])
      p->sizes[p->n_sizes++] = size;
    if (i <= NEAR_SIZE)
      p->near_size = p->n_sizes - 1;
    if (i <= FAR_SIZE)
      p->far_size = p->n_sizes - 1;
  }
  p->buffer_size = p->sizes[p->far_size];
}

/* Chooses how many workers to start with, and how many at most: no more than
 * the options and both servers allow, and the disk's size keeps busy.  More
 * workers than processors only help on a long link, and are started once the
 * link is known to be long.
 */
static void
choose_workers (struct plan *p, const struct options *o,
                const struct caps *source, const struct caps *destination,
                unsigned processors)
{
  uint64_t n = min_u64 (o->connections, WORKERS_MAX);

  if (o->threads)
    n = min_u64 (n, o->threads);
  n = min_u64 (n, plan_length (p) / p->steal_min);
  if (o->synchronous || !source->can_multi_conn || !destination->can_multi_conn)
    n = 1;
  p->workers_max = max_u64 (n, 1);
  p->workers = o->threads ? p->workers_max
                          : max_u64 (1, min_u64 (p->workers_max, processors));
}

/* With a digest, a claim is made of whole blocks, so that one worker reads all
 * of each block.
 */
static uint64_t
choose_claim (const struct plan *p)
{
  uint64_t claim = CLAIM * p->request_size;

  if (p->digest.kind != DIGEST_NONE)
    claim = max_u64 (p->gap, min_u64 (claim, CLAIM_BLOCKS * p->digest.block));
  return align_up (claim, p->unit);
}

/* Returns whether the destination has content to be compared with the source. */
static bool
updates (const struct options *o, const struct caps *destination)
{
  return o->update && (!destination->missing || destination->backed);
}

/* Returns whether the destination is known to be zero.  A promise of the user
 * no longer holds once an earlier run of this copy has written.  A file that
 * grows is zero, unless only a part of it is copied, or it reads as its backing
 * file.
 */
static enum is_zero
what_is_known (const struct options *o, const struct caps *destination)
{
  if (updates (o, destination))
    return IS_ZERO_AUTO;
  if (o->allocated || destination->stream)
    return IS_ZERO_NO;
  if (destination->grows && !destination->backed && !copies_part (o))
    return IS_ZERO_YES;
  return destination->kept && o->destination_is_zero == IS_ZERO_YES
    ? IS_ZERO_AUTO
    : o->destination_is_zero;
}

/* Returns the unit of searching for zeroes, which is only advice unless it is
 * given: no run longer than half a request would be found.
 */
static uint64_t
choose_scan (const struct plan *p, const struct options *o, uint64_t least,
             const struct caps *destination)
{
  const uint64_t scan = max_u64 (least, p->align);

  return !o->sparse_given && destination->block_preferred <= p->request_size / 2
    ? max_u64 (scan, destination->block_preferred)
    : scan;
}

/* An update never writes more than whole blocks that differ, whatever is said
 * about zeroes.
 */
static struct update_plan
plan_update (const struct plan *p, const struct options *o,
             const struct caps *destination)
{
  const uint64_t least = o->sparse > 0 ? o->sparse : BLOCK;

  return (struct update_plan) {
    .grain = choose_scan (p, o, least, destination),
    .merge = MERGE,
  };
}

static struct zero_plan
plan_zeroes (const struct plan *p, const struct options *o,
             const struct caps *destination)
{
  struct zero_plan z = {
    .allocate = o->allocated,
    .known = what_is_known (o, destination),
    .request_max = align_down (destination->zero_max, p->align),
    .fast = destination->can_fast_zero,
    .write_max = p->request_size,
  };

  z.ask_destination = z.known == IS_ZERO_AUTO && destination->extents_max > 0
    && !(p->updates && o->no_extents);
  if (!o->allocated && !o->synchronous && o->sparse > 0 && !destination->stream)
    z.scan = choose_scan (p, o, o->sparse, destination);
  return z;
}

int
plan_make (struct plan *p, const struct options *o,
           const struct plan_side sides[2], const struct machine *machine,
           struct error *e)
{
  const struct caps *source = sides[SOURCE].caps;
  const struct caps *destination = sides[DESTINATION].caps;
  const uint64_t preferred = max_u64 (source->block_preferred,
                                      destination->block_preferred);

  *p = (struct plan) {
    .copies = !o->compare,
    .compares = o->compare || o->verify,
    .lists_all = o->differences != NULL,
    .compares_all = o->verify && o->verify_scope == VERIFY_ALL,
    .updates = updates (o, destination),
    .size = source->size,
    .open_ended = source->stream,
    .size_is_known = o->source_size_given,
    .expected = o->source_size,
    .room = destination->grows ? INT64_MAX : destination->size,
    .last_block = destination->block_min,
    .align = max_u64 (source->block_min, destination->block_min),
    .stall = o->stall_timeout,
    .retry = { .tries = o->retries, .wait = o->retry_wait },
    .patience = o->open_timeout,
    .checkpoint = o->no_flush || !destination->can_flush ? 0
      : o->map                                           ? o->map_interval
                                                         : CHECKPOINT,
    .source_extents = (!o->no_extents || o->changed) && source->extents_max > 0,
    .flush = !o->compare && !o->no_flush && destination->can_flush,
    .flush_always = o->flush || o->map,
    .in_order = o->digest != DIGEST_NONE && o->map == NULL,
    .digest = { .kind = o->digest, .block = o->digest_block },
  };
  if (refuse_impossible (p, o, sides, e) == -1)
    return -1;

  choose_part (p, o);
  p->destination_extents = plan_reads_both (p) && !o->no_extents
    && destination->extents_max > 0;
  p->request_size = choose_request_size (p, o, source, destination, preferred);
  p->requests = choose_requests (p, o);
  p->grain = max_u64 (max_u64 (p->align, GRAIN), destination->zero_grain);
  p->unit = max_u64 (p->grain, p->digest.block);
  p->salvage = o->salvage;
  p->salvage_block = max_u64 (p->align, GRAIN);
  p->steal_min = align_up (STEAL_MIN * p->request_size, p->grain);
  choose_workers (p, o, source, destination, machine->processors);
  p->queue_size = choose_queue_size (p, o, machine);
  choose_sizes (p, o, source, destination, preferred);
  p->zero = plan_zeroes (p, o, destination);
  p->update = plan_update (p, o, destination);
  p->gap = max_u64 (min_u64 (p->zero.scan, GAP), p->grain);
  p->claim = choose_claim (p);
  return 0;
}
