/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager is told about a batch: see batch-service.h. */

#include <config.h>

#include <stdio.h>

#include "batch/batch-service.h"
#include "clock.h"
#include "human.h"

/* "3 of 8 disks are done, 2 running: 45 %, 1.2 GiB/s, 3:07 left" */
static const char *
format_status (const struct service *s, const struct overview_sums *n,
               char *text, size_t size)
{
  char rate[HUMAN_MAX], left[HUMAN_MAX] = "";

  if (n->left >= 0)
    human_duration (left, n->left * NS_PER_S);
  snprintf (text, size,
            "%s%zu of %zu disks are done, %zu running: %d %%, %s/s%s%s%s",
            s->stopping ? "ending, " : "", n->by_state[IS_DONE], n->n,
            n->by_state[RUNS], n->percent, human_size (rate, n->rate),
            n->left >= 0 ? ", " : "", left, n->left >= 0 ? " left" : "");
  return text;
}

void
batch_service_tick (struct service *s, struct overview *o, uint64_t now)
{
  const char *status = NULL;
  struct overview_sums sums;
  char text[160];

  if (service_wants_status (s, now)) {
    sums = overview_sum (o, now);
    status = format_status (s, &sums, text, sizeof text);
  }
  service_tick (s, status, now - o->moved <= service_pulse (s), now);
}

void
batch_service_end (struct service *s, size_t done, size_t all,
                   const struct error *e)
{
  char text[80];

  snprintf (text, sizeof text, "%zu of %zu disks are done", done, all);
  service_end (s, error_is_set (e) ? e->text : text);
}
