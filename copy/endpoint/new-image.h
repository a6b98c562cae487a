/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creates an image beside its place, and then moves it there as a whole.
 *
 * The image is created in a folder that only we may enter, next to its place,
 * and reached by descriptors alone, so that no other user can put a link in its
 * way.  A run that was killed leaves that folder, and the next run for the same
 * name removes it.  No existing file is ever overwritten, except one that the
 * caller has named to be replaced.
 */

#ifndef NEW_IMAGE_H
#define NEW_IMAGE_H

#include "device.h"

struct new_image {
  char *path;   /* owned: its place, with links followed */
  char *name;   /* in path: the last part */
  char *folder; /* owned: the name of the folder beside it */
  int parent;   /* descriptors; -1: none */
  int inside;   /* the folder; its lock says that this run is alive */
};

/* Creates the folder, and removes what an earlier run has left there.  -1 with
 * errno: EBUSY if another run is creating this image now.
 */
int new_image_begin (struct new_image *n, const char *path);

/* Only removes what an earlier run may have left there. */
void new_image_forget (const char *path);

/* Returns the name under which a program that we start creates the image.
 * Allocated, or NULL with errno.
 */
char *new_image_beside (const struct new_image *n);

/* Opens the new image for reading.  -1 with errno. */
int new_image_open (struct new_image *n);

/* Stores the image, which @fd leads to, and moves it to its place: instead of
 * the empty file that @replaced describes, or of no file (NULL).  -1 with
 * errno: EEXIST if another file is there, which is left as it was.
 */
int new_image_place (struct new_image *n, int fd,
                     const struct device *replaced);

/* Removes the folder and its content, and frees the struct.  Safe after
 * new_image_begin has failed.
 */
void new_image_end (struct new_image *n);

#endif /* NEW_IMAGE_H */
