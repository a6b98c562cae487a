/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The users of a block device: see holders.h. */

#include <config.h>

#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "holders.h"

/* Size of a path in sysfs and a name in that folder. */
#define PATH_SIZE (PATH_MAX + NAME_MAX + 32)

/* The text found so far. */
struct found {
  char *text;
  size_t size, used;
};

static void __attribute__ ((format (printf, 2, 3)))
add (struct found *f, const char *fs, ...)
{
  const char *between = f->used > 0 ? "; " : "";
  va_list args;
  int n = snprintf (f->text + f->used, f->size - f->used, "%s", between);

  if (n >= 0 && (size_t) n < f->size - f->used)
    f->used += n;
  va_start (args, fs);
  n = vsnprintf (f->text + f->used, f->size - f->used, fs, args);
  va_end (args);
  if (n > 0)
    f->used += (size_t) n < f->size - f->used ? (size_t) n
                                              : f->size - f->used - 1;
}

/* Replaces escapes of the kernel, such as \040 for a blank. */
static void
unescape (char *text)
{
  char *to = text;

  for (const char *from = text; *from; from++) {
    unsigned code;

    if (*from == '\\' && sscanf (from + 1, "%3o", &code) == 1 && code < 256) {
      *to++ = (char) code;
      from += 3;
    }
    else
      *to++ = *from;
  }
  *to = '\0';
}

static bool
is_device (const char *path, dev_t number)
{
  struct stat st;

  return stat (path, &st) == 0 && S_ISBLK (st.st_mode) && st.st_rdev == number;
}

/* Returns whether a line of mountinfo is about this device.  A file system on
 * several devices has a device number of its own and names only one of them.
 */
static bool
mounts (const char *line, dev_t number)
{
  const char *rest = strstr (line, " - ");
  unsigned high, low;
  char *source = NULL;
  bool is;

  if (sscanf (line, "%*u %*u %u:%u", &high, &low) == 2
      && makedev (high, low) == number)
    return true;
  if (rest == NULL || sscanf (rest, " - %*s %ms", &source) != 1)
    return false;
  unescape (source);
  is = is_device (source, number);
  free (source);
  return is;
}

static void
find_mounts (struct found *f, dev_t number, const char *device)
{
  FILE *file = fopen ("/proc/self/mountinfo", "re");
  char *line = NULL, *where = NULL;
  size_t room = 0;

  while (file && getline (&line, &room, file) > 0)
    if (mounts (line, number)
        && sscanf (line, "%*u %*u %*s %*s %ms", &where) == 1) {
      unescape (where);
      add (f, "%s is mounted on %s (to release: umount)", device, where);
      free (where);
    }
  free (line);
  if (file)
    fclose (file);
}

static void
find_swap (struct found *f, dev_t number, const char *device)
{
  FILE *file = fopen ("/proc/swaps", "re");
  char *line = NULL, *path = NULL;
  size_t room = 0;

  while (file && getline (&line, &room, file) > 0)
    if (sscanf (line, "%ms", &path) == 1) {
      unescape (path);
      if (is_device (path, number))
        add (f, "%s is swap space (to release: swapoff)", device);
      free (path);
    }
  free (line);
  if (file)
    fclose (file);
}

/* Reads the first line of a file in sysfs, without its line end; "" if there is
 * no such file.
 */
static void
read_line (const char *folder, const char *name, const char *file, char *line,
           size_t size)
{
  char path[PATH_SIZE];
  FILE *f;

  line[0] = '\0';
  snprintf (path, sizeof path, "%s/%s/%s", folder, name, file);
  f = fopen (path, "re");
  if (f == NULL)
    return;
  if (fgets (line, size, f) == NULL)
    line[0] = '\0';
  line[strcspn (line, "\n")] = '\0';
  fclose (f);
}

static void
describe_holder (struct found *f, const char *device, const char *folder,
                 const char *holder)
{
  char name[256], uuid[256];

  read_line (folder, holder, "dm/name", name, sizeof name);
  read_line (folder, holder, "dm/uuid", uuid, sizeof uuid);
  if (strncmp (holder, "md", 2) == 0)
    add (f, "%s is a part of the array %s (to release: mdadm --stop)", device,
         holder);
  else if (strncmp (uuid, "LVM-", 4) == 0)
    add (f, "%s holds the logical volume %s (to release: vgchange -an)", device,
         name);
  else if (strncmp (uuid, "CRYPT-", 6) == 0)
    add (f, "%s is open as %s (to release: cryptsetup close)", device, name);
  else if (name[0])
    add (f, "%s is a part of the device %s (to release: dmsetup remove)",
         device, name);
  else
    add (f, "%s is a part of the device %s", device, holder);
}

static void
find_holders (struct found *f, const char *folder, const char *device)
{
  char path[PATH_SIZE];
  struct dirent *entry;
  DIR *dir;

  snprintf (path, sizeof path, "%s/holders", folder);
  dir = opendir (path);
  while (dir && (entry = readdir (dir)) != NULL)
    if (entry->d_name[0] != '.')
      describe_holder (f, device, path, entry->d_name);
  if (dir)
    closedir (dir);
}

/* Reads the device number of a folder in sysfs. */
static bool
read_number (const char *folder, dev_t *number)
{
  char line[64];
  unsigned high, low;

  read_line (folder, ".", "dev", line, sizeof line);
  if (sscanf (line, "%u:%u", &high, &low) != 2)
    return false;
  *number = makedev (high, low);
  return true;
}

static void
find_all (struct found *f, const char *folder, const char *device)
{
  dev_t number;

  if (!read_number (folder, &number))
    return;
  find_mounts (f, number, device);
  find_swap (f, number, device);
  find_holders (f, folder, device);
}

/* Finds the users of the partitions of a disk in sysfs. */
static void
find_in_partitions (struct found *f, const char *folder)
{
  DIR *dir = opendir (folder);
  struct dirent *entry;

  while (dir && (entry = readdir (dir)) != NULL) {
    char path[PATH_SIZE], line[64];

    read_line (folder, entry->d_name, "partition", line, sizeof line);
    snprintf (path, sizeof path, "%s/%s", folder, entry->d_name);
    if (entry->d_name[0] != '.' && line[0])
      find_all (f, path, entry->d_name);
  }
  if (dir)
    closedir (dir);
}

bool
holders_describe (dev_t number, const char *name, char *text, size_t size)
{
  struct found f = { .text = text, .size = size };
  char path[64], folder[PATH_MAX], *disk, line[64];

  text[0] = '\0';
  snprintf (path, sizeof path, "/sys/dev/block/%u:%u", major (number),
            minor (number));
  if (realpath (path, folder)) {
    find_all (&f, folder, name);
    find_in_partitions (&f, folder);
    read_line (folder, ".", "partition", line, sizeof line);
    disk = strrchr (folder, '/');
    if (line[0] && disk) {
      *disk = '\0'; /* a partition is in the folder of its disk */
      disk = strrchr (folder, '/');
      find_all (&f, folder, disk ? disk + 1 : folder);
    }
  }
  if (f.used > 0)
    return true;
  add (&f,
       "another program has opened it exclusively (lsof %s lists it,"
       " unless it runs in another container)",
       name);
  return false;
}
