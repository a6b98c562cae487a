/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text in HTML. */

#ifndef HTML_H
#define HTML_H

#include <stdio.h>

/* Prints text so that it stands for itself, also in an attribute. */
void html_text (FILE *f, const char *text);

/* Does the same with formatted text. */
void html_print (FILE *f, const char *fs, ...)
  __attribute__ ((format (printf, 2, 3)));

/* Prints JSON for a script element, which nothing in it can end. */
void html_json (FILE *f, const char *json);

#endif /* HTML_H */
