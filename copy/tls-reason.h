/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the certificate of an NBD server is not accepted: libnbd has one text for
 * all reasons.
 */

#ifndef TLS_REASON_H
#define TLS_REASON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct tls_server {
  struct sockaddr_storage address;
  socklen_t length;             /* 0: not known */
  const char *host;             /* as the address calls it; NULL: by no name */
  const char *folder;           /* with ca-cert.pem; NULL: another one */
};

/* Connects once more, without any trust, and looks at the certificate.  Takes
 * some seconds at most.  False when no reason was found, and always in a program
 * that is built without GnuTLS.
 */
bool tls_reason (const struct tls_server *s, char *text, size_t size);

#endif /* TLS_REASON_H */
