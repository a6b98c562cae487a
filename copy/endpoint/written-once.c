/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recognises destinations that can be written only once: see written-once.h. */

#include <config.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "endpoint/written-once.h"

/* The unit of both, unless the user chose another one, which the server's block
 * size then says.
 */
#define GRAIN (64 * KiB)

/* The magic of a sparse vmdk, and the flag of compressed grains: bit 16,
 * little-endian at byte 8.
 */
#define VMDK_MAGIC "KDMV"
#define VMDK_COMPRESSED_BYTE 10
#define VMDK_COMPRESSED 1

static bool
is_compressed_vmdk (const char *name)
{
  unsigned char head[16];
  struct stat st;
  bool is;
  int fd;

  if (stat (name, &st) == -1 || !S_ISREG (st.st_mode)
      || (fd = open (name, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
    return false;
  is = pread (fd, head, sizeof head, 0) == sizeof head
    && memcmp (head, VMDK_MAGIC, 4) == 0
    && (head[VMDK_COMPRESSED_BYTE] & VMDK_COMPRESSED);
  close (fd);
  return is;
}

/* Returns whether a word names such a file, alone or in QEMU's options or JSON.
 */
static bool
names_compressed_vmdk (const char *word)
{
  static const char *const before[] = {
    "filename=",
    "\"filename\":\"",
    "\"filename\": \"",
  };
  bool found = is_compressed_vmdk (word);

  for (size_t i = 0; !found && i < sizeof before / sizeof before[0]; i++) {
    const char *at = strstr (word, before[i]);
    char *name;

    if (at == NULL)
      continue;
    at += strlen (before[i]);
    name = strndup (at, strcspn (at, ",\""));
    found = name && is_compressed_vmdk (name);
    free (name);
  }
  return found;
}

static bool
names_filter (const char *word)
{
  return strstr (word, "driver=compress") || strstr (word, "\"compress\"");
}

static bool
says_raw (const char *word)
{
  return strcmp (word, "raw") == 0 || strcmp (word, "-fraw") == 0
    || strcmp (word, "--format=raw") == 0
    || strncmp (word, "driver=raw", 10) == 0;
}

uint64_t
written_once_grain (char *const command[])
{
  const char *slash = strrchr (command[0], '/');
  bool once = false;

  if (strcmp (slash ? slash + 1 : command[0], "qemu-nbd") != 0)
    return 0;
  for (char *const *word = command + 1; *word; word++) {
    if (says_raw (*word))
      return 0;
    once = once || names_filter (*word) || names_compressed_vmdk (*word);
  }
  return once ? GRAIN : 0;
}
