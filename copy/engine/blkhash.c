/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digests of blocks, and of a whole disk: see blkhash.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "engine/blkhash.h"
#include "iszero.h"
#include "notifier.h"

/* Open in one feed at a time: about half of them hold what a worker has in
 * flight over a slow link, the others are what it may be ahead of the front.
 */
#define CLAIMS 32

/* How much is done in one call: about a millisecond each. */
#define ZEROES_STEP (2 * MiB)
#define FOLD_STEP 16 /* of the runs below */

#define ZERO_RUN 1024 /* digests of zero blocks, in a row */

/* Durable ranges of claims that are open: a claim has a few at most. */
#define HELD 1024

/* Written by its feed until it is filled, then by who folds it.  Where digests
 * are kept, it begins where the first block begins whose digest is not written.
 */
struct claim {
  uint64_t start, end;
  uint64_t zero_blocks; /* that it begins with */
  uint64_t n_digests;   /* of the blocks behind those */
  uint8_t *digests;
};

struct feed {
  struct blkhash *all;
  struct digest *digest;       /* of the block at feed_at */
  struct claim claims[CLAIMS]; /* number n is at n % CLAIMS */
  uint64_t opened;             /* claims so far */
  uint64_t at;
  bool folds;   /* it is the one who folds at present */
  int notifier; /* rung for who waits, when there is room */
  bool waited;  /* the notifier may have been rung */

  /* Where digests are kept. */
  struct digest *check; /* for their checks */
  struct ranges held;   /* durable, but not digested */

  /* Under the lock. */
  uint64_t filled, folded; /* claims so far */
  bool waiting;
};

struct blkhash {
  struct blkhash_shape shape;
  size_t digest_size;
  uint64_t most_digests;    /* of one claim */
  uint8_t *digests;         /* owned: those of all claims */
  uint8_t zero[DIGEST_MAX]; /* of a whole block of zeroes */
  uint8_t *zero_run;        /* owned: ZERO_RUN of them */
  atomic_bool failed;       /* the library did */

  pthread_mutex_t lock;
  uint64_t front;       /* under the lock: all before it is folded */
  struct feed *folding; /* under the lock: whose claim is being folded;
                                 * NULL: nobody's */
  struct digest *disk;  /* of who folds */

  unsigned n_feeds;
  struct feed feeds[];
};

static const uint8_t zeroes[4096];

static void
end_digest (struct blkhash *b, struct digest *d, uint8_t *out)
{
  if (!digest_end (d, out))
    atomic_store (&b->failed, true);
}

static void
add_zeroes (struct digest *d, uint64_t length)
{
  while (length > 0) {
    const uint64_t n = min_u64 (length, sizeof zeroes);

    digest_add (d, zeroes, n);
    length -= n;
  }
}

/* -- making and ending ---------------------------------------------------- */

static bool
init_feed (struct blkhash *b, struct feed *f, uint8_t *digests)
{
  f->all = b;
  for (unsigned i = 0; i < CLAIMS; i++)
    f->claims[i].digests = digests + i * b->most_digests * b->digest_size;
  f->digest = digest_new (b->shape.kind);
  f->notifier = notifier_new ();
  if (b->shape.kept
      && ((f->check = digest_new (b->shape.kind)) == NULL
          || ranges_init (&f->held, HELD) == -1))
    return false;
  return f->digest && f->notifier != -1;
}

/* Once for all: 1 TiB of nothing has 16 million such blocks. */
static void
digest_zero_block (struct blkhash *b)
{
  if (b->shape.size < b->shape.block)
    return; /* there is no whole block */
  add_zeroes (b->disk, b->shape.block);
  end_digest (b, b->disk, b->zero);
  for (unsigned i = 0; i < ZERO_RUN; i++)
    memcpy (b->zero_run + i * b->digest_size, b->zero, b->digest_size);
}

struct blkhash *
blkhash_new (const struct blkhash_shape *shape, unsigned workers)
{
  struct blkhash *b = calloc (1, sizeof *b + workers * sizeof b->feeds[0]);
  size_t of_feed;
  bool good;

  if (b == NULL)
    return NULL;
  if ((errno = pthread_mutex_init (&b->lock, NULL)) != 0) {
    free (b);
    return NULL;
  }
  b->shape = *shape;
  b->digest_size = digest_size (shape->kind);
  b->most_digests = shape->claim / shape->block + 2; /* cut at each end */
  of_feed = CLAIMS * b->most_digests * b->digest_size;
  b->disk = digest_new (shape->kind);
  b->digests = calloc (workers, of_feed);
  b->zero_run = calloc (ZERO_RUN, b->digest_size);
  good = b->disk && b->digests && b->zero_run;
  for (; good && b->n_feeds < workers; b->n_feeds++)
    good = init_feed (b, &b->feeds[b->n_feeds],
                      b->digests + b->n_feeds * of_feed);
  if (!good) {
    const int err = errno;

    blkhash_free (b);
    errno = err;
    return NULL;
  }
  digest_zero_block (b);
  return b;
}

void
blkhash_free (struct blkhash *b)
{
  if (b == NULL)
    return;
  for (unsigned i = 0; i < b->n_feeds; i++) {
    digest_free (b->feeds[i].digest);
    digest_free (b->feeds[i].check);
    ranges_free (&b->feeds[i].held);
    if (b->feeds[i].notifier != -1)
      close (b->feeds[i].notifier);
  }
  pthread_mutex_destroy (&b->lock);
  digest_free (b->disk);
  free (b->digests);
  free (b->zero_run);
  free (b);
}

struct feed *
blkhash_feed (struct blkhash *b, unsigned worker)
{
  assert (worker < b->n_feeds);
  return &b->feeds[worker];
}

int
blkhash_end (struct blkhash *b, char text[BLKHASH_TEXT])
{
  assert (b->front == b->shape.size && b->folding == NULL);
  if (blkhash_end_with (b->disk, b->shape.kind, b->shape.size, text) == 0
      && !atomic_load (&b->failed))
    return 0;
  errno = EIO;
  return -1;
}

int
blkhash_end_with (struct digest *disk, enum digest_kind kind, uint64_t size,
                  char text[BLKHASH_TEXT])
{
  uint8_t bytes[8], out[DIGEST_MAX];

  for (unsigned i = 0; i < sizeof bytes; i++)
    bytes[i] = size >> (8 * i);
  digest_add (disk, bytes, sizeof bytes);
  if (!digest_end (disk, out)) {
    errno = EIO;
    return -1;
  }
  for (size_t i = 0; i < digest_size (kind); i++)
    snprintf (text + 2 * i, 3, "%02x", out[i]);
  return 0;
}

/* -- claims --------------------------------------------------------------- */

static struct claim *
claim_number (struct feed *f, uint64_t n)
{
  return &f->claims[n % CLAIMS];
}

bool
feed_has_room (struct feed *f)
{
  bool room;

  if (f->waited)
    notifier_take (f->notifier);
  pthread_mutex_lock (&f->all->lock);
  room = f->opened - f->folded < CLAIMS;
  f->waiting = !room;
  pthread_mutex_unlock (&f->all->lock);
  f->waited = !room;
  return room;
}

int
feed_fd (const struct feed *f)
{
  return f->notifier;
}

void
feed_open (struct feed *f, struct range claim)
{
  struct claim *c = claim_number (f, f->opened);

  assert (claim.start < claim.end && claim.start % f->all->shape.block == 0);
  assert (claim.end % f->all->shape.block == 0
          || claim.end == f->all->shape.size);
  c->start = claim.start;
  c->end = claim.end;
  c->zero_blocks = c->n_digests = 0;
  if (f->filled == f->opened++)
    f->at = claim.start;
}

uint64_t
feed_last_claim (const struct feed *f)
{
  return f->opened - 1;
}

/* The filled claim that the front has reached, if there is one.  Locked. */
static struct feed *
find_front (struct blkhash *b)
{
  for (unsigned i = 0; i < b->n_feeds; i++) {
    struct feed *f = &b->feeds[i];

    if (f->folded < f->filled && claim_number (f, f->folded)->start == b->front)
      return f;
  }
  return NULL;
}

/* Writes the digests that the claim has so far. */
static void
keep (struct feed *f, struct claim *c)
{
  const struct blkhash_shape *s = &f->all->shape;

  kept_digests_put_zeroes (s->kept, c->start, c->zero_blocks);
  c->start += c->zero_blocks * s->block;
  kept_digests_put (s->kept, f->check, c->start, c->digests, c->n_digests);
  c->start += c->n_digests * s->block;
  c->zero_blocks = c->n_digests = 0;
}

/* A worker that folds goes on as long as there is something to fold.  So it is
 * enough to look for a worker when a claim was filled while none of them folds.
 */
static void
claim_is_filled (struct feed *f)
{
  struct blkhash *b = f->all;

  if (b->shape.kept)
    keep (f, claim_number (f, f->filled));
  pthread_mutex_lock (&b->lock);
  f->filled++;
  if (b->shape.kept)
    f->folded++;
  else if (b->folding == NULL) {
    b->folding = find_front (b);
    f->folds = b->folding != NULL;
  }
  pthread_mutex_unlock (&b->lock);
  if (f->filled < f->opened)
    f->at = claim_number (f, f->filled)->start;
}

/* -- folding -------------------------------------------------------------- */

/* True when all of the claim is folded. */
static bool
fold_some (struct blkhash *b, struct claim *c)
{
  for (unsigned i = 0; i < FOLD_STEP && c->zero_blocks > 0; i++) {
    const uint64_t n = min_u64 (c->zero_blocks, ZERO_RUN);

    digest_add (b->disk, b->zero_run, n * b->digest_size);
    c->zero_blocks -= n;
  }
  if (c->zero_blocks > 0)
    return false;
  digest_add (b->disk, c->digests, c->n_digests * b->digest_size);
  return true;
}

bool
feed_fold (struct feed *f)
{
  struct blkhash *b = f->all;
  struct feed *of;
  struct claim *c;

  if (!f->folds)
    return false;
  of = b->folding; /* nobody else changes it, or folded */
  c = claim_number (of, of->folded);
  if (!fold_some (b, c))
    return true;
  pthread_mutex_lock (&b->lock);
  b->front = c->end;
  of->folded++;
  if (of->waiting)
    notifier_signal (of->notifier);
  of->waiting = false;
  b->folding = find_front (b);
  f->folds = b->folding != NULL;
  pthread_mutex_unlock (&b->lock);
  return true;
}

/* -- feeding -------------------------------------------------------------- */

static struct claim *
claim_at_hand (struct feed *f)
{
  return f->filled < f->opened ? claim_number (f, f->filled) : NULL;
}

static bool
is_within_block (const struct feed *f)
{
  return f->at % f->all->shape.block != 0;
}

/* Where the block that holds feed_at ends. */
static uint64_t
block_end (const struct feed *f, const struct claim *c)
{
  const uint64_t block = f->all->shape.block;

  return min_u64 (align_down (f->at, block) + block, c->end);
}

/* Appends the digest of one block. */
static void
append (struct feed *f, struct claim *c, const uint8_t *one)
{
  const struct blkhash *b = f->all;

  if (c->n_digests == 0 && memcmp (one, b->zero, b->digest_size) == 0) {
    c->zero_blocks++;
    return;
  }
  assert (c->n_digests < b->most_digests);
  memcpy (c->digests + c->n_digests++ * b->digest_size, one, b->digest_size);
}

static void
end_block (struct feed *f, struct claim *c)
{
  uint8_t one[DIGEST_MAX];

  end_digest (f->all, f->digest, one);
  append (f, c, one);
}

/* Moves on within a block; at its end, its digest is there. */
static void
move (struct feed *f, struct claim *c, uint64_t to)
{
  const bool ends = to == block_end (f, c);

  f->at = to;
  if (ends)
    end_block (f, c);
  if (to == c->end)
    claim_is_filled (f);
}

void
feed_end (struct feed *f, uint64_t end)
{
  struct claim *c;

  assert (f->all->n_feeds == 1);
  f->all->shape.size = end;
  while (f->opened > f->filled && claim_number (f, f->opened - 1)->start >= end)
    f->opened--;
  if ((c = claim_at_hand (f)) == NULL)
    return;
  c = claim_number (f, f->opened - 1);
  c->end = min_u64 (c->end, end);
  if (f->at < c->end)
    return; /* its last bytes are still to come */
  if (is_within_block (f))
    end_block (f, c);
  claim_is_filled (f);
}

/* Past whole blocks of zeroes. */
static void
skip_to (struct feed *f, struct claim *c, uint64_t to)
{
  uint64_t n = (to - f->at) / f->all->shape.block;

  if (c->n_digests == 0)
    c->zero_blocks += n;
  else
    for (; n > 0; n--)
      append (f, c, f->all->zero);
  f->at = to;
  if (to == c->end)
    claim_is_filled (f);
}

uint64_t
feed_at (const struct feed *f)
{
  return f->at;
}

/* Returns the place up to which the claim at hand is known.  @to is where the
 * worker is, which may be outside of its claim @number.
 */
static uint64_t
known_end (const struct feed *f, const struct claim *c, uint64_t number,
           uint64_t to)
{
  if (f->filled > number)
    return f->at;
  return f->filled == number && to >= f->at && to < c->end ? to : c->end;
}

bool
feed_zeroes (struct feed *f, uint64_t claim, uint64_t to, bool exactly)
{
  uint64_t budget = ZEROES_STEP;
  struct claim *c;

  while ((c = claim_at_hand (f)) != NULL) {
    const uint64_t end = known_end (f, c, claim, to);
    const uint64_t whole = align_down (end, f->all->shape.block);
    uint64_t part_end;

    if (f->at == end)
      return true;
    if (!is_within_block (f) && whole > f->at) {
      skip_to (f, c, whole);
      continue;
    }
    part_end = min_u64 (end, block_end (f, c));
    if (part_end < block_end (f, c) && !exactly)
      return true;
    if (budget == 0)
      return false;
    part_end = min_u64 (part_end, f->at + budget);
    budget -= part_end - f->at;
    add_zeroes (f->digest, part_end - f->at);
    move (f, c, part_end);
  }
  return true;
}

void
feed_data (struct feed *f, const uint8_t *data, uint64_t length)
{
  struct claim *c = claim_at_hand (f);

  assert (c != NULL && length <= c->end - f->at);
  while (length > 0) {
    const uint64_t n = min_u64 (length, block_end (f, c) - f->at);

    if (n == f->all->shape.block && is_zero (data, n))
      skip_to (f, c, f->at + n);
    else {
      digest_add (f->digest, data, n);
      move (f, c, f->at + n);
    }
    data += n;
    length -= n;
  }
}

/* -- where digests are kept ----------------------------------------------- */

/* Moves what two sets have in common with a range from one to the other.  Where
 * there is no room to do so, it is lost, and only copied again by a later run.
 */
static void
move_range (struct ranges *from, struct range range, struct ranges *to)
{
  const struct ranges_entry *r;

  for (uint64_t at = range.start;
       (r = ranges_next (from, at)) != NULL && r->start < range.end;
       at = r->end)
    ranges_set (to, max_u64 (r->start, range.start),
                min_u64 (r->end, range.end), 0);
  if (!ranges_cut (from, range.start, range.end))
    ranges_clear (from);
}

void
feed_durable (struct feed *f, struct ranges *durable)
{
  struct claim *c = claim_at_hand (f);

  if (c)
    keep (f, c);
  move_range (&f->held, range_of (0, UINT64_MAX), durable);
  for (uint64_t n = f->filled; n < f->opened; n++) {
    c = claim_number (f, n);
    move_range (durable, range_of (c->start, c->end), &f->held);
  }
}
