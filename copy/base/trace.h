/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records what happens when, in memory, and writes it at the end, for --trace.
 *
 * Each thread has a track of its own: a ring of records, allocated before the
 * first byte.  In a full ring the newest record replaces the oldest, and the
 * number of lost ones is written, too.  Nothing here waits.  Records hold only
 * numbers and constant names, so no secrets.
 *
 * Without --trace all tracks are NULL, and each call costs one branch.
 */

#ifndef TRACE_H
#define TRACE_H

#include <stddef.h>
#include <stdint.h>

struct trace; /* bodies in trace.c */
struct track;

/* Makes tracks for at most @workers workers and the main thread; times count
 * from now on.  NULL with errno.
 */
struct trace *trace_new (unsigned workers);
void trace_free (struct trace *t); /* NULL is fine */

/* Return the track of a worker, or of the main thread; NULL if t is NULL. */
struct track *trace_worker (struct trace *t, unsigned number);
struct track *trace_main (struct trace *t);

/* Writes everything to @fd, as JSON in Chrome's trace-event format; open spans
 * end now.  No thread may record any more.  Returns 0 or an errno.
 */
int trace_write (const struct trace *t, int fd);

/* -- for the track's own thread ------------------------------------------- */

/* Names are constants: only the pointers are kept. */

#define TRACK_NO_NUMBER UINT64_MAX

/* Begins a span that may overlap with others: a transfer, or the wait of one
 * request.  @number is that of its request, so that its spans can be found.
 * Returns a handle for track_close; 0 without a track.
 */
uint64_t track_do_open (struct track *k, const char *name, uint64_t number,
                        uint64_t offset, uint64_t length);

static inline uint64_t
track_open (struct track *k, const char *name, uint64_t number, uint64_t offset,
            uint64_t length)
{
  return k ? track_do_open (k, name, number, offset, length) : 0;
}

/* Ends a span with @err.  Handles that are 0 or have ended are ignored. */
void track_do_close (struct track *k, uint64_t span, int err);

static inline void
track_close (struct track *k, uint64_t span, int err)
{
  if (k)
    track_do_close (k, span, err);
}

/* Records a whole span, which began at @since (clock_now time). */
void track_do_span (struct track *k, const char *name, uint64_t since,
                    uint64_t offset, uint64_t length, int err);

static inline void
track_span (struct track *k, const char *name, uint64_t since, uint64_t offset,
            uint64_t length, int err)
{
  if (k)
    track_do_span (k, name, since, offset, length, err);
}

/* Records an event without duration. */
void track_do_mark (struct track *k, const char *name, uint64_t offset,
                    uint64_t length);

static inline void
track_mark (struct track *k, const char *name, uint64_t offset, uint64_t length)
{
  if (k)
    track_do_mark (k, name, offset, length);
}

/* Sets what the thread does, or waits for, from now on; NULL if that needs no
 * name.  Repeating the present state does nothing.
 */
void track_do_state (struct track *k, const char *name);

static inline void
track_state (struct track *k, const char *name)
{
  if (k)
    track_do_state (k, name);
}

/* Records that a value in bytes, such as the window, is @bytes from now on.
 * Repeating the present value does nothing.
 */
void track_do_level (struct track *k, const char *name, uint64_t bytes);

static inline void
track_level (struct track *k, const char *name, uint64_t bytes)
{
  if (k)
    track_do_level (k, name, bytes);
}

#endif /* TRACE_H */
