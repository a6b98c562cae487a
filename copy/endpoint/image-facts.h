/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What qemu-img says of an image, as JSON. */

#ifndef IMAGE_FACTS_H
#define IMAGE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct image_facts {
  uint64_t size;     /* bytes of the disk in it */
  const char *names; /* a constant: which other files it names, such
                                   as "a backing file"; NULL: none */
  bool written_once; /* no part of it can be written a second time */
};

/* Image number i (0: the first) of a chain, in the text of qemu-img info
 * --backing-chain --output=json: its file and format, new strings.  False where
 * there is none.
 */
bool image_facts_chain (const char *text, unsigned i, char **file,
                        char **format);

/* Whether the text of qemu-img check --output=json is about a format of which
 * it sees that the end of the file is missing.
 */
bool image_facts_checked (const char *text);

/* Where the data that the text of qemu-img map --output=json lists ends in the
 * image's own file; 0: nothing is said of that.  -1 with errno.
 */
int image_facts_end (const char *text, uint64_t *end);

/* Reads the text of qemu-img info --output=json.  -1 with errno. */
int image_facts_read (const char *text, struct image_facts *f);

/* By how much an image that is full is larger than the disk of size bytes in
 * it, in the text of qemu-img measure --output=json; 0 where that does not say
 * it.
 */
uint64_t image_facts_besides (const char *text, uint64_t size);

#endif /* IMAGE_FACTS_H */
