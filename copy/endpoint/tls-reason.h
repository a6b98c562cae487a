/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the certificate of an NBD server is not accepted: libnbd has one text for
 * all reasons.
 */

#ifndef TLS_REASON_H
#define TLS_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* Where it is: a host and a port, or the path of a socket; else NULL. */
struct tls_server {
  const char *host, *port;
  const char *socket;
  const char *folder; /* with ca-cert.pem; NULL: another one */
};

/* Connects once more, without any trust, and looks at the certificate.  Takes
 * some seconds at most.  False when no reason was found, and always in a
 * program that is built without GnuTLS.
 */
bool tls_reason (const struct tls_server *s, char *text, size_t size);

#endif /* TLS_REASON_H */
