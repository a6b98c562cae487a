/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metrics of a batch: see batch-metrics.h. */

#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit-status.h"
#include "batch/batch-metrics.h"
#include "clock.h"
#include "options/options.h"

int
batch_metrics_open (struct batch_metrics *m, const struct options *o,
                    struct error *e)
{
  *m = (struct batch_metrics) { 0 };
  if (metrics_file_open (&m->file, o->plan ? NULL : o->metrics_file, e) == -1)
    return -1;
  m->interval = options_interval (o);
  if ((m->label = metrics_file_label (&m->file, NULL)) == NULL)
    return 0;
  m->all = (struct metrics) {
    .manifest = m->label,
    .run = { .start = metrics_now (),
             .success = metrics_file_success (&m->file, true, m->label),
             .exit_status = -1 },
  };
  return 0;
}

bool
batch_metrics_were_there (const struct batch_metrics *m)
{
  return m->file.earlier
    && strstr (m->file.earlier, "\nstripecopy_manifest_") != NULL;
}

bool
batch_metrics_wanted (const struct batch_metrics *m)
{
  return m->label != NULL;
}

uint64_t
batch_metrics_deadline (const struct batch_metrics *m)
{
  return m->next;
}

/* -- disks ---------------------------------------------------------------- */

/* Adds a disk that has not begun.  NULL when out of memory. */
static struct metrics_disk *
add_disk (struct batch_metrics *m, const char *name)
{
  const size_t n = m->all.n_disks;
  struct metrics_disk *disks = reallocarray (m->disks, n + 1, sizeof *disks);
  char **names;

  if (disks == NULL)
    return NULL;
  m->all.disks = m->disks = disks;
  if ((names = reallocarray (m->names, n + 1, sizeof *names)) == NULL)
    return NULL;
  m->names = names;
  if ((names[n] = strdup (name)) == NULL)
    return NULL;
  disks[n] = (struct metrics_disk) { .disk = names[n], .run.exit_status = -1 };
  m->all.n_disks++;
  return &disks[n];
}

static struct metrics_disk *
find_disk (const struct batch_metrics *m, const char *name)
{
  for (size_t i = 0; i < m->all.n_disks; i++)
    if (strcmp (m->names[i], name) == 0)
      return &m->disks[i];
  return NULL;
}

/* Takes the last successes of an earlier run: those of our disks, or of all that
 * it had if @all.
 */
static void
take_successes (struct batch_metrics *m, bool all)
{
  const char *at = m->file.earlier;
  struct metrics_success s;

  while (at && metrics_next_success (&at, &s)) {
    struct metrics_disk *d = s.of_manifest ? NULL : find_disk (m, s.name);

    if (s.of_manifest || s.when > metrics_now ())
      continue;
    if (d == NULL && all)
      d = add_disk (m, s.name);
    if (d && d->run.success == 0)
      d->run.success = s.when;
  }
}

void
batch_metrics_started (struct batch_metrics *m, size_t i)
{
  if (m->label)
    m->disks[i].run = (struct metrics_run) {
      .start = metrics_now (),
      .success = m->disks[i].run.success,
      .exit_status = -1,
    };
}

void
batch_metrics_ended (struct batch_metrics *m, size_t i, int exit_status)
{
  struct metrics_run *run = m->label ? &m->disks[i].run : NULL;

  if (run == NULL)
    return;
  run->end = metrics_now ();
  run->exit_status = exit_status;
  if (exit_status == DONE)
    run->success = run->end;
}

/* -- writing -------------------------------------------------------------- */

/* After the phase "done" only the servers have to end. */
static const char *
phase_of (const struct copy_progress *c)
{
  switch (c->state) {
  case WAITS:
    return "waiting";
  case RUNS:
    return c->phase[0] == '\0'         ? "opening"
      : strcmp (c->phase, "done") == 0 ? "ended"
                                       : c->phase;
  case IS_DONE:
  case HAS_FAILED:
    return "ended";
  case NOT_STARTED:
    break;
  }
  return NULL;
}

static void
note_counts (struct metrics_disk *d, const struct copy_progress *c)
{
  d->counted = true;
  d->size = c->total_known ? (double) c->total : -1;
  d->data = c->data;
  d->zero = c->zero;
  d->skipped = c->skipped;
  d->same = c->same;
  d->resumed = c->resumed;
  d->unreadable = c->unreadable;
  d->compared = c->compared;
  d->progress = c->percent >= 0 ? c->percent / 100.0 : -1;
  d->rate = c->data_rate;
  d->left = c->left;
  d->stalled = c->stalled;
  for (unsigned side = 0; side < 2; side++) {
    d->retries[side] = c->retries[side];
    d->connections[side] = c->connections[side];
  }
  if (c->state == IS_DONE) {
    d->progress = 1;
    d->left = 0;
  }
}

/* A copy that waits for another attempt has not ended. */
static void
note_disk (struct metrics_disk *d, const struct copy_progress *c)
{
  d->phase = phase_of (c);
  d->attempts = c->attempts;
  d->counted = false;
  if (c->counted)
    note_counts (d, c);
  if (c->state == WAITS) {
    d->run.end = 0;
    d->run.exit_status = -1;
  }
}

static void
note_disks (struct batch_metrics *m, struct overview *o, uint64_t now)
{
  const struct overview_sums s = overview_sum (o, now);

  for (unsigned i = 0; i < METRICS_STATES; i++)
    m->all.by_state[i] = s.by_state[i];
  m->all.progress = s.percent / 100.0;
  m->all.left = s.left;
  for (size_t i = 0; i < m->all.n_disks; i++)
    note_disk (&m->disks[i], &o->copies[i]);
}

int
batch_metrics_begin (struct batch_metrics *m, struct overview *o,
                     struct error *e)
{
  if (m->label == NULL)
    return 0;
  for (size_t i = 0; i < o->n; i++)
    if (add_disk (m, o->copies[i].disk) == NULL) {
      error_set (e, errno, "cannot start the copies: %s", strerror (errno));
      return -1;
    }
  m->all.listed = true;
  take_successes (m, false);
  m->next = clock_now ();
  batch_metrics_tick (m, o, m->next);
  return 0;
}

void
batch_metrics_tick (struct batch_metrics *m, struct overview *o, uint64_t now)
{
  if (m->next == 0 || now < m->next)
    return;
  note_disks (m, o, now);
  metrics_file_write (&m->file, &m->all);
  m->next = now + m->interval;
}

void
batch_metrics_end (struct batch_metrics *m, struct overview *o, int exit_status)
{
  if (m->label == NULL)
    return;
  m->all.run.end = metrics_now ();
  m->all.run.exit_status = exit_status;
  if (exit_status == DONE)
    m->all.run.success = m->all.run.end;
  if (m->all.listed)
    note_disks (m, o, clock_now ());
  else
    take_successes (m, true);
  if (exit_status != DONE)
    m->all.left = -1;
  metrics_file_write (&m->file, &m->all);
}

void
batch_metrics_close (struct batch_metrics *m)
{
  for (size_t i = 0; i < m->all.n_disks; i++)
    free (m->names[i]);
  free (m->names);
  free (m->disks);
  free (m->label);
  metrics_file_close (&m->file);
}
