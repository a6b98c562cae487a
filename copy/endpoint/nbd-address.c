/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds mistakes in NBD addresses: see nbd-address.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "endpoint/nbd-address.h"
#include "url.h"

#define DEFAULT_PORT "10809"

/* Returns where the host begins, and in *end where the port after it ends.
 * NULL for an address without a host, or with another kind of it.
 */
static const char *
find_host (const char *uri, const char **end)
{
  const char *authority = strstr (uri, "://"), *host, *at;

  if (authority == NULL || memchr (uri, '+', authority - uri))
    return NULL;
  host = authority + 3;
  *end = host + strcspn (host, "/?#");
  for (at = host; at < *end; at++)
    if (*at == '@')
      host = at + 1;
  return host;
}

/* Returns whether a part of an address begins with "-", once it is decoded. */
static bool
begins_with_dash (const char *start, const char *end)
{
  return end - start > 0
    && (*start == '-'
        || (end - start >= 3 && strncasecmp (start, "%2d", 3) == 0));
}

/* Some releases of libnbd hand the host to ssh(1) without "--", so that it can
 * be an option that runs any command: CVE-2025-14946.  The user is checked, too,
 * because "user@host" is one word.
 */
static int
check_ssh (const char *uri, const char *name, struct error *e)
{
  const char *start, *end, *at;

  if (strncasecmp (uri, "nbd+ssh://", 10) != 0
      && strncasecmp (uri, "nbds+ssh://", 11) != 0)
    return 0;
  start = strstr (uri, "://") + 3;
  end = start + strcspn (start, "/?#");
  at = memrchr (start, '@', end - start);
  if (!begins_with_dash (start, end)
      && (at == NULL || !begins_with_dash (at + 1, end)))
    return 0;
  error_set (e, EINVAL,
             "%s: a host or user that begins with \"-\" would be an option of"
             " ssh",
             name);
  return -1;
}

int
nbd_address_check (const char *uri, const char *name, struct error *e)
{
  const char *end, *colon, *host = find_host (uri, &end);

  if (host == NULL)
    return check_ssh (uri, name, e);
  colon = memchr (host, ':', end - host);
  if (*host == '[' || colon == NULL
      || memchr (colon + 1, ':', end - colon - 1) == NULL)
    return 0;
  error_set (e, EINVAL,
             "%s: an IPv6 address needs brackets, as in"
             " nbd://[::1]:10809/",
             name);
  return -1;
}

/* A parameter that cannot be decoded counts as missing: libnbd reports it. */
char *
nbd_address_parameter (const char *uri, const char *parameter)
{
  const size_t n = strlen (parameter);
  size_t length;

  for (const char *s = uri + strcspn (uri, "?#"); *s == '?' || *s == '&';
       s += 1 + strcspn (s + 1, "&#"))
    if (strncmp (s + 1, parameter, n) == 0 && s[1 + n] == '=')
      return url_decode (s + n + 2, s + n + 2 + strcspn (s + n + 2, "&#"),
                         &length);
  return NULL;
}

char *
nbd_address_host (const char *uri)
{
  const char *end, *host = find_host (uri, &end);
  const bool brackets = host && *host == '[';
  size_t n;

  if (host == NULL)
    return NULL;
  host += brackets;
  n = strcspn (host, brackets ? "]" : ":/?#");
  return n > 0 ? strndup (host, n) : NULL;
}

char *
nbd_address_port (const char *uri)
{
  const char *end, *host = find_host (uri, &end), *colon;

  if (host && *host == '[') /* an address in brackets has colons, too */
    host = memchr (host, ']', end - host);
  if (host == NULL)
    return NULL;
  colon = memchr (host, ':', end - host);
  return colon && colon + 1 < end ? strndup (colon + 1, end - colon - 1)
                                  : strdup (DEFAULT_PORT);
}

/* Returns an errno, or 0. */
static int
why_not_readable (const char *path)
{
  const int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  const int err = errno;

  if (fd == -1)
    return err;
  close (fd);
  return 0;
}

static int
refuse (const char *name, const char *parameter, const char *path, int err,
        struct error *e)
{
  error_set (e, err, "%s: %s: cannot read %s: %s", name, parameter, path,
             strerror (err));
  return -1;
}

/* Checks the folder of certificates.  A client needs the authority's, but
 * neither a certificate nor a key of its own; it needs both or none.
 */
static int
check_folder (const char *folder, const char *name, struct error *e)
{
  static const char *const files[] = { "ca-cert.pem", "client-cert.pem",
                                       "client-key.pem" };
  int errs[3], err = why_not_readable (folder), r = 0;

  if (err)
    return refuse (name, "tls-certificates", folder, err, e);
  for (unsigned i = 0; i < 3; i++) {
    char *path;

    if (asprintf (&path, "%s/%s", folder, files[i]) == -1)
      return 0; /* the next function that needs memory reports that */
    errs[i] = why_not_readable (path);
    if (errs[i] && (i == 0 || errs[i] != ENOENT || (i == 2 && errs[1] == 0)))
      r = refuse (name, "tls-certificates", path, errs[i], e);
    free (path);
  }
  return r;
}

int
nbd_address_check_files (const char *uri, const char *name, struct error *e)
{
  char *folder, *file;
  int r = 0, err;

  if (strncasecmp (uri, "nbds", 4) != 0)
    return 0;
  folder = nbd_address_parameter (uri, "tls-certificates");
  file = nbd_address_parameter (uri, "tls-psk-file");
  if (folder)
    r = check_folder (folder, name, e);
  if (r == 0 && file && (err = why_not_readable (file)) != 0)
    r = refuse (name, "tls-psk-file", file, err, e);
  free (folder);
  free (file);
  return r;
}
