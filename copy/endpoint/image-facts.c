/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads what qemu-img says about an image: see image-facts.h. */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "arith.h"
#include "endpoint/image-facts.h"

static void
note_file (struct image_facts *f, const char *what)
{
  f->names = what;
  f->names_more = true;
}

static void
note_backing (struct image_facts *f, const char *name)
{
  if (!f->names_more)
    f->names = "a backing file";
  if (snprintf (f->backing, sizeof f->backing, "%s", name)
      >= (int) sizeof f->backing)
    f->names_more = true; /* it cannot be compared */
}

/* Notes how a vmdk image is stored.  All types but these two have their data in
 * other files.
 */
static void
note_kind (struct image_facts *f, const char *kind)
{
  f->written_once = f->written_once || strcmp (kind, "streamOptimized") == 0;
  if (strcmp (kind, "monolithicSparse") != 0
      && strcmp (kind, "streamOptimized") != 0)
    note_file (f, "files with its extents");
}

/* Newer releases nest the layers of an image. */
static void
look_into (struct image_facts *f, const json_t *value)
{
  const char *key;
  const json_t *member;
  size_t i;

  json_array_foreach (value, i, member) look_into (f, member);
  json_object_foreach ((json_t *) value, key, member)
  {
    if (json_is_string (member) && strcmp (key, "backing-filename") == 0)
      note_backing (f, json_string_value (member));
    else if (json_is_string (member) && strcmp (key, "data-file") == 0)
      note_file (f, "a file with its data");
    else if (json_is_string (member) && strcmp (key, "create-type") == 0)
      note_kind (f, json_string_value (member));
    look_into (f, member);
  }
}

int
image_facts_read (const char *text, struct image_facts *f)
{
  json_t *all = json_loads (text, 0, NULL);
  const json_t *size = json_object_get (all, "virtual-size");
  const bool good = json_is_integer (size) && json_integer_value (size) >= 0;

  *f = (struct image_facts) { 0 };
  if (good) {
    f->size = json_integer_value (size);
    look_into (f, all);
  }
  json_decref (all);
  if (good)
    return 0;
  errno = EPROTO;
  return -1;
}

bool
image_facts_chain (const char *text, unsigned i, char **file, char **format)
{
  json_t *all = json_loads (text, 0, NULL);
  const json_t *image = json_array_get (all, i);
  const char *its_file = json_string_value (
    json_object_get (image, "filename"));
  const char *its_format = json_string_value (
    json_object_get (image, "format"));

  *file = its_file ? strdup (its_file) : NULL;
  *format = its_format ? strdup (its_format) : NULL;
  json_decref (all);
  if (*file && *format)
    return true;
  free (*file);
  free (*format);
  return false;
}

bool
image_facts_checked (const char *text)
{
  static const char *const known[] = { "qcow2", "vhdx", "vmdk" };
  json_t *all = json_loads (text, 0, NULL);
  const char *format = json_string_value (json_object_get (all, "format"));
  bool checked = false;

  for (size_t i = 0; format && i < sizeof known / sizeof known[0]; i++)
    checked = checked || strcmp (format, known[i]) == 0;
  json_decref (all);
  return checked;
}

int
image_facts_end (const char *text, uint64_t *end)
{
  json_t *all = json_loads (text, 0, NULL);
  const json_t *run;
  size_t i;

  *end = 0;
  if (!json_is_array (all)) {
    json_decref (all);
    errno = EPROTO;
    return -1;
  }
  json_array_foreach (all, i, run)
  {
    const json_t *offset = json_object_get (run, "offset");
    const json_t *length = json_object_get (run, "length");
    const json_t *depth = json_object_get (run, "depth");

    if (json_is_integer (offset) && json_is_integer (length)
        && json_integer_value (depth) == 0)
      *end = max_u64 (*end,
                      add_saturated (json_integer_value (offset),
                                     json_integer_value (length)));
  }
  json_decref (all);
  return 0;
}

uint64_t
image_facts_besides (const char *text, uint64_t size)
{
  json_t *all = json_loads (text, 0, NULL);
  const json_int_t full = json_integer_value (
    json_object_get (all, "fully-allocated"));

  json_decref (all);
  return full > 0 && (uint64_t) full > size ? full - size : 0;
}
