/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file or a block device: its size, its block sizes, and its identity. */

#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum device_kind {
  DEVICE_FILE, /* a regular file */
  DEVICE_BLOCK,
  DEVICE_OTHER, /* a stream or a folder: all other fields are unset */
};

struct device {
  enum device_kind kind;
  uint64_t size;        /* bytes */
  uint64_t sector;      /* power of two: smallest unit of I/O; file: 1 */
  uint64_t preferred;   /* power of two, at least 4096 and one sector */
  bool read_only;       /* the device itself is read-only */
  struct timespec born; /* creation time of a file; zero if unknown */

  /* These identify the file or device and, for a loop device, the file or
   * device that it shows.  They are for the functions below;
   * endpoint_describe_file uses the inode number.
   */
  dev_t number, shows_number;
  ino_t inode, shows_inode; /* 0: a block device, or shows nothing */
  bool shows;
};

/* Describes an open file or device.  Returns 0, or -1 with errno. */
int device_describe (int fd, struct device *d);

/* Returns whether a path is a file or a block device, or leads to nothing yet.
 */
bool device_is_possible (const char *path);

/* Finds the file or block device of a name, for device_same.  Sets no other
 * field and needs no permission to read the file.  Returns 0, or -1 with errno.
 */
int device_find (const char *path, struct device *d);

/* Returns whether both are the same file under any name, or the same device. */
bool device_is_one (const struct device *a, const struct device *b);

/* Returns whether both have the same bytes: the same file under any name, the
 * same device, or a loop device and the file or device that it shows.
 */
bool device_same (const struct device *a, const struct device *b);

/* Returns whether a name leads to the open file or block device. */
bool device_is_at (int fd, const char *path);

/* Returns whether an open file is also our standard output or standard error.
 */
bool device_is_standard (int fd);

/* Removes a file by its name, if the name still leads to the described file. */
void device_remove_file (const struct device *d, const char *path);

#endif /* DEVICE_H */
