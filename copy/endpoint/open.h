/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which kind of endpoint a name stands for, and opens it.  Only open.c
 * knows all kinds.
 */

#ifndef OPEN_H
#define OPEN_H

#include "endpoint/endpoint.h"
#include "endpoint/target.h"

struct options;

/* Decides the kind of a target, and checks that it fits the options.
 * Nothing is opened yet, so both names can be refused before a server is
 * started.  Returns 0, or -1 with the error set; target_free is called after
 * both.
 */
int target_recognise (struct target *t, enum side side,
                      const struct operand *operand,
                      struct endpoint_wants wants, struct error *e);

void target_free (struct target *t); /* a zeroed one is fine */

/* Checks that both targets go together: a stream, of unknown size, cannot
 * become a new image.  Returns 0, or -1 with the error set.
 */
int targets_check (const struct target targets[2], struct error *e);

/* Returns whether both targets are one file or one block device. */
bool targets_are_one (const struct target targets[2]);

/* Opens and describes one side, with its first conn, which endpoint_conn hands
 * out as number 0.  Waits for at most --open-timeout, or until interrupt_fd
 * (-1: none) is readable (then ERROR_INTERRUPTED).  NULL with the error set.
 */
struct endpoint *target_open (const struct target *t, const struct options *o,
                              int interrupt_fd, struct error *e);

#endif /* OPEN_H */
