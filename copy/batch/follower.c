/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows the copies of a batch: see follower.h. */

#include <config.h>

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "batch/follower.h"
#include "clock.h"
#include "options/options.h"

int
follower_open (struct follower *w, const struct options *o,
               const struct manifest *m, struct batch_report *report,
               struct error *e)
{
  *w = (struct follower) {
    .report = report,
    .interval = options_interval (o),
  };
  if (view_open (&w->view, o, e) == -1)
    return -1;
  if (overview_init (&w->overview, m->n_copies, clock_now ()) == -1) {
    error_set (e, errno, "cannot start the copies: %s", strerror (errno));
    return -1;
  }
  for (size_t i = 0; i < m->n_copies; i++)
    w->overview.copies[i].disk = m->copies[i].disk;
  w->often = w->view.style != VIEW_NONE && w->interval > NS_PER_S;
  if (batch_report_wants_events (report))
    w->next = clock_now ();
  return 0;
}

void
follower_close (struct follower *w)
{
  overview_free (&w->overview);
}

bool
follower_wants_events (const struct follower *w)
{
  return w->view.style != VIEW_NONE || batch_report_wants_events (w->report);
}

bool
follower_wants_errors (const struct follower *w)
{
  return w->view.style == VIEW_TERMINAL;
}

const char *
follower_option (const struct follower *w)
{
  return w->often ? "--interval=1" : NULL;
}

/* A copy that sends progress each second may be late by half of one. */
void
follower_take_event (struct follower *w, size_t i, const char *line,
                     size_t length)
{
  const uint64_t interval = w->often ? w->interval - NS_PER_S / 2 : 0;
  const uint64_t now = clock_now ();
  json_t *event = json_loadb (line, length, 0, NULL);

  if (json_is_object (event)) {
    overview_take_event (&w->overview, i, event, now);
    if (overview_passes_on (&w->overview, i, event, interval, now))
      batch_report_take_event (w->report, w->overview.copies[i].disk, event);
  }
  json_decref (event);
}

void
follower_at_once (struct follower *w)
{
  const struct overview_sums s = overview_sum (&w->overview, clock_now ());

  log_say ("%zu of %zu disks are done, %zu running, %zu waiting, %zu failed",
           s.by_state[IS_DONE], s.n, s.by_state[RUNS], s.by_state[WAITS],
           s.by_state[HAS_FAILED]);
  overview_pass_next (&w->overview);
}

void
follower_continue (struct follower *w)
{
  view_forget (&w->view);
}

uint64_t
follower_deadline (const struct follower *w)
{
  return clock_earlier (w->next, view_deadline (&w->view));
}

void
follower_tick (struct follower *w, uint64_t now)
{
  const uint64_t due = follower_deadline (w);
  struct overview_sums s;

  if (due == 0 || now < due)
    return;
  s = overview_sum (&w->overview, now);
  view_tick (&w->view, &w->overview, &s, now);
  if (w->next && now >= w->next) {
    batch_report_take_overview (w->report,
                                overview_describe (&w->overview, &s));
    w->next = now + w->interval;
  }
}

void
follower_end (struct follower *w)
{
  const struct overview_sums s = overview_sum (&w->overview, clock_now ());

  view_end (&w->view, &s);
  batch_report_take_overview (w->report, overview_describe (&w->overview, &s));
}
