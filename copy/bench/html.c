/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in HTML: see html.h. */

#include <config.h>

#include <stdarg.h>
#include <stdlib.h>

#include "bench/html.h"

void
html_text (FILE *f, const char *text)
{
  for (; *text != '\0'; text++)
    switch (*text) {
    case '<':
      fputs ("&lt;", f);
      break;
    case '>':
      fputs ("&gt;", f);
      break;
    case '&':
      fputs ("&amp;", f);
      break;
    case '"':
      fputs ("&quot;", f);
      break;
    case '\'':
      fputs ("&#39;", f);
      break;
    default:
      putc (*text, f);
    }
}

void
html_print (FILE *f, const char *fs, ...)
{
  char *text;
  va_list args;

  va_start (args, fs);
  if (vasprintf (&text, fs, args) != -1) {
    html_text (f, text);
    free (text);
  }
  va_end (args);
}

void
html_json (FILE *f, const char *json)
{
  for (; *json != '\0'; json++)
    if (*json == '<')
      fputs ("\\u003c", f);
    else
      putc (*json, f);
}
