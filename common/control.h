/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control characters in UTF-8.  Names and messages of others may contain them,
 * and must not control the terminal.  Pure.
 */

#ifndef CONTROL_H
#define CONTROL_H

#include <stddef.h>

/* Returns the bytes of the control character that @text begins with; 0: it
 * begins with another one.  Those from U+0080 on need two bytes.
 */
static inline size_t
control_length (const char *text)
{
  const unsigned char *c = (const unsigned char *) text;

  if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
    return 2;
  return (c[0] > 0 && c[0] < ' ') || c[0] == 0x7f ? 1 : 0;
}

#endif /* CONTROL_H */
