/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of files on web servers: recognised, and parted from the name and
 * the password that may stand in them.
 */

#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>

/* The members are owned; NULL: there is none. */
struct url {
  char *address;         /* without user and password */
  char *user, *password; /* decoded */
};

/* Whether a name is an http or https address, in any case. */
bool url_is_web (const char *name);

/* Whether a name is an NBD URI, in any case. */
bool url_is_nbd (const char *name);

/* Text less its percent-encoding: a new string of this length, which can have
 * NULs in it, and one behind.  NULL with errno: EINVAL where it is none.
 */
char *url_decode (const char *s, const char *end, size_t *length);

/* Parts an address.  0, or -1 with errno: EINVAL where user or password cannot
 * be decoded, or hold what no program could be told in a line.
 */
int url_split (const char *name, struct url *url);

/* A zeroed struct is fine. */
void url_free (struct url *url);

#endif /* URL_H */
