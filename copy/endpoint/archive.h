/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out whether a file is a tar archive, such as an OVA, and which disk
 * images are in it.
 */

#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

struct archive {
  unsigned n;      /* number of disk images */
  char names[256]; /* their names: "a.vmdk, b.vmdk", cut if longer */
  struct {
    char name[101];
    const char *format;    /* a constant, from the ending of the name */
    uint64_t offset, size; /* bytes, within the archive */
  } first;
};

/* Finds the disk images in a file.  False if it is no tar archive, or cannot be
 * read.
 */
bool archive_look (int fd, struct archive *a);

#endif /* ARCHIVE_H */
