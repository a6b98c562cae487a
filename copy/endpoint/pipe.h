/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipe kind of endpoint: bytes in order, without offsets.  Standard input
 * and output whatever they are, FIFOs, and character devices.
 */

#ifndef ENDPOINT_PIPE_H
#define ENDPOINT_PIPE_H

#include "endpoint/kind.h"

/* What can be seen without opening anything: 0, or -1 with the error set where
 * this can be no stream.  name is for the message.
 */
int endpoint_pipe_check (enum side side, const char *name,
                         const struct operand *operand, struct error *e);

/* Waits for somebody to open the other end of a FIFO.  The operand has passed
 * endpoint_pipe_check.
 */
struct endpoint *endpoint_pipe_open (const struct endpoint_request *q,
                                     struct error *e);

#endif /* ENDPOINT_PIPE_H */
