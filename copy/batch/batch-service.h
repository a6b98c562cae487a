/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service manager is told about a batch, from the events of the copies.
 */

#ifndef BATCH_SERVICE_H
#define BATCH_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "output/service.h"

/* The latest progress of one copy. */
struct batch_progress {
  double percent; /* of the copy */
  double rate;    /* bytes of data per second */
  double left;    /* seconds; -1: unknown */
};

struct batch_service {
  struct service *service;      /* borrowed */
  struct batch_progress *disks; /* owned; one for each copy */
  uint64_t moved; /* clock_now time when a copy last moved, or flushed */
};

/* How many copies there are. */
struct batch_counts {
  size_t all, done, running, waiting;
};

/* -1 when out of memory. */
int batch_service_init (struct batch_service *s, struct service *service,
                        size_t n_disks);

/* Takes an event of copy @i, a line of JSON. */
void batch_service_take_event (struct batch_service *s, size_t i,
                               const char *line, size_t length, uint64_t now);

/* Notes that copy @i runs no more. */
void batch_service_copy_ended (struct batch_service *s, size_t i, uint64_t now);

/* Says what is due. */
void batch_service_tick (struct batch_service *s, const struct batch_counts *n,
                         uint64_t now);

/* Says how the batch ended: @done of @all copies are done, or the error. */
void batch_service_end (struct batch_service *s, size_t done, size_t all,
                        const struct error *e);

void batch_service_free (struct batch_service *s);

#endif /* BATCH_SERVICE_H */
