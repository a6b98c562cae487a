/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds mistakes in an NBD address before it is used.  libnbd would only say
 * that it cannot use the address.
 */

#ifndef NBD_ADDRESS_H
#define NBD_ADDRESS_H

#include "error.h"

/* Refuses an IPv6 address without brackets, and a host that ssh would take for
 * an option.  Messages begin with @name.  0, or -1 with the error set.
 */
int nbd_address_check (const char *uri, const char *name, struct error *e);

/* Checks that the files that an address with TLS names can be read.  0, or -1
 * with the error set.
 */
int nbd_address_check_files (const char *uri, const char *name,
                             struct error *e);

/* Return the host of an address, without brackets, its port, and a decoded
 * parameter of its query: new strings.  NULL: there is none, or no memory.
 */
char *nbd_address_host (const char *uri);
char *nbd_address_port (const char *uri);
char *nbd_address_parameter (const char *uri, const char *parameter);

#endif /* NBD_ADDRESS_H */
