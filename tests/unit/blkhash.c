/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of a disk does not depend on the order of its parts, nor on the
 * workers that bring them.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "engine/blkhash.h"
#include "engine/kept-digests.h"
#include "iszero.h"
#include "notifier.h"
#include "temporary.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void
finish (struct feed *f, uint64_t size)
{
  while (!feed_zeroes (f, feed_last_claim (f), size, false))
    ;
  while (feed_fold (f))
    ;
}

/* -- by example ----------------------------------------------------------- */

static void
answers_are_the_known_ones (void **state UNUSED)
{
  static const struct {
    enum digest_kind kind;
    uint64_t block;
    const char *disk, *text;
  } known[] = {
    { DIGEST_MD5, 65536, "hello", "f741ac9ce55f5325906bb14e9c05d467" },
    { DIGEST_MD5, 4, "hello", "8262896de34125dec173722c920e8bd0" },
    { DIGEST_SHA256, 65536, "hello",
      "337355feb53a5309d5aba92796223c2c84ffab930e706c01fef573a2722545e6" },
    { DIGEST_SHA256, 65536, "",
      "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc" },
  };
  char text[BLKHASH_TEXT];
  size_t i;

  for (i = 0; i < COUNT (known); ++i) {
    const struct blkhash_shape shape = {
      .kind = known[i].kind,
      .block = known[i].block,
      .size = strlen (known[i].disk),
      .claim = 65536,
    };
    struct blkhash *b = blkhash_new (&shape, 1);
    struct feed *f;

    assert_non_null (b);
    f = blkhash_feed (b, 0);
    if (shape.size > 0) {
      assert_true (feed_has_room (f));
      feed_open (f, range_of (0, shape.size));
      feed_data (f, (const uint8_t *) known[i].disk, shape.size);
      assert_int_equal (feed_at (f), shape.size);
    }
    finish (f, shape.size);
    assert_int_equal (blkhash_end (b, text), 0);
    assert_string_equal (text, known[i].text);
    blkhash_free (b);
  }
  blkhash_free (NULL);
}

/* A hole is only a length: it takes no time and no memory. */
static void
hole_is_not_digested_block_by_block (void **state UNUSED)
{
  const struct blkhash_shape shape = {
    .kind = DIGEST_MD5,
    .block = 16 * MiB,
    .size = 16 * TiB,
    .claim = 16 * MiB,
  };
  struct blkhash *b = blkhash_new (&shape, 1);
  struct feed *f;
  char text[BLKHASH_TEXT];

  assert_non_null (b);
  f = blkhash_feed (b, 0);
  feed_open (f, range_of (0, shape.size));
  assert_true (feed_zeroes (f, 0, shape.size / 2 + 1, false));
  assert_int_equal (feed_at (f), shape.size / 2); /* no part of a block */
  assert_true (feed_zeroes (f, 0, shape.size, false));
  finish (f, shape.size);
  assert_int_equal (blkhash_end (b, text), 0);
  assert_string_equal (text, "01fa7a88a13db1125f1fbb7f90c3a032");
  blkhash_free (b);
}

/* A stream may end within a block, at the end of a block, or at the end of a
 * claim, and before or after its last data was given.
 */
static void
disk_may_end_early (void **state UNUSED)
{
  const struct blkhash_shape open_ended = {
    .kind = DIGEST_MD5,
    .block = 4,
    .size = INT64_MAX,
    .claim = 8,
  };
  char whole[BLKHASH_TEXT], early[BLKHASH_TEXT];
  const uint8_t *data = (const uint8_t *) "abcd\0\0\0\0ijklm";
  uint64_t end, at;
  bool late;

  for (end = 0; end <= 13; ++end)
    for (late = false;; late = true) {
      struct blkhash_shape shape = open_ended;
      struct blkhash *a = blkhash_new (&open_ended, 1), *b;
      struct feed *f;

      shape.size = end;
      b = blkhash_new (&shape, 1);
      assert_true (a != NULL && b != NULL);
      f = blkhash_feed (a, 0);
      for (at = 0; at < 24; at += 8)
        feed_open (f, range_of (at, at + 8));
      if (late)
        feed_end (f, end);
      for (at = 0; at < end; ++at)
        feed_data (f, data + at, 1);
      if (!late)
        feed_end (f, end);
      finish (f, INT64_MAX);
      assert_int_equal (blkhash_end (a, early), 0);

      f = blkhash_feed (b, 0);
      for (at = 0; at < end; at += 8) {
        feed_open (f, range_of (at, min_u64 (at + 8, end)));
        feed_data (f, data + at, min_u64 (8, end - at));
      }
      finish (f, end);
      assert_int_equal (blkhash_end (b, whole), 0);
      assert_string_equal (early, whole);
      blkhash_free (a);
      blkhash_free (b);
      if (late)
        break;
    }
}

static bool
is_rung (const struct feed *f)
{
  struct pollfd p = { .fd = feed_fd (f), .events = POLLIN };

  return poll (&p, 1, 0) == 1;
}

/* Opens claims of one block each until there is no more room. */
static uint64_t
fill_up (struct feed *f, uint64_t at)
{
  static const uint8_t data[512] = "data";

  while (feed_has_room (f)) {
    assert_true (at < MiB);
    feed_open (f, range_of (at, at + sizeof data));
    feed_data (f, data, sizeof data);
    at += sizeof data;
  }
  return at;
}

static void
a_worker_ahead_waits_for_the_front (void **state UNUSED)
{
  const struct blkhash_shape shape = {
    .kind = DIGEST_SHA1,
    .block = 512,
    .size = MiB,
    .claim = 512,
  };
  struct blkhash *b = blkhash_new (&shape, 2);
  struct feed *front, *ahead;
  uint64_t at;

  assert_non_null (b);
  front = blkhash_feed (b, 0);
  ahead = blkhash_feed (b, 1);
  assert_true (feed_has_room (front));
  feed_open (front, range_of (0, 512));
  at = fill_up (ahead, 512);
  assert_false (feed_fold (ahead));
  assert_false (is_rung (ahead));
  assert_true (feed_has_room (front)); /* always true at the front */

  assert_true (feed_zeroes (front, 0, 512, false));
  assert_true (feed_fold (front)); /* its own claim */
  assert_false (is_rung (ahead));
  assert_true (feed_fold (front)); /* the claim of the other one */
  assert_true (is_rung (ahead));
  assert_true (feed_has_room (ahead));
  assert_false (is_rung (ahead));
  while (feed_fold (front))
    ;
  at = fill_up (ahead, at); /* from now on it folds by itself */
  while (feed_fold (ahead))
    ;
  assert_true (is_rung (ahead));
  assert_true (fill_up (ahead, at) > at);
  blkhash_free (b);
}

/* -- any order ------------------------------------------------------------ */

#define DISK (256 * KiB)
#define FEEDS 8

static unsigned current_seed;
static unsigned n_waits, n_long_holes;

struct cursor {
  struct {
    uint64_t start, end;
  } claims[64];
  unsigned first, n; /* claims of this feed that are not done */
  uint64_t number;   /* of the first one, for the feed */
  uint64_t at;
};

struct model {
  struct blkhash_shape shape;
  uint8_t disk[DISK];
  struct blkhash *b;
  unsigned feeds;
  struct cursor cursors[FEEDS];
  uint64_t front; /* where the next claim starts */
  unsigned short dice[3];
};

static uint64_t
dice (struct model *m, uint64_t below)
{
  return (uint64_t) nrand48 (m->dice) % below;
}

static void
any_model (struct model *m)
{
  uint64_t from, length, i;

  m->shape = (struct blkhash_shape) {
    .kind = DIGEST_MD5 + dice (m, 4),
    .block = UINT64_C (1) << dice (m, 16),
    .size = 1 + dice (m, DISK),
  };
  m->shape.claim = m->shape.block * (1 + dice (m, 16));
  if (m->shape.size / m->shape.claim > 200)
    m->shape.size = m->shape.claim * 200 - dice (m, m->shape.block);
  m->feeds = 1 + dice (m, FEEDS);
  memset (m->disk, 0, DISK);
  for (unsigned n = dice (m, 6); n > 0; --n) {
    from = dice (m, m->shape.size);
    length = 1 + dice (m, m->shape.size - from);
    for (i = from; i < from + length; ++i)
      m->disk[i] = 1 + (i >> 5) % 255;
  }
  m->b = blkhash_new (&m->shape, m->feeds);
  assert_non_null (m->b);
}

/* Whole zero blocks at first, and then at most the room of a claim. */
static uint64_t
any_end (struct model *m)
{
  uint64_t to = m->front;

  while (
    to < m->shape.size && dice (m, 64) != 0
    && is_zero (m->disk + to, min_u64 (m->shape.block, m->shape.size - to)))
    to += m->shape.block;
  n_long_holes += to - m->front > m->shape.claim;
  to += m->shape.block * dice (m, m->shape.claim / m->shape.block + 1);
  if (to == m->front)
    to += m->shape.block;
  return min_u64 (to, m->shape.size);
}

static void
open_claim (struct model *m, unsigned i)
{
  struct feed *f = blkhash_feed (m->b, i);
  struct cursor *c = &m->cursors[i];
  uint64_t end;

  if (m->front == m->shape.size)
    return;
  if (!feed_has_room (f)) {
    n_waits++;
    return;
  }
  end = any_end (m);
  feed_open (f, range_of (m->front, end));
  if (c->n == 0)
    c->at = m->front;
  c->claims[(c->first + c->n) % 64].start = m->front;
  c->claims[(c->first + c->n) % 64].end = end;
  c->n++;
  m->front = end;
}

/* Brings some of the data of this feed; zeroes may be left out. */
static void
bring_some (struct model *m, unsigned i)
{
  struct feed *f = blkhash_feed (m->b, i);
  struct cursor *c = &m->cursors[i];
  uint64_t n;

  if (c->n == 0)
    return;
  n = 1 + dice (m, c->claims[c->first].end - c->at);
  if (!is_zero (m->disk + c->at, n) || dice (m, 3) == 0) {
    while (!feed_zeroes (f, c->number, c->at, true))
      ;
    assert_int_equal (feed_at (f), c->at);
    feed_data (f, m->disk + c->at, n);
  }
  else if (dice (m, 2))
    while (!feed_zeroes (f, c->number, c->at + n, false))
      ;
  c->at += n;
  if (c->at == c->claims[c->first].end) {
    while (!feed_zeroes (f, c->number, c->at, false))
      ;
    c->first = (c->first + 1) % 64;
    c->number++;
    if (--c->n > 0)
      c->at = c->claims[c->first].start;
  }
}

/* Computes the digest from start to end, with the library alone. */
static void
expect_digest (const struct model *m, const char *text)
{
  struct digest *all = digest_new (m->shape.kind);
  struct digest *one = digest_new (m->shape.kind);
  uint8_t out[DIGEST_MAX], size[8];
  char hex[BLKHASH_TEXT];
  uint64_t at, i;

  assert_true (all != NULL && one != NULL);
  for (at = 0; at < m->shape.size; at += m->shape.block) {
    digest_add (one, m->disk + at,
                min_u64 (m->shape.block, m->shape.size - at));
    assert_true (digest_end (one, out));
    digest_add (all, out, digest_size (m->shape.kind));
  }
  for (i = 0; i < 8; ++i)
    size[i] = (m->shape.size >> 8 * i) & 0xff;
  digest_add (all, size, 8);
  assert_true (digest_end (all, out));
  for (i = 0; i < digest_size (m->shape.kind); ++i)
    sprintf (hex + 2 * i, "%02x", out[i]);
  assert_string_equal (text, hex);
  digest_free (all);
  digest_free (one);
}

static bool
is_done (const struct model *m)
{
  unsigned i;

  for (i = 0; i < m->feeds; ++i)
    if (m->cursors[i].n > 0)
      return false;
  return m->front == m->shape.size;
}

static void
run_seed (unsigned seed)
{
  static struct model m;
  char text[BLKHASH_TEXT];
  unsigned i, lazy;

  memset (m.cursors, 0, sizeof m.cursors);
  m.front = 0;
  m.dice[0] = 0x330e;
  m.dice[1] = (unsigned short) seed;
  m.dice[2] = 90;
  any_model (&m);
  lazy = dice (&m, m.feeds); /* acts only now and then */
  while (!is_done (&m)) {
    i = dice (&m, m.feeds);
    if (i == lazy && dice (&m, 16) != 0)
      continue;
    switch (dice (&m, 4)) {
    case 0:
      open_claim (&m, i);
      break;
    case 1:
      feed_fold (blkhash_feed (m.b, i));
      break;
    default:
      bring_some (&m, i);
      break;
    }
  }
  for (i = 0; i < m.feeds; ++i)
    finish (blkhash_feed (m.b, i), m.shape.size);
  assert_int_equal (blkhash_end (m.b, text), 0);
  expect_digest (&m, text);
  blkhash_free (m.b);
}

static void
order_does_not_matter (void **state UNUSED)
{
  for (current_seed = 1; current_seed <= 400; ++current_seed)
    run_seed (current_seed);
  current_seed = 0;
  assert_true (n_waits > 100);
  assert_true (n_long_holes > 100);
}

/* An assertion leaves by longjmp, so the seed is printed here. */
static int
print_seed (void **state UNUSED)
{
  if (current_seed != 0)
    print_error ("failed with seed %u\n", current_seed);
  return 0;
}

/* -- threads -------------------------------------------------------------- */

static struct model shared;
static pthread_mutex_t front_lock = PTHREAD_MUTEX_INITIALIZER;

/* Takes the next claim, and waits until there is room.  Returns false if none
 * is left.
 */
static bool
take_claim (struct feed *f, uint64_t *start, uint64_t *end)
{
  struct pollfd p = { .fd = feed_fd (f), .events = POLLIN };
  bool got;

  while (!feed_has_room (f))
    if (!feed_fold (f))
      poll (&p, 1, -1);
  pthread_mutex_lock (&front_lock);
  *start = shared.front;
  *end = shared.front = min_u64 (shared.front + shared.shape.claim,
                                 shared.shape.size);
  got = *start < *end;
  if (got)
    feed_open (f, range_of (*start, *end));
  pthread_mutex_unlock (&front_lock);
  return got;
}

static void *
run_feed (void *opaque)
{
  struct feed *f = opaque;
  uint64_t start, end;

  while (take_claim (f, &start, &end)) {
    if (is_zero (shared.disk + start, end - start))
      while (!feed_zeroes (f, feed_last_claim (f), end, false))
        ;
    else
      feed_data (f, shared.disk + start, end - start);
    feed_fold (f);
  }
  while (feed_fold (f))
    ;
  return NULL;
}

static void
threads_bring_it_together (void **state UNUSED)
{
  pthread_t threads[FEEDS];
  char text[BLKHASH_TEXT];
  unsigned i, round;

  for (round = 0; round < 5; ++round) {
    shared.shape = (struct blkhash_shape) {
      .kind = DIGEST_SHA256,
      .block = 64,
      .size = DISK - 3,
      .claim = 128,
    };
    for (i = 0; i < DISK; ++i)
      shared.disk[i] = (i >> 10) % 3;
    shared.front = 0;
    shared.b = blkhash_new (&shared.shape, FEEDS);
    assert_non_null (shared.b);
    for (i = 0; i < FEEDS; ++i)
      assert_int_equal (pthread_create (&threads[i], NULL, run_feed,
                                        blkhash_feed (shared.b, i)),
                        0);
    for (i = 0; i < FEEDS; ++i)
      assert_int_equal (pthread_join (threads[i], NULL), 0);
    assert_int_equal (blkhash_end (shared.b, text), 0);
    expect_digest (&shared, text);
    blkhash_free (shared.b);
  }
}

/* -- kept digests --------------------------------------------------------- */

/* Ranges of blocks, of which a few are in a set. */
static void
assert_ranges (const struct ranges *r, size_t n, const uint64_t *blocks)
{
  assert_int_equal (ranges_count (r), n);
  for (size_t i = 0; i < n; ++i) {
    assert_int_equal (ranges_at (r, i)->start, blocks[2 * i] * 512);
    assert_int_equal (ranges_at (r, i)->end, blocks[2 * i + 1] * 512);
  }
}

static void
note_durable (struct feed *f, uint64_t first, uint64_t end,
              struct ranges *finished)
{
  ranges_clear (finished);
  ranges_set (finished, first * 512, end * 512, 0);
  feed_durable (f, finished);
}

/* Claims can come in any order, and no block is finished without its digest,
 * whichever comes first.
 */
static void
blocks_are_finished_with_their_digests (void **state UNUSED)
{
  static uint8_t disk[64 * 512];
  char folder[PATH_MAX];
  struct blkhash_shape shape = {
    .kind = DIGEST_SHA256,
    .block = 512,
    .size = sizeof disk,
    .claim = 16 * 512,
  };
  const struct kept_shape file = {
    .map = "map",
    .id = "",
    .kind = shape.kind,
    .block = shape.block,
    .size = shape.size,
    .part = { 0, shape.size },
  };
  const int never = notifier_new ();
  struct digest *all = digest_new (shape.kind);
  struct ranges r, bad;
  struct error e = { 0 };
  static struct model m;
  char text[BLKHASH_TEXT];
  struct feed *f;

  temporary_name (folder);
  assert_non_null (mkdtemp (folder));
  assert_int_equal (chdir (folder), 0);
  assert_int_equal (ranges_init (&r, 8), 0);
  assert_int_equal (ranges_init (&bad, 8), 0);
  for (size_t i = 0; i < sizeof disk; ++i)
    disk[i] = i / 512 >= 40 && i / 512 < 48 ? 0 : 1 + i % 255;
  m.shape = shape;
  memcpy (m.disk, disk, sizeof disk);
  shape.kept = kept_digests_make (&file, &e);
  assert_non_null (shape.kept);
  m.b = blkhash_new (&shape, 1);
  f = blkhash_feed (m.b, 0);

  feed_open (f, range_of (32 * 512, 48 * 512));
  feed_open (f, range_of (16 * 512, 32 * 512));
  assert_int_equal (feed_last_claim (f), 1);
  note_durable (f, 16, 48, &r); /* stored, but not digested */
  assert_ranges (&r, 0, NULL);
  feed_data (f, disk + 32 * 512, 2 * 512 + 100);
  note_durable (f, 60, 60, &r); /* whole blocks only */
  assert_ranges (&r, 1, (uint64_t[]) { 32, 34 });
  feed_data (f, disk + 34 * 512 + 100, 6 * 512 - 100);

  /* Where the worker is in the second claim, the first one is known. */
  while (!feed_zeroes (f, 1, 16 * 512, true))
    ;
  assert_int_equal (feed_at (f), 16 * 512);
  note_durable (f, 60, 60, &r);
  assert_ranges (&r, 1, (uint64_t[]) { 34, 48 });
  feed_data (f, disk + 16 * 512, 16 * 512);
  note_durable (f, 60, 60, &r);
  assert_ranges (&r, 1, (uint64_t[]) { 16, 32 });

  feed_open (f, range_of (48 * 512, 64 * 512));
  feed_data (f, disk + 48 * 512, 16 * 512);
  feed_open (f, range_of (0, 16 * 512));
  /* A place that another claim ends at says nothing about this one. */
  while (!feed_zeroes (f, 3, 0, false))
    ;
  assert_int_equal (feed_at (f), 0);
  feed_data (f, disk, 16 * 512);
  note_durable (f, 0, 60, &r);
  assert_ranges (&r, 1, (uint64_t[]) { 0, 60 });

  assert_int_equal (kept_digests_add (shape.kept, all, &bad, never, &e), 0);
  assert_ranges (&bad, 0, NULL);
  assert_int_equal (blkhash_end_with (all, shape.kind, shape.size, text), 0);
  expect_digest (&m, text);
  blkhash_free (m.b);
  kept_digests_close (shape.kept);
  digest_free (all);
  ranges_free (&r);
  ranges_free (&bad);
  close (never);
  unlink ("map.blkhash");
  assert_int_equal (chdir ("/"), 0);
  rmdir (folder);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (answers_are_the_known_ones),
    cmocka_unit_test (hole_is_not_digested_block_by_block),
    cmocka_unit_test (disk_may_end_early),
    cmocka_unit_test (a_worker_ahead_waits_for_the_front),
    cmocka_unit_test_teardown (order_does_not_matter, print_seed),
    cmocka_unit_test (threads_bring_it_together),
    cmocka_unit_test (blocks_are_finished_with_their_digests),
  };
  struct digest *d = digest_new (DIGEST_SHA256);

  if (d == NULL) {
    puts ("SKIP: this build has no digests");
    return 77;
  }
  digest_free (d);
  return cmocka_run_group_tests (tests, NULL, NULL);
}
