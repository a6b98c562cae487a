/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a whole copy, with or without --verify, or a comparison, with a server
 * whose replies come from the input.
 *
 * The other side is memory.  The copy must not crash, hang, violate what the
 * server has announced, or succeed although the copy differs.  With a context
 * that selects what is copied, nothing that is not selected may be changed.
 */

#include <config.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "arith.h"
#include "base/log.h"
#include "base/stop.h"
#include "clock.h"
#include "endpoint/endpoint-private.h"
#include "endpoint/open.h"
#include "engine/workers.h"
#include "fuzz.h"
#include "iszero.h"
#include "options/options.h"
#include "plan/plan.h"
#include "scripted-server.h"

#define CELL 4096 /* bytes of the disk that are all data or all zeroes */
#define CELLS 33
#define DISK_MAX (CELLS * CELL)

/* -- an endpoint in memory ------------------------------------------------ */

struct memory {
  struct endpoint base;
  uint8_t *bytes; /* borrowed; caps.size of them */
};

static uint8_t *
memory_at (struct conn *c, const struct io *io)
{
  const struct memory *m = (const struct memory *) c->endpoint;

  MUST (io->length > 0 && io->length <= m->base.caps.size
        && io->offset <= m->base.caps.size - io->length);
  return m->bytes + io->offset;
}

static void
tell_extents (struct conn *c, struct io *io)
{
  const uint8_t *bytes = memory_at (c, io) - io->offset;
  const uint64_t end = io->offset + io->length;
  uint64_t at, next;

  for (at = io->offset; at < end; at = next) {
    next = min_u64 (align_down (at, CELL) + CELL, end);
    if (!ranges_set (io->learned, at, next,
                     is_zero (bytes + at, next - at) ? EXTENT_ZERO
                                                     : EXTENT_DATA))
      break;
  }
  io->learned_to = at;
}

/* Workers may ask about places that others have taken meanwhile. */
static pthread_mutex_t memory_lock = PTHREAD_MUTEX_INITIALIZER;

static int
memory_start (struct conn *c, struct io *io)
{
  pthread_mutex_lock (&memory_lock);
  switch (io->verb) {
  case IO_READ:
    memcpy (io->buffer, memory_at (c, io), io->length);
    break;
  case IO_WRITE:
    memcpy (memory_at (c, io), io->buffer, io->length);
    break;
  case IO_ZERO:
    memset (memory_at (c, io), 0, io->length);
    break;
  case IO_EXTENTS:
    tell_extents (c, io);
    break;
  case IO_FLUSH:
    break;
  }
  pthread_mutex_unlock (&memory_lock);
  list_append (io->ready, &io->link);
  return 0;
}

static enum conn_state
memory_state (struct conn *c)
{
  return CONN_READY;
}

static int
memory_retire (struct conn *c, struct io *io)
{
  return 0;
}

static void
memory_poll_events (struct conn *c, struct pollfd *p)
{
  p->fd = -1;
  p->events = 0;
}

static bool
memory_shutdown (struct conn *c)
{
  return true;
}

static void
memory_close (struct conn *c)
{
  free (c);
}

static struct conn *
memory_conn (struct endpoint *ep, unsigned number, struct error *e)
{
  static const struct conn_ops ops = {
    .state = memory_state,
    .start = memory_start,
    .poll_events = memory_poll_events,
    .retire = memory_retire,
    .shutdown = memory_shutdown,
    .close = memory_close,
  };
  struct conn *c = calloc (1, sizeof *c);

  MUST (c != NULL);
  c->ops = &ops;
  c->endpoint = ep;
  return c;
}

static const struct endpoint_ops memory_ops = { .conn = memory_conn };

static void
memory_init (struct memory *m, enum side side, uint8_t *bytes, uint64_t size)
{
  *m = (struct memory) {
    .base = {
      .ops = &memory_ops, .side = side,
      .name = (char *) (side == SOURCE ? "source memory"
                        : "destination memory"),
      .caps = {
        .size = size, .block_min = 1, .block_preferred = CELL,
        .block_max = DISK_MAX, .extents_max = DISK_MAX, .zero_max = DISK_MAX,
        .can_flush = true, .can_multi_conn = true,
      },
    },
    .bytes = bytes,
  };
}

/* -- the input ------------------------------------------------ */

struct scene {
  bool destination; /* the server is the destination */
  bool verify, compare;
  struct told told;
  const char *option;  /* --changed; NULL: everything is copied */
  bool changes[CELLS]; /* with it: the cells that have changed */
  uint8_t source[DISK_MAX], copy[DISK_MAX], old[DISK_MAX];
};

/* Makes data in which no two cells are equal, in one of several patterns. */
static void
make_source (struct scene *s, unsigned pattern)
{
  static const char *const patterns[] = {
    "d", "z", "dz", "zd", "ddzzzzdz", "zzzzzzzd", "dddddddz", "zzzdddzzdzd",
  };
  const char *cells = patterns[pattern % 8];
  const size_t n = strlen (cells);

  for (unsigned i = 0; i < DISK_MAX; i++)
    s->source[i] = cells[i / CELL % n] == 'z' ? 0 : 1 + (i ^ i / CELL) % 255;
  memset (s->copy, 0xff, sizeof s->copy);
}

static void
make_told (struct told *t, struct input *in)
{
  static const uint32_t sizes[] = {
    32 * CELL, 32 * CELL + 513, 16 * CELL, CELL, 1, 0, 33 * CELL - 1, 512,
  };
  const uint8_t flags = input_byte (in);
  const uint8_t blocks = input_byte (in);
  const uint8_t preferred = input_byte (in);

  t->size = sizes[input_byte (in) % 8];
  t->structured = !(flags & 1);
  t->context = !(flags & 2);
  t->flags = NBD_FLAG_HAS_FLAGS | (flags & 4 ? 0 : NBD_FLAG_SEND_WRITE_ZEROES)
    | (flags & 8 ? 0 : NBD_FLAG_SEND_FLUSH)
    | (flags & 16 ? 0 : NBD_FLAG_CAN_MULTI_CONN);
  t->block_minimum = blocks & 15 ? UINT32_C (1) << (blocks & 15) : 0;
  t->block_maximum = blocks >> 4 ? UINT32_C (1) << (blocks >> 4) : 0;
  t->block_preferred = preferred ? UINT32_C (1) << preferred % 32 : 0;
}

/* Adds a context of changes, with one of several patterns. */
static void
make_changes (struct scene *s, bool is_depth, struct input *in)
{
  const uint8_t pattern = input_byte (in);

  s->option = is_depth ? "--changed=qemu:allocation-depth"
                       : "--changed=qemu:dirty-bitmap:f";
  s->told.changes = strchr (s->option, '=') + 1;
  for (unsigned i = 0; i < CELLS; i++)
    s->changes[i] = pattern >> i * (1 + pattern % 3) % 8 & 1;
}

static void
make_scene (struct scene *s, struct input *in)
{
  const uint8_t side = input_byte (in);

  s->destination = side & 1;
  s->compare = side & 16;
  s->verify = (side & 32) && !s->compare;
  make_told (&s->told, in);
  s->told.changes = s->option = NULL;
  if ((side & 64) && !s->destination)
    make_changes (s, side & 128, in);
  make_source (s, side >> 1);
  if (s->compare)
    memcpy (s->copy, s->source, sizeof s->copy);
  if (s->compare && (side & 32) && s->told.size > 0)
    s->copy[s->told.size - 1] ^= 1;
  memcpy (s->old, s->copy, sizeof s->old);
}

/* -- the copy -------------------------------------------------------------- */

struct result {
  bool begun; /* both sides and the plan were accepted */
  bool complete;
  bool differs; /* it was reported */
};

static void
read_options (struct options *o, const struct scene *s, const char *uri)
{
  const char *argv[] = { "stripecopy",
                         "--connections=2",
                         "--threads=2",
                         "--requests=4",
                         "--request-size=4096",
                         "--retries=1",
                         "--retry-wait=0",
                         s->compare    ? "--compare"
                           : s->verify ? "--verify"
                                       : "--quiet",
                         uri,
                         "null:",
                         s->option,
                         NULL };
  const int argc = sizeof argv / sizeof argv[0] - (s->option ? 1 : 2);
  struct error e = { 0 };

  MUST (options_parse (o, argc, (char **) argv, &e) == 0);
}

static void
wait_for_crew (struct workers *workers)
{
  struct pollfd p = { .fd = workers_fd (workers), .events = POLLIN };

  while (!workers_has_ended (workers))
    poll (&p, 1, -1);
}

static void
run_workers (const struct plan *plan, struct endpoint *source,
             struct endpoint *destination, const char *changed,
             struct stop *stop, struct result *r)
{
  const struct copy copy = {
    .plan = *plan,
    .endpoints = { source, destination },
    .changed = changed,
    .stop = stop,
  };
  struct error e = { 0 };
  struct workers *workers = workers_start (&copy, &e);

  MUST (workers != NULL);
  wait_for_crew (workers);
  r->begun = true;
  r->complete = workers_join (workers);
  r->differs = workers_totals (workers).differing > 0;
  workers_free (workers);
  MUST (r->complete || error_is_set (stop_error (stop)));
}

static struct result
copy (struct scene *s, const struct options *o, struct stop *stop)
{
  const enum side side = s->destination ? DESTINATION : SOURCE;
  const struct machine machine = { .processors = 2, .memory = UINT64_MAX };
  struct endpoint *server, *ends[2];
  struct plan_side sides[2];
  struct target target;
  struct memory memory;
  struct error e = { 0 };
  struct plan plan;
  struct result r = { 0 };

  memory_init (&memory, s->destination ? SOURCE : DESTINATION,
               s->destination ? s->source : s->copy, s->told.size);
  MUST (target_recognise (&target, side, &o->source, plan_wants (side, o), &e)
        == 0);
  server = target_open (&target, o, -1, &e);
  target_free (&target);
  if (server == NULL) {
    MUST (error_is_set (&e));
    return r;
  }
  ends[side] = server;
  ends[!side] = &memory.base;
  for (unsigned i = 0; i < 2; i++)
    sides[i] = (struct plan_side) { endpoint_name (ends[i]),
                                    endpoint_caps (ends[i]) };
  if (plan_make (&plan, o, sides, &machine, &e) == 0)
    run_workers (&plan, ends[0], ends[1], o->changed, stop, &r);
  else
    MUST (error_is_set (&e));
  endpoint_close (server, 0, -1, &e);
  return r;
}

/* -- the result ------------------------------------------------------------ */

/* Returns whether a cell has to be copied. */
static bool
is_selected (const struct scene *s, unsigned cell)
{
  return s->option == NULL || s->changes[cell];
}

/* Returns whether a cell may be copied, because it is selected, in a block with
 * another cell that is, or because a faulty server can be misunderstood to say
 * that it is.
 */
static bool
may_be_copied (const struct scene *s, unsigned cell, bool faulty)
{
  const unsigned cells = s->told.block_minimum / CELL;
  const unsigned first = cells > 1 ? cell / cells * cells : cell;

  for (unsigned i = first; i <= cell || i < first + cells; i++)
    if (i < CELLS && is_selected (s, i))
      return true;
  return faulty;
}

static bool
differ (const struct scene *s, const uint8_t *a, const uint8_t *b,
        unsigned cell)
{
  const uint64_t start = (uint64_t) cell * CELL;

  return start < s->told.size
    && memcmp (a + start, b + start, min_u64 (CELL, s->told.size - start)) != 0;
}

/* What a copy has left, complete or not: no byte is of another disk, and none
 * that is not selected has changed.
 */
static void
expect_copied (const struct scene *s, bool complete, bool faulty)
{
  for (unsigned cell = 0; cell < CELLS; cell++) {
    if (complete && is_selected (s, cell))
      MUST (!differ (s, s->source, s->copy, cell));
    if (!may_be_copied (s, cell, faulty))
      MUST (!differ (s, s->old, s->copy, cell));
  }
  for (unsigned i = 0; i < s->told.size; i++)
    MUST (s->copy[i] == s->source[i] || s->copy[i] == s->old[i]);
}

/* Differences are reported where something is compared that differs. */
static void
expect_compared (const struct scene *s, bool differs, bool faulty)
{
  bool must = false, may = false;

  for (unsigned cell = 0; cell < CELLS; cell++)
    if (differ (s, s->source, s->copy, cell)) {
      must |= is_selected (s, cell);
      may |= may_be_copied (s, cell, faulty);
    }
  MUST (differs ? may : !must);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static struct scene s; /* no worker and no client runs before this */
  struct input in = { data, size };
  struct options o;
  struct result r;
  struct played played;
  struct stop *stop;
  sigset_t mask;

  make_scene (&s, &in);
  read_options (&o, &s, scripted_server_listen ());
  scripted_server_play (&s.told, s.destination ? s.copy : s.source, s.changes,
                        in);
  log_init ("stripecopy", NULL, true, 0);
  pthread_sigmask (SIG_SETMASK, NULL, &mask);
  stop = stop_new (UINT64_MAX / 2, false);
  MUST (stop != NULL);
  r = copy (&s, &o, stop);
  played = scripted_server_end ();
  stop_free (stop);
  pthread_sigmask (SIG_SETMASK, &mask, NULL);
  options_free (&o);

  if (!played.lied && !s.compare)
    expect_copied (&s, r.complete, played.faulty);
  if (r.complete && !played.lied)
    expect_compared (&s, r.differs, played.faulty);
  if (r.complete && !played.lied && !s.compare)
    MUST (!r.differs);
  if (r.begun && !played.faulty)
    MUST (r.complete);
  return 0;
}
