/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file or a block device: see device.h. */

#include <config.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "device.h"

#define PREFERRED_MIN 4096
#define PREFERRED_MAX (UINT64_C (1) << 30)

/* Returns the preferred block size.  Unreasonable values of the system are
 * ignored.
 */
static uint64_t
choose_preferred (uint64_t advice, uint64_t sector)
{
  if (!is_power_of_2 (advice) || advice > PREFERRED_MAX)
    advice = PREFERRED_MIN;
  return max_u64 (max_u64 (advice, PREFERRED_MIN), sector);
}

/* Finds what a loop device shows.  Does nothing for other devices. */
static void
find_shown (int fd, struct device *d)
{
  struct loop_info64 info;

  if (ioctl (fd, LOOP_GET_STATUS64, &info) == -1)
    return;
  d->shows = true;
  d->shows_number = info.lo_rdevice ? info.lo_rdevice : info.lo_device;
  d->shows_inode = info.lo_rdevice ? 0 : info.lo_inode;
}

static int
describe_block (int fd, const struct stat *st, struct device *d)
{
  int sector = 0, read_only = 0;
  unsigned best = 0;

  if (ioctl (fd, BLKGETSIZE64, &d->size) == -1)
    return -1;
  if (ioctl (fd, BLKSSZGET, &sector) == -1 || sector <= 0
      || !is_power_of_2 (sector))
    sector = 512;
  ioctl (fd, BLKIOOPT, &best); /* stays 0 if unknown */
  ioctl (fd, BLKROGET, &read_only);
  d->kind = DEVICE_BLOCK;
  d->sector = sector;
  d->preferred = choose_preferred (best, sector);
  d->read_only = read_only != 0;
  d->number = st->st_rdev;
  find_shown (fd, d);
  return 0;
}

/* Returns when a file was created.  Not all file systems record that. */
static struct timespec
find_born (int fd)
{
  struct statx x;

  if (statx (fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == -1
      || (x.stx_mask & STATX_BTIME) == 0)
    return (struct timespec) { 0 };
  return (struct timespec) { x.stx_btime.tv_sec, x.stx_btime.tv_nsec };
}

int
device_describe (int fd, struct device *d)
{
  struct stat st;

  *d = (struct device) { .kind = DEVICE_OTHER };
  if (fstat (fd, &st) == -1)
    return -1;
  if (S_ISBLK (st.st_mode))
    return describe_block (fd, &st, d);
  if (S_ISREG (st.st_mode)) {
    d->kind = DEVICE_FILE;
    d->size = st.st_size;
    d->sector = 1;
    d->preferred = choose_preferred (st.st_blksize, 1);
    d->born = find_born (fd);
    d->number = st.st_dev;
    d->inode = st.st_ino;
  }
  return 0;
}

bool
device_is_possible (const char *path)
{
  struct stat st;

  return stat (path, &st) == -1 || S_ISREG (st.st_mode) || S_ISBLK (st.st_mode);
}

int
device_find (const char *path, struct device *d)
{
  struct stat st;
  int fd;

  *d = (struct device) { .kind = DEVICE_OTHER };
  if (stat (path, &st) == -1)
    return -1;
  if (S_ISREG (st.st_mode)) {
    d->kind = DEVICE_FILE;
    d->number = st.st_dev;
    d->inode = st.st_ino;
  }
  else if (S_ISBLK (st.st_mode)) {
    d->kind = DEVICE_BLOCK;
    d->number = st.st_rdev;
    fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd != -1) {
      find_shown (fd, d);
      close (fd);
    }
  }
  return 0;
}

bool
device_is_at (int fd, const char *path)
{
  struct stat ours, its;

  if (fstat (fd, &ours) == -1 || stat (path, &its) == -1)
    return false;
  return (its.st_dev == ours.st_dev && its.st_ino == ours.st_ino)
    || (S_ISBLK (its.st_mode) && S_ISBLK (ours.st_mode)
        && its.st_rdev == ours.st_rdev);
}

bool
device_is_standard (int fd)
{
  struct stat ours, its;
  int standard;

  if (fstat (fd, &ours) == -1)
    return false;
  for (standard = STDOUT_FILENO; standard <= STDERR_FILENO; standard++)
    if (fstat (standard, &its) == 0 && its.st_dev == ours.st_dev
        && its.st_ino == ours.st_ino)
      return true;
  return false;
}

void
device_remove_file (const struct device *d, const char *path)
{
  struct stat st;

  if (lstat (path, &st) == 0 && st.st_dev == d->number && st.st_ino == d->inode)
    unlink (path);
}

static bool
shows_other (const struct device *a, const struct device *b)
{
  return a->shows && a->shows_number == b->number && a->shows_inode == b->inode;
}

bool
device_is_one (const struct device *a, const struct device *b)
{
  return a->kind != DEVICE_OTHER && a->kind == b->kind && a->number == b->number
    && a->inode == b->inode;
}

bool
device_same (const struct device *a, const struct device *b)
{
  if (a->kind == DEVICE_OTHER || b->kind == DEVICE_OTHER)
    return false;
  if (device_is_one (a, b))
    return true;
  return shows_other (a, b) || shows_other (b, a)
    || (a->shows && b->shows && a->shows_number == b->shows_number
        && a->shows_inode == b->shows_inode);
}
