/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports one copy to programs that watch it: see watch.h. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit-status.h"
#include "clock.h"
#include "human.h"
#include "options/options.h"
#include "output/watch.h"

/* -- the metrics ---------------------------------------------------------- */

static void
write_metrics (struct watch *w)
{
  struct metrics m = { .disks = &w->disk, .n_disks = 1 };

  if (w->label == NULL)
    return;
  metrics_file_write (&w->file, &m);
  w->next = clock_now () + w->interval;
}

static void
note_totals (struct metrics_disk *d, const struct totals *t)
{
  d->counted = true;
  d->size = t->open_ended && t->total == 0 ? -1 : (double) t->total;
  d->data = t->data;
  d->zero = t->zero;
  d->skipped = t->skipped;
  d->same = t->same;
  d->resumed = t->resumed;
  d->unreadable = t->unreadable;
  d->compared = totals_compared (t);
  for (unsigned side = 0; side < 2; side++) {
    d->retries[side] = t->retried[side];
    d->connections[side] = t->connections[side];
  }
}

void
watch_note (struct watch *w, const struct estimate *v)
{
  note_totals (&w->disk, v->totals);
  w->disk.progress = v->fraction;
  w->disk.rate = (double) (uint64_t) (v->data_rate + 0.5);
  w->disk.left = v->left;
  w->disk.stalled = (double) v->stalled / NS_PER_S;
}

/* -- the service manager -------------------------------------------------- */

static const char *
verb_of (const char *phase)
{
  return strcmp (phase, "flush") == 0 ? "flushing"
    : strcmp (phase, "verify") == 0   ? "verifying"
    : strcmp (phase, "compare") == 0  ? "comparing"
                                      : "copying";
}

/* "copying: 45 %, 1.2 GiB/s, 3:07 left" */
static const char *
format_status (const struct watch *w, const struct estimate *v,
               const char *phase, char *text, size_t size)
{
  char done[HUMAN_MAX], rate[HUMAN_MAX], left[HUMAN_MAX];

  if (v->percent_of_all >= 0)
    snprintf (done, sizeof done, "%d %%", v->percent_of_all);
  else
    human_size (done, totals_done (v->totals));
  if (v->left >= 0)
    human_duration (left, v->left * NS_PER_S);
  snprintf (text, size, "%s%s: %s, %s/s%s%s%s",
            w->service.stopping ? "ending, " : "", verb_of (phase), done,
            human_size (rate, v->data_rate), v->left >= 0 ? ", " : "",
            v->left >= 0 ? left : "", v->left >= 0 ? " left" : "");
  return text;
}

/* While the last flush runs, data moves where only the server sees it. */
static bool
is_moving (const struct watch *w, const struct estimate *v, const char *phase)
{
  return v->stalled <= service_pulse (&w->service)
    || strcmp (phase, "flush") == 0;
}

static void
tell_service (struct watch *w, const struct estimate *v, const char *phase,
              uint64_t now)
{
  char text[128];
  const char *status = NULL;

  if (service_wants_status (&w->service, now))
    status = format_status (w, v, phase, text, sizeof text);
  service_tick (&w->service, status, is_moving (w, v, phase), now);
}

/* -- both ----------------------------------------------------------------- */

int
watch_open (struct watch *w, const struct options *o, struct error *e)
{
  if (metrics_file_open (&w->file, o->plan ? NULL : o->metrics_file, e) == -1)
    return -1;
  w->interval = options_interval (o);
  w->label = metrics_file_label (&w->file, o->disk);
  if (w->label == NULL)
    return 0;
  w->disk = (struct metrics_disk) {
    .disk = w->label,
    .phase = "opening",
    .run = { .start = metrics_now (),
             .success = metrics_file_success (&w->file, false, w->label),
             .exit_status = -1 },
    .attempts = 1,
  };
  write_metrics (w);
  return 0;
}

bool
watch_wanted (const struct watch *w)
{
  return w->label != NULL || service_wanted (&w->service);
}

void
watch_ready (struct watch *w, const struct options *o)
{
  service_ready (&w->service, o->interval);
}

uint64_t
watch_deadline (const struct watch *w)
{
  return clock_earlier (w->next, service_deadline (&w->service));
}

void
watch_tick (struct watch *w, const struct estimate *v, const char *phase,
            uint64_t now)
{
  tell_service (w, v, phase, now);
  if (w->label == NULL || (now < w->next && strcmp (w->disk.phase, phase) == 0))
    return;
  watch_note (w, v);
  w->disk.phase = phase;
  write_metrics (w);
}

void
watch_stopping (struct watch *w)
{
  service_stopping (&w->service, clock_now ());
}

static void
note_end (struct metrics_disk *d, int exit_status)
{
  d->phase = "ended";
  d->run.end = metrics_now ();
  d->run.exit_status = exit_status;
  d->rate = d->stalled = 0;
  d->left = -1;
  if (exit_status == DONE) {
    d->run.success = d->run.end;
    d->progress = 1;
    d->left = 0;
  }
}

void
watch_end (struct watch *w, int exit_status, const struct totals *totals,
           const char *why)
{
  if (!w->disk.counted && exit_status == DONE) /* there was nothing to do */
    note_totals (&w->disk, totals);
  note_end (&w->disk, exit_status);
  write_metrics (w);
  service_end (&w->service, why[0] ? why : "done");
}

void
watch_close (struct watch *w)
{
  free (w->label);
  metrics_file_close (&w->file);
}
