/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to the service manager: see service.h. */

#include <config.h>

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "json.h"
#include "output/service.h"

/* Status is shown to people who ask for it, so it need not be new. */
#define INTERVAL (5 * NS_PER_S)

/* How much more time is asked for, and how often: a few messages may be lost. */
#define EXTENSION (60 * NS_PER_S)
#define EXTEND_EVERY (10 * NS_PER_S)

/* How long to wait, in ms, until the service manager has room for a message
 * that is not repeated.
 */
#define IMPORTANT_MS 1000

/* The most bytes of a line of status. */
#define STATUS_MAX 500

void
service_init (struct service *s)
{
  *s = (struct service) { 0 };
  sd_notify_take (&s->out);
}

bool
service_wanted (const struct service *s)
{
  return sd_notify_wanted (&s->out);
}

/* Sends a line of status as UTF-8: systemd shows no other text. */
static void
tell_status (struct service *s, const char *status, int wait_ms)
{
  json_t *valid = json_of_text (status, STATUS_MAX);
  char message[3 * STATUS_MAX + 16]; /* U+FFFD needs three bytes */

  if (valid) {
    snprintf (message, sizeof message, "STATUS=%s", json_string_value (valid));
    sd_notify_send (&s->out, message, wait_ms);
  }
  json_decref (valid);
}

static void
extend (struct service *s, uint64_t now)
{
  char message[64];

  snprintf (message, sizeof message, "EXTEND_TIMEOUT_USEC=%" PRIu64,
            (uint64_t) (EXTENSION / NS_PER_US));
  sd_notify_send (&s->out, message, 0);
  s->extend_due = now + EXTEND_EVERY;
}

uint64_t
service_pulse (const struct service *s)
{
  return s->out.watchdog / 4;
}

void
service_ready (struct service *s, uint64_t interval)
{
  const uint64_t now = clock_now ();

  if (!service_wanted (s))
    return;
  sd_notify_send (&s->out, "READY=1", IMPORTANT_MS);
  s->interval = interval ? interval : INTERVAL;
  s->status_due = now;
  if (s->out.watchdog)
    s->watchdog_due = now;
}

uint64_t
service_deadline (const struct service *s)
{
  return clock_earlier (s->status_due,
                        clock_earlier (s->watchdog_due, s->extend_due));
}

bool
service_wants_status (const struct service *s, uint64_t now)
{
  return s->status_due && now >= s->status_due;
}

void
service_tick (struct service *s, const char *status, bool moving, uint64_t now)
{
  if (status) {
    tell_status (s, status, 0);
    s->status_due = now + s->interval;
  }
  if (s->watchdog_due && now >= s->watchdog_due) {
    if (moving)
      sd_notify_send (&s->out, "WATCHDOG=1", 0);
    s->watchdog_due = now + service_pulse (s);
  }
  if (s->extend_due && now >= s->extend_due)
    extend (s, now);
}

void
service_stopping (struct service *s, uint64_t now)
{
  if (!service_wanted (s) || s->stopping)
    return;
  s->stopping = true;
  sd_notify_send (&s->out, "STOPPING=1", IMPORTANT_MS);
  extend (s, now);
}

void
service_end (struct service *s, const char *status)
{
  if (service_wanted (s))
    tell_status (s, status, IMPORTANT_MS);
}
