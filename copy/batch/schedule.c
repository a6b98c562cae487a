/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which copy of a batch is started next: see schedule.h. */

#include <config.h>

#include <assert.h>
#include <stdlib.h>

#include "batch/schedule.h"

int
schedule_init (struct schedule *s, size_t n, size_t jobs)
{
  *s = (struct schedule) {
    .states = calloc (n + 1, sizeof *s->states),
    .n = n,
    .jobs = jobs,
  };
  return s->states ? 0 : -1;
}

void
schedule_free (struct schedule *s)
{
  free (s->states);
  s->states = NULL;
}

bool
schedule_start (struct schedule *s, size_t *i)
{
  if (s->closed || s->n_running == s->jobs)
    return false;
  for (*i = 0; *i < s->n; ++*i)
    if (s->states[*i] == RUN_WAITING) {
      s->states[*i] = RUN_RUNNING;
      s->n_running++;
      return true;
    }
  return false;
}

void
schedule_end (struct schedule *s, size_t i)
{
  assert (s->states[i] == RUN_RUNNING);
  s->states[i] = RUN_ENDED;
  s->n_running--;
}

void
schedule_close (struct schedule *s)
{
  s->closed = true;
}
