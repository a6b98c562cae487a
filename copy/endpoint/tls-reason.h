/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out why the certificate of an NBD server is not accepted: libnbd has
 * one message for all reasons.
 */

#ifndef TLS_REASON_H
#define TLS_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* The server's address: a host and a port, or the path of a socket; else NULL.
 */
struct tls_server {
  const char *host, *port;
  const char *socket;
  const char *folder; /* has ca-cert.pem; NULL: the default folder */
};

/* Connects once more, trusting no certificate, and looks at the server's.
 * Takes a few seconds at most.  False if no reason was found, and always in a
 * build without GnuTLS.
 */
bool tls_reason (const struct tls_server *s, char *text, size_t size);

#endif /* TLS_REASON_H */
