/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NBD addresses with an abstract socket: nbd+unix:///EXPORT?socket=%00NAME.
 *
 * libnbd ends a socket's name at its first NUL, so it cannot get there by
 * itself.
 */

#ifndef NBD_ABSTRACT_H
#define NBD_ABSTRACT_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct nbd_abstract {
  struct sockaddr_un address;
  socklen_t length;
  char *export; /* owned */
};

/* Whether a URI is such an address; one that is, and that we have no way to, is
 * an error.  1, 0, or -1 with errno: EINVAL, ENAMETOOLONG, or ENOTSUP for TLS.
 */
int nbd_abstract_parse (const char *uri, struct nbd_abstract *a);

/* A connected socket, or -1 with errno. */
int nbd_abstract_connect (const struct nbd_abstract *a);

/* A zeroed struct is fine. */
void nbd_abstract_free (struct nbd_abstract *a);

#endif /* NBD_ABSTRACT_H */
