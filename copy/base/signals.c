/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Takes in signals with a thread of its own: see signals.h.
 *
 * The thread lives as long as the process, because steps after a copy can
 * block, too: writing the report, for one.
 */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/signals.h"
#include "clock.h"
#include "notifier.h"

/* No more signals are kept; the main thread only handles the first two. */
#define ROOM 8

/* How long the main thread may leave a second signal unhandled. */
#define TAKING_PATIENCE NS_PER_S

/* The same signal again within this time counts as one: timeout(1) signals its
 * child and then its process group, and sudo(8) forwards a signal that the
 * terminal has sent to all processes.
 */
#define SAME_SIGNAL (200 * NS_PER_MS)

#define STACK_SIZE (256 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for all below */
static bool running;
static int notifier = -1;
static sigset_t taken_in; /* signals that the thread waits for */
static int queue[ROOM];   /* ending signals, oldest first */
static unsigned n_queued;
static bool usr1_came, usr1_wanted;
static bool tstp_came;
static uint64_t patience;
static unsigned n_came;    /* ending signals so far */
static int last_number;    /* the latest of them */
static uint64_t last_came; /* clock_now time of the latest */
static uint64_t second;    /* clock_now time of the second one */
static uint64_t untaken;   /* clock_now time since which a signal waits */

static bool
has_any (void)
{
  return n_queued > 0 || tstp_came || (usr1_came && usr1_wanted);
}

/* Makes the notifier readable as long as a signal is queued. */
static void
update_notifier (void)
{
  notifier_take (notifier);
  if (has_any ())
    notifier_signal (notifier);
}

/* Returns when the process has to end; clock_now time, 0 for never. */
static uint64_t
end_is_due (void)
{
  if (n_came < 2)
    return 0;
  return clock_earlier (second + patience,
                        n_queued > 0 ? untaken + TAKING_PATIENCE : 0);
}

/* Ends the process by the signal, as if it were never caught.  The first
 * process of a container is not killed by that, so it exits.
 */
static void __attribute__ ((noreturn)) end_process (int signal_number)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, signal_number);
  signal (signal_number, SIG_DFL);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  raise (signal_number);
  _exit (128 + signal_number);
}

static void
note_ending (int signal_number, uint64_t now)
{
  if (n_came > 0 && signal_number == last_number
      && now - last_came < SAME_SIGNAL)
    return;
  last_number = signal_number;
  last_came = now;
  if (++n_came == 2)
    second = now;
  if (n_queued == 0 || n_came == 2)
    untaken = now;
  if (n_queued < ROOM)
    queue[n_queued++] = signal_number;
}

static bool
is_ending (int signal_number)
{
  return signal_number != SIGUSR1 && signal_number != SIGTSTP;
}

static void
note (int signal_number)
{
  if (signal_number == SIGUSR1)
    usr1_came = true;
  else if (signal_number == SIGTSTP)
    tstp_came = true;
  else
    note_ending (signal_number, clock_now ());
  update_notifier ();
}

static int
wait_for_signal (const sigset_t *set, uint64_t due)
{
  const uint64_t now = clock_now (), wait = due > now ? due - now : 0;
  const struct timespec time = { .tv_sec = wait / NS_PER_S,
                                 .tv_nsec = wait % NS_PER_S };
  const int n = sigtimedwait (set, NULL, due ? &time : NULL);

  return n > 0 ? n : 0;
}

static void *
take_in (void *opaque)
{
  int last = SIGTERM;

  pthread_mutex_lock (&lock);
  for (;;) {
    const uint64_t due = end_is_due ();
    const sigset_t set = taken_in;
    int n;

    if (due && clock_now () >= due)
      end_process (last);
    pthread_mutex_unlock (&lock);
    n = wait_for_signal (&set, due);
    pthread_mutex_lock (&lock);
    if (n > 0)
      note (n);
    if (n > 0 && is_ending (n))
      last = n;
  }
  return opaque;
}

/* Starts the thread that gets the signals that all others block.  Returns 0 or
 * an errno.
 */
static int
start_thread (void)
{
  pthread_attr_t attr;
  pthread_t thread;
  int err = pthread_attr_init (&attr);

  if (err)
    return err;
  if ((err = pthread_attr_setstacksize (&attr, STACK_SIZE)) == 0
      && (err = pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED))
        == 0)
    err = pthread_create (&thread, &attr, take_in, NULL);
  pthread_attr_destroy (&attr);
  return err;
}

int
signals_begin (const sigset_t *signals, uint64_t patience_ns)
{
  sigset_t set = *signals;
  int err;

  sigaddset (&set, SIGUSR1);
  if ((err = pthread_sigmask (SIG_BLOCK, &set, NULL)) != 0)
    return err;
  pthread_mutex_lock (&lock);
  taken_in = set;
  n_queued = n_came = 0;
  usr1_came = usr1_wanted = tstp_came = false;
  patience = patience_ns;
  if (notifier == -1 && (notifier = notifier_new ()) == -1)
    err = errno;
  else if (!running && (err = start_thread ()) == 0)
    running = true;
  if (err == 0)
    update_notifier ();
  pthread_mutex_unlock (&lock);
  return err;
}

int
signals_fd (void)
{
  return notifier;
}

int
signals_take (void)
{
  int n = 0;

  pthread_mutex_lock (&lock);
  if (n_queued > 0) {
    n = queue[0];
    memmove (queue, queue + 1, --n_queued * sizeof queue[0]);
    untaken = clock_now (); /* the main thread is alive */
  }
  else if (tstp_came) {
    n = SIGTSTP;
    tstp_came = false;
  }
  else if (usr1_came && usr1_wanted) {
    n = SIGUSR1;
    usr1_came = false;
  }
  update_notifier ();
  pthread_mutex_unlock (&lock);
  return n;
}

void
signals_want_usr1 (bool want)
{
  pthread_mutex_lock (&lock);
  usr1_wanted = want;
  update_notifier ();
  pthread_mutex_unlock (&lock);
}

void
signals_stop_here (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGTSTP);
  raise (SIGTSTP);
  pthread_sigmask (SIG_UNBLOCK, &set, NULL);
  pthread_sigmask (SIG_BLOCK, &set, NULL);
}
