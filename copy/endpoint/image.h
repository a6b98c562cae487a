/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The image kind of endpoint: a file in a disk format, or a file of a web
 * server, behind a server that we start.
 */

#ifndef ENDPOINT_IMAGE_H
#define ENDPOINT_IMAGE_H

#include <stdbool.h>

#include "endpoint/endpoint-private.h"

extern const struct endpoint_kind endpoint_image_kind;

/* Returns whether a destination of this kind has to be created first: it does
 * not exist, or is an empty file.
 */
bool endpoint_image_is_new (const struct operand *operand);

#endif /* ENDPOINT_IMAGE_H */
