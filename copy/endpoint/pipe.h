/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pipe kind of endpoint: bytes in order, without offsets.  Standard input
 * and output of any kind, FIFOs, and character devices.
 */

#ifndef ENDPOINT_PIPE_H
#define ENDPOINT_PIPE_H

#include "endpoint/endpoint-private.h"

/* Its open function waits for the other end of a FIFO to be opened. */
extern const struct endpoint_kind endpoint_pipe_kind;

#endif /* ENDPOINT_PIPE_H */
