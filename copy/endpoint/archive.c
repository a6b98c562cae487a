/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds disk images in tar archives: see archive.h. */

#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "arith.h"
#include "endpoint/archive.h"

#define BLOCK 512

/* Further members are not checked. */
#define MEMBERS_MAX 1000

/* The fields of a header, in bytes. */
#define NAME_SIZE 100
#define SIZE_AT 124
#define SIZE_SIZE 12
#define TYPE_AT 156
#define MAGIC_AT 257

/* Returns the format of an image with this name, or NULL. */
static const char *
format_of (const char *name)
{
  static const struct {
    const char *ending, *format;
  } known[] = {
    { "vmdk", "vmdk" },   { "vhd", "vpc" }, { "vhdx", "vhdx" },
    { "qcow2", "qcow2" }, { "vdi", "vdi" }, { "img", "raw" },
    { "raw", "raw" },
  };
  const char *dot = strrchr (name, '.');

  for (size_t i = 0; dot && i < sizeof known / sizeof known[0]; i++)
    if (strcasecmp (dot + 1, known[i].ending) == 0)
      return known[i].format;
  return NULL;
}

/* Reads octal digits, or big-endian bytes if the first byte says so. */
static uint64_t
read_size (const unsigned char *field)
{
  char digits[SIZE_SIZE + 1] = "";
  uint64_t n = 0;

  if (field[0] != 0x80) {
    memcpy (digits, field, SIZE_SIZE);
    return strtoull (digits, NULL, 8);
  }
  for (unsigned i = SIZE_SIZE - sizeof n; i < SIZE_SIZE; i++)
    n = n << 8 | field[i];
  return n;
}

static void
note_member (struct archive *a, const unsigned char *header, uint64_t offset,
             uint64_t size)
{
  const size_t used = strlen (a->names);
  char name[NAME_SIZE + 1] = "";
  const char *format;

  memcpy (name, header, NAME_SIZE);
  format = format_of (name);
  if (format == NULL || (header[TYPE_AT] != '0' && header[TYPE_AT] != '\0'))
    return;
  snprintf (a->names + used, sizeof a->names - used, "%s%s",
            a->n == 0 ? "" : ", ", name);
  if (a->n++ > 0)
    return;
  memcpy (a->first.name, name, sizeof name);
  a->first.format = format;
  a->first.offset = offset;
  a->first.size = size;
}

bool
archive_look (int fd, struct archive *a)
{
  unsigned char header[BLOCK];
  uint64_t at = 0;

  *a = (struct archive) { 0 };
  for (unsigned i = 0; i < MEMBERS_MAX; i++) {
    uint64_t size;

    if (at > INT64_MAX || pread (fd, header, BLOCK, at) != BLOCK
        || memcmp (header + MAGIC_AT, "ustar", 5) != 0)
      return i > 0;
    size = read_size (header + SIZE_AT);
    at += BLOCK;
    note_member (a, header, at, size);
    at = add_saturated (at, align_up (min_u64 (size, INT64_MAX / 2), BLOCK));
  }
  return true;
}
