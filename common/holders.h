/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Describes who uses a block device that cannot be opened exclusively. */

#ifndef HOLDERS_H
#define HOLDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Describes the users of a device and how to free it: mounted file systems,
 * swap space, and devices built on it, also of its partitions or of the disk
 * that it is a partition of.  @name is the user's name for it.  The text is cut
 * if @size (at least 1) is too small.  It describes the present moment in the
 * mount namespace of this process.  Returns false if it finds no such user:
 * then a program has the device open.
 */
bool holders_describe (dev_t number, const char *name, char *text, size_t size);

#endif /* HOLDERS_H */
