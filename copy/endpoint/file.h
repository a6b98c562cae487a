/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file kind of endpoint: regular files and block devices. */

#ifndef ENDPOINT_FILE_H
#define ENDPOINT_FILE_H

#include <stdbool.h>

#include "endpoint/endpoint-private.h"

/* Whether this name is a regular file's or a block device's, or nothing's as
 * yet.
 */
bool endpoint_file_fits (const char *name);

/* Whether a file of this name, which is not there, could be made: 0, or -1 with
 * the error set; it begins with what.
 */
int endpoint_file_check_new (const char *path, const char *what,
                             struct error *e);

/* Refuses what is no file to be copied: a name in /dev that no device has, and
 * a file that says that it is empty but can be read, as those of /proc are.
 * Returns 0, or -1 with the error set.
 */
int endpoint_file_check (const struct target *t, struct error *e);

/* Opens a block device, or a file, with these flags, the device for us alone.
 * One that another has is noted in the caps.  Returns what open does.
 */
int endpoint_file_open_alone (struct endpoint *ep, const char *path, int flags,
                              int interrupt_fd);

/* Whether the name still leads to the regular file that is open, and was
 * written to: 0, or -1 with the error set, which says what became of it.
 */
int endpoint_file_check_place (const struct endpoint *ep, int fd,
                               const char *path, struct error *e);

extern const struct endpoint_kind endpoint_file_kind;

#endif /* ENDPOINT_FILE_H */
