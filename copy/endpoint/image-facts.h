/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what qemu-img says about an image, in JSON. */

#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct image_facts {
  uint64_t size; /* bytes of the disk in it */
  /* a constant: the other files that it names, such as "a backing file"; NULL:
   * none
   */
  const char *names;
  bool names_more;        /* other files than the backing file */
  char backing[PATH_MAX]; /* the backing file, as the image names it, or "" */
  bool written_once;      /* no part of it can be rewritten */
};

/* Reads the file and the format of image number i (0: the top) of a chain, as
 * new strings, from the text of qemu-img info --backing-chain --output=json.
 * False if there is none.
 */
bool image_facts_chain (const char *text, unsigned i, char **file,
                        char **format);

/* Returns whether the text of qemu-img check --output=json is about a format
 * for which it notices that the end of the file is missing.
 */
bool image_facts_checked (const char *text);

/* Finds where the data that the text of qemu-img map --output=json lists ends
 * in the image's own file; 0: it does not say.  -1 with errno.
 */
int image_facts_end (const char *text, uint64_t *end);

/* Reads the text of qemu-img info --output=json.  -1 with errno. */
int image_facts_read (const char *text, struct image_facts *f);

/* Returns by how much a full image is larger than its disk of @size bytes, from
 * the text of qemu-img measure --output=json; 0 if it does not say.
 */
uint64_t image_facts_besides (const char *text, uint64_t size);

#endif /* IMAGE_FACTS_H */
