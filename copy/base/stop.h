/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembers why a copy ends early: the first failure, or a signal.  Every
 * worker sees it as a readable descriptor.
 */

#ifndef STOP_H
#define STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct stop; /* body in stop.c */

/* Blocks the signals that end a copy, and SIGUSR1, in this thread and those
 * that it starts, and makes the ending signals readable.  A signal that the
 * parent ignores stays ignored: SIGHUP after nohup, SIGINT for a shell's
 * background process.  Ignores SIGPIPE, and resets SIGCHLD, so that children
 * leave exit statuses.  Called before any thread or child is started.  The
 * process ends @patience_ns after a second signal, or earlier if the main
 * thread does not take it: see signals.h.  With @takes_tstp, SIGTSTP is blocked
 * and made readable as well: the caller calls stop_here for it.  NULL with
 * errno.
 */
struct stop *stop_new (uint64_t patience_ns, bool takes_tstp);
void stop_free (struct stop *s);

/* Sets whether SIGUSR1 makes stop_signal_fd readable, too.  While it does not,
 * it stays queued and ends nothing.
 */
void stop_want_usr1 (struct stop *s, bool want);

/* Returns a descriptor that is readable when a signal has come. */
int stop_signal_fd (const struct stop *s);

/* Returns the number of a signal that has come, or 0. Never waits. */
int stop_take_signal (struct stop *s);

/* Stops the process until it is continued, for SIGTSTP. */
void stop_here (struct stop *s);

/* Sets when the copy has to end: clock_now time, 0 for never. */
void stop_set_deadline (struct stop *s, uint64_t deadline);
uint64_t stop_deadline (const struct stop *s);

/* Returns whether that time is over, with the error set to it. */
bool stop_is_due (const struct stop *s, uint64_t now, struct error *e);

/* Ends the copy in an orderly way: no new requests, requests in flight finish,
 * and the destination is flushed.
 */
void stop_wind_down (struct stop *s, int signal_number);

/* Records that the copy has failed; the first error is kept.  The copy ends at
 * once or, after stop_fail_in_order, as after stop_wind_down.  Any thread.
 */
void stop_fail (struct stop *s, const struct error *e);

/* Makes later failures end the copy in an orderly way, as a signal does, so
 * that stored data can be resumed.  Called before any worker is started.
 */
void stop_fail_in_order (struct stop *s);

/* Ends the copy at once, without closing connections politely, for a second
 * signal or a server that is gone.
 */
void stop_now (struct stop *s);

/* Return descriptors: stop_fd is readable after stop_wind_down, stop_fail or
 * stop_now; stop_now_fd when the copy is to end at once.
 */
int stop_fd (const struct stop *s);
int stop_now_fd (const struct stop *s);

/* Return whether the copy is ending, and how.  Any thread; none of these waits.
 */
bool stop_is_winding_down (const struct stop *s);
bool stop_is_now (const struct stop *s);
bool stop_is_immediate (const struct stop *s); /* stop_now was called */

/* Returns the signal that ended the copy, or 0. */
int stop_signal (const struct stop *s);

/* Returns the first failure; its text is empty if there was none.  Called after
 * all workers were joined.
 */
struct error *stop_error (struct stop *s);

#endif /* STOP_H */
