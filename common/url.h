/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of files on web servers: recognises them, and separates the user
 * and the password.
 */

#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>

/* The members are owned; NULL: not present. */
struct url {
  char *address;         /* without user and password */
  char *user, *password; /* decoded */
};

/* Returns whether a name is an http or https address, in upper or lower case.
 */
bool url_is_web (const char *name);

/* Returns whether a name is an NBD URI, in upper or lower case. */
bool url_is_nbd (const char *name);

/* Decodes percent-encoding into a new string of *length bytes, which can
 * contain NULs and has one at its end.  Returns NULL with errno: EINVAL if the
 * encoding is invalid.
 */
char *url_decode (const char *s, const char *end, size_t *length);

/* Splits an address.  Returns 0, or -1 with errno: EINVAL if user or password
 * cannot be decoded, or contain characters that cannot be passed on in one
 * line.
 */
int url_split (const char *name, struct url *url);

/* Frees the members.  A zeroed struct is fine. */
void url_free (struct url *url);

#endif /* URL_H */
