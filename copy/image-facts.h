/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What qemu-img says of an image, as JSON. */

#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct image_facts {
  uint64_t size;                /* bytes of the disk in it */
  const char *names;            /* a constant: which other files it names, such
                                   as "a backing file"; NULL: none */
  bool written_once;            /* no part of it can be written a second time */
};

/* Reads the text of qemu-img info --output=json.  -1 with errno. */
int image_facts_read (const char *text, struct image_facts *f);

#endif /* IMAGE_FACTS_H */
