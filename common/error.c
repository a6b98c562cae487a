/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error as a value: an errno and one line of text.  The first is kept. */

#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "error.h"

/* Much of the text comes from servers: it must stay one line, and must not
 * steer the terminal.
 */
static void
make_one_line (char *text)
{
  char *s;

  for (s = text; *s != '\0'; ++s) {
    if (*s == '\n' || *s == '\t')
      *s = ' ';
    else if ((unsigned char) *s < ' ' || *s == '\177')
      *s = '?';
  }
  while (s > text && s[-1] == ' ')
    *--s = '\0';
}

static void __attribute__ ((format (printf, 4, 0)))
set (struct error *e, int number, const struct error_place *place,
     const char *fs, va_list args)
{
  if (error_is_set (e))
    return;

  e->number = number;
  e->place = *place;
  if (vsnprintf (e->text, sizeof e->text, fs, args) < 0)
    e->text[0] = '\0';
  make_one_line (e->text);

  /* No text would mean no error. */
  if (e->text[0] == '\0')
    snprintf (e->text, sizeof e->text, "%s",
              number != 0 ? strerror (number) : "unknown error");
}

void
error_set (struct error *e, int number, const char *fs, ...)
{
  static const struct error_place nowhere;
  va_list args;

  va_start (args, fs);
  set (e, number, &nowhere, fs, args);
  va_end (args);
}

void
error_set_at (struct error *e, int number, const struct error_place *place,
              const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  set (e, number, place, fs, args);
  va_end (args);
}

bool
error_is_set (const struct error *e)
{
  return e->text[0] != '\0';
}
