/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan: each decision by example, and its guarantees for all capabilities
 * that servers may report.
 */

#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "options/options.h"
#include "plan/plan.h"

#define UNUSED __attribute__ ((unused))

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

/* Resets the settings that each test starts from. */
static struct options options;
static struct caps source, destination;
static const struct plan_side sides[2] = {
  { "source S", &source },
  { "destination D", &destination },
};
static struct machine machine;
static struct plan plan;

static int
start_afresh (void **state UNUSED)
{
  options = (struct options) {
    .connections = 4,
    .requests = 32,
    .queue_size = 4 * MiB,
    .queue_size_given = true,
    .sparse = 4096,
  };
  source = destination = (struct caps) {
    .size = GiB,
    .block_min = 1,
    .block_preferred = 4096,
    .block_max = 32 * MiB,
    .extents_max = 4 * GiB - 64 * MiB,
    .zero_max = 4 * GiB - 64 * MiB,
    .can_fast_zero = true,
    .can_flush = true,
    .can_multi_conn = true,
  };
  machine = (struct machine) { .processors = 8, .memory = UINT64_MAX };
  return 0;
}

static void
make (void)
{
  struct error e = { 0 };

  memset (&plan, 0x55, sizeof plan);
  if (plan_make (&plan, &options, sides, &machine, &e) == -1)
    fail_msg ("refused: %s", e.text);
  assert_false (error_is_set (&e));
}

/* Checks that the plan is refused with this errno, and names this side with
 * these words.
 */
static void
assert_refused (int number, const char *side, const char *words)
{
  struct error e = { 0 };

  assert_int_equal (plan_make (&plan, &options, sides, &machine, &e), -1);
  assert_int_equal (e.number, number);
  assert_int_equal (e.kind, number == EBUSY ? ERROR_IN_USE : ERROR_PLAIN);
  assert_non_null (e.place.side);
  assert_int_equal (strncmp (side, e.place.side, strlen (e.place.side)), 0);
  if (strncmp (e.text, side, strlen (side)) != 0
      || strstr (e.text, words) == NULL)
    fail_msg ("'%s' does not contain '%s' and '%s'", e.text, side, words);
}

/* -- workers -------------------------------------------------------------- */

static unsigned
workers (void)
{
  make ();
  return plan.workers;
}

static void
workers_are_limited_by_each_of_four (void **state UNUSED)
{
  assert_int_equal (workers (), 4); /* connections */
  options.connections = UINT32_MAX;
  assert_int_equal (workers (), 8); /* processors */
  options.threads = 3;
  assert_int_equal (workers (), 3);
  options.threads = 12; /* given by the user: processors do not matter */
  assert_int_equal (workers (), 12);
  options.threads = UINT32_MAX;
  options.connections = 200;
  assert_int_equal (workers (), 200);
  source.size = 20 * MiB; /* the disk */
  assert_true (workers () >= 1 && workers () <= 20);
  source.size = MiB;
  assert_int_equal (workers (), 1);
  source.size = 0;
  assert_int_equal (workers (), 1);
}

static void
more_disk_is_never_less_workers (void **state UNUSED)
{
  unsigned before = 0;

  options.connections = 64;
  options.threads = 64;
  for (source.size = 0; source.size <= GiB; source.size += 512 * KiB) {
    assert_true (workers () >= before);
    before = plan.workers;
  }
  assert_int_equal (before, 64);
}

static void
both_sides_have_to_offer_multi_conn (void **state UNUSED)
{
  source.can_multi_conn = false;
  assert_int_equal (workers (), 1);
  destination.can_multi_conn = false;
  assert_int_equal (workers (), 1);
  source.can_multi_conn = true;
  assert_int_equal (workers (), 1);
  destination.can_multi_conn = true;
  assert_int_equal (workers (), 4);
}

static void
synchronous_is_one_worker_with_one_request (void **state UNUSED)
{
  options.synchronous = true;
  options.connections = options.threads = 8;
  make ();
  assert_int_equal (plan.workers, 1);
  assert_int_equal (plan.requests, 1);
}

static void
unknown_number_of_processors_is_one_worker (void **state UNUSED)
{
  machine.processors = 0;
  assert_int_equal (workers (), 1);
  machine.processors = 1;
  assert_int_equal (workers (), 1);
}

/* -- sizes ---------------------------------------------------------------- */

static uint64_t
request_size (void)
{
  make ();
  return plan.request_size;
}

/* The defaults, which come from measurements. */
static uint64_t
our_request_size (void)
{
  start_afresh (NULL);
  return request_size ();
}

static void
request_size_is_the_users_or_ours (void **state UNUSED)
{
  assert_true (our_request_size () % 4096 == 0);
  assert_in_range (our_request_size (), 64 * KiB, 4 * MiB);
  options.request_size = 4096;
  assert_int_equal (request_size (), 4096);
  options.request_size = 32 * MiB;
  assert_int_equal (request_size (), 32 * MiB);
}

/* Prints the default as --help does: "(default 512K)". */
static void
help_has_our_request_size (void **state UNUSED)
{
  const uint64_t ours = our_request_size ();
  char *help = options_help ("stripecopy"), words[64];
  const char *line, *end;

  assert_non_null (help);
  line = strstr (help, "--request-size=");
  assert_non_null (line);
  end = strstr (line, "--requests=");
  assert_non_null (end);
  snprintf (words, sizeof words, "(default %" PRIu64 "%c)",
            ours >= MiB ? ours / MiB : ours / KiB, ours >= MiB ? 'M' : 'K');
  line = strstr (line, words);
  assert_true (line != NULL && line < end);
  free (help);
}

/* As in nbdcopy, also if the user asked for less. */
static void
request_size_is_no_smaller_than_preferred (void **state UNUSED)
{
  source.block_preferred = 8 * MiB;
  assert_int_equal (request_size (), 8 * MiB);
  destination.block_preferred = 16 * MiB;
  assert_int_equal (request_size (), 16 * MiB);
  options.request_size = 4096;
  assert_int_equal (request_size (), 16 * MiB);
  source.block_preferred = destination.block_preferred = 4096;
  options.request_size = 8 * MiB;
  assert_int_equal (request_size (), 8 * MiB);
}

static void
preferred_size_beyond_any_buffer_is_bounded (void **state UNUSED)
{
  source.block_preferred = source.block_max = 2 * GiB;
  destination.block_max = 4 * GiB - 64 * KiB;
  assert_int_equal (request_size (), 32 * MiB);
  destination.block_max = 64 * KiB;
  assert_int_equal (request_size (), 64 * KiB);
}

static void
request_size_is_no_larger_than_either_maximum (void **state UNUSED)
{
  source.block_max = 128 * KiB;
  assert_int_equal (request_size (), 128 * KiB);
  destination.block_max = 64 * KiB;
  assert_int_equal (request_size (), 64 * KiB);
  options.request_size = MiB;
  assert_int_equal (request_size (), 64 * KiB);
  source.block_max = 32 * MiB;
  assert_int_equal (request_size (), 64 * KiB);
}

static void
request_size_is_a_multiple_of_both_minimums (void **state UNUSED)
{
  source.block_min = 64 * KiB;
  options.request_size = 4096;
  assert_int_equal (request_size (), 64 * KiB);
  assert_int_equal (plan.align, 64 * KiB);
  assert_int_equal (plan.grain, 64 * KiB);

  /* A maximum of one side need not be a multiple of the other's minimum. */
  source.block_min = 512;
  destination.block_min = 4096;
  source.block_max = 9 * 512;
  options.request_size = 0;
  assert_int_equal (request_size (), 4096);
  assert_int_equal (plan.align, 4096);
}

static void
extents_are_cut_at_512_bytes_at_least (void **state UNUSED)
{
  make ();
  assert_int_equal (plan.align, 1);
  assert_int_equal (plan.grain, 512);
  destination.block_min = 4096;
  make ();
  assert_int_equal (plan.grain, 4096);
}

static void
queue_holds_one_request_at_least (void **state UNUSED)
{
  make ();
  assert_int_equal (plan.queue_size, 4 * MiB);
  options.queue_size = 0;
  make ();
  assert_int_equal (plan.queue_size, plan.request_size);
  options.queue_size = 1;
  options.request_size = 4 * MiB;
  make ();
  assert_int_equal (plan.queue_size, 4 * MiB);
  options.queue_size = UINT32_MAX;
  make ();
  assert_int_equal (plan.queue_size, UINT32_MAX);
}

/* The limit of all workers together, unless the user sets one for each. */
static void
queues_of_all_workers_are_bounded (void **state UNUSED)
{
  options.queue_size = 64 * MiB;
  options.queue_size_given = false;
  options.connections = options.threads = 16;
  make ();
  assert_int_equal (plan.workers, 16);
  assert_int_equal (plan.queue_size, 8 * MiB);
  options.queue_size_given = true;
  make ();
  assert_int_equal (plan.queue_size, 64 * MiB);
}

/* For measurements: nothing is tuned. */
static void
a_pinned_setting_is_kept (void **state UNUSED)
{
  options.tuning_size = 2 * MiB;
  options.tuning_window = 24 * MiB;
  make ();
  assert_true (plan.pinned);
  assert_int_equal (plan.workers, plan.workers_max);
  assert_int_equal (plan.n_sizes, 1);
  assert_int_equal (plan.sizes[0], 2 * MiB);
  assert_int_equal (plan.window_max, 24 * MiB);

  destination.block_max = MiB;
  make ();
  assert_int_equal (plan.sizes[0], MiB);
}

/* A container with little memory kills processes that use more. */
static void
little_memory_means_little_in_flight (void **state UNUSED)
{
  options.queue_size_given = false;
  options.queue_size = 64 * MiB;
  make ();
  assert_int_equal (plan.workers_max * plan.queue_size, 128 * MiB);
  machine.memory = 64 * MiB;
  make ();
  assert_true (plan.workers_max * plan.queue_size <= 16 * MiB);
  machine.memory = MiB;
  make ();
  assert_true (plan.queue_size >= plan.request_size);
  options.queue_size_given = true; /* the user knows better */
  make ();
  assert_int_equal (plan.queue_size, 64 * MiB);
}

/* -- sizes of requests ---------------------------------------------------- */

static void
sizes_go_from_small_to_large (void **state UNUSED)
{
  options.requests = 64;
  options.queue_size = 64 * MiB;
  make ();
  assert_int_equal (plan.n_sizes, SIZES_MAX);
  assert_in_range (plan.near_size, 1, plan.far_size - 1);
  assert_in_range (plan.far_size, plan.near_size + 1, plan.n_sizes - 2);
  assert_int_equal (plan.buffer_size, plan.sizes[plan.far_size]);
  assert_int_equal (plan.window_max, 64 * MiB);
  for (unsigned i = 0; i < plan.n_sizes; i++)
    assert_int_equal (plan.claim % plan.sizes[i], 0);

  options.digest = DIGEST_SHA256; /* a claim may be smaller than these */
  options.digest_block = 64 * KiB;
  make ();
  assert_int_equal (plan.far_size, plan.n_sizes - 1);
}

/* Small settings of the user are kept, and are not tuned. */
static void
ceilings_bound_the_sizes (void **state UNUSED)
{
  options.queue_size = 256 * KiB;
  options.request_size = 64 * KiB;
  make ();
  assert_int_equal (plan.n_sizes, 1);
  assert_int_equal (plan.sizes[0], 64 * KiB);
  assert_int_equal (plan.window_max, 256 * KiB);

  options.queue_size = 64 * MiB;
  options.requests = 1;
  make ();
  assert_int_equal (plan.n_sizes, 1);
  assert_int_equal (plan.window_max, 64 * KiB);

  /* Few of the larger ones would fit. */
  options.request_size = 0;
  options.requests = 64;
  options.queue_size = 5 * MiB;
  make ();
  assert_int_equal (plan.n_sizes, 2);
  assert_int_equal (plan.sizes[plan.near_size], 768 * KiB);
  assert_int_equal (plan.far_size, plan.near_size);
}

/* A size that the user set is not tuned. */
static void
wanted_request_size_is_the_only_one (void **state UNUSED)
{
  options.queue_size = 64 * MiB;
  options.request_size = 2 * MiB;
  make ();
  assert_int_equal (plan.n_sizes, 1);
  assert_int_equal (plan.sizes[0], 2 * MiB);
  assert_int_equal (plan.window_max, 64 * MiB);

  options.request_size = 0;
  source.block_preferred = MiB;
  make ();
  assert_int_equal (plan.sizes[0], MiB);
  assert_int_equal (plan.sizes[plan.near_size], MiB);

  source.block_preferred = 0;
  destination.block_max = 2 * MiB;
  make ();
  assert_int_equal (plan.sizes[plan.n_sizes - 1], MiB);
}

/* Their buffers are allocated at the start. */
static void
requests_are_the_users_as_far_as_memory_allows (void **state UNUSED)
{
  make ();
  assert_int_equal (plan.requests, 32);
  options.requests = 1;
  make ();
  assert_int_equal (plan.requests, 1);
  options.requests = UINT32_MAX;
  make ();
  assert_true (plan.requests >= 64);
  assert_true (plan.requests * plan.request_size <= 4 * GiB);
  options.request_size = 32 * MiB;
  make ();
  assert_true (plan.requests >= 1);
  assert_true (plan.requests * plan.request_size <= 4 * GiB);
}

static void
source_extents_need_a_source_with_extents (void **state UNUSED)
{
  make ();
  assert_true (plan.source_extents);
  options.no_extents = true;
  make ();
  assert_false (plan.source_extents);
  options.no_extents = false;
  source.extents_max = 0;
  make ();
  assert_false (plan.source_extents);
}

/* -- streams -------------------------------------------------------------- */

static const struct caps stream = {
  .size = INT64_MAX,
  .block_min = 1,
  .block_preferred = 4096,
  .block_max = GiB,
  .stream = true,
};

static void
stream_as_the_source_has_no_size (void **state UNUSED)
{
  source = stream;
  destination.block_min = 4096;
  make ();
  assert_true (plan.open_ended);
  assert_int_equal (plan.workers, 1);
  assert_int_equal (plan.room, GiB);
  assert_int_equal (plan.last_block, 4096);
  assert_int_equal (plan.zero.scan, 4096);
  assert_true (plan.zero.ask_destination);
  assert_false (plan.source_extents);
  destination.grows = true;
  make ();
  assert_int_equal (plan.room, INT64_MAX);
  destination = stream;
  make ();
  assert_int_equal (plan.room, INT64_MAX);
}

/* Each byte has to be written, and a stream cannot be flushed. */
static void
stream_as_the_destination_takes_every_byte (void **state UNUSED)
{
  destination = stream;
  options.destination_is_zero = IS_ZERO_YES;
  options.flush = true;
  make ();
  assert_false (plan.open_ended || plan.flush);
  assert_int_equal (plan.size, GiB);
  assert_int_equal (plan.workers, 1);
  assert_int_equal (plan.zero.known, IS_ZERO_NO);
  assert_int_equal (plan.zero.scan, 0);
  assert_int_equal (plan.zero.request_max, 0);
  assert_true (plan.source_extents);
  destination.terminal = true;
  assert_refused (ENOTSUP, "destination D", "terminal");
}

/* -- flush ---------------------------------------------------------------- */

static void
flush_is_the_default_where_it_can_be (void **state UNUSED)
{
  make ();
  assert_true (plan.flush);
  options.flush = true;
  make ();
  assert_true (plan.flush);
  options.flush = false;
  options.no_flush = true;
  make ();
  assert_false (plan.flush);
  options.no_flush = false;
  destination.can_flush = false;
  source.can_flush = true;
  make ();
  assert_false (plan.flush);
}

static void
flush_that_was_asked_for_has_to_be_possible (void **state UNUSED)
{
  options.flush = true;
  destination.can_flush = false;
  assert_refused (ENOTSUP, "destination D", "--flush");
  destination.can_flush = true;
  source.can_flush = false;
  make ();
  assert_true (plan.flush);
}

/* -- refusals ------------------------------------------------------------- */

static void
smaller_destination_is_refused (void **state UNUSED)
{
  destination.size = GiB - 1;
  assert_refused (ENOSPC, "destination D", "1073741823");
  assert_refused (ENOSPC, "destination D", "1073741824");
  destination.size = GiB;
  make ();
  destination.size = INT64_MAX;
  make ();
  assert_int_equal (plan.size, GiB);
}

static void
read_only_destination_is_refused (void **state UNUSED)
{
  destination.read_only = true;
  assert_refused (EROFS, "destination D", "read-only");
  destination.read_only = false;
  source.read_only = true;
  make ();
}

static void
side_in_use_is_refused (void **state UNUSED)
{
  destination.in_use = true;
  assert_refused (EBUSY, "destination D", "in use");
  source.in_use = true;
  assert_refused (EBUSY, "source S", "in use");
}

/* Its own size does not matter, and it reads as zeroes at the start. */
static void
destination_that_grows_takes_any_size (void **state UNUSED)
{
  destination.grows = true;
  destination.size = 0;
  make ();
  assert_int_equal (plan.size, source.size);
  assert_int_equal (plan.zero.known, IS_ZERO_YES);
  assert_false (plan.zero.ask_destination);
  options.destination_is_zero = IS_ZERO_NO;
  make ();
  assert_int_equal (plan.zero.known, IS_ZERO_YES);
  options.allocated = true;
  make ();
  assert_int_equal (plan.zero.known, IS_ZERO_NO);
}

static void
tail_that_cannot_be_read_is_refused (void **state UNUSED)
{
  source.block_min = 512;
  source.size = GiB - 512;
  make ();
  source.size = GiB - 511;
  assert_refused (EINVAL, "source S", "minimum block (512)");
}

static void
tail_that_cannot_be_written_is_refused (void **state UNUSED)
{
  destination.block_min = 4096;
  source.size = GiB - 512;
  assert_refused (EINVAL, "destination D", "minimum block (4096)");
  source.size = GiB - 4096;
  make ();

  /* The destination's own size does not matter. */
  destination.size = GiB + 1;
  make ();
}

static void
minimum_above_the_other_sides_maximum_is_refused (void **state UNUSED)
{
  source.block_min = 64 * KiB;
  destination.block_max = 32 * KiB;
  assert_refused (EINVAL, "destination D", "minimum block of one side (65536)");
  destination.block_max = 64 * KiB;
  make ();
  assert_int_equal (plan.request_size, 64 * KiB);
  source.block_min = 1;
  destination.block_min = 64 * KiB;
  source.block_max = 512;
  assert_refused (EINVAL, "destination D", "512");
}

/* -- zeroes --------------------------------------------------------------- */

static void
zeroes_of_the_destination_are_known_or_asked_for (void **state UNUSED)
{
  static const enum is_zero given[] = { IS_ZERO_AUTO, IS_ZERO_YES, IS_ZERO_NO };
  size_t i;

  for (i = 0; i < COUNT (given); ++i) {
    start_afresh (NULL);
    options.destination_is_zero = given[i];
    make ();
    assert_int_equal (plan.zero.known, given[i]);
    assert_int_equal (plan.zero.ask_destination, given[i] == IS_ZERO_AUTO);
    assert_false (plan.zero.allocate);

    destination.extents_max = 0;
    make ();
    assert_false (plan.zero.ask_destination);

    /* Zeroes of the destination need not be allocated. */
    options.allocated = true;
    destination.extents_max = GiB;
    make ();
    assert_true (plan.zero.allocate);
    assert_int_equal (plan.zero.known, IS_ZERO_NO);
    assert_false (plan.zero.ask_destination);
    assert_int_equal (plan.zero.scan, 0);
  }
}

static void
no_extents_is_about_the_source_alone (void **state UNUSED)
{
  options.no_extents = true;
  make ();
  assert_true (plan.zero.ask_destination);
}

static void
zero_requests_follow_the_destination (void **state UNUSED)
{
  make ();
  assert_int_equal (plan.zero.request_max, 4 * GiB - 64 * MiB);
  assert_true (plan.zero.fast);
  destination.can_fast_zero = false;
  source.block_min = 64 * KiB;
  destination.zero_max = GiB + 1;
  make ();
  assert_false (plan.zero.fast);
  assert_int_equal (plan.zero.request_max, GiB);
  destination.zero_max = 64 * KiB - 1;
  make ();
  assert_int_equal (plan.zero.request_max, 0);
  source.zero_max = GiB;
  destination.zero_max = 0;
  make ();
  assert_int_equal (plan.zero.request_max, 0);
}

static void
zeroes_that_are_written_fit_the_destinations_maximum (void **state UNUSED)
{
  make ();
  assert_true (plan.zero.write_max >= plan.request_size);
  assert_true (plan.zero.write_max <= destination.block_max);
  destination.block_max = 64 * KiB;
  make ();
  assert_int_equal (plan.zero.write_max, 64 * KiB);
  destination.block_max = 64 * KiB + 512;
  source.block_min = 4096;
  make ();
  assert_int_equal (plan.zero.write_max, 64 * KiB);
}

static uint64_t
scan (void)
{
  make ();
  return plan.zero.scan;
}

static void
scan_is_raised_to_the_preferred_block_unless_given (void **state UNUSED)
{
  assert_int_equal (scan (), 4096);
  destination.block_preferred = 64 * KiB;
  source.block_preferred = MiB;
  assert_int_equal (scan (), 64 * KiB);
  options.sparse_given = true;
  assert_int_equal (scan (), 4096);
  options.sparse = 512;
  assert_int_equal (scan (), 512);
  options.sparse = 0;
  assert_int_equal (scan (), 0);
  options.sparse = UINT64_C (1) << 31;
  assert_int_equal (scan (), UINT64_C (1) << 31);
}

static void
scan_is_never_below_the_minimum_block (void **state UNUSED)
{
  options.sparse_given = true;
  options.sparse = 512;
  source.block_min = 4096;
  assert_int_equal (scan (), 4096);
  destination.block_min = 64 * KiB;
  assert_int_equal (scan (), 64 * KiB);
}

static void
gap_is_the_smallest_zero_extent_worth_a_request (void **state UNUSED)
{
  make ();
  assert_int_equal (plan.gap, plan.zero.scan);
  options.sparse_given = true;
  options.sparse = MiB; /* of zeroes to look for, not of holes to keep */
  make ();
  assert_int_equal (plan.gap, 4096);
  options.sparse = 0;
  make ();
  assert_int_equal (plan.gap, plan.grain);
  assert_true (plan.gap > 0);
}

/* -- comparing ------------------------------------------------------------ */

static void
copy_is_not_compared_unless_it_is_said (void **state UNUSED)
{
  make ();
  assert_true (plan.copies);
  assert_false (plan.compares || plan.destination_extents);
  assert_int_equal (plan_buffer_size (&plan, 5), 5);
  options.verify = true;
  make ();
  assert_true (plan.copies && plan.compares && plan.flush);
  assert_true (plan.destination_extents);
  assert_int_equal (plan_buffer_size (&plan, 5), 10);
  assert_false (plan.compares_all);
  options.verify_scope = VERIFY_ALL;
  make ();
  assert_true (plan.compares_all);
  options.verify = false;
  options.compare = true;
  make ();
  assert_true (plan.compares);
  assert_false (plan.copies || plan.flush);
}

/* Reasons to refuse a copy do not matter for a comparison. */
static void
comparing_needs_nothing_but_reading (void **state UNUSED)
{
  options.compare = options.flush = true;
  destination.read_only = true;
  destination.can_flush = false;
  destination.zero_max = 0;
  make ();
  destination.size = 2 * GiB;
  make ();
  assert_int_equal (plan.size, GiB);
  destination.size = GiB - 1;
  assert_refused (ENOSPC, "destination D", "is too small");
  destination.size = GiB;
  destination.in_use = true;
  assert_refused (EBUSY, "destination D", "in use");
}

static void
holes_of_both_sides_are_asked_for_to_compare (void **state UNUSED)
{
  options.compare = true;
  make ();
  assert_true (plan.source_extents && plan.destination_extents);
  destination.extents_max = 0;
  make ();
  assert_true (plan.source_extents);
  assert_false (plan.destination_extents);
  destination.extents_max = GiB;
  options.no_extents = true;
  make ();
  assert_false (plan.source_extents || plan.destination_extents);
}

/* -- requirements on each side -------------------------------------------- */

static void
extents_are_wanted_where_they_will_be_used (void **state UNUSED)
{
  assert_true (plan_wants (SOURCE, &options).extents);
  assert_true (plan_wants (DESTINATION, &options).extents);
  options.no_extents = true;
  assert_false (plan_wants (SOURCE, &options).extents);
  assert_true (plan_wants (DESTINATION, &options).extents);
  options.no_extents = false;
  options.allocated = true;
  assert_true (plan_wants (SOURCE, &options).extents);
  assert_false (plan_wants (DESTINATION, &options).extents);
  options.allocated = false;
  options.destination_is_zero = IS_ZERO_YES;
  assert_false (plan_wants (DESTINATION, &options).extents);
  options.destination_is_zero = IS_ZERO_NO;
  assert_false (plan_wants (DESTINATION, &options).extents);
  assert_true (plan_wants (SOURCE, &options).extents);
  options.verify = true;
  assert_true (plan_wants (DESTINATION, &options).extents);
  options.no_extents = true;
  assert_false (plan_wants (DESTINATION, &options).extents);
}

static void
only_the_destination_of_a_copy_is_written_to (void **state UNUSED)
{
  assert_true (plan_wants (DESTINATION, &options).write);
  assert_false (plan_wants (SOURCE, &options).write);
  assert_false (plan_wants (SOURCE, &options).compare);
  options.verify = true;
  assert_true (plan_wants (DESTINATION, &options).write);
  assert_true (plan_wants (DESTINATION, &options).compare);
  options.verify = false;
  options.compare = true;
  assert_false (plan_wants (DESTINATION, &options).write);
  assert_true (plan_wants (SOURCE, &options).compare);
}

/* -- shards --------------------------------------------------------------- */

static void
shards_together_are_the_disk (void **state UNUSED)
{
  static const uint64_t sizes[] = {
    0,
    512,
    MiB,
    MiB + 512,
    3 * MiB - 512,
    7 * MiB,
    GiB,
    GiB + 123 * 512,
    INT64_MAX / MiB * MiB,
  };
  static const uint64_t counts[] = { 1, 2, 3, 7, 1000, UINT32_MAX };

  destination.grows = true;
  for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
    for (unsigned j = 0; j < sizeof counts / sizeof counts[0]; j++) {
      const uint64_t n = counts[j] < 1000 ? counts[j] : 1000;
      uint64_t end = 0;

      source.size = sizes[i];
      options.shard.count = counts[j];
      for (options.shard.number = 1; options.shard.number <= n;
           options.shard.number++) {
        make ();
        assert_int_equal (plan.start, end);
        assert_true (plan.start <= plan.end);
        assert_true (plan.end == sizes[i] || plan.end % MiB == 0);
        assert_true (plan.end - plan.start <= sizes[i] / counts[j] + 2 * MiB);
        assert_int_equal (plan.size, sizes[i]);
        end = plan.end;
      }
      if (n == counts[j])
        assert_int_equal (end, sizes[i]);
      options.shard.number = counts[j];
      make ();
      assert_int_equal (plan.end, sizes[i]);
    }
}

static void
shards_are_cut_at_whole_blocks (void **state UNUSED)
{
  destination.block_min = 32 * MiB;
  destination.block_preferred = destination.block_max = 32 * MiB;
  destination.size = source.size = 96 * MiB;
  options.shard = (struct shard) { 1, 2 };
  make ();
  assert_int_equal (plan.end, 32 * MiB);
  options.shard.number = 2;
  make ();
  assert_int_equal (plan.start, 32 * MiB);
  assert_int_equal (plan.end, 96 * MiB);
}

static void
without_shards_the_whole_disk_is_copied (void **state UNUSED)
{
  make ();
  assert_int_equal (plan.start, 0);
  assert_int_equal (plan.end, source.size);
}

static void
file_with_one_shard_is_not_known_to_be_zero (void **state UNUSED)
{
  destination.grows = true;
  make ();
  assert_int_equal (plan.zero.known, IS_ZERO_YES);
  options.shard = (struct shard) { 1, 2 };
  make ();
  assert_int_equal (plan.zero.known, IS_ZERO_AUTO);
  options.destination_is_zero = IS_ZERO_YES; /* the user's word is trusted */
  make ();
  assert_int_equal (plan.zero.known, IS_ZERO_YES);
}

static void
streams_have_no_shards (void **state UNUSED)
{
  options.shard = (struct shard) { 1, 1 };
  source = stream;
  assert_refused (ENOTSUP, "source S", "--shard");
  source = destination;
  destination = stream;
  assert_refused (ENOTSUP, "destination D", "--shard");
}

/* -- guarantees ----------------------------------------------------------- */

/* Sizes are in ascending order and within the limits. */
static void
assert_sizes (void)
{
  assert_in_range (plan.n_sizes, 1, SIZES_MAX);
  assert_true (plan.near_size <= plan.far_size);
  assert_true (plan.far_size < plan.n_sizes);
  assert_int_equal (plan.buffer_size, plan.sizes[plan.far_size]);
  assert_true (plan.window_max >= plan.buffer_size);
  assert_true (plan.window_max <= plan.queue_size);
  for (unsigned i = 0; i < plan.n_sizes; i++) {
    const uint64_t size = plan.sizes[i];

    assert_true (size > 0 && size <= plan.window_max);
    assert_true (size <= source.block_max && size <= destination.block_max);
    assert_int_equal (size % plan.align, 0);
    assert_true (i == 0 || size > plan.sizes[i - 1]);
  }
}

static void
assert_promises (void)
{
  assert_int_equal (plan.size, source.size);
  assert_true (is_power_of_2 (plan.align));
  assert_true (is_power_of_2 (plan.grain) && plan.grain >= plan.align);
  assert_int_equal (plan.align % source.block_min, 0);
  assert_int_equal (plan.align % destination.block_min, 0);
  assert_true (plan.request_size > 0 && plan.request_size <= 32 * MiB);
  assert_int_equal (plan.request_size % plan.align, 0);
  assert_true (plan.request_size <= source.block_max);
  assert_true (plan.request_size <= destination.block_max);
  assert_true (plan.requests >= 1 && plan.requests <= options.requests);
  assert_true (plan.queue_size >= plan.request_size);
  assert_true (plan.workers >= 1 && plan.workers <= options.connections);
  assert_true (plan.claim >= plan.request_size || plan.in_order);
  assert_true (plan.claim >= plan.gap || !plan.in_order);
  assert_true (plan.unit >= plan.grain && is_power_of_2 (plan.unit));
  assert_int_equal (plan.claim % plan.unit, 0);
  assert_true (plan.steal_min >= plan.request_size);
  assert_int_equal (plan.steal_min % plan.grain, 0);
  assert_true (plan.gap >= plan.grain && plan.gap % plan.grain == 0);
  assert_sizes ();
  assert_true (plan.zero.scan == 0 || is_power_of_2 (plan.zero.scan));
  assert_int_equal (plan.zero.scan % plan.align, 0);
  assert_true (plan.zero.request_max <= destination.zero_max);
  assert_int_equal (plan.zero.request_max % plan.align, 0);
  assert_true (plan.zero.write_max > 0);
  assert_true (plan.zero.write_max <= destination.block_max);
  assert_int_equal (plan.zero.write_max % plan.align, 0);
}

static void
huge_disks_do_not_overflow (void **state UNUSED)
{
  source.size = destination.size = INT64_MAX;
  destination.zero_max = source.extents_max = INT64_MAX;
  source.block_max = destination.block_max = INT64_MAX;
  options.connections = options.threads = UINT32_MAX;
  options.requests = options.queue_size = UINT32_MAX;
  make ();
  assert_promises ();
  assert_int_equal (plan.size, INT64_MAX);
  assert_true (plan.workers > 1);
  assert_int_equal (plan.zero.request_max, INT64_MAX);

  source.size = align_down (INT64_MAX, 64 * KiB);
  source.block_min = destination.block_min = 64 * KiB;
  source.block_max = destination.block_max = align_down (INT64_MAX, 64 * KiB);
  source.block_preferred = destination.block_preferred = UINT64_C (1) << 62;
  make ();
  assert_promises ();
}

/* Each block belongs to one worker, and the memory of a claim is bounded, even
 * for small blocks.
 */
static void
digest_claims_whole_blocks_and_not_too_many (void **state UNUSED)
{
  make ();
  assert_false (plan.in_order);
  assert_int_equal (plan.unit, plan.grain);

  options.digest = DIGEST_SHA256;
  for (options.digest_block = 1; options.digest_block <= 2 * GiB;
       options.digest_block *= 2) {
    make ();
    assert_true (plan.in_order);
    assert_promises ();
    assert_int_equal (plan.claim % options.digest_block, 0);
    assert_true (plan.claim / options.digest_block <= 8192);
    assert_true (plan.claim <= max_u64 (8 * MiB, options.digest_block));
  }
  options.digest_block = 64 * KiB;
  make ();
  assert_int_equal (plan.digest.kind, DIGEST_SHA256);
  assert_int_equal (plan.digest.block, 64 * KiB);
  assert_true (plan.claim >= 2 * plan.request_size);
}

/* A maximum need not be a power of two; a preferred size is. */
static void
scan_is_a_power_of_two_for_any_maximum (void **state UNUSED)
{
  source.block_max = 300 * KiB;
  destination.block_preferred = 512 * KiB;
  make ();
  assert_int_equal (plan.request_size, 300 * KiB);
  assert_promises ();
}

static unsigned current_seed;

static uint64_t
power (unsigned short *dice, unsigned from, unsigned to)
{
  return UINT64_C (1) << (from + nrand48 (dice) % (to - from + 1));
}

/* Capabilities that endpoint_open accepts. */
static struct caps
any_caps (unsigned short *dice)
{
  struct caps c = { .block_min = power (dice, 0, 16) };

  c.block_preferred = max_u64 (c.block_min, power (dice, 9, 40));
  c.block_max = c.block_min * (1 + nrand48 (dice) % power (dice, 0, 16));
  while (c.block_preferred > c.block_max && c.block_preferred > c.block_min)
    c.block_preferred /= 2;
  c.size = align_down (power (dice, 0, 62) + nrand48 (dice) % 1024, 65536);
  c.extents_max = nrand48 (dice) % 2 ? GiB : 0;
  c.zero_max = nrand48 (dice) % 3 ? 3 * GiB : 0;
  c.can_fast_zero = nrand48 (dice) % 2;
  c.can_flush = c.can_multi_conn = true;
  return c;
}

static void
promises_hold_for_any_two_sides (void **state UNUSED)
{
  unsigned made = 0, refused = 0;
  struct error e;

  for (current_seed = 1; current_seed <= 20000; ++current_seed) {
    unsigned short dice[3] = { 0x330e, (unsigned short) current_seed, 79 };

    start_afresh (NULL);
    source = any_caps (dice);
    destination = any_caps (dice);
    options.connections = power (dice, 0, 8);
    options.request_size = nrand48 (dice) % 2 ? power (dice, 12, 25) : 0;
    options.requests = power (dice, 0, 31);
    options.queue_size = nrand48 (dice) % power (dice, 0, 31);
    options.sparse = nrand48 (dice) % 4 ? power (dice, 9, 31) : 0;
    options.sparse_given = nrand48 (dice) % 2;
    options.allocated = nrand48 (dice) % 4 == 0;
    options.digest = nrand48 (dice) % 2 ? DIGEST_SHA1 : DIGEST_NONE;
    options.digest_block = options.digest ? power (dice, 0, 31) : 0;
    e = (struct error) { 0 };
    if (plan_make (&plan, &options, sides, &machine, &e) == 0) {
      assert_false (error_is_set (&e));
      assert_promises ();
      made++;
    }
    else {
      assert_true (error_is_set (&e));
      refused++;
    }
  }
  current_seed = 0;
  assert_true (made > 2000 && refused > 2000);
}

/* An assertion leaves by longjmp, so the seed is printed here. */
static int
print_seed (void **state UNUSED)
{
  if (current_seed != 0)
    print_error ("failed with seed %u\n", current_seed);
  return 0;
}

#define AFRESH(f) cmocka_unit_test_setup (f, start_afresh)

int
main (void)
{
  const struct CMUnitTest tests[] = {
    AFRESH (workers_are_limited_by_each_of_four),
    AFRESH (more_disk_is_never_less_workers),
    AFRESH (both_sides_have_to_offer_multi_conn),
    AFRESH (synchronous_is_one_worker_with_one_request),
    AFRESH (unknown_number_of_processors_is_one_worker),
    AFRESH (request_size_is_the_users_or_ours),
    AFRESH (help_has_our_request_size),
    AFRESH (request_size_is_no_smaller_than_preferred),
    AFRESH (preferred_size_beyond_any_buffer_is_bounded),
    AFRESH (request_size_is_no_larger_than_either_maximum),
    AFRESH (request_size_is_a_multiple_of_both_minimums),
    AFRESH (extents_are_cut_at_512_bytes_at_least),
    AFRESH (queue_holds_one_request_at_least),
    AFRESH (queues_of_all_workers_are_bounded),
    AFRESH (a_pinned_setting_is_kept),
    AFRESH (little_memory_means_little_in_flight),
    AFRESH (sizes_go_from_small_to_large),
    AFRESH (ceilings_bound_the_sizes),
    AFRESH (wanted_request_size_is_the_only_one),
    AFRESH (requests_are_the_users_as_far_as_memory_allows),
    AFRESH (source_extents_need_a_source_with_extents),
    AFRESH (stream_as_the_source_has_no_size),
    AFRESH (stream_as_the_destination_takes_every_byte),
    AFRESH (flush_is_the_default_where_it_can_be),
    AFRESH (flush_that_was_asked_for_has_to_be_possible),
    AFRESH (smaller_destination_is_refused),
    AFRESH (read_only_destination_is_refused),
    AFRESH (side_in_use_is_refused),
    AFRESH (destination_that_grows_takes_any_size),
    AFRESH (tail_that_cannot_be_read_is_refused),
    AFRESH (tail_that_cannot_be_written_is_refused),
    AFRESH (minimum_above_the_other_sides_maximum_is_refused),
    AFRESH (zeroes_of_the_destination_are_known_or_asked_for),
    AFRESH (no_extents_is_about_the_source_alone),
    AFRESH (zero_requests_follow_the_destination),
    AFRESH (zeroes_that_are_written_fit_the_destinations_maximum),
    AFRESH (scan_is_raised_to_the_preferred_block_unless_given),
    AFRESH (scan_is_never_below_the_minimum_block),
    AFRESH (gap_is_the_smallest_zero_extent_worth_a_request),
    AFRESH (copy_is_not_compared_unless_it_is_said),
    AFRESH (comparing_needs_nothing_but_reading),
    AFRESH (holes_of_both_sides_are_asked_for_to_compare),
    AFRESH (extents_are_wanted_where_they_will_be_used),
    AFRESH (only_the_destination_of_a_copy_is_written_to),
    AFRESH (digest_claims_whole_blocks_and_not_too_many),
    AFRESH (huge_disks_do_not_overflow),
    AFRESH (scan_is_a_power_of_two_for_any_maximum),
    AFRESH (shards_together_are_the_disk),
    AFRESH (shards_are_cut_at_whole_blocks),
    AFRESH (without_shards_the_whole_disk_is_copied),
    AFRESH (file_with_one_shard_is_not_known_to_be_zero),
    AFRESH (streams_have_no_shards),
    cmocka_unit_test_setup_teardown (promises_hold_for_any_two_sides,
                                     start_afresh, print_seed),
  };

  return cmocka_run_group_tests (tests, NULL, NULL);
}
