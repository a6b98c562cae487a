/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Signals are taken in by a thread that does nothing else, and handed to the
 * main thread.  Where the main thread does not take them, because a file system
 * or a reader holds it up, this thread ends the process: a second signal always
 * ends a copy.
 */

#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* From now on the ending signals and SIGUSR1 are blocked in the calling thread
 * and those that it starts.  patience_ns after the second ending signal the
 * process ends by it, whatever it does; and after a second when that signal is
 * not even taken.  Again for each copy of a process: earlier signals are
 * forgotten.  0 or an errno.
 */
int signals_begin (const sigset_t *ending, uint64_t patience_ns);

/* Readable while there is something to take.  Stays open. */
int signals_fd (void);

/* The oldest that was not taken, or 0.  Never waits.  SIGUSR1 only while it is
 * wanted: until then it waits.
 */
int signals_take (void);
void signals_want_usr1 (bool want);

#endif /* SIGNALS_H */
