/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the copy ends before its time: the first failure, or a signal.  Kept
 * once, and seen by every worker as a readable descriptor.
 */

#ifndef STOP_H
#define STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct stop; /* body in stop.c */

/* Blocks the signals that end a copy, and SIGUSR1, in this thread and those it
 * starts, and makes the former readable.  A signal that the parent has set to
 * be ignored stays ignored: SIGHUP after nohup, SIGINT in a shell's background
 * job.  Ignores SIGPIPE, and resets SIGCHLD, so that exit statuses of children
 * are known.  Called before any thread or child is started.  The process ends
 * patience_ns after a second signal, or earlier where nobody takes it: see
 * signals.h.  NULL with errno.
 */
struct stop *stop_new (uint64_t patience_ns);
void stop_free (struct stop *s);

/* From now on SIGUSR1 is readable, too, or no more: one that comes while nobody
 * wants it waits, and ends nothing.
 */
void stop_want_usr1 (struct stop *s, bool want);

/* Readable when a signal has come. */
int stop_signal_fd (const struct stop *s);

/* The number of the signal that has come, or 0.  Never waits. */
int stop_take_signal (struct stop *s);

/* End in order: start nothing new, finish what is in flight, flush. */
void stop_wind_down (struct stop *s, int signal_number);

/* The copy has failed; the first error is kept.  It ends at once, or in order
 * where stop_fail_in_order was called.  Any thread.
 */
void stop_fail (struct stop *s, const struct error *e);

/* From now on a failure ends the copy in order, as a signal does: what is
 * stored by then can be resumed.  Called before any worker is started.
 */
void stop_fail_in_order (struct stop *s);

/* End at once, for a second signal or a server that is gone: without even a
 * goodbye.
 */
void stop_now (struct stop *s);

/* Readable from the first wind_down, fail or now on; and from the moment on at
 * which the copy is to end at once.
 */
int stop_fd (const struct stop *s);
int stop_now_fd (const struct stop *s);

/* Any thread, without waiting. */
bool stop_is_winding_down (const struct stop *s);
bool stop_is_now (const struct stop *s);
bool stop_is_immediate (const struct stop *s); /* stop_now was called */

/* The signal that ended the copy, or 0. */
int stop_signal (const struct stop *s);

/* The first failure; its text is empty where there was none.  After all workers
 * were joined.
 */
struct error *stop_error (struct stop *s);

#endif /* STOP_H */
