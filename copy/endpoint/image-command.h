/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that serve, make and fetch disk images: qemu-nbd, qemu-img and
 * nbdkit, word by word.
 *
 * A file's name reaches QEMU as nothing but a file's name, whatever stands in
 * it: commas, colons, "json:" or a dash in front.
 *
 * Each command is a new array that ends with NULL, or NULL without memory.
 */

#ifndef IMAGE_COMMAND_H
#define IMAGE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "url.h"

enum image_access { IMAGE_READ, IMAGE_WRITE };

/* What is served: a file or a device, or what another server has. */
struct image_place {
  const char *path; /* or of the other server's socket */
  enum { IMAGE_FILE, IMAGE_DEVICE, IMAGE_SOCKET } kind;
};

/* qemu-nbd for this many clients.  The format "auto" lets it guess. */
char **image_command_serve (const char *format, struct image_place place,
                            enum image_access access, unsigned clients);

/* qemu-img makes an image of size bytes, in place of the file that is there. */
char **image_command_create (const char *format, const char *path,
                             uint64_t size);

/* qemu-img describes what is there, as JSON. */
char **image_command_describe (const char *format, struct image_place place);

/* The same of the image and all of its backing files, as a list; also of one
 * that another program has locked.
 */
char **image_command_describe_chain (const char *format,
                                     struct image_place place);

/* qemu-img looks whether an image is whole, or prints where its data is in the
 * file, as JSON.
 */
char **image_command_check (const char *format, struct image_place place);
char **image_command_list (const char *format, struct image_place place);

/* qemu-img measures how large the file of an image of size bytes can become. */
char **image_command_measure (const char *format, uint64_t size);

/* nbdkit serves a file of a web server, read-only.  The password, where there
 * is one, is in password_file: the command line is open to all.
 */
char **image_command_fetch (const struct url *url, const char *password_file);

/* Any program, and its words up to a NULL. */
char **image_command_plain (const char *program, ...)
  __attribute__ ((sentinel));

void image_command_free (char **command);

#endif /* IMAGE_COMMAND_H */
