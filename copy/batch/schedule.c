/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which copy of a batch is started next: see schedule.h. */

#include <config.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "batch/schedule.h"
#include "clock.h"

int
schedule_init (struct schedule *s, size_t n, size_t jobs)
{
  *s = (struct schedule) {
    .entries = calloc (n + 1, sizeof *s->entries),
    .n = n,
    .jobs = jobs,
    .group_jobs = calloc (n + 1, sizeof *s->group_jobs),
    .attempts_max = 1,
    .n_waiting = n,
    .next_turn = n,
  };
  if (s->entries == NULL || s->group_jobs == NULL)
    return -1;
  for (size_t i = 0; i < n; i++)
    s->entries[i].turn = i;
  return 0;
}

void
schedule_free (struct schedule *s)
{
  free (s->entries);
  free (s->group_jobs);
  s->entries = NULL;
  s->group_jobs = NULL;
}

void
schedule_set_attempts (struct schedule *s, uint64_t attempts, uint64_t wait)
{
  s->attempts_max = attempts;
  s->wait = wait;
}

void
schedule_set_group (struct schedule *s, size_t i, size_t group)
{
  s->entries[i].group = group;
}

void
schedule_limit_groups (struct schedule *s, size_t jobs_per_group)
{
  s->jobs_per_group = jobs_per_group;
}

static bool
has_room (const struct schedule *s, const struct schedule_entry *e)
{
  return e->group == 0 || s->jobs_per_group == 0
    || s->group_jobs[e->group] < s->jobs_per_group;
}

size_t
schedule_width (struct schedule *s)
{
  size_t width = 0;

  for (size_t i = 0; i < s->n; i++)
    if (has_room (s, &s->entries[i])) {
      s->group_jobs[s->entries[i].group]++;
      width++;
    }
  memset (s->group_jobs, 0, (s->n + 1) * sizeof *s->group_jobs);
  return min_u64 (s->jobs, width);
}

/* Returns the first copy in the queue that can be started; NULL: none can. */
static struct schedule_entry *
first_of_line (struct schedule *s, uint64_t now)
{
  struct schedule_entry *first = NULL;

  for (size_t i = 0; i < s->n; i++) {
    struct schedule_entry *e = &s->entries[i];

    if (e->state == RUN_WAITING && e->due <= now && has_room (s, e)
        && (first == NULL || e->turn < first->turn))
      first = e;
  }
  return first;
}

bool
schedule_start (struct schedule *s, uint64_t now, size_t *i)
{
  struct schedule_entry *e;

  if (s->closed || s->n_running == s->jobs
      || (e = first_of_line (s, now)) == NULL)
    return false;
  e->state = RUN_RUNNING;
  e->attempts++;
  s->group_jobs[e->group]++;
  s->n_waiting--;
  s->n_running++;
  *i = e - s->entries;
  return true;
}

bool
schedule_end (struct schedule *s, size_t i, enum again again, uint64_t now)
{
  struct schedule_entry *e = &s->entries[i];
  const bool requeued = s->attempts_max > 1 && !s->closed
    && (again == AGAIN_WAIT
        || (again == AGAIN_RETRY && e->attempts < s->attempts_max));

  assert (e->state == RUN_RUNNING);
  s->n_running--;
  s->group_jobs[e->group]--;
  e->state = requeued ? RUN_WAITING : RUN_ENDED;
  if (!requeued)
    return false;
  if (again == AGAIN_WAIT)
    e->attempts--;
  e->turn = s->next_turn++;
  e->due = now + s->wait;
  s->n_waiting++;
  return true;
}

uint64_t
schedule_due (const struct schedule *s, uint64_t now)
{
  uint64_t due = 0;

  if (s->closed || s->n_running == s->jobs)
    return 0;
  for (size_t i = 0; i < s->n; i++)
    if (s->entries[i].state == RUN_WAITING && s->entries[i].due > now)
      due = clock_earlier (due, s->entries[i].due);
  return due;
}

void
schedule_close (struct schedule *s)
{
  s->closed = true;
}

bool
schedule_is_over (const struct schedule *s)
{
  return s->n_running == 0 && (s->closed || s->n_waiting == 0);
}
