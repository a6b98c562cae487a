/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses of files on web servers: see url.h. */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "url.h"

bool
url_is_web (const char *name)
{
  return strncasecmp (name, "http://", 7) == 0
    || strncasecmp (name, "https://", 8) == 0;
}

bool
url_is_nbd (const char *name)
{
  static const char *const schemes[] = {
    "nbd://",       "nbds://",       "nbd+unix://", "nbds+unix://",
    "nbd+vsock://", "nbds+vsock://", "nbd+ssh://",  "nbds+ssh://",
  };

  for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
    if (strncasecmp (name, schemes[i], strlen (schemes[i])) == 0)
      return true;
  return false;
}

/* Returns the value of a hexadecimal digit, or -1. */
static int
digit (char c)
{
  return c >= '0' && c <= '9' ? c - '0'
    : c >= 'a' && c <= 'f'    ? c - 'a' + 10
    : c >= 'A' && c <= 'F'    ? c - 'A' + 10
                              : -1;
}

char *
url_decode (const char *s, const char *end, size_t *length)
{
  char *text = malloc (end - s + 1), *to = text;

  if (text == NULL)
    return NULL;
  while (s < end)
    if (*s != '%')
      *to++ = *s++;
    else if (end - s > 2 && digit (s[1]) != -1 && digit (s[2]) != -1) {
      *to++ = (char) (digit (s[1]) * 16 + digit (s[2]));
      s += 3;
    }
    else {
      free (text);
      errno = EINVAL;
      return NULL;
    }
  *to = '\0';
  *length = to - text;
  return text;
}

/* Does the same for text that must be one line. */
static char *
decode_line (const char *s, const char *end)
{
  size_t length;
  char *text = url_decode (s, end, &length);

  if (text && strcspn (text, "\r\n") != length) {
    free (text);
    errno = EINVAL;
    return NULL;
  }
  return text;
}

static int
decode_user_info (struct url *url, const char *s, const char *end)
{
  const char *colon = memchr (s, ':', end - s);

  url->user = decode_line (s, colon ? colon : end);
  if (url->user == NULL)
    return -1;
  if (colon && (url->password = decode_line (colon + 1, end)) == NULL)
    return -1;
  return 0;
}

int
url_split (const char *name, struct url *url)
{
  const char *host = strstr (name, "://") + 3;
  const char *at = memrchr (host, '@', strcspn (host, "/?#"));
  int err;

  *url = (struct url) { 0 };
  if (at && decode_user_info (url, host, at) == -1)
    goto fail;
  if (asprintf (&url->address, "%.*s%s", (int) (host - name), name,
                at ? at + 1 : host)
      == -1) {
    url->address = NULL;
    goto fail;
  }
  return 0;

fail:
  err = errno;
  url_free (url);
  errno = err;
  return -1;
}

void
url_free (struct url *url)
{
  free (url->address);
  free (url->user);
  free (url->password);
  *url = (struct url) { 0 };
}
