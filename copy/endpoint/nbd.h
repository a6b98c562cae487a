/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NBD kind of endpoint: a URI, or a server that we start. */

#ifndef ENDPOINT_NBD_H
#define ENDPOINT_NBD_H

#include <stdbool.h>

#include "endpoint/kind.h"

/* Whether a name on the command line is an NBD URI (else it is a file's). */
bool endpoint_nbd_is_uri (const char *name);

struct endpoint *endpoint_nbd_open (const struct endpoint_request *q,
                                    struct error *e);

/* "libnbd 1.14.2", for --version.  Constant. */
const char *endpoint_nbd_library (void);

#endif /* ENDPOINT_NBD_H */
