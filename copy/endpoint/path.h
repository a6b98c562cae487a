/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Endpoints whose name is a path, of any kind: checks of the name, and opening
 * a device so that no other program can.
 */

#ifndef ENDPOINT_PATH_H
#define ENDPOINT_PATH_H

#include "endpoint/endpoint-private.h"

/* Refuses a path that cannot be a file to copy: a name in /dev that no device
 * has, and a file that says that it is empty but can be read, as those of /proc
 * are.  Returns 0, or -1 with the error set.
 */
int path_check (const struct target *t, struct error *e);

/* Checks that a file of this name, which does not exist, can be created.
 * Returns 0, or -1 with the error set, which begins with @what.
 */
int path_check_new (const char *path, const char *what, struct error *e);

/* Opens a file, or a block device so that no other program can.  If another
 * program uses the device, sets caps.in_use.  Returns what open(2) returns.
 */
int path_open_alone (struct endpoint *ep, const char *path, int flags,
                     int interrupt_fd);

/* Checks that the name still leads to the regular file that is open and was
 * written to.  Returns 0, or -1 with the error set, which says what became of
 * the file.
 */
int path_check_place (const struct endpoint *ep, int fd, const char *path,
                      struct error *e);

#endif /* ENDPOINT_PATH_H */
