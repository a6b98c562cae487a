/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Remembers why a copy ends early: see stop.h. */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/signals.h"
#include "base/stop.h"
#include "notifier.h"

struct stop {
  int soft, hard; /* notifiers that stay readable */
  atomic_bool winding_down, now, rude;
  bool fail_in_order; /* set before threads start, */
  uint64_t deadline;  /* and so is this: clock_now time; 0: none */
  atomic_int signal_number;
  pthread_mutex_t lock; /* for error */
  struct error error;
};

static bool
is_ignored (int signal_number)
{
  struct sigaction old;

  return sigaction (signal_number, NULL, &old) == 0
    && old.sa_handler == SIG_IGN;
}

struct stop *
stop_new (uint64_t patience_ns, bool takes_tstp)
{
  static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
  struct stop *s = calloc (1, sizeof *s);
  sigset_t set;

  if (s == NULL)
    return NULL;
  sigemptyset (&set);
  for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
    if (!is_ignored (ending[i]))
      sigaddset (&set, ending[i]);
  if (takes_tstp && !is_ignored (SIGTSTP))
    sigaddset (&set, SIGTSTP);
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* a file that is too large fails with EFBIG */
  signal (SIGCHLD, SIG_DFL); /* or children leave no exit status */

  s->soft = s->hard = -1;
  if ((s->soft = notifier_new ()) == -1 || (s->hard = notifier_new ()) == -1
      || (errno = pthread_mutex_init (&s->lock, NULL)) != 0
      || (errno = signals_begin (&set, patience_ns)) != 0) {
    const int err = errno;

    stop_free (s);
    errno = err;
    return NULL;
  }
  return s;
}

void
stop_free (struct stop *s)
{
  if (s == NULL)
    return;
  if (s->soft != -1)
    close (s->soft);
  if (s->hard != -1)
    close (s->hard);
  pthread_mutex_destroy (&s->lock);
  free (s);
}

void
stop_want_usr1 (struct stop *s, bool want)
{
  (void) s;
  signals_want_usr1 (want);
}

int
stop_signal_fd (const struct stop *s)
{
  (void) s;
  return signals_fd ();
}

int
stop_take_signal (struct stop *s)
{
  (void) s;
  return signals_take ();
}

void
stop_here (struct stop *s)
{
  (void) s;
  signals_stop_here ();
}

void
stop_set_deadline (struct stop *s, uint64_t deadline)
{
  s->deadline = deadline;
}

uint64_t
stop_deadline (const struct stop *s)
{
  return s->deadline;
}

bool
stop_is_due (const struct stop *s, uint64_t now, struct error *e)
{
  if (s->deadline == 0 || now < s->deadline)
    return false;
  error_set_kind (e, ERROR_STOPPED, ECANCELED,
                  "stopped: the time of --stop-after is over");
  return true;
}

static void
end_in_order (struct stop *s)
{
  atomic_store (&s->winding_down, true);
  notifier_signal (s->soft);
}

void
stop_wind_down (struct stop *s, int signal_number)
{
  atomic_store (&s->signal_number, signal_number);
  end_in_order (s);
}

static void
end_at_once (struct stop *s)
{
  atomic_store (&s->now, true);
  notifier_signal (s->soft);
  notifier_signal (s->hard);
}

void
stop_now (struct stop *s)
{
  atomic_store (&s->rude, true);
  end_at_once (s);
}

void
stop_fail (struct stop *s, const struct error *e)
{
  pthread_mutex_lock (&s->lock);
  if (!error_is_set (&s->error))
    s->error = *e;
  pthread_mutex_unlock (&s->lock);
  if (s->fail_in_order)
    end_in_order (s);
  else
    end_at_once (s);
}

void
stop_fail_in_order (struct stop *s)
{
  s->fail_in_order = true;
}

int
stop_fd (const struct stop *s)
{
  return s->soft;
}

int
stop_now_fd (const struct stop *s)
{
  return s->hard;
}

bool
stop_is_winding_down (const struct stop *s)
{
  return atomic_load_explicit (&s->winding_down, memory_order_relaxed);
}

bool
stop_is_now (const struct stop *s)
{
  return atomic_load_explicit (&s->now, memory_order_relaxed);
}

bool
stop_is_immediate (const struct stop *s)
{
  return atomic_load_explicit (&s->rude, memory_order_relaxed);
}

int
stop_signal (const struct stop *s)
{
  return atomic_load (&s->signal_number);
}

struct error *
stop_error (struct stop *s)
{
  return &s->error;
}
