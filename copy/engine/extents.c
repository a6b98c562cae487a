/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One worker's map of one side ahead of its cursor: data, or reads as zeroes.
 *
 * The range of interest is covered, in order, by questions, each of which knows
 * a part of its range from its start on:
 *
 *      cursor                                          end
 *        |=====known=====|..asked..||==known==||..asked..| |  not asked  |
 *         \___ question 0 _________/\_ 1 _____/\__ 2 ____/
 *
 * A question whose answer was short is asked again for the rest.  A question
 * that the cursor has passed is free again once its answer has arrived.
 *
 * A question that fails is asked again for half as much, and so on, because it
 * may fail because of one place only.  Then the range before that place becomes
 * known, and only the small step that contains it counts as data.  Where small
 * steps fail one after another, they become larger, so that a server that never
 * answers is not asked for each of them.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "arith.h"
#include "clock.h"
#include "engine/extents.h"

#define QUESTIONS 8 /* in flight at a time */
#define RANGES 2048 /* kept of one answer */

/* The worker waits for the first answer, so the first questions are for little.
 * Each simple answer makes the next questions larger.
 */
#define ASK_FIRST (128 * MiB)
#define ASK_MIN MiB

/* The least and the most bytes that count as data when a server does not
 * answer.  Both are multiples of every minimum block that the protocol allows.
 */
#define UNKNOWN_LEAST (256 * KiB)
#define UNKNOWN_STEP (128 * MiB)

/* How long the copy waits for one answer: less after a server has shown that it
 * may not answer at all.
 */
#define PATIENCE (15 * NS_PER_S)
#define PATIENCE_LEFT NS_PER_S

enum question_state {
  FREE,      /* on the free list */
  ASKED,     /* ahead, its io in flight */
  ANSWERED,  /* ahead, perhaps not known to its end */
  ABANDONED, /* on no list; its io still in flight */
};

struct question {
  struct list_node link;
  enum question_state state;
  struct io io;
  uint64_t start, end; /* its range */
  uint64_t known_to;   /* [start, known_to) is, or was, in known */
  uint64_t at_most;    /* bytes to ask for at a time */
  uint64_t bad_to;     /* [known_to, bad_to) failed as a whole; not
                                   above known_to: nothing did */
  struct ranges known;
  struct ranges changes; /* of the same places; empty unless they select */
};

struct extents {
  struct connection *connection; /* borrowed, as is this */
  struct list *ready;
  struct selector selector;
  uint64_t quiet, quiet_to; /* the source says that nothing in [quiet, quiet_to)
                               is selected */
  uint64_t ask_max;
  uint64_t ask;         /* bytes of the next question */
  uint64_t unknown;     /* a question that fails for so much means data
                                   there */
  uint64_t cursor, end; /* the range of interest */
  uint64_t data_to;     /* [cursor, data_to) is data, unasked */
  struct list ahead;    /* questions in order of start, no overlap */
  struct list free;
  uint64_t restarted; /* clock_now time: see extents_restart */
  bool waiting;       /* the last look said so */
  bool silent;        /* the last answer was waited for in vain */
  unsigned failures;
  int first_errno;
  struct question questions[QUESTIONS];
};

static struct question *
question_of (struct list_node *n)
{
  return n ? list_entry (n, struct question, link) : NULL;
}

static struct question *
first_ahead (const struct extents *x)
{
  return question_of (list_first (&x->ahead));
}

static struct question *
next_ahead (const struct extents *x, const struct question *q)
{
  return question_of (list_next (&x->ahead, &q->link));
}

struct extents *
extents_new (struct connection *connection, struct list *ready,
             uint64_t ask_max, bool changes)
{
  struct extents *x = calloc (1, sizeof *x);

  if (x == NULL)
    return NULL;
  x->connection = connection;
  x->ready = ready;
  x->ask_max = ask_max;
  x->ask = min_u64 (ASK_FIRST, ask_max);
  x->unknown = UNKNOWN_LEAST;
  list_init (&x->ahead);
  list_init (&x->free);
  for (unsigned i = 0; i < QUESTIONS; i++) {
    struct question *q = &x->questions[i];

    if (ranges_init (&q->known, RANGES) == -1
        || (changes && ranges_init (&q->changes, RANGES) == -1)) {
      extents_free (x);
      return NULL;
    }
    list_append (&x->free, &q->link);
  }
  return x;
}

size_t
extents_memory (bool changes)
{
  return sizeof (struct extents)
    + (changes ? 2 : 1) * QUESTIONS * ranges_memory (RANGES);
}

void
extents_select (struct extents *x, struct selector selector)
{
  x->selector = selector;
}

bool
extents_is_partial (const struct extents *x)
{
  return x->selector.list || x->selector.changes;
}

void
extents_free (struct extents *x)
{
  if (x == NULL)
    return;
  for (unsigned i = 0; i < QUESTIONS; i++) {
    ranges_free (&x->questions[i].known);
    ranges_free (&x->questions[i].changes);
  }
  free (x);
}

/* Removes a question from those ahead.  Its answer may still be on its way. */
static void
drop (struct extents *x, struct question *q)
{
  list_remove (&q->link);
  if (q->state == ASKED)
    q->state = ABANDONED;
  else {
    q->state = FREE;
    list_push (&x->free, &q->link);
  }
}

void
extents_aim (struct extents *x, struct range range)
{
  struct question *q;

  while ((q = first_ahead (x)) != NULL)
    drop (x, q);
  x->cursor = x->data_to = range.start;
  x->quiet = x->quiet_to = range.start;
  x->end = range.end;
  x->waiting = false;
}

void
extents_lost (struct extents *x)
{
  struct question *q;

  while ((q = first_ahead (x)) != NULL)
    list_remove (&q->link);
  list_init (&x->free);
  for (unsigned i = 0; i < QUESTIONS; i++) {
    x->questions[i].state = FREE;
    list_append (&x->free, &x->questions[i].link);
  }
  x->waiting = false;
}

void
extents_end_at (struct extents *x, uint64_t end)
{
  x->end = end;
}

void
extents_ask_no_more (struct extents *x)
{
  x->ask_max = 0;
}

static void
move_cursor (struct extents *x, uint64_t offset)
{
  struct question *q;

  assert (offset >= x->cursor);
  x->cursor = offset;
  while ((q = first_ahead (x)) != NULL && q->end <= offset)
    drop (x, q);
  if (q == NULL)
    return;
  ranges_forget_below (&q->known, offset);
  if (x->selector.changes)
    ranges_forget_below (&q->changes, offset);
}

/* -- selected ranges ------------------------------------------------------- */

/* Returns where the selected ranges that the source knows of in [start, end)
 * end, or start if there is none.
 */
static uint64_t
known_selected_end (const struct extents *x, uint64_t start, uint64_t end)
{
  uint64_t last = start, to;
  enum extent_value value;

  for (; start < end
       && extents_peek (x->selector.source, start, &to, &value)
         == EXTENTS_KNOWN;
       start = to)
    if (value != EXTENT_UNSELECTED)
      last = min_u64 (to, end);
  return last;
}

/* Returns the first place from offset on that the source knows to be selected,
 * and has not passed yet; UINT64_MAX if there is none.  Notes how far there is
 * none, because that is looked up often.
 */
static uint64_t
next_known_selected (struct extents *x, uint64_t offset)
{
  uint64_t at = max_u64 (offset, x->selector.source->cursor), to;
  enum extent_value value;

  if (x->quiet <= at && at < x->quiet_to)
    at = x->quiet_to;
  else
    x->quiet = x->quiet_to = at;
  for (; at < x->end
       && extents_peek (x->selector.source, at, &to, &value) == EXTENTS_KNOWN;
       at = x->quiet_to = to)
    if (value != EXTENT_UNSELECTED)
      return at;
  return UINT64_MAX;
}

/* Returns the first place from offset on to ask about; UINT64_MAX if there is
 * none.
 */
static uint64_t
next_selected (struct extents *x, uint64_t offset)
{
  const struct ranges_entry *r;

  if (x->selector.source)
    return next_known_selected (x, offset);
  if (x->selector.list == NULL)
    return offset;
  r = ranges_next (x->selector.list, offset);
  return r ? max_u64 (r->start, offset) : UINT64_MAX;
}

/* Returns where the last range to ask about ends, of those in [start, end);
 * start is one of them.
 */
static uint64_t
last_selected (const struct extents *x, uint64_t start, uint64_t end)
{
  if (x->selector.source)
    return known_selected_end (x, start, end);
  if (x->selector.list == NULL)
    return end;
  return min_u64 (ranges_previous (x->selector.list, end)->end, end);
}

/* -- asking --------------------------------------------------------------- */

/* Counts the range of the question as data.  The range after it is asked for
 * again, because the next question may succeed.
 */
static void
call_it_data (struct extents *x, struct question *q, uint64_t length, int err)
{
  const uint64_t to = min_u64 (q->end, q->known_to + length);

  if (x->failures++ == 0)
    x->first_errno = err;
  if (ranges_set (&q->known, q->known_to, to, EXTENT_DATA)
      && (!x->selector.changes
          || ranges_set (&q->changes, q->known_to, to, EXTENT_DATA)))
    q->known_to = to;
  x->unknown = min_u64 (UNKNOWN_STEP, x->unknown * 4);
  q->at_most = x->unknown;
  q->bad_to = 0;
}

/* Returns whether asking for less can help: not where the server is gone, or
 * refuses to answer at all.
 */
static bool
is_about_a_place (int err)
{
  return err != ENOTCONN && err != ESHUTDOWN && err != ENOTSUP && err != EPERM
    && err != EACCES;
}

static void
take_failure (struct extents *x, struct question *q, int err)
{
  ranges_cut (&q->known, q->known_to, UINT64_MAX); /* half an answer */
  ranges_cut (&q->changes, q->known_to, UINT64_MAX);
  x->ask = max_u64 (align_down (x->ask / 4, ASK_MIN),
                    min_u64 (x->ask, UNKNOWN_STEP));
  if (!is_about_a_place (err))
    call_it_data (x, q, UNKNOWN_STEP, err);
  else if (q->io.length <= x->unknown)
    call_it_data (x, q, q->io.length, err);
  else {
    q->bad_to = q->known_to + q->io.length;
    q->at_most = max_u64 (x->unknown,
                          align_down (q->io.length / 2, UNKNOWN_LEAST));
  }
}

/* Chooses the size of the next question after a success: nearer to the place
 * that failed before, or larger again.
 */
static void
step_further (struct extents *x, struct question *q)
{
  x->unknown = max_u64 (UNKNOWN_LEAST, x->unknown / 4);
  q->at_most = q->bad_to > q->known_to
    ? max_u64 (UNKNOWN_LEAST,
               align_down ((q->bad_to - q->known_to) / 2, UNKNOWN_LEAST))
    : q->at_most > UINT64_MAX / 4 ? UINT64_MAX
                                  : q->at_most * 4;
}

static void
send_question (struct extents *x, struct question *q)
{
  q->io = (struct io) {
    .ready = x->ready,
    .verb = IO_EXTENTS,
    .offset = q->known_to,
    .length = min_u64 (q->at_most, min_u64 (q->end, x->end) - q->known_to),
    .learned = &q->known,
    .changes = x->selector.changes ? &q->changes : NULL,
  };
  q->state = ASKED;
  conn_start (x->connection->conn, &q->io);
}

/* Returns whether the rest of a question has to be asked for.  While many of
 * its ranges are not used yet, there would be no room for more.
 */
static bool
wants_more (const struct extents *x, const struct question *q)
{
  return q->state == ANSWERED && q->known_to < q->end && q->known_to < x->end
    && ranges_count (&q->known) <= RANGES / 2
    && ranges_count (&q->changes) <= RANGES / 2;
}

/* Finds the first range ahead that no question covers, from a place to ask
 * about on; *start >= *end when there is none.  Returns the question before it,
 * or NULL when there is none before it.
 */
static struct question *
find_gap (struct extents *x, uint64_t *start, uint64_t *end)
{
  struct question *before = NULL, *q;

  *start = next_selected (x, max_u64 (x->cursor, x->data_to));
  *end = x->end;
  for (q = first_ahead (x); q != NULL; q = next_ahead (x, q)) {
    if (*start < q->start) {
      *end = min_u64 (*end, q->start);
      break;
    }
    *start = next_selected (x, max_u64 (*start, q->end));
    before = q;
  }
  return before;
}

static bool
add_question (struct extents *x)
{
  struct question *before, *q;
  uint64_t start, end;

  if (list_empty (&x->free))
    return false;
  before = find_gap (x, &start, &end);
  if (start >= end)
    return false;
  q = question_of (list_take (&x->free));
  q->start = q->known_to = start;
  q->end = last_selected (x, start,
                          min_u64 (end, add_saturated (start, x->ask)));
  q->at_most = UINT64_MAX;
  q->bad_to = 0;
  ranges_clear (&q->known);
  ranges_clear (&q->changes);
  if (before)
    list_insert_after (&before->link, &q->link);
  else
    list_push (&x->ahead, &q->link);
  send_question (x, q);
  return true;
}

void
extents_ask (struct extents *x)
{
  struct question *q;

  if (x->ask_max == 0 || !connection_is_up (x->connection))
    return;
  for (q = first_ahead (x); q != NULL; q = next_ahead (x, q))
    if (wants_more (x, q))
      send_question (x, q);
  while (add_question (x))
    ;
}

/* Adapts the size of new questions: they grow as long as answers are simple,
 * and shrink to the size that one answer can describe.  A question that has
 * failed says nothing about the size of others.
 */
static void
adapt (struct extents *x, const struct question *q)
{
  const uint64_t learned = q->io.learned_to - q->io.offset;
  const size_t ranges = max_u64 (ranges_count (&q->known),
                                 ranges_count (&q->changes));

  if (ranges >= RANGES)
    x->ask = min_u64 (x->ask_max,
                      max_u64 (align_down (learned, ASK_MIN), ASK_MIN));
  else if (ranges < RANGES / 8 && x->ask < x->ask_max
           && q->at_most == UINT64_MAX)
    x->ask = x->ask > x->ask_max / 4 ? x->ask_max : x->ask * 4;
}

unsigned
extents_answer (struct extents *x, struct io *io, int err)
{
  struct question *q = list_entry (io, struct question, io);

  if (q->state == ABANDONED) {
    q->state = FREE;
    list_push (&x->free, &q->link);
    return 0;
  }
  assert (q->state == ASKED);
  q->state = ANSWERED;
  if (x->selector.changes && io->learned_to < q->end)
    io->learned_to = max_u64 (align_down (io->learned_to, x->selector.grain),
                              io->offset);
  if (err != 0 || io->learned_to == io->offset) {
    take_failure (x, q, err);
    return 0;
  }
  q->known_to = io->learned_to;
  x->silent = false;
  adapt (x, q);
  step_further (x, q);
  return ranges_count (&q->known);
}

bool
extents_owns (const struct extents *x, const struct io *io)
{
  for (unsigned i = 0; i < QUESTIONS; i++)
    if (&x->questions[i].io == io)
      return true;
  return false;
}

/* -- looking -------------------------------------------------------------- */

/* Applies the context of changes to the extent that is known at offset.  A
 * block of the grain is unselected if all of it is clean; the others are
 * selected as a whole.
 */
static void
look_at_changes (const struct extents *x, const struct question *q,
                 uint64_t offset, uint64_t *end, enum extent_value *value)
{
  const uint64_t grain = x->selector.grain;
  const struct ranges_entry *r = ranges_find (&q->changes, offset);
  const uint64_t to = min_u64 (r->end, q->known_to);
  const uint64_t whole = to == x->end ? to : align_down (to, grain);
  const uint64_t block = align_down (offset, grain);

  if (r->value == EXTENT_DATA)
    *end = min_u64 (*end, to);
  else if (r->start <= max_u64 (block, q->start) && whole > offset) {
    *end = whole;
    *value = EXTENT_UNSELECTED;
  }
  else
    *end = min_u64 (*end, min_u64 (q->known_to, block + grain));
}

/* Finds the extent that is known at offset, apart from the list. */
static enum extents_lookup
find_known (const struct extents *x, uint64_t offset, uint64_t *end,
            enum extent_value *value)
{
  const struct ranges_entry *r;
  struct question *q;

  if (x->ask_max == 0 || offset < x->data_to) {
    *end = x->ask_max == 0 ? x->end : x->data_to;
    *value = EXTENT_DATA;
    return EXTENTS_KNOWN;
  }
  for (q = first_ahead (x); q != NULL; q = next_ahead (x, q))
    if (q->start <= offset && offset < q->known_to) {
      r = ranges_find (&q->known, offset);
      assert (r != NULL);
      *end = min_u64 (r->end, q->known_to); /* more may be coming in */
      *value = r->value;
      if (x->selector.changes)
        look_at_changes (x, q, offset, end, value);
      return EXTENTS_KNOWN;
    }
  return EXTENTS_WAIT;
}

enum extents_lookup
extents_peek (const struct extents *x, uint64_t offset, uint64_t *end,
              enum extent_value *value)
{
  const struct ranges_entry *r;

  if (x->selector.list == NULL)
    return find_known (x, offset, end, value);
  r = ranges_next (x->selector.list, offset);
  if (r == NULL || offset < r->start) {
    *end = max_u64 (offset + 1, min_u64 (r ? r->start : UINT64_MAX, x->end));
    *value = EXTENT_UNSELECTED;
    return EXTENTS_KNOWN;
  }
  if (find_known (x, offset, end, value) == EXTENTS_WAIT)
    return EXTENTS_WAIT;
  *end = min_u64 (*end, r->end);
  return EXTENTS_KNOWN;
}

enum extents_lookup
extents_lookup (struct extents *x, uint64_t offset, uint64_t *end,
                enum extent_value *value)
{
  const struct question *q;

  assert (offset < x->end);
  move_cursor (x, offset);
  q = first_ahead (x);
  /* All questions are in flight, and none is about this place: count it as data
   * instead of waiting for answers that may never come.
   */
  if (x->ask_max > 0 && list_empty (&x->free) && offset >= x->data_to
      && next_selected (x, offset) == offset
      && (q == NULL || offset < q->start))
    x->data_to = min_u64 (add_saturated (offset, UNKNOWN_STEP),
                          q ? q->start : x->end);
  x->waiting = extents_peek (x, offset, end, value) == EXTENTS_WAIT;
  if (x->waiting) { /* make sure that it was asked for */
    extents_ask (x);
    x->waiting = extents_peek (x, offset, end, value) == EXTENTS_WAIT;
  }
  return x->waiting ? EXTENTS_WAIT : EXTENTS_KNOWN;
}

bool
extents_all_zero (struct extents *x, struct range range)
{
  enum extent_value value;
  uint64_t to;

  move_cursor (x, range.start);
  for (uint64_t at = range.start; at < range.end; at = to)
    if (extents_peek (x, at, &to, &value) == EXTENTS_WAIT
        || value != EXTENT_ZERO)
      return false;
  return true;
}

uint64_t
extents_deadline (const struct extents *x)
{
  const struct question *q = first_ahead (x);

  if (!x->waiting || q == NULL || q->state != ASKED)
    return 0;
  return max_u64 (q->io.started, x->restarted)
    + (x->silent ? PATIENCE_LEFT : PATIENCE);
}

void
extents_restart (struct extents *x, uint64_t now)
{
  x->restarted = now;
}

void
extents_give_up (struct extents *x, uint64_t now)
{
  const uint64_t deadline = extents_deadline (x);
  struct question *q = first_ahead (x);

  if (deadline == 0 || now < deadline)
    return;
  if (x->failures++ == 0)
    x->first_errno = 0;
  x->silent = true;
  x->data_to = min_u64 (q->end, add_saturated (x->cursor, UNKNOWN_STEP));
  drop (x, q);
}

bool
extents_is_silent (const struct extents *x)
{
  return x->silent;
}

unsigned
extents_failures (const struct extents *x, int *first_errno)
{
  *first_errno = x->first_errno;
  return x->failures;
}
