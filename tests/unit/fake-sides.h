/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sides in memory, for tests of the engine.  Their conns implement
 * conn_ops: an io ends when, and as, the test says.
 */

#ifndef FAKE_SIDES_H
#define FAKE_SIDES_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "endpoint/endpoint-private.h"
#include "engine/pair.h"
#include "engine/request.h"
#include "notifier.h"

#define FAKE_SIZE MiB
#define FAKE_FLYING 256

struct fake_side {
  struct endpoint base;
  uint8_t disk[FAKE_SIZE];
  struct io *flying[FAKE_FLYING]; /* in the order in which they were started */
  unsigned n_flying;
  unsigned n_conns;        /* opened so far */
  bool connecting;         /* conns are not up yet */
  bool differs;            /* conns lead to another export */
  bool hangs_up;           /* the next dispatch loses the conn */
  int refuses;             /* errno of start; 0: it takes every io */
  uint64_t bad_at, bad_to; /* fake_finish fails in there with EIO */
};

static struct fake_side fake[2]; /* by side */

static struct fake_side *
fake_of (const struct conn *c)
{
  return &fake[conn_side (c)];
}

static enum conn_state
fake_state (struct conn *c)
{
  return fake_of (c)->connecting ? CONN_CONNECTING : CONN_READY;
}

static int
fake_verify (struct conn *c, struct error *e)
{
  if (!fake_of (c)->differs)
    return 0;
  error_set (e, EPROTO, "it differs");
  return -1;
}

static int
fake_start (struct conn *c, struct io *io)
{
  struct fake_side *s = fake_of (c);

  if (s->refuses)
    return s->refuses;
  assert_true (s->n_flying < FAKE_FLYING);
  s->flying[s->n_flying++] = io;
  return 0;
}

static void
fake_poll_events (struct conn *c, struct pollfd *p)
{
  *p = (struct pollfd) { .fd = -1 };
}

static int
fake_dispatch (struct conn *c, short revents, struct error *e)
{
  if (!fake_of (c)->hangs_up)
    return 0;
  fake_of (c)->hangs_up = false;
  error_set (e, ENOTCONN, "it hung up");
  return -1;
}

static int
fake_retire (struct conn *c, struct io *io)
{
  return io->error;
}

static bool
fake_shutdown (struct conn *c)
{
  return true;
}

static void
fake_close (struct conn *c)
{
  fake_of (c)->n_flying = 0;
  free (c);
}

static struct conn *
fake_conn (struct endpoint *ep, unsigned number, struct error *e)
{
  static const struct conn_ops ops = {
    .state = fake_state,
    .verify = fake_verify,
    .start = fake_start,
    .poll_events = fake_poll_events,
    .dispatch = fake_dispatch,
    .retire = fake_retire,
    .shutdown = fake_shutdown,
    .close = fake_close,
  };
  struct conn *c = calloc (1, sizeof *c);

  assert_non_null (c);
  c->ops = &ops;
  c->endpoint = ep;
  fake[ep->side].n_conns++;
  return c;
}

/* Does what the io asks for. */
static void
fake_perform (struct fake_side *s, struct io *io)
{
  switch (io->verb) {
  case IO_READ:
    memcpy (io->buffer, s->disk + io->offset, io->length);
    break;
  case IO_WRITE:
    memcpy (s->disk + io->offset, io->buffer, io->length);
    break;
  case IO_ZERO:
    memset (s->disk + io->offset, 0, io->length);
    break;
  case IO_EXTENTS: /* a page of the disk is all zero, or data */
    for (io->learned_to = io->offset;
         io->learned_to < io->offset + io->length;) {
      static const uint8_t zeroes[4096];
      const uint64_t at = io->learned_to;
      const uint64_t to = min_u64 (align_down (at, 4096) + 4096,
                                   io->offset + io->length);

      assert_true (ranges_set (io->learned, at, to,
                               memcmp (s->disk + at, zeroes, to - at) == 0
                                 ? EXTENT_ZERO
                                 : EXTENT_DATA));
      io->learned_to = to;
    }
    break;
  case IO_FLUSH:
    break;
  }
}

/* Ends the io with this number in flight, with err, or with EIO where it meets
 * the bad range.
 */
static void
fake_finish (enum side side, unsigned number, int err)
{
  struct fake_side *s = &fake[side];
  struct io *io;

  assert_true (number < s->n_flying);
  io = s->flying[number];
  memmove (&s->flying[number], &s->flying[number + 1],
           (s->n_flying - number - 1) * sizeof s->flying[0]);
  s->n_flying--;
  if (err == 0 && io->offset < s->bad_to && io->offset + io->length > s->bad_at)
    err = EIO;
  if (err == 0)
    fake_perform (s, io);
  io->error = err;
  list_append (io->ready, &io->link);
}

/* -- one worker's engine on these sides ----------------------------------- */

static struct copy copy;
static struct stats stats;
static struct lane lane;
static struct pair pair;
static struct extents *extents[2];
static int notifier;

static void
fake_plan (struct plan *p)
{
  *p = (struct plan) {
    .copies = true,
    .size = FAKE_SIZE,
    .end = FAKE_SIZE,
    .room = FAKE_SIZE,
    .last_block = 1,
    .align = 512,
    .grain = 512,
    .gap = 8192,
    .workers = 1,
    .workers_max = 1,
    .request_size = 64 * KiB,
    .requests = 4,
    .queue_size = 256 * KiB,
    .sizes = { 64 * KiB },
    .n_sizes = 1,
    .buffer_size = 64 * KiB,
    .window_max = 256 * KiB,
    .unit = 64 * KiB,
    .claim = 128 * KiB,
    .steal_min = 64 * KiB,
    .stall = NS_PER_S,
    .retry = { .tries = 2, .wait = NS_PER_MS },
    .patience = NS_PER_S,
    .checkpoint = NS_PER_S,
    .flush = true,
    .zero = { .scan = 4096,
              .known = IS_ZERO_NO,
              .request_max = 512 * KiB,
              .write_max = 64 * KiB },
  };
}

/* Sets up everything after the plan and the caps are as the test wants them. */
static void
fake_start_engine (void)
{
  static uint8_t zeroes[64 * KiB];
  struct error e = { 0 };

  stats = (struct stats) { 0 };
  notifier = notifier_new ();
  assert_int_not_equal (notifier, -1);
  lane = (struct lane) {
    .plan = &copy.plan,
    .connections = pair.connections,
    .zeroes = zeroes,
    .stats = &stats,
    .mailbox = mailbox_new (notifier),
    .differences = differences_new (),
  };
  assert_non_null (lane.mailbox);
  assert_non_null (lane.differences);
  assert_int_equal (lane_init (&lane), 0);
  assert_int_equal (requests_init (&lane), 0);
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    pair.connections[side] = (struct connection) {
      .endpoint = copy.endpoints[side],
      .conn = endpoint_conn (copy.endpoints[side], 0, &e),
      .state = CONNECTION_UP,
    };
    extents[side] = extents_new (&pair.connections[side], &lane.ready,
                                 copy.endpoints[side]->caps.extents_max, false);
    assert_non_null (extents[side]);
  }
  pair.copy = &copy;
  pair.lane = &lane;
  pair.extents = extents;
}

/* Makes the sides: the source has data in it that is not zero anywhere. */
static int
fake_setup (void **state)
{
  static const struct endpoint_ops ops = { .conn = fake_conn };

  memset (fake, 0, sizeof fake);
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    struct endpoint *ep = &fake[side].base;

    ep->ops = &ops;
    ep->side = side;
    ep->name = (char *) (side == SOURCE ? "source fake" : "destination fake");
    ep->caps = (struct caps) { .size = FAKE_SIZE,
                               .block_min = 1,
                               .block_preferred = 4096,
                               .block_max = GiB,
                               .zero_max = GiB,
                               .can_flush = true,
                               .reconnects = true };
    copy.endpoints[side] = ep;
  }
  for (size_t i = 0; i < FAKE_SIZE; i++)
    fake[SOURCE].disk[i] = (uint8_t) (1 + i % 251);
  memset (fake[DESTINATION].disk, 0xff, FAKE_SIZE);
  copy.stop = stop_new (NS_PER_S, false);
  assert_non_null (copy.stop);
  fake_plan (&copy.plan);
  return 0;
}

static int
fake_teardown (void **state)
{
  pair_close (&pair);
  memset (&pair, 0, sizeof pair);
  for (enum side side = SOURCE; side <= DESTINATION; side++) {
    extents_free (extents[side]);
    extents[side] = NULL;
  }
  requests_free (&lane);
  lane_free (&lane);
  mailbox_free (lane.mailbox);
  differences_free (lane.differences);
  stop_free (copy.stop);
  close (notifier);
  return 0;
}

#define ON_FAKE(f)                                                             \
  cmocka_unit_test_setup_teardown (f, fake_setup, fake_teardown)

#endif /* FAKE_SIDES_H */
