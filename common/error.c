/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An error as a value: see error.h. */

#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "control.h"
#include "error.h"

/* Makes the text one printable line.  Much of it comes from servers, and must
 * not control the terminal.
 */
static void
make_one_line (char *text)
{
  char *s;

  for (s = text; *s != '\0'; ++s) {
    const size_t length = control_length (s);

    if (*s == '\n' || *s == '\t')
      *s = ' ';
    else if (length > 0)
      memset (s, '?', length);
  }
  while (s > text && s[-1] == ' ')
    *--s = '\0';
}

static void __attribute__ ((format (printf, 5, 0)))
set (struct error *e, enum error_kind kind, int number,
     const struct error_place *place, const char *fs, va_list args)
{
  if (error_is_set (e))
    return;

  e->kind = kind;
  e->number = number;
  e->place = *place;
  if (vsnprintf (e->text, sizeof e->text, fs, args) < 0)
    e->text[0] = '\0';
  make_one_line (e->text);

  /* an empty text would mean no error */
  if (e->text[0] == '\0')
    snprintf (e->text, sizeof e->text, "%s",
              number != 0 ? strerror (number) : "unknown error");
}

static const struct error_place nowhere;

void
error_set (struct error *e, int number, const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  set (e, ERROR_PLAIN, number, &nowhere, fs, args);
  va_end (args);
}

void
error_set_kind (struct error *e, enum error_kind kind, int number,
                const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  set (e, kind, number, &nowhere, fs, args);
  va_end (args);
}

void
error_set_at (struct error *e, int number, const struct error_place *place,
              const char *fs, ...)
{
  va_list args;

  va_start (args, fs);
  set (e, ERROR_PLAIN, number, place, fs, args);
  va_end (args);
}

void
error_set_side (struct error *e, const char *side)
{
  if (error_is_set (e) && e->place.side == NULL)
    e->place.side = side;
}

bool
error_is_set (const struct error *e)
{
  return e->text[0] != '\0';
}
