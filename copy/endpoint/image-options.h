/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a new image, as --destination-options gives them to qemu-img:
 * KEY=VALUE,... in which two commas are one in a value.
 *
 * qemu-img knows the keys of each format.  Here it is only checked that no key
 * makes the image into something that is not one file which the copy can write.
 */

#ifndef IMAGE_OPTIONS_H
#define IMAGE_OPTIONS_H

#include "error.h"

struct image_options {  /* freeing a zeroed one is safe */
  char *backing;        /* owned: its name as given; NULL: none */
  char *backing_path;   /* owned: relative to the present folder */
  char *backing_format; /* owned */
};

/* Reads the options of the image that will be @path.  0, or -1 with the error
 * set, whose text begins with the name of the option.
 */
int image_options_read (struct image_options *out, const char *text,
                        const char *format, const char *path, struct error *e);

void image_options_free (struct image_options *o);

#endif /* IMAGE_OPTIONS_H */
