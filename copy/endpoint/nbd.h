/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The NBD kind of endpoint: a URI, or a server that we start. */

#ifndef ENDPOINT_NBD_H
#define ENDPOINT_NBD_H

#include "endpoint/endpoint-private.h"

extern const struct endpoint_kind endpoint_nbd_kind;

/* Opens an NBD server; the image kind does so with a command of its own. */
struct endpoint *endpoint_nbd_open (const struct endpoint_request *q,
                                    struct error *e);

/* Returns "libnbd 1.14.2", for --version.  Constant. */
const char *endpoint_nbd_library (void);

#endif /* ENDPOINT_NBD_H */
