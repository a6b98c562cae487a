/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reports the state of a batch to the service manager. */

#ifndef BATCH_SERVICE_H
#define BATCH_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "batch/overview.h"
#include "error.h"
#include "output/service.h"

/* Sends the messages whose time has come. */
void batch_service_tick (struct service *s, struct overview *o, uint64_t now);

/* Says how the batch ended: @done of @all copies are done, or the error. */
void batch_service_end (struct service *s, size_t done, size_t all,
                        const struct error *e);

#endif /* BATCH_SERVICE_H */
