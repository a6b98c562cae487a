/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NBD addresses with an abstract socket: nbd+unix:///EXPORT?socket=%00NAME.
 *
 * libnbd ends the name of a socket at its first NUL, so it cannot connect to an
 * abstract socket.
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

/* Parses such an address.  Returns 1, 0 if the URI is not one, or -1 with errno
 * if we cannot connect to it: EINVAL, ENAMETOOLONG, or ENOTSUP for TLS.
 */
int nbd_abstract_parse (const char *uri, struct nbd_abstract *a);

/* Returns a connected socket, or -1 with errno. */
int nbd_abstract_connect (const struct nbd_abstract *a);

/* Frees the content; a zeroed struct is fine. */
void nbd_abstract_free (struct nbd_abstract *a);

#endif /* NBD_ABSTRACT_H */
