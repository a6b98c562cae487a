/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* null: — a destination that accepts everything and keeps nothing. */

#ifndef ENDPOINT_NULL_H
#define ENDPOINT_NULL_H

#include "endpoint/kind.h"

struct endpoint *endpoint_null_open (const struct endpoint_request *q,
                                     struct error *e);

#endif /* ENDPOINT_NULL_H */
