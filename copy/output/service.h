/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages to the service manager, if one started this process: that the copy
 * has begun, its status, that it makes progress, and that it needs more time to
 * end.
 */

#ifndef SERVICE_H
#define SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "sd-notify.h"

struct service {
  struct sd_notify out;
  uint64_t interval;   /* ns between two lines of status */
  uint64_t status_due; /* clock_now times; 0: never */
  uint64_t watchdog_due;
  uint64_t extend_due;
  bool stopping; /* it knows that we end */
};

/* Takes the service manager's socket from the environment: see
 * sd_notify_take.
 */
void service_init (struct service *s);

/* Returns whether a service manager listens. */
bool service_wanted (const struct service *s);

/* Reports that the work has begun.  @interval is the time between two lines of
 * status, ns; 0: the default.
 */
void service_ready (struct service *s, uint64_t interval);

/* Returns when service_tick must be called next; clock_now time, 0: never. */
uint64_t service_deadline (const struct service *s);

/* Returns whether a line of status is due, so that the caller makes one. */
bool service_wants_status (const struct service *s, uint64_t now);

/* Sends the messages whose time has come.  @status is one line, or NULL.
 * @moving: the copy has made progress within service_pulse; otherwise the
 * watchdog gets no message.
 */
void service_tick (struct service *s, const char *status, bool moving,
                   uint64_t now);

/* Returns the time, in ns, between two checks for progress. */
uint64_t service_pulse (const struct service *s);

/* Reports that the process is about to end.  From the first call on,
 * service_tick requests more time until the process ends.
 */
void service_stopping (struct service *s, uint64_t now);

/* Sends the last line of status. */
void service_end (struct service *s, const char *status);

#endif /* SERVICE_H */
