/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranges that could not be read: each good block is read in the end, each bad
 * one is found, and there is room for all.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arith.h"
#include "engine/salvage.h"

#define UNUSED __attribute__ ((unused))

#define BLOCK 512
#define BLOCKS 65536 /* 32 MiB */
#define REQUESTS 4

static struct salvage salvage;
static uint64_t claim = BLOCK; /* what is read in a row */
static bool bad[BLOCKS], found[BLOCKS], read[BLOCKS];
static unsigned failures, reads;

static bool
is_good (struct range r)
{
  for (uint64_t at = r.start / BLOCK; at * BLOCK < r.end; at++)
    if (bad[at])
      return false;
  return true;
}

static void
mark (bool *blocks, struct range r)
{
  for (uint64_t at = r.start / BLOCK; at * BLOCK < r.end; at++) {
    assert_false (blocks[at]);
    blocks[at] = true;
  }
}

static void
try (struct range r, bool again)
{
  reads++;
  if (is_good (r)) {
    mark (read, r);
    return;
  }
  failures++;
  if (!salvage_split (&salvage, r, again)) {
    assert_int_equal (range_length (r), BLOCK);
    mark (found, r);
  }
}

static void
init (uint64_t length)
{
  const struct salvage_shape shape = {
    .block = BLOCK,
    .largest = length,
    .claim = claim,
    .requests = REQUESTS,
  };

  assert_int_equal (salvage_init (&salvage, &shape), 0);
}

/* Reads the disk in requests of @length bytes, and then all pieces. */
static void
read_disk (uint64_t length)
{
  const uint64_t size = BLOCKS * BLOCK;
  struct range piece;
  bool again;

  memset (found, false, sizeof found);
  memset (read, false, sizeof read);
  reads = failures = 0;
  init (length);
  for (uint64_t at = 0; at < size; at += length) {
    while (at % claim == 0 && salvage_is_crowded (&salvage)
           && salvage_take (&salvage, &piece, &again))
      try (piece, again);
    try (range_of (at, min_u64 (size, at + length)), false);
  }
  while (salvage_take (&salvage, &piece, &again)) {
    assert_false (again);
    try (piece, again);
  }
  assert_true (salvage_is_empty (&salvage));
  for (unsigned i = 0; i < BLOCKS; i++)
    assert_true (found[i] == bad[i] && read[i] != bad[i]);
  salvage_free (&salvage);
}

static void
one_bad_block_costs_few_failures (void **state UNUSED)
{
  static const unsigned places[] = { 0, 1, 777, 2047, 2048, BLOCKS - 1 };

  for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
    memset (bad, false, sizeof bad);
    bad[places[i]] = true;
    read_disk (MiB);
    assert_true (failures <= 5);
    assert_true (reads <= 32 + 4 + 3 * 8);
  }
}

static void
a_dead_disk_costs_little_more_than_its_blocks (void **state UNUSED)
{
  memset (bad, true, sizeof bad);
  read_disk (MiB);
  assert_true (reads < BLOCKS + BLOCKS / 6);
}

static void
many_bad_blocks_have_room (void **state UNUSED)
{
  for (unsigned step = 2; step < 300; step = step * 3 / 2) {
    for (unsigned i = 0; i < BLOCKS; i++)
      bad[i] = i % step == 0;
    read_disk (MiB);
    read_disk (64 * KiB);
    read_disk (4096);
  }
}

/* A claim of very many reads ends before pieces are taken.  Ranges that touch
 * become one, so reads that fail alternate with others.
 */
static void
a_claim_of_many_reads_has_room (void **state UNUSED)
{
  claim = BLOCKS * BLOCK;
  for (uint64_t length = 2 * BLOCK; length <= 64 * KiB; length *= 2) {
    for (unsigned i = 0; i < BLOCKS; i++)
      bad[i] = i % (2 * length / BLOCK) == 0;
    read_disk (length);
  }
  claim = BLOCK;
}

static void
any_pattern_and_request_size_works (void **state UNUSED)
{
  srandom (1);
  for (unsigned n = 0; n < 30; n++) {
    const unsigned share = 1 + random () % 500;

    for (unsigned i = 0; i < BLOCKS; i++)
      bad[i] = random () % share == 0;
    read_disk (BLOCK * (1 + random () % 5000));
  }
}

static void
ranges_that_were_lost_stay_apart (void **state UNUSED)
{
  struct range piece;
  bool again;

  init (MiB);
  assert_true (salvage_split (&salvage, range_of (0, 4096), false));
  assert_true (salvage_split (&salvage, range_of (4096, 8192), true));
  for (unsigned i = 0; i < 16; i++) {
    assert_true (salvage_take (&salvage, &piece, &again));
    assert_int_equal (piece.start, i * BLOCK);
    assert_int_equal (again, i >= 8);
  }
  assert_false (salvage_take (&salvage, &piece, &again));
  salvage_free (&salvage);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (one_bad_block_costs_few_failures),
    cmocka_unit_test (a_dead_disk_costs_little_more_than_its_blocks),
    cmocka_unit_test (many_bad_blocks_have_room),
    cmocka_unit_test (a_claim_of_many_reads_has_room),
    cmocka_unit_test (any_pattern_and_request_size_works),
    cmocka_unit_test (ranges_that_were_lost_stay_apart),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
