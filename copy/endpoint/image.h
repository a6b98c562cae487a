/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image kind of endpoint: a file in a disk format, or a file of a web
 * server, behind a server that we start.
 */

#ifndef ENDPOINT_IMAGE_H
#define ENDPOINT_IMAGE_H

#include <stdbool.h>

#include "endpoint/kind.h"

/* Whether an operand is of this kind.  A raw file is not: it is a file. */
bool endpoint_image_fits (const struct operand *operand);

/* Whether a destination is one that has to be made first: it is not there, or
 * an empty file.
 */
bool endpoint_image_is_new (const struct operand *operand);

/* Whether the operand makes sense, and all programs that it needs are there: 0,
 * or -1 with the error set; it begins with what.
 */
int endpoint_image_check (enum side side, const struct operand *operand,
                          const char *what, struct error *e);

struct endpoint *endpoint_image_open (const struct endpoint_request *q,
                                      struct error *e);

#endif /* ENDPOINT_IMAGE_H */
