/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes in signals with a thread that does nothing else, and hands them to the
 * main thread.  If the main thread does not take them, because a file system or
 * a reader blocks it, the thread ends the process: a second signal always ends
 * a copy.
 */

#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Blocks @signals, which end a copy except for SIGTSTP, and SIGUSR1 in the
 * calling thread and in threads that it starts.  The process ends @patience_ns
 * after the second ending signal in any case, and after one second if the main
 * thread does not take that signal.  Called again for each copy of a process,
 * which forgets earlier signals.  Returns 0 or an errno.
 */
int signals_begin (const sigset_t *signals, uint64_t patience_ns);

/* Returns a descriptor that is readable while a signal is queued, and stays
 * open.
 */
int signals_fd (void);

/* Returns the oldest signal in the queue and removes it, or 0.  Never waits.
 * SIGUSR1 stays queued until it is wanted.
 */
int signals_take (void);

/* Sets whether signals_take returns SIGUSR1. */
void signals_want_usr1 (bool want);

/* Stops the process until SIGCONT, as the default action of SIGTSTP does; it has
 * no effect where no shell could continue the process.
 */
void signals_stop_here (void);

#endif /* SIGNALS_H */
