/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* NBD addresses with an abstract socket: see nbd-abstract.h. */

#include <config.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "endpoint/nbd-abstract.h"
#include "url.h"

/* Returns the value of the query's parameter for the socket, or NULL. */
static const char *
find_socket (const char *query)
{
  for (const char *s = query; *s == '?' || *s == '&';
       s += 1 + strcspn (s + 1, "&#"))
    if (strncmp (s + 1, "socket=", 7) == 0)
      return s + 8;
  return NULL;
}

static int
set_address (struct nbd_abstract *a, const char *socket)
{
  size_t length;
  char *name = url_decode (socket, socket + strcspn (socket, "&#"), &length);

  if (name == NULL)
    return -1;
  if (length > sizeof a->address.sun_path) {
    free (name);
    errno = ENAMETOOLONG;
    return -1;
  }
  a->address.sun_family = AF_UNIX;
  memcpy (a->address.sun_path, name, length);
  a->length = offsetof (struct sockaddr_un, sun_path) + length;
  free (name);
  return 0;
}

static int
set_export (struct nbd_abstract *a, const char *path)
{
  size_t length;

  path += *path == '/';
  a->export = url_decode (path, path + strcspn (path, "?#"), &length);
  if (a->export == NULL)
    return -1;
  if (strlen (a->export) != length) {
    errno = EINVAL;
    return -1;
  }
  return 0;
}

int
nbd_abstract_parse (const char *uri, struct nbd_abstract *a)
{
  const bool tls = strncasecmp (uri, "nbds+unix://", 12) == 0;
  const char *path, *socket;
  int err;

  *a = (struct nbd_abstract) { 0 };
  if (!tls && strncasecmp (uri, "nbd+unix://", 11) != 0)
    return 0;
  path = strstr (uri, "://") + 3;
  path += strcspn (path, "/?#");
  socket = find_socket (path + strcspn (path, "?#"));
  if (socket == NULL || strncmp (socket, "%00", 3) != 0)
    return 0;
  if (tls) {
    errno = ENOTSUP;
    return -1;
  }
  if (set_address (a, socket) == 0 && set_export (a, path) == 0)
    return 1;
  err = errno;
  nbd_abstract_free (a);
  errno = err;
  return -1;
}

int
nbd_abstract_connect (const struct nbd_abstract *a)
{
  const int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
                         0);
  int err;

  if (fd == -1
      || connect (fd, (const struct sockaddr *) &a->address, a->length) == 0)
    return fd;
  err = errno;
  close (fd);
  errno = err;
  return -1;
}

void
nbd_abstract_free (struct nbd_abstract *a)
{
  free (a->export);
  *a = (struct nbd_abstract) { 0 };
}
