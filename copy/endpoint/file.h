/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file kind of endpoint: regular files and block devices. */

#ifndef ENDPOINT_FILE_H
#define ENDPOINT_FILE_H

#include "endpoint/endpoint-private.h"

extern const struct endpoint_kind endpoint_file_kind;

#endif /* ENDPOINT_FILE_H */
