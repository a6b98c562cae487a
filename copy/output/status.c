/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The status of a running copy: see status.h. */

#include <config.h>

#include <inttypes.h>

#include "base/log.h"
#include "clock.h"
#include "engine/request.h"
#include "human.h"
#include "output/describe.h"
#include "output/status.h"

/* Returns the phase that the workers are in, as a word for programs. */
static const char *
phase_of (const struct plan *plan, const struct totals *t)
{
  return t->phase == PHASE_COMPARE ? plan->copies ? "verify" : "compare"
    : totals_done (t) == t->total && plan->flush ? "flush"
                                                 : "copy";
}

void
status_start (struct status *t, const struct totals *begun,
              const struct scan_result *found, uint64_t now)
{
  struct estimate v;

  estimator_init (&t->estimator, begun, now);
  if (found && found->unknown == 0)
    estimator_know (&t->estimator, found->data);
  v = estimator_estimate (&t->estimator, false, now);
  progress_init (&t->progress, t->options, &v, now);
}

uint64_t
status_deadline (const struct status *t)
{
  return clock_earlier (
    estimator_deadline (&t->estimator),
    clock_earlier (
      progress_deadline (&t->progress),
      clock_earlier (events_deadline (t->events), watch_deadline (t->watch))));
}

/* Warns of the first range that cannot be read.  The map and the report have the
 * others.
 */
static void
warn_of_unreadable (const struct status *t)
{
  struct range first;

  if (unreadable_first (t->unreadable, &first, 1) > 0)
    log_warning_as ("source-unreadable",
                    "%s: cannot be read at offset %" PRIu64 " length %" PRIu64
                    ": the copy goes on, as --salvage says",
                    endpoint_name (t->sides[SOURCE]), first.start,
                    range_length (first));
}

/* Emits one event for all that was found since the last one. */
static void
tell_unreadable (struct status *t, bool at_once, uint64_t now)
{
  const uint64_t bytes = t->unreadable ? unreadable_bytes (t->unreadable) : 0;

  if (bytes == t->told_unreadable || (!at_once && now < t->unreadable_due))
    return;
  if (t->told_unreadable == 0)
    warn_of_unreadable (t);
  events_unreadable (t->events, describe_unreadable (t->unreadable));
  t->told_unreadable = bytes;
  t->unreadable_due = now + t->events->interval;
}

void
status_tick (struct status *t, const struct totals *so_far, bool at_once)
{
  const uint64_t now = clock_now ();
  struct estimate v;

  tell_unreadable (t, at_once, now);
  estimator_note (&t->estimator, so_far, now);
  v = estimator_estimate (&t->estimator, false, now);
  if (at_once)
    progress_say (&t->progress, &v);
  else
    progress_show (&t->progress, &v, now);
  events_tick (t->events, &v, phase_of (t->plan, so_far), at_once, now);
  watch_tick (t->watch, &v, phase_of (t->plan, so_far), now);
}

/* Warns of a retried request once for each side; the number of retries is in
 * the summary.
 */
static void
warn_of_retry (struct status *t, const struct notice *n, const char *wait)
{
  if (t->warned_of_retries[n->side])
    return;
  t->warned_of_retries[n->side] = true;
  log_warning_as ("request-retried",
                  "%s: %s failed at offset %" PRIu64 " length %" PRIu64
                  ": %s: retrying in %s",
                  endpoint_name (t->sides[n->side]), io_verb_name (n->verb),
                  n->offset, n->length, request_strerror (n->err), wait);
}

void
status_notices (struct status *t, struct mailbox *mailbox)
{
  struct notice n;

  while (mailbox_take (mailbox, &n)) {
    char wait[HUMAN_MAX];

    human_duration (wait, n.wait);
    switch (n.kind) {
    case NOTICE_RETRY:
      events_retry (t->events, &n);
      warn_of_retry (t, &n, wait);
      break;
    case NOTICE_LOST:
      events_retry (t->events, &n);
      log_warning_as ("connection-lost",
                      "%s: worker %u reconnects in %s,"
                      " attempt %u of %" PRIu64,
                      n.why.text, n.worker, wait, n.attempt,
                      t->plan->retry.tries);
      break;
    case NOTICE_BACK:
      log_warning_as ("connection-restored", "%s: worker %u has reconnected",
                      endpoint_name (t->sides[n.side]), n.worker);
      break;
    }
  }
}

void
status_end (struct status *t, const struct totals *done, bool good)
{
  const uint64_t now = clock_now ();
  struct estimate v;

  tell_unreadable (t, true, now);
  estimator_note (&t->estimator, done, now);
  v = estimator_estimate (&t->estimator, good, now);
  progress_end (&t->progress, good ? &v : NULL);
  events_tick (t->events, &v, good ? "done" : phase_of (t->plan, done), true,
               now);
  watch_note (t->watch, &v);
}
