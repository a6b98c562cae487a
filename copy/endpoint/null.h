/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* null: is a destination that accepts everything and keeps nothing. */

#ifndef ENDPOINT_NULL_H
#define ENDPOINT_NULL_H

#include "endpoint/endpoint-private.h"

extern const struct endpoint_kind endpoint_null_kind;

#endif /* ENDPOINT_NULL_H */
