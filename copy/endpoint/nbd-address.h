/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with an NBD address, as far as it can be said before anybody
 * connects: libnbd says of these only that it cannot use them.
 */

#ifndef NBD_ADDRESS_H
#define NBD_ADDRESS_H

#include "error.h"

/* An IPv6 address without brackets.  name is what messages call it.  0, or -1
 * with the error set.
 */
int nbd_address_check (const char *uri, const char *name, struct error *e);

/* The files that the address of a server with TLS names: whether they are there
 * and can be read.  0, or -1 with the error set.
 */
int nbd_address_check_files (const char *uri, const char *name,
                             struct error *e);

/* The host of an address, without brackets, its port, and a decoded parameter
 * of its query: owned by the caller.  NULL: there is none, or no memory.
 */
char *nbd_address_host (const char *uri);
char *nbd_address_port (const char *uri);
char *nbd_address_parameter (const char *uri, const char *parameter);

#endif /* NBD_ADDRESS_H */
