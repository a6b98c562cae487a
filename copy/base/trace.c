/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records events in memory, and writes them as a trace: see trace.h.
 *
 * In the file each track is a process with one thread.  Transfers overlap, so
 * they are asynchronous events (ph b and e), which viewers pack into as many
 * rows as are needed below their process.  States of the thread never overlap,
 * and are in its one row (ph X).  The bytes in flight are a counter of that
 * process (ph C).
 *
 * A record is made when its event begins, and completed in place when the event
 * ends.  So each has both, also an event that never ended.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arith.h"
#include "base/trace.h"
#include "clock.h"

/* The records of all workers together, and the least for each of many workers.
 * The main thread needs few.
 */
#define RECORDS 131072
#define RECORDS_MIN 1024

enum shape {
  SPAN,  /* overlaps with other spans */
  STATE, /* of the thread: no overlap */
  MARK,  /* without a duration */
  LEVEL, /* length is a number of bytes from now on */
};

struct record {
  uint64_t start, end;     /* clock_now time; end 0: not ended */
  uint64_t offset, length; /* bytes */
  uint64_t number;         /* of the request; TRACK_NO_NUMBER: none */
  const char *name;
  enum shape shape;
  int err; /* errno */
};

/* Each thread writes its track all the time, and no other thread reads it: so
 * tracks do not share a line of the processor's cache.
 */
struct track {
  _Alignas(64) struct record *ring; /* borrowed from the arena */
  uint64_t n_slots;
  uint64_t n_records;   /* ever; record i is in slot i % n_slots */
  const char *state;    /* of the thread; NULL: none */
  uint64_t state_since; /* clock_now time when it began */
  const char *level;    /* the last one recorded, and its bytes */
  uint64_t bytes;
};

struct trace {
  uint64_t begin;       /* clock_now time */
  unsigned n_tracks;    /* of the main thread and the workers */
  struct track *tracks; /* owned */
  struct record *arena; /* owned: all rings */
  size_t arena_size;    /* bytes */
};

/* Allocates all records at once, so that no page fault slows the copy. */
static struct record *
buy_arena (size_t size)
{
  void *p = mmap (NULL, size, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

  return p == MAP_FAILED ? NULL : p;
}

struct trace *
trace_new (unsigned workers)
{
  const uint64_t each = max_u64 (RECORDS_MIN, RECORDS / max_u64 (workers, 1));
  struct trace *t = calloc (1, sizeof *t);
  struct record *next;

  if (t == NULL)
    return NULL;
  t->begin = clock_now ();
  t->n_tracks = workers + 1;
  t->arena_size = (RECORDS_MIN + workers * each) * sizeof *t->arena;
  t->arena = buy_arena (t->arena_size);
  t->tracks = aligned_alloc (_Alignof(struct track),
                             t->n_tracks * sizeof *t->tracks);
  if (t->arena == NULL || t->tracks == NULL) {
    trace_free (t);
    return NULL;
  }
  next = t->arena;
  for (unsigned i = 0; i < t->n_tracks; i++) {
    t->tracks[i] = (struct track) {
      .ring = next,
      .n_slots = i == 0 ? RECORDS_MIN : each,
    };
    next += t->tracks[i].n_slots;
  }
  return t;
}

void
trace_free (struct trace *t)
{
  if (t == NULL)
    return;
  if (t->arena)
    munmap (t->arena, t->arena_size);
  free (t->tracks);
  free (t);
}

struct track *
trace_worker (struct trace *t, unsigned number)
{
  assert (t == NULL || number + 1 < t->n_tracks);
  return t ? &t->tracks[number + 1] : NULL;
}

struct track *
trace_main (struct trace *t)
{
  return t ? &t->tracks[0] : NULL;
}

/* -- adding --------------------------------------------------------------- */

static void
add (struct track *k, const struct record *r)
{
  k->ring[k->n_records++ % k->n_slots] = *r;
}

uint64_t
track_do_open (struct track *k, const char *name, uint64_t number,
               uint64_t offset, uint64_t length)
{
  add (k,
       &(struct record) {
         .shape = SPAN,
         .name = name,
         .number = number,
         .start = clock_now (),
         .offset = offset,
         .length = length,
       });
  return k->n_records;
}

/* Ends a span, unless its slot was taken by a newer record, or it has ended. */
void
track_do_close (struct track *k, uint64_t span, int err)
{
  struct record *r;

  assert (span <= k->n_records);
  if (span == 0 || k->n_records - span >= k->n_slots)
    return;
  r = &k->ring[(span - 1) % k->n_slots];
  assert (r->shape == SPAN);
  if (r->end != 0)
    return;
  r->end = clock_now ();
  r->err = err;
}

void
track_do_span (struct track *k, const char *name, uint64_t since,
               uint64_t offset, uint64_t length, int err)
{
  add (k,
       &(struct record) {
         .shape = SPAN,
         .name = name,
         .number = TRACK_NO_NUMBER,
         .start = since,
         .end = clock_now (),
         .offset = offset,
         .length = length,
         .err = err,
       });
}

void
track_do_mark (struct track *k, const char *name, uint64_t offset,
               uint64_t length)
{
  const uint64_t now = clock_now ();

  add (k,
       &(struct record) {
         .shape = MARK,
         .name = name,
         .number = TRACK_NO_NUMBER,
         .start = now,
         .end = now,
         .offset = offset,
         .length = length,
       });
}

static struct record
state_record (const struct track *k, uint64_t end)
{
  return (struct record) {
    .shape = STATE,
    .name = k->state,
    .number = TRACK_NO_NUMBER,
    .start = k->state_since,
    .end = end,
  };
}

void
track_do_state (struct track *k, const char *name)
{
  const uint64_t now = clock_now ();

  if (name == k->state)
    return;
  if (k->state) {
    const struct record r = state_record (k, now);

    add (k, &r);
  }
  k->state = name;
  k->state_since = now;
}

void
track_do_level (struct track *k, const char *name, uint64_t bytes)
{
  const uint64_t now = clock_now ();

  if (name == k->level && bytes == k->bytes)
    return;
  k->level = name;
  k->bytes = bytes;
  add (k,
       &(struct record) {
         .shape = LEVEL,
         .name = name,
         .number = TRACK_NO_NUMBER,
         .start = now,
         .end = now,
         .length = bytes,
       });
}

/* -- writing -------------------------------------------------------------- */

/* The writer of the events of one track. */
struct pen {
  FILE *f;
  const struct trace *trace;
  unsigned id; /* of its process, and of its thread */
};

static uint64_t
first_kept (const struct track *k)
{
  return k->n_records > k->n_slots ? k->n_records - k->n_slots : 0;
}

/* Writes a time in microseconds, as the format wants it. */
static void
write_time (const struct pen *p, const char *key, uint64_t ns)
{
  fprintf (p->f, ",\"%s\":%" PRIu64 ".%03u", key, ns / NS_PER_US,
           (unsigned) (ns % NS_PER_US));
}

/* Writes the beginning of an event; the caller writes its end. */
static void
begin_event (const struct pen *p, const char *ph, const char *name, uint64_t at)
{
  fprintf (p->f, ",\n{\"ph\":\"%s\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u", ph,
           name, p->id, p->id);
  write_time (p, "ts", at - p->trace->begin);
}

static void
write_args (const struct pen *p, const struct record *r)
{
  fprintf (p->f, ",\"args\":{\"offset\":%" PRIu64 ",\"length\":%" PRIu64,
           r->offset, r->length);
  if (r->number != TRACK_NO_NUMBER)
    fprintf (p->f, ",\"request\":%" PRIu64, r->number);
  if (r->end == 0)
    fputs (",\"unanswered\":true", p->f);
  if (r->err)
    fprintf (p->f, ",\"errno\":%d", r->err);
  fputs ("}}", p->f);
}

/* Writes the id by which viewers match the beginning and the end of a span. */
static void
write_id (const struct pen *p, uint64_t index)
{
  fprintf (p->f, ",\"cat\":\"request\",\"id\":\"%u.%" PRIu64 "\"", p->id,
           index);
}

static void
write_span (const struct pen *p, const struct record *r, uint64_t index,
            uint64_t now)
{
  begin_event (p, "b", r->name, r->start);
  write_id (p, index);
  write_args (p, r);
  begin_event (p, "e", r->name, r->end ? r->end : now);
  write_id (p, index);
  fputs ("}", p->f);
}

static void
write_record (const struct pen *p, const struct record *r, uint64_t index,
              uint64_t now)
{
  switch (r->shape) {
  case SPAN:
    write_span (p, r, index, now);
    break;
  case STATE:
    begin_event (p, "X", r->name, r->start);
    write_time (p, "dur", r->end - r->start);
    fputs ("}", p->f);
    break;
  case MARK:
    begin_event (p, "i", r->name, r->start);
    fputs (",\"s\":\"t\"", p->f);
    write_args (p, r);
    break;
  case LEVEL:
    begin_event (p, "C", r->name, r->start);
    fprintf (p->f, ",\"args\":{\"bytes\":%" PRIu64 "}}", r->length);
    break;
  }
}

static void
write_names (const struct pen *p)
{
  static const char *const keys[] = { "process_name", "thread_name" };

  for (unsigned i = 0; i < 2; i++) {
    begin_event (p, "M", keys[i], p->trace->begin);
    if (p->id == 1)
      fputs (",\"args\":{\"name\":\"main\"}}", p->f);
    else
      fprintf (p->f, ",\"args\":{\"name\":\"worker %u\"}}", p->id - 2);
  }
  begin_event (p, "M", "process_sort_index", p->trace->begin);
  fprintf (p->f, ",\"args\":{\"sort_index\":%u}}", p->id);
}

static void
write_track (const struct pen *p, const struct track *k, uint64_t now)
{
  const uint64_t first = first_kept (k);

  write_names (p);
  if (first > 0) {
    begin_event (p, "i", "overwritten", k->ring[first % k->n_slots].start);
    fprintf (p->f, ",\"s\":\"t\",\"args\":{\"records\":%" PRIu64 "}}", first);
  }
  for (uint64_t i = first; i < k->n_records; i++)
    write_record (p, &k->ring[i % k->n_slots], i, now);
  if (k->state) {
    const struct record r = state_record (k, now);

    write_record (p, &r, k->n_records, now);
  }
}

/* Returns whether a track has any record: some workers may not have started. */
static bool
has_told (const struct track *k)
{
  return k->n_records > 0 || k->state;
}

/* Writes all events.  A comma precedes each event except the first, which
 * describes the file.
 */
static void
write_all (const struct trace *t, FILE *f, uint64_t now)
{
  uint64_t kept = 0, lost = 0;

  for (unsigned i = 0; i < t->n_tracks; i++) {
    lost += first_kept (&t->tracks[i]);
    kept += t->tracks[i].n_records - first_kept (&t->tracks[i]);
  }
  fprintf (f,
           "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"program\":\"%s\","
           "\"records\":%" PRIu64 ",\"overwritten\":%" PRIu64 "},"
           "\"traceEvents\":[\n",
           PACKAGE_STRING, kept, lost);
  fputs ("{\"ph\":\"M\",\"name\":\"process_labels\",\"pid\":1,\"tid\":1,"
         "\"ts\":0,\"args\":{\"labels\":\"" PACKAGE_STRING "\"}}",
         f);
  for (unsigned i = 0; i < t->n_tracks; i++) {
    const struct pen p = { f, t, i + 1 };

    if (has_told (&t->tracks[i]))
      write_track (&p, &t->tracks[i], now);
  }
  fputs ("\n]}\n", f);
}

int
trace_write (const struct trace *t, int fd)
{
  const int own = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  FILE *f = own == -1 ? NULL : fdopen (own, "w");
  int err;

  if (f == NULL) {
    err = errno;
    if (own != -1)
      close (own);
    return err;
  }
  errno = 0;
  write_all (t, f, clock_now ());
  err = fflush (f) == EOF || ferror (f) ? (errno ? errno : EIO) : 0;
  return fclose (f) == EOF && err == 0 ? errno : err;
}
