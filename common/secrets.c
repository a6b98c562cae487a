/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hides what nobody but the user should read: for every name we print.
 *
 * Where a value ends is often anyone's guess: a password may hold the very
 * character that separates parameters.  In doubt too much is hidden, never too
 * little.
 */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "secrets.h"

static const char mask[] = "***";

static bool
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* The characters of a parameter's name.  The dash is one of them, so the two
 * dashes of an option need no rule of their own.
 */
static bool
is_name_char (char c)
{
  return is_digit (c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
    c == '-' || c == '_' || c == '.';
}

static bool
ends_in (const char *name, size_t length, const char *end)
{
  size_t n = strlen (end);

  return length >= n && strncasecmp (name + length - n, end, n) == 0;
}

static bool
is_secret_name (const char *name, size_t length)
{
  static const char *const ends[] = {
    "password", "passwd", "passphrase", "secret", "token", "key", "cookie",
    "signature", "sig",         /* of addresses that are open to their bearer */
  };
  size_t i;

  for (i = 0; i < sizeof ends / sizeof ends[0]; ++i)
    if (ends_in (name, length, ends[i]))
      return true;
  return false;
}

/* Given the text behind "://", the '@' that ends the user information, or NULL
 * when there is none.
 */
static const char *
user_info_end (const char *s)
{
  size_t length = strcspn (s, "/?#");
  const char *at = memrchr (s, '@', length);
  const char *port;

  if (at != NULL || *s == '[')
    return at;

  /* A password with a bare '/' in it ends what formally is the host early, and
   * then the port is no number.
   */
  port = memrchr (s, ':', length);
  if (port != NULL && strspn (port + 1, "0123456789") <
      (size_t) (s + length - (port + 1)))
    return strrchr (s + length, '@');
  return NULL;
}

/* The length of the name that s starts with when '=' follows it, or 0. */
static size_t
name_length (const char *s)
{
  size_t n = 0;

  while (is_name_char (s[n]))
    n++;
  return s[n] == '=' ? n : 0;
}

/* Given a value and what stands before its parameter's name ('\0' for
 * nothing), where the value ends: at the same separator when another parameter
 * comes behind it, else with the word.
 */
static const char *
value_end (const char *value, char separator)
{
  const char *s;

  if (separator == '?')
    separator = '&';
  if (separator == '\0' || strchr ("&,;: \t\n", separator) == NULL)
    return value + strlen (value);

  for (s = value; *s != '\0'; ++s) {
    if (*s != separator)
      continue;
    if (separator == ',' && s[1] == ',')
      s++;                      /* QEMU's way to write a comma in a value */
    else if (name_length (s + 1) > 0)
      break;
  }
  return s;
}

/* Whether the parameter is the data of one of QEMU's secret objects, which the
 * word shows before it.
 */
static bool
is_secret_data (const char *word, const char *name, size_t length)
{
  static const char object[] = "secret,";
  const char *s;

  if (length != 4 || strncasecmp (name, "data", 4) != 0)
    return false;
  for (s = word; s < name; ++s)
    if (strncasecmp (s, object, sizeof object - 1) == 0)
      return true;
  return false;
}

/* The end of what must be hidden behind s, which points at '=', or NULL. */
static const char *
secret_end (const char *word, const char *s)
{
  const char *name = s;
  size_t length;

  while (name > word && is_name_char (name[-1]))
    name--;
  length = (size_t) (s - name);
  if (!is_secret_name (name, length) && !is_secret_data (word, name, length))
    return NULL;
  return value_end (s + 1, name > word ? name[-1] : '\0');
}

static void
write_masked (FILE *fp, const char *word)
{
  const char *s = word, *end;

  while (*s != '\0') {
    if (strncmp (s, "://", 3) == 0 && (end = user_info_end (s + 3)) != NULL) {
      fprintf (fp, "://%s", mask);
      s = end;
    }
    else if (*s == '=' && (end = secret_end (word, s)) != NULL) {
      fprintf (fp, "=%s", mask);
      s = end;
    }
    else {
      putc ((unsigned char) *s < ' ' || *s == '\177' ? '?' : *s, fp);
      s++;
    }
  }
}

/* --password, with the secret in the next word. */
static bool
announces_secret (const char *word)
{
  return strncmp (word, "--", 2) == 0 && strchr (word, '=') == NULL &&
    is_secret_name (word, strlen (word));
}

/* Closes the stream; the text that went into it, or NULL with errno. */
static char *
finish (FILE *fp, char **text)
{
  bool failed = ferror (fp) != 0;

  if (fclose (fp) == EOF || failed) {
    free (*text);
    errno = ENOMEM;             /* memory is all that such a stream can lack */
    return NULL;
  }
  return *text;
}

char *
secrets_mask (const char *word)
{
  char *text = NULL;
  size_t size;
  FILE *fp = open_memstream (&text, &size);

  if (fp == NULL)
    return NULL;
  write_masked (fp, word);
  return finish (fp, &text);
}

char *
secrets_mask_command (char *const argv[])
{
  char *text = NULL;
  size_t size, i;
  FILE *fp = open_memstream (&text, &size);

  if (fp == NULL)
    return NULL;
  fputs ("[ ", fp);
  for (i = 0; argv[i] != NULL; ++i) {
    if (i > 0 && announces_secret (argv[i - 1]))
      fputs (mask, fp);
    else
      write_masked (fp, argv[i]);
    putc (' ', fp);
  }
  putc (']', fp);
  return finish (fp, &text);
}
