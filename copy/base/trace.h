/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was done when, kept in memory and written at the end, for --trace.
 *
 * Each thread has a track of its own: a ring of records, all of it bought
 * before the first byte.  In a full ring the newest record takes the place of
 * the oldest, and how many were lost so is written, too.  Nothing here waits,
 * and nothing gets in but numbers and names of states: so no secret does.
 *
 * Without a trace all tracks are NULL, and each call costs one branch.
 */

#ifndef TRACE_H
#define TRACE_H

#include <stddef.h>
#include <stdint.h>

struct trace; /* bodies in trace.c */
struct track;

/* For at most so many workers, and the main thread; times are told from now on.
 * NULL with errno.
 */
struct trace *trace_new (unsigned workers);
void trace_free (struct trace *t); /* NULL is fine */

/* The track of a worker, or of the main thread; NULL where t is. */
struct track *trace_worker (struct trace *t, unsigned number);
struct track *trace_main (struct trace *t);

/* Writes all of it to fd, as JSON in Chrome's trace-event format; what is still
 * open ends now.  No thread adds to it any more.  0, or an errno.
 */
int trace_write (const struct trace *t, int fd);

/* -- what a track's own thread tells -------------------------------------- */

/* Names are static: they are kept as pointers. */

#define TRACK_NO_NUMBER UINT64_MAX

/* Something begins that may overlap with others: a transfer, a wait of one
 * request.  number is its request's, so that what belongs together can be
 * found.  Returns what track_close wants; 0 without a track.
 */
uint64_t track_do_open (struct track *k, const char *name, uint64_t number,
                        uint64_t offset, uint64_t length);

static inline uint64_t
track_open (struct track *k, const char *name, uint64_t number, uint64_t offset,
            uint64_t length)
{
  return k ? track_do_open (k, name, number, offset, length) : 0;
}

/* And is over, with err.  What was never opened, 0, or is over already, is left
 * alone.
 */
void track_do_close (struct track *k, uint64_t span, int err);

static inline void
track_close (struct track *k, uint64_t span, int err)
{
  if (k)
    track_do_close (k, span, err);
}

/* The same in one, for what has begun at since (clock_now time). */
void track_do_span (struct track *k, const char *name, uint64_t since,
                    uint64_t offset, uint64_t length, int err);

static inline void
track_span (struct track *k, const char *name, uint64_t since, uint64_t offset,
            uint64_t length, int err)
{
  if (k)
    track_do_span (k, name, since, offset, length, err);
}

/* Something happens, at once. */
void track_do_mark (struct track *k, const char *name, uint64_t offset,
                    uint64_t length);

static inline void
track_mark (struct track *k, const char *name, uint64_t offset, uint64_t length)
{
  if (k)
    track_do_mark (k, name, offset, length);
}

/* What the thread itself does, or waits for, from now on; NULL for nothing
 * worth a name.  The same again is no news.
 */
void track_do_state (struct track *k, const char *name);

static inline void
track_state (struct track *k, const char *name)
{
  if (k)
    track_do_state (k, name);
}

/* So many bytes there are from now on.  The same again is no news. */
void track_do_level (struct track *k, const char *name, uint64_t bytes);

static inline void
track_level (struct track *k, const char *name, uint64_t bytes)
{
  if (k)
    track_do_level (k, name, bytes);
}

#endif /* TRACE_H */
