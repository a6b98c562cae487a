/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager is told about a batch: see batch-service.h. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/batch-service.h"
#include "clock.h"
#include "human.h"
#include "json.h"

int
batch_service_init (struct batch_service *s, struct service *service,
                    size_t n_disks)
{
  s->service = service;
  s->disks = calloc (n_disks + 1, sizeof *s->disks);
  s->moved = clock_now ();
  return s->disks ? 0 : -1;
}

static double
number_of (const json_t *event, const char *key, double otherwise)
{
  const json_t *value = json_object_get (event, key);

  return json_is_number (value) ? json_number_value (value) : otherwise;
}

/* While a last flush runs, data moves where only the server sees it. */
void
batch_service_take_event (struct batch_service *s, size_t i, const char *line,
                          size_t length, uint64_t now)
{
  json_t *event = json_loadb (line, length, 0, NULL);
  const char *ev = json_string_value (json_object_get (event, "ev"));
  const char *phase = json_string_value (json_object_get (event, "phase"));

  if (ev && phase && strcmp (ev, "progress") == 0) {
    s->disks[i] = (struct batch_progress) {
      .percent = number_of (event, "percent", 0),
      .rate = number_of (event, "rate", 0),
      .left = number_of (event, "eta", -1),
    };
    if (number_of (event, "stalled", 1) == 0 || strcmp (phase, "flush") == 0)
      s->moved = now;
  }
  json_decref (event);
}

void
batch_service_copy_ended (struct batch_service *s, size_t i, uint64_t now)
{
  s->disks[i] = (struct batch_progress) { 0 };
  s->moved = now;
}

/* "3 of 8 disks are done, 2 running: 45 %, 1.2 GiB/s, 3:07 left".  The sizes of
 * the copies that wait are not known, so each disk counts the same, and the time
 * left is known only when none waits.
 */
static const char *
format_status (const struct batch_service *s, const struct batch_counts *n,
               char *text, size_t size)
{
  double percent = 100.0 * n->done, rate = 0, left = n->waiting ? -1 : 0;
  char of_rate[HUMAN_MAX], of_left[HUMAN_MAX] = "";

  for (size_t i = 0; i < n->all; i++) {
    const struct batch_progress *d = &s->disks[i];

    percent += d->percent;
    rate += d->rate;
    if (left >= 0 && d->left != 0)
      left = d->left < 0 ? -1 : d->left > left ? d->left : left;
  }
  if (left >= 0)
    human_duration (of_left, left * NS_PER_S);
  snprintf (text, size,
            "%s%zu of %zu disks are done, %zu running: %d %%, %s/s%s%s%s",
            s->service->stopping ? "ending, " : "", n->done, n->all, n->running,
            n->all ? (int) (percent / n->all) : 100, human_size (of_rate, rate),
            left >= 0 ? ", " : "", of_left, left >= 0 ? " left" : "");
  return text;
}

void
batch_service_tick (struct batch_service *s, const struct batch_counts *n,
                    uint64_t now)
{
  const char *status = NULL;
  char text[160];

  if (service_wants_status (s->service, now))
    status = format_status (s, n, text, sizeof text);
  service_tick (s->service, status,
                now - s->moved <= service_pulse (s->service), now);
}

void
batch_service_end (struct batch_service *s, size_t done, size_t all,
                   const struct error *e)
{
  char text[80];

  snprintf (text, sizeof text, "%zu of %zu disks are done", done, all);
  service_end (s->service, error_is_set (e) ? e->text : text);
}

void
batch_service_free (struct batch_service *s)
{
  free (s->disks);
}
