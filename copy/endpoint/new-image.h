/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new image, made beside its place and then put there as a whole.
 *
 * It is made in a folder that only we may enter, next to where it belongs, and
 * reached by descriptors alone: nobody can put a link in its way.  A run that
 * was killed leaves that folder, and the next one for the same name removes it.
 * Nothing that stands in the place is ever overwritten, but for what is said to
 * be replaced.
 */

#ifndef NEW_IMAGE_H
#define NEW_IMAGE_H

#include "device.h"

struct new_image {
  char *path;   /* owned: its place, links followed */
  char *name;   /* in path: its last part */
  char *folder; /* owned: name of the folder beside */
  int parent;   /* descriptors; -1: none */
  int inside;   /* the folder; a lock on it says that we live */
};

/* Makes the folder, without what an earlier run has left there.  -1 with errno:
 * EBUSY where another run is making this image right now.
 */
int new_image_begin (struct new_image *n, const char *path);

/* Removes only what an earlier run has left there, if it has. */
void new_image_forget (const char *path);

/* The name under which a program that we start makes the image.  Allocated, or
 * NULL with errno.
 */
char *new_image_beside (const struct new_image *n);

/* Opens the image that was made, for reading.  -1 with errno. */
int new_image_open (struct new_image *n);

/* Stores the image, which fd leads to, and puts it in its place: instead of an
 * empty file that is described by replaced, or of nothing (NULL).  -1 with
 * errno: EEXIST where something else stands there, then as it was.
 */
int new_image_place (struct new_image *n, int fd,
                     const struct device *replaced);

/* Removes the folder and what is left in it, frees all.  A struct after a
 * failed begin is fine.
 */
void new_image_end (struct new_image *n);

#endif /* NEW_IMAGE_H */
