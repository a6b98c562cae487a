/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the main thread does while the workers copy: see monitor.h. */

#include <config.h>

#include <poll.h>
#include <signal.h>

#include "clock.h"
#include "engine/tuner.h"
#include "idle.h"
#include "monitor.h"
#include "output/summary.h"

static void
tell (const struct workers *workers, struct status *status, bool at_once)
{
  const struct totals t = workers_totals (workers);

  status_tick (status, &t, at_once);
}

/* Handles a signal: the first one ends the copy in an orderly way, the second
 * one at once.
 */
static void
handle_signal (struct stop *stop, const struct workers *workers,
               struct status *status)
{
  const int n = stop_take_signal (stop);

  if (n == SIGUSR1)
    tell (workers, status, true);
  else if (n > 0 && stop_signal (stop) > 0)
    stop_now (stop);
  else if (n > 0) {
    stop_wind_down (stop, n);
    watch_stopping (status->watch);
  }
}

/* Handles the exit of a server that we started: the copy ends with the reason
 * that the server gave, before workers report their lost connections.
 */
static void
handle_server_exit (struct stop *stop, struct endpoint *ep)
{
  struct error e = { 0 };

  if (endpoint_server_ended (ep, WATCH_DEATH_MS, &e))
    stop_fail (stop, &e);
  else
    stop_now (stop);
}

/* Ends the copy when its time is over. */
static void
stop_in_time (struct stop *stop)
{
  struct error e = { 0 };

  if (!stop_is_winding_down (stop) && stop_is_due (stop, clock_now (), &e))
    stop_fail (stop, &e);
}

static void
trace_pace (const struct copy *copy, const struct tuning *p)
{
  struct track *k = trace_main (copy->trace);

  track_level (k, "request size", p->request_size);
  track_level (k, "window of a worker", p->window);
}

static void
set_pace (const struct copy *copy, struct workers *workers, struct tuner *tuner)
{
  const unsigned workers_max = copy->plan.workers_max;
  const uint64_t now = clock_now ();
  const struct totals t = workers_totals (workers);
  const struct delivered d = {
    .workers = t.workers,
    .came = t.came,
    .went = t.went,
    .refused = t.refused,
    .limited = t.limited,
    .rtt = { t.rtt[SOURCE], t.rtt[DESTINATION] },
    .last_rtt = { t.last_rtt[SOURCE], t.last_rtt[DESTINATION] },
    .reads_both = t.updates || t.phase == PHASE_COMPARE,
    .idle = tuner->far ? idle_time () : 0,
  };
  const struct tuning before = tuner->pace;
  const bool was_far = tuner->far;
  const struct tuning pace = tuner_tick (tuner, &d, now);

  if (tuner->far && !was_far && copy->plan.workers < workers_max) {
    workers_grow (workers);
    summary_growth (workers_max, tuner->rtt);
    track_mark (trace_main (copy->trace), "more workers", 0, 0);
  }
  if (pace.request_size == before.request_size && pace.window == before.window
      && pace.workers == before.workers)
    return;
  workers_set_tuning (workers, &pace);
  summary_tuning (&pace);
  trace_pace (copy, &pace);
}

/* Returns how long to sleep until the next deadline. */
static int
wait_ms (const struct copy *copy, const struct status *status,
         const struct checkpoint *checkpoint, const struct tuner *tuner)
{
  const uint64_t dues[] = {
    status_deadline (status),
    checkpoint_deadline (checkpoint),
    tuner_deadline (tuner),
    ratelimit_deadline (copy->ratelimit),
    stop_is_winding_down (copy->stop) ? 0 : stop_deadline (copy->stop),
  };
  uint64_t next = 0;

  for (size_t i = 0; i < sizeof dues / sizeof dues[0]; i++)
    next = clock_earlier (next, dues[i]);
  return clock_poll_timeout (next, clock_now ());
}

void
monitor_run (const struct copy *copy, struct workers *workers,
             struct status *status, struct checkpoint *checkpoint)
{
  struct tuner tuner;
  struct pollfd fds[] = {
    { .fd = endpoint_server_fd (copy->endpoints[SOURCE]), .events = POLLIN },
    { .fd = endpoint_server_fd (copy->endpoints[DESTINATION]),
      .events = POLLIN },
    { .fd = workers_fd (workers), .events = POLLIN },
    { .fd = stop_signal_fd (copy->stop), .events = POLLIN },
  };

  tuner_init (&tuner, &copy->plan, clock_now ());
  workers_set_tuning (workers, &tuner.pace);
  trace_pace (copy, &tuner.pace);
  tell (workers, status, false);
  while (!workers_has_ended (workers)) {
    if (poll (fds, 4, wait_ms (copy, status, checkpoint, &tuner)) == -1)
      continue; /* EINTR: revents are not valid */
    if (fds[3].revents)
      handle_signal (copy->stop, workers, status);
    for (enum side side = SOURCE; side <= DESTINATION; side++)
      if (fds[side].revents) {
        handle_server_exit (copy->stop, copy->endpoints[side]);
        fds[side].fd = -1;
      }
    if (fds[2].revents)
      status_notices (status, workers_mailbox (workers));
    stop_in_time (copy->stop);
    ratelimit_tick (copy->ratelimit, clock_now ());
    if (tuner_deadline (&tuner) && clock_now () >= tuner_deadline (&tuner))
      set_pace (copy, workers, &tuner);
    tell (workers, status, false);
    checkpoint_tick (checkpoint, clock_now ());
  }
  status_notices (status, workers_mailbox (workers));
}
