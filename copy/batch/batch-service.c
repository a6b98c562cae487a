/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports a batch to the service manager: see batch-service.h. */

#include <config.h>

#include <stdio.h>

#include "batch/batch-service.h"
#include "clock.h"
#include "human.h"

/* "3 of 8 disks are done, 2 running, 2 waiting, 1 failed: 45 %, 1.2 GiB/s,
 * 3:07 left"
 */
static const char *
format_status (const struct service *s, const struct overview_sums *n,
               char *text, size_t size)
{
  char rate[HUMAN_MAX], left[HUMAN_MAX] = "";

  if (n->left >= 0)
    human_duration (left, n->left * NS_PER_S);
  snprintf (text, size,
            "%s%zu of %zu disks are done, %zu running, %zu waiting, %zu failed:"
            " %d %%, %s/s%s%s%s",
            s->stopping ? "ending, " : "", n->by_state[IS_DONE], n->n,
            n->by_state[RUNS], n->by_state[WAITS], n->by_state[HAS_FAILED],
            n->percent, human_size (rate, n->rate), n->left >= 0 ? ", " : "",
            left, n->left >= 0 ? " left" : "");
  return text;
}

/* While no copy runs, all that is left waits for another attempt, or for a run
 * on another host that copies it: then no copy can hang.
 */
static bool
is_moving (const struct overview *o, uint64_t within, uint64_t now)
{
  bool runs = false;

  for (size_t i = 0; i < o->n; i++)
    runs = runs || o->copies[i].state == RUNS;
  return !runs || now - o->moved <= within;
}

void
batch_service_tick (struct service *s, struct overview *o, uint64_t now)
{
  const char *status = NULL;
  struct overview_sums sums;
  char text[256];

  if (service_wants_status (s, now)) {
    sums = overview_sum (o, now);
    status = format_status (s, &sums, text, sizeof text);
  }
  service_tick (s, status, is_moving (o, service_pulse (s), now), now);
}

void
batch_service_end (struct service *s, size_t done, size_t all,
                   const struct error *e)
{
  char text[80];

  snprintf (text, sizeof text, "%zu of %zu disks are done", done, all);
  service_end (s, error_is_set (e) ? e->text : text);
}
