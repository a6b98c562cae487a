/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the files that an image is made of besides the one with its name: its
 * backing files, and the files with its data.  qemu-img knows them.
 */

#ifndef IMAGE_FILES_H
#define IMAGE_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "endpoint/image-command.h"
#include "error.h"

struct image_file {
  char *path; /* owned; relative to the present folder */
  enum {
    IMAGE_DATA,    /* holds data of the image, and is written with it */
    IMAGE_BACKING, /* is only read */
  } kind;
};

struct image_files {        /* freeing a zeroed one is safe */
  struct image_file *files; /* owned */
  size_t n_files;
};

/* Asks qemu-img for the files, until the deadline (clock_now time) at most; its
 * own messages are dropped.  0, or -1 with the error set; the caller adds the
 * name of the image.
 */
int image_files_find (struct image_files *out, const char *format,
                      struct image_place place, uint64_t deadline,
                      struct error *e);

/* Does the same with the text that qemu-img has printed. */
int image_files_parse (struct image_files *out, const char *text, size_t length,
                       struct error *e);

void image_files_free (struct image_files *f);

/* Returns the name of a file that an image names, relative to the present folder:
 * the image names it relative to its own.  A new string, or NULL with errno.
 */
char *image_files_join (const char *image, const char *name);

#endif /* IMAGE_FILES_H */
