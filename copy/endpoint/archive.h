/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a file is a tar archive, such as an OVA, and which disk images are in
 * it.
 */

#ifndef ARCHIVE_H
#define ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

struct archive {
  unsigned n;      /* disk images */
  char names[256]; /* of them: "a.vmdk, b.vmdk", cut if longer */
  struct {
    char name[101];
    const char *format;    /* a constant, by the name's ending */
    uint64_t offset, size; /* bytes, in the archive */
  } first;
};

/* False where it is none, or cannot be read. */
bool archive_look (int fd, struct archive *a);

#endif /* ARCHIVE_H */
