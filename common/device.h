/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies behind an open descriptor: a file's or a block device's size and
 * blocks, and which one it is.
 */

#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum device_kind {
  DEVICE_FILE, /* a regular file */
  DEVICE_BLOCK,
  DEVICE_OTHER, /* a stream or a folder: the rest is unset */
};

struct device {
  enum device_kind kind;
  uint64_t size;        /* bytes */
  uint64_t sector;      /* power of two: what it deals in; file: 1 */
  uint64_t preferred;   /* power of two, at least 4096 and a sector */
  bool read_only;       /* the device itself is, whoever asks */
  struct timespec born; /* of a file; zero where that is not known */

  /* Which one it is, and for a loop device which file or device it shows: for
   * the functions below, and the inode number for endpoint_describe_file.
   */
  dev_t number, shows_number;
  ino_t inode, shows_inode; /* 0: a block device; or nothing shown */
  bool shows;
};

/* 0, or -1 with errno. */
int device_describe (int fd, struct device *d);

/* Whether a path can be that of a file or a block device: it does not lead to
 * anything else.
 */
bool device_is_possible (const char *path);

/* Which file or block device a name leads to, for device_same: nothing else is
 * set, and no permission to read it is needed.  0, or -1 with errno.
 */
int device_find (const char *path, struct device *d);

/* Whether both are the same bytes: the same file under any name, the same
 * device, or a loop device and what it shows.
 */
bool device_same (const struct device *a, const struct device *b);

/* Whether a name leads to the file or block device that is open. */
bool device_is_at (int fd, const char *path);

/* Whether an open file is also behind our standard output or standard error. */
bool device_is_standard (int fd);

/* Removes a file by its name, if that still leads to what was described. */
void device_remove_file (const struct device *d, const char *path);

#endif /* DEVICE_H */
