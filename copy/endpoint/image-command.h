/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that serve, create and fetch disk images: qemu-nbd, qemu-img and
 * nbdkit, word by word.
 *
 * QEMU takes the given name as that of a file, even if it has commas, colons,
 * "json:" or a leading dash in it.
 *
 * Each function returns a command, which is a new array that ends with NULL, or
 * NULL when out of memory; its comment says what the command does.
 */

#ifndef IMAGE_COMMAND_H
#define IMAGE_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "url.h"

enum image_access { IMAGE_READ, IMAGE_WRITE };

/* The disk to serve: a file, a device, or the export of another server. */
struct image_place {
  const char *path; /* or of the other server's socket */
  enum { IMAGE_FILE, IMAGE_DEVICE, IMAGE_SOCKET } kind;
  /* Its backing file and the format of that, instead of what the image says.
   * NULL: none.
   */
  const char *backing, *backing_format;
  bool backing_is_device;
};

/* Serves an image by qemu-nbd, to this many clients.  The format "auto" makes
 * it guess.  With @context, a name that starts with "qemu:", it is served with
 * that meta context; NULL: without any.
 */
char **image_command_serve (const char *format, struct image_place place,
                            enum image_access access, unsigned clients,
                            const char *context);

/* Creates an image of @size bytes by qemu-img, in place of an existing file.
 * @options are KEY=VALUE,..., or NULL; an image with a backing file names it as
 * the options do, and it is not opened.
 */
char **image_command_create (const char *format, const char *path,
                             uint64_t size, const char *options,
                             bool with_backing);

/* Describes an image by qemu-img, as JSON. */
char **image_command_describe (const char *format, struct image_place place);

/* Describes an image and all of its backing files, as a list; also an image
 * that another program has locked.
 */
char **image_command_describe_chain (const char *format,
                                     struct image_place place);

/* Checks by qemu-img whether an image is complete, or prints where its data is
 * in the file, as JSON.
 */
char **image_command_check (const char *format, struct image_place place);
char **image_command_list (const char *format, struct image_place place);

/* Measures by qemu-img how large the file of an image of @size bytes can
 * become.
 */
char **image_command_measure (const char *format, uint64_t size);

/* Serves a file of a web server by nbdkit, read-only.  The password, if any, is
 * in password_file, because other users can read the command line.
 */
char **image_command_fetch (const struct url *url, const char *password_file);

/* Runs a program with the following words, up to a NULL. */
char **image_command_plain (const char *program, ...)
  __attribute__ ((sentinel));

void image_command_free (char **command);

#endif /* IMAGE_COMMAND_H */
