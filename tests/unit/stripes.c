/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stripes: each byte is handed out exactly once, to any worker and in any
 * order.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "engine/stripes.h"

#define UNUSED __attribute__ ((unused))

/* The stripes of one range. */
static struct stripes *
stripes_of (uint64_t start, uint64_t end, unsigned owners, uint64_t align,
            uint64_t steal_min)
{
  struct ranges todo;
  struct stripes *s;

  assert_int_equal (ranges_init (&todo, 1), 0);
  assert_true (ranges_set (&todo, start, end, 3));
  s = stripes_new (&todo, owners, align, steal_min);
  assert_non_null (s);
  ranges_free (&todo); /* only borrowed */
  return s;
}

static bool stolen; /* by the last take */

static bool
take (struct stripes *s, unsigned owner, struct range *out)
{
  return stripes_take (s, owner, out, &stolen);
}

static void
assert_stripe (const struct range *s, uint64_t start, uint64_t end)
{
  assert_int_equal (s->start, start);
  assert_int_equal (s->end, end);
}

/* -- by example ----------------------------------------------------------- */

/* A claimed range still has to be done. */
static void
disk_can_turn_out_to_end (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, INT64_MAX, 1, 512, 4096);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_stripe (&out, 0, INT64_MAX);
  assert_true (stripes_claim (s, 0, 1000, &out, &left));
  assert_stripe (&out, 0, 1024);
  stripes_end (s);
  assert_int_equal (stripes_left (s), 0);
  assert_false (stripes_claim (s, 0, 1, &out, &left));
  assert_false (take (s, 0, &out));
  assert_true (stripes_finish (s, 0));
  stripes_free (s);

  s = stripes_of (0, 1000, 2, 1, 1);
  stripes_end (s);
  assert_false (take (s, 1, &out));
  assert_int_equal (stripes_left (s), 0);
  stripes_free (s);
}

static void
nothing_to_do_is_done_at_once (void **state UNUSED)
{
  struct stripes *s = stripes_of (5, 5, 3, 1, 1);
  struct range out;
  unsigned i;

  assert_int_equal (stripes_left (s), 0);
  for (i = 0; i < 3; ++i) {
    assert_false (take (s, i, &out));
    assert_true (stripes_finish (s, i));
  }
  stripes_free (s);
  stripes_free (NULL);
}

static void
disk_is_cut_into_equal_shares_in_order (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 4000, 4, 1, 100);
  struct range out;
  unsigned i;

  assert_int_equal (stripes_left (s), 4000);
  for (i = 4; i-- > 0;) { /* in any order */
    assert_true (take (s, i, &out));
    assert_stripe (&out, i * 1000, (i + 1) * 1000);
  }
  stripes_free (s);
}

static void
shares_are_cut_at_multiples_of_align (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 10000, 3, 4096, 1);
  struct range out;

  assert_true (take (s, 0, &out));
  assert_stripe (&out, 0, 4096);
  assert_true (take (s, 1, &out));
  assert_stripe (&out, 4096, 8192);
  assert_true (take (s, 2, &out));
  assert_stripe (&out, 8192, 10000);
  stripes_free (s);
}

static void
claims_come_from_the_front (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 1000, 1, 1, 1);
  struct range out;
  uint64_t left = 0;

  assert_true (take (s, 0, &out));
  assert_true (stripes_claim (s, 0, 300, &out, &left));
  assert_stripe (&out, 0, 300);
  assert_int_equal (left, 1000);
  assert_int_equal (stripes_left (s), 700);
  assert_true (stripes_claim (s, 0, 700, &out, &left));
  assert_stripe (&out, 300, 1000);
  assert_int_equal (left, 1000);
  assert_int_equal (stripes_left (s), 0);
  assert_false (stripes_claim (s, 0, 1, &out, &left));
  assert_int_equal (left, 1000);
  stripes_free (s);
}

static void
claim_larger_than_the_stripe_is_all_of_it (void **state UNUSED)
{
  struct stripes *s = stripes_of (100, 1000, 1, 512, 1);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_true (stripes_claim (s, 0, UINT64_MAX, &out, &left));
  assert_stripe (&out, 100, 1000);
  stripes_free (s);
}

static void
claims_end_at_multiples_of_align (void **state UNUSED)
{
  struct stripes *s = stripes_of (100, 5000, 1, 512, 1);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_true (stripes_claim (s, 0, 1, &out, &left));
  assert_stripe (&out, 100, 512);
  assert_true (stripes_claim (s, 0, 1024, &out, &left));
  assert_stripe (&out, 512, 1536);
  assert_true (stripes_claim (s, 0, 1025, &out, &left));
  assert_stripe (&out, 1536, 3072);
  stripes_free (s);
}

/* The back half is stolen; the owner learns of it at its next claim. */
static void
idle_owner_steals_the_back_half_of_the_largest (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 2000, 2, 1, 100);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_true (take (s, 1, &out));
  assert_true (stripes_claim (s, 0, 200, &out, &left));
  assert_true (stripes_claim (s, 1, 1000, &out, &left));
  assert_stripe (&out, 1000, 2000);
  assert_true (take (s, 1, &out));
  assert_stripe (&out, 600, 1000);
  assert_true (stolen);
  assert_true (stripes_claim (s, 0, 200, &out, &left));
  assert_stripe (&out, 200, 400);
  assert_int_equal (left, 600);
  assert_true (stripes_claim (s, 0, 1000, &out, &left));
  assert_stripe (&out, 400, 600);
  assert_int_equal (stripes_left (s), 400);
  stripes_free (s);
}

static void
largest_of_several_is_stolen_from (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 4000, 4, 1, 1);
  struct range out;
  uint64_t left;
  unsigned i;

  for (i = 0; i < 4; ++i)
    assert_true (take (s, i, &out));
  assert_true (stripes_claim (s, 0, 1000, &out, &left));
  assert_true (stripes_claim (s, 1, 500, &out, &left));
  assert_true (stripes_claim (s, 2, 100, &out, &left));
  assert_true (stripes_claim (s, 3, 300, &out, &left));
  assert_true (take (s, 0, &out));
  assert_stripe (&out, 2550, 3000);
  stripes_free (s);
}

static void
whole_stripes_come_before_stolen_ones (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 4000, 4, 1, 1);
  struct range out;
  uint64_t left, taken = 0;
  unsigned i;

  for (i = 0; i < 4; ++i) { /* the three others never start */
    assert_true (take (s, 0, &out));
    assert_int_equal (out.end - out.start, 1000);
    assert_false (stolen);
    assert_true (stripes_claim (s, 0, 1000, &out, &left));
    taken += out.start;
  }
  assert_int_equal (taken, 0 + 1000 + 2000 + 3000);
  assert_false (take (s, 0, &out));
  assert_true (stripes_finish (s, 0));
  stripes_free (s);
}

static void
small_rests_are_left_alone (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 2000, 2, 1, 100);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_true (take (s, 1, &out));
  assert_true (stripes_claim (s, 1, 1000, &out, &left));
  assert_true (stripes_claim (s, 0, 801, &out, &left));
  assert_false (take (s, 1, &out)); /* 199 cannot be halved */
  assert_int_equal (stripes_left (s), 199);
  stripes_free (s);

  s = stripes_of (0, 2000, 2, 1, 100);
  assert_true (take (s, 0, &out));
  assert_true (take (s, 1, &out));
  assert_true (stripes_claim (s, 1, 1000, &out, &left));
  assert_true (stripes_claim (s, 0, 800, &out, &left));
  assert_true (take (s, 1, &out)); /* 200 can */
  assert_stripe (&out, 900, 1000);
  stripes_free (s);
}

/* Smaller than align cannot be stolen, whatever steal_min is. */
/* Gaps that earlier runs have left around bad sectors: a run may end there. */
static void
small_ranges_come_last_and_the_smallest_of_all (void **state UNUSED)
{
  struct ranges todo;
  struct stripes *s;
  struct range out;
  uint64_t left;

  assert_int_equal (ranges_init (&todo, 3), 0);
  assert_true (ranges_set (&todo, 512, 1024, 0));
  assert_true (ranges_set (&todo, 2048, 4096, 0));
  assert_true (ranges_set (&todo, 8192, 16384, 0));
  s = stripes_new (&todo, 1, 512, 4096);
  assert_non_null (s);
  ranges_free (&todo);
  assert_true (take (s, 0, &out));
  assert_stripe (&out, 8192, 16384);
  assert_true (stripes_claim (s, 0, 8192, &out, &left));
  assert_true (take (s, 0, &out));
  assert_stripe (&out, 2048, 4096);
  assert_true (stripes_claim (s, 0, 2048, &out, &left));
  assert_true (take (s, 0, &out));
  assert_stripe (&out, 512, 1024);
  stripes_free (s);
}

static void
stealing_keeps_to_align (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 3 * 4096, 2, 4096, 1);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_stripe (&out, 0, 8192);
  assert_true (take (s, 1, &out));
  assert_stripe (&out, 8192, 12288);
  assert_true (stripes_claim (s, 1, 4096, &out, &left));
  assert_true (take (s, 1, &out));
  assert_stripe (&out, 4096, 8192);
  assert_true (stripes_claim (s, 1, 4096, &out, &left));
  assert_false (take (s, 1, &out));
  stripes_free (s);
}

static void
finish_waits_for_claimed_ranges (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 2000, 3, 1, 1000);
  struct range out;
  uint64_t left;
  unsigned i;

  for (i = 0; i < 3; ++i) {
    assert_true (take (s, i, &out));
    assert_true (stripes_claim (s, i, 2000, &out, &left));
  }
  while (take (s, 1, &out))
    assert_true (stripes_claim (s, 1, 2000, &out, &left));
  assert_int_equal (stripes_left (s), 0);
  assert_false (stripes_finish (s, 1)); /* the others are still writing */
  assert_false (stripes_finish (s, 0));
  assert_true (stripes_finish (s, 2));
  stripes_free (s);
}

static void
finish_waits_for_free_stripes (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, 2000, 2, 1, 1000);
  struct range out;
  uint64_t left;

  assert_true (take (s, 0, &out));
  assert_true (stripes_claim (s, 0, 1000, &out, &left));
  assert_false (stripes_finish (s, 0)); /* it ended early */
  assert_int_equal (stripes_left (s), 1000);
  assert_true (take (s, 1, &out));
  assert_true (stripes_claim (s, 1, 500, &out, &left));
  assert_true (stripes_claim (s, 1, 500, &out, &left));
  assert_true (stripes_finish (s, 1));
  stripes_free (s);
}

static void
offsets_reach_to_the_largest_disk (void **state UNUSED)
{
  struct stripes *s = stripes_of (0, INT64_MAX, 16, 65536, MiB);
  struct range out, first;
  uint64_t left, sum = 0;
  unsigned i;

  assert_int_equal (stripes_left (s), INT64_MAX);
  for (i = 0; i < 16; ++i) {
    assert_true (take (s, i, &out));
    assert_int_equal (out.start % 65536, 0);
    assert_true (out.end > out.start && out.end <= INT64_MAX);
    sum += out.end - out.start;
    if (i == 0)
      first = out;
  }
  assert_int_equal (sum, INT64_MAX);
  assert_int_equal (out.end, INT64_MAX);
  assert_true (stripes_claim (s, 15, UINT64_MAX, &out, &left));
  assert_int_equal (out.end, INT64_MAX);
  assert_true (take (s, 15, &out));
  assert_int_equal (stripes_left (s), first.end * 15);
  stripes_free (s);

  s = stripes_of (INT64_MAX - 100, INT64_MAX, 16, 65536, MiB);
  assert_true (take (s, 7, &out));
  assert_stripe (&out, INT64_MAX - 100, INT64_MAX);
  assert_false (take (s, 8, &out));
  stripes_free (s);
}

/* -- in order ------------------------------------------------------------- */

static struct stripes *
stripes_in_order (uint64_t end, unsigned owners, uint64_t align)
{
  struct ranges todo;
  struct stripes *s;

  assert_int_equal (ranges_init (&todo, 1), 0);
  assert_true (end == 0 || ranges_set (&todo, 0, end, 0));
  s = stripes_new_in_order (&todo, owners, align);
  assert_non_null (s);
  ranges_free (&todo);
  return s;
}

static void
owners_share_one_stripe_in_order (void **state UNUSED)
{
  struct stripes *s = stripes_in_order (5000, 3, 512);
  struct range out;

  assert_true (take (s, 2, &out));
  assert_stripe (&out, 0, 5000);
  assert_true (take (s, 0, &out));
  assert_stripe (&out, 0, 5000);
  assert_true (stripes_claim_at (s, 2, 0, 1000, &out));
  assert_stripe (&out, 0, 1024);
  assert_false (stripes_claim_at (s, 0, 0, 1000, &out)); /* too late */
  assert_true (take (s, 0, &out));
  assert_stripe (&out, 1024, 5000);
  assert_true (stripes_claim_at (s, 0, 1024, 1, &out));
  assert_stripe (&out, 1024, 1536);
  assert_int_equal (stripes_left (s), 5000 - 1536);
  assert_true (stripes_claim_at (s, 0, 1536, UINT64_MAX, &out));
  assert_stripe (&out, 1536, 5000);

  assert_false (stripes_claim_at (s, 2, 5000, 1, &out));
  assert_false (take (s, 1, &out));
  assert_false (stripes_finish (s, 0)); /* owner 2 is still working on it */
  assert_true (stripes_finish (s, 2));
  stripes_free (s);
}

static void
nothing_in_order_is_done_at_once (void **state UNUSED)
{
  struct stripes *s = stripes_in_order (0, 2, 1);
  struct range out;

  assert_false (take (s, 1, &out));
  assert_true (stripes_finish (s, 1));
  stripes_free (s);
}

/* -- any order, against a byte map ---------------------------------------- */

#define DISK 4096
#define OWNERS 16

static unsigned current_seed;
static unsigned n_stolen, n_never_came;

/* An owner in the model. */
struct owner {
  bool comes, done;
  uint64_t at, end; /* the range that it may still hold, at most */
};

struct model {
  unsigned char todo[DISK], got[DISK];
  uint64_t left;
  uint64_t base; /* start of the model's disk */
  uint64_t align, steal_min;
  unsigned owners;
  struct owner o[OWNERS];
};

static struct stripes *
any_stripes (struct model *m, unsigned short *dice)
{
  struct ranges todo;
  struct stripes *s;
  unsigned i, n = (unsigned) nrand48 (dice) % 7;
  uint64_t from, to;

  assert_int_equal (ranges_init (&todo, 64), 0);
  *m = (struct model) { .owners = 1 + (unsigned) nrand48 (dice) % OWNERS };
  if (nrand48 (dice) % 2) /* a sum of two offsets does not fit */
    m->base = (UINT64_C (1) << 63) - DISK;
  m->align = UINT64_C (1) << nrand48 (dice) % 8;
  m->steal_min = 1 + nrand48 (dice) % 300;
  for (i = 0; i < n; ++i) {
    from = (uint64_t) nrand48 (dice) % DISK;
    to = from + (uint64_t) nrand48 (dice) % (DISK - from + 1);
    assert_true (ranges_set (&todo, m->base + from, m->base + to, i));
    memset (m->todo + from, 1, to - from);
  }
  for (i = 0; i < DISK; ++i)
    m->left += m->todo[i];
  for (i = 0; i < m->owners; ++i) {
    m->o[i].comes = i == 0 || nrand48 (dice) % 4 != 0;
    n_never_came += !m->o[i].comes;
  }
  s = stripes_new (&todo, m->owners, m->align, m->steal_min);
  assert_non_null (s);
  ranges_free (&todo);
  return s;
}

/* The range is either free, or the back half of an owner's stripe. */
static void
check_taken (struct model *m, unsigned owner, const struct range *out)
{
  unsigned i;

  assert_true (out->start < out->end && out->end <= DISK);
  for (i = 0; i < m->owners; ++i) {
    struct owner *o = &m->o[i];

    if (i == owner || o->at >= o->end || out->end <= o->at
        || out->start >= o->end)
      continue;
    assert_int_equal (out->end, o->end);
    assert_true (out->start >= o->at + m->steal_min);
    assert_true (out->end - out->start >= m->steal_min);
    assert_int_equal (out->start % m->align, 0);
    o->end = out->start;
    n_stolen++;
  }
  m->o[owner].at = out->start;
  m->o[owner].end = out->end;
}

static void
check_claimed (struct model *m, unsigned owner, uint64_t want,
               const struct range *out, uint64_t left)
{
  struct owner *o = &m->o[owner];
  uint64_t i;

  assert_int_equal (out->start, o->at);
  assert_true (out->start < out->end);
  assert_int_equal (left, o->end);
  assert_true (out->end <= o->end);
  assert_true (out->end == o->end
               || (out->end % m->align == 0 && out->end - out->start >= want
                   && out->end - out->start < want + m->align));
  for (i = out->start; i < out->end; ++i) {
    assert_true (m->todo[i]);
    assert_false (m->got[i]);
    m->got[i] = 1;
  }
  o->at = out->end;
  m->left -= out->end - out->start;
}

/* Makes one step of one owner.  Returns true if it is finished. */
static bool
step (struct model *m, struct stripes *s, unsigned owner, unsigned short *dice)
{
  uint64_t want = nrand48 (dice) % 8 == 0 ? UINT64_MAX
                                          : 1 + (uint64_t) nrand48 (dice) % 200;
  struct range out = { .start = 7, .end = 7 };
  uint64_t left = 0;
  unsigned i;
  bool last = true;

  if (stripes_claim (s, owner, want, &out, &left)) {
    out.start -= m->base;
    out.end -= m->base;
    check_claimed (m, owner, want, &out, left - m->base);
    return false;
  }
  assert_int_equal (m->o[owner].at, m->o[owner].end);
  if (take (s, owner, &out)) {
    out.start -= m->base;
    out.end -= m->base;
    check_taken (m, owner, &out);
    return false;
  }
  m->o[owner].done = true;
  for (i = 0; i < m->owners; ++i)
    last = last && (m->o[i].done || m->o[i].end == 0);
  assert_int_equal (stripes_finish (s, owner), last && m->left == 0);
  return true;
}

static void
run_seed (unsigned seed)
{
  unsigned short dice[3] = { 0x330e, (unsigned short) seed, 80 };
  struct model m;
  struct stripes *s = any_stripes (&m, dice);
  unsigned n = 0, owner, i, lazy;

  for (i = 0; i < m.owners; ++i)
    n += m.o[i].comes;
  lazy = (unsigned) nrand48 (dice) % m.owners; /* acts only now and then */
  while (n > 0) {
    assert_int_equal (stripes_left (s), m.left);
    owner = (unsigned) nrand48 (dice) % m.owners;
    if (m.o[owner].comes && !m.o[owner].done
        && (owner != lazy || nrand48 (dice) % 8 == 0))
      n -= step (&m, s, owner, dice);
  }
  assert_int_equal (m.left, 0);
  assert_int_equal (stripes_left (s), 0);
  assert_memory_equal (m.got, m.todo, DISK);
  stripes_free (s);
}

static void
each_byte_is_claimed_exactly_once (void **state UNUSED)
{
  n_stolen = n_never_came = 0;
  for (current_seed = 1; current_seed <= 1500; ++current_seed)
    run_seed (current_seed);
  current_seed = 0;
  assert_true (n_stolen > 150);
  assert_true (n_never_came > 150);
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

#define THREADS 8
#define BLOCK 512 /* bytes per entry of the map */
#define BLOCKS 65536

static struct stripes *shared;
static atomic_uchar map[BLOCKS];
static atomic_uint finished;
static atomic_uint faults; /* cmocka only works in the main thread */

static void *
run_owner (void *opaque)
{
  const unsigned owner = *(const unsigned *) opaque;
  unsigned short dice[3] = { 0x330e, (unsigned short) owner, 81 };
  struct range out;
  uint64_t left, i;

  while (take (shared, owner, &out))
    while (stripes_claim (shared, owner,
                          BLOCK * (1 + (uint64_t) nrand48 (dice) % 9), &out,
                          &left)) {
      if (out.start % BLOCK || out.end % BLOCK || out.end > left)
        atomic_fetch_add (&faults, 1);
      for (i = out.start / BLOCK; i < out.end / BLOCK; ++i)
        if (atomic_fetch_add (&map[i], 1) != 0)
          atomic_fetch_add (&faults, 1);
    }
  if (stripes_finish (shared, owner)) {
    atomic_fetch_add (&finished, 1);
    /* Everything is done when stripes_finish returns true. */
    for (i = 0; i < BLOCKS; ++i)
      if (atomic_load (&map[i]) != 1)
        atomic_fetch_add (&faults, 1);
  }
  return NULL;
}

static void
threads_claim_each_byte_exactly_once (void **state UNUSED)
{
  pthread_t threads[THREADS];
  unsigned numbers[THREADS], round, i;

  for (round = 0; round < 5; ++round) {
    shared = stripes_of (0, BLOCKS * BLOCK, THREADS, BLOCK, 4 * BLOCK);
    atomic_store (&finished, 0);
    for (i = 0; i < BLOCKS; ++i)
      atomic_store (&map[i], 0);
    for (i = 0; i < THREADS; ++i) {
      numbers[i] = i;
      assert_int_equal (
        pthread_create (&threads[i], NULL, run_owner, &numbers[i]), 0);
    }
    for (i = 0; i < THREADS; ++i)
      assert_int_equal (pthread_join (threads[i], NULL), 0);
    assert_int_equal (atomic_load (&faults), 0);
    /* Once, or more often if some threads came too late to get work. */
    assert_in_range (atomic_load (&finished), 1, THREADS);
    for (i = 0; i < BLOCKS; ++i)
      assert_int_equal (atomic_load (&map[i]), 1);
    stripes_free (shared);
  }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (nothing_to_do_is_done_at_once),
    cmocka_unit_test (disk_can_turn_out_to_end),
    cmocka_unit_test (disk_is_cut_into_equal_shares_in_order),
    cmocka_unit_test (shares_are_cut_at_multiples_of_align),
    cmocka_unit_test (claims_come_from_the_front),
    cmocka_unit_test (claim_larger_than_the_stripe_is_all_of_it),
    cmocka_unit_test (claims_end_at_multiples_of_align),
    cmocka_unit_test (idle_owner_steals_the_back_half_of_the_largest),
    cmocka_unit_test (largest_of_several_is_stolen_from),
    cmocka_unit_test (whole_stripes_come_before_stolen_ones),
    cmocka_unit_test (small_rests_are_left_alone),
    cmocka_unit_test (small_ranges_come_last_and_the_smallest_of_all),
    cmocka_unit_test (stealing_keeps_to_align),
    cmocka_unit_test (finish_waits_for_claimed_ranges),
    cmocka_unit_test (finish_waits_for_free_stripes),
    cmocka_unit_test (offsets_reach_to_the_largest_disk),
    cmocka_unit_test (owners_share_one_stripe_in_order),
    cmocka_unit_test (nothing_in_order_is_done_at_once),
    cmocka_unit_test_teardown (each_byte_is_claimed_exactly_once, print_seed),
    cmocka_unit_test (threads_claim_each_byte_exactly_once),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
