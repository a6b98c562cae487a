/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks web servers about files: see web.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "endpoint/image-command.h"
#include "endpoint/web.h"

/* -- asking --------------------------------------------------------------- */

/* Prints a part of a value in curl's configuration. */
static void
print_escaped (FILE *f, const char *text)
{
  for (; *text; text++)
    switch (*text) {
    case '"':
    case '\\':
      fprintf (f, "\\%c", *text);
      break;
    case '\n':
      fputs ("\\n", f);
      break;
    case '\r':
      fputs ("\\r", f);
      break;
    default:
      putc (*text, f);
    }
}

/* The option "head" ends the reply after its header, for any method. */
char *
web_question (const struct url *url, uint64_t start, uint64_t end)
{
  char *text = NULL;
  size_t length;
  FILE *f = open_memstream (&text, &length);

  if (f == NULL)
    return NULL;
  fputs ("silent\nshow-error\ngloboff\nlocation\nhead\n"
         "suppress-connect-headers\nproto = \"=http,https\"\n"
         "proto-redir = \"=http,https\"\n"
         "write-out = \"%{url_effective}\\n\"\nurl = \"",
         f);
  print_escaped (f, url->address);
  if (url->user) {
    fputs ("\"\nuser = \"", f);
    print_escaped (f, url->user);
    putc (':', f); /* without it, curl would ask for a password */
    print_escaped (f, url->password ? url->password : "");
  }
  putc ('"', f);
  if (end > 0)
    fprintf (f, "\nrequest = \"GET\"\nrange = \"%" PRIu64 "-%" PRIu64 "\"",
             start, end - 1);
  putc ('\n', f);
  if (fclose (f) == 0)
    return text;
  free (text);
  return NULL;
}

char **
web_command (void)
{
  return image_command_plain ("curl", "--disable", "--config", "-", NULL);
}

/* -- the answer ----------------------------------------------------------- */

/* Returns the value of a header line with this name, or NULL. */
static const char *
value_of (const char *line, const char *name)
{
  const size_t n = strlen (name);

  if (strncasecmp (line, name, n) != 0 || line[n] != ':')
    return NULL;
  return line + n + 1 + strspn (line + n + 1, " \t");
}

static void
copy_value (char *to, size_t size, const char *value)
{
  snprintf (to, size, "%.*s", (int) strcspn (value, "\r\n"), value);
}

/* Reads "bytes 0-99/1000", or "bytes" and an asterisk for a range after the
 * end.
 */
static void
read_range (struct web_answer *a, const char *value)
{
  uint64_t first, last;

  if (sscanf (value, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64, &first, &last,
              &a->total)
        == 3
      && last >= first && last < a->total) {
    a->has_range = true;
    a->start = first;
    a->end = last + 1;
  }
  else if (sscanf (value, "bytes */%" SCNu64, &a->total) != 1)
    a->total = 0;
}

static void
begin_answer (struct web_answer *a, const char *line)
{
  const char *blank = strchr (line, ' ');

  *a = (struct web_answer) { .status = blank ? atoi (blank) : 0 };
  copy_value (a->reason, sizeof a->reason, line);
}

static void
read_line (struct web_answer *a, const char *line)
{
  const char *value;

  if (strncmp (line, "HTTP/", 5) == 0)
    begin_answer (a, line);
  else if ((value = value_of (line, "accept-ranges")) != NULL)
    a->promises_ranges = strncasecmp (value, "bytes", 5) == 0;
  else if ((value = value_of (line, "content-range")) != NULL)
    read_range (a, value);
  else if ((value = value_of (line, "etag")) != NULL)
    copy_value (a->tag, sizeof a->tag, value);
  else if ((value = value_of (line, "last-modified")) != NULL)
    copy_value (a->modified, sizeof a->modified, value);
}

/* Returns the last address that curl was redirected to, without the user and
 * password that curl adds.  NULL with errno.
 */
static char *
read_address (const char *line)
{
  char *whole = strndup (line, strcspn (line, "\r\n"));
  struct url url = { 0 };

  if (whole && url_split (whole, &url) == 0) {
    free (url.user);
    free (url.password);
  }
  free (whole);
  return url.address;
}

int
web_answer_read (const char *text, struct web_answer *a)
{
  const char *line = text, *end, *last = text;

  *a = (struct web_answer) { 0 };
  for (; (end = strchr (line, '\n')) != NULL; line = end + 1) {
    read_line (a, line);
    last = line;
  }
  if (a->status == 0 || !url_is_web (last)) {
    errno = EPROTO;
    return -1;
  }
  a->address = read_address (last);
  return a->address ? 0 : -1;
}

bool
web_answer_is (const struct web_answer *a, uint64_t start, uint64_t end)
{
  return a->status == 206 && a->has_range && a->start == start
    && a->end == (end < a->total ? end : a->total);
}

const char *
web_answers_differ (const struct web_answer *a, const struct web_answer *b)
{
  return a->total != b->total                ? "size"
    : strcmp (a->tag, b->tag) != 0           ? "ETag"
    : strcmp (a->modified, b->modified) != 0 ? "Last-Modified"
                                             : NULL;
}

/* Returns the length of scheme, host and port. */
static size_t
server_length (const char *address)
{
  const char *host = strstr (address, "://");

  return host ? host + 3 - address + strcspn (host + 3, "/?#") : 0;
}

bool
web_same_server (const char *a, const char *b)
{
  const size_t n = server_length (a);

  return n == server_length (b) && strncasecmp (a, b, n) == 0;
}

void
web_answer_free (struct web_answer *a)
{
  free (a->address);
  *a = (struct web_answer) { 0 };
}
