/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the options of a new image: see image-options.h. */

#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint/image-files.h"
#include "endpoint/image-options.h"

#define KEY_CHARACTERS                                                         \
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

/* One KEY=VALUE, in the text. */
struct item {
  const char *key, *value;
  size_t key_length, value_length; /* the value still has its commas doubled */
  const char *next;                /* NULL: it is the last one */
};

static int __attribute__ ((format (printf, 2, 3)))
refuse (struct error *e, const char *fs, ...)
{
  char why[sizeof e->text];
  va_list args;

  va_start (args, fs);
  vsnprintf (why, sizeof why, fs, args);
  va_end (args);
  error_set_kind (e, ERROR_REFUSED, EINVAL, "--destination-options: %s", why);
  return -1;
}

/* Returns the length of a value: up to a comma that is not doubled. */
static size_t
measure_value (const char *value)
{
  size_t n = 0;

  while (value[n] && (value[n] != ',' || value[n + 1] == ','))
    n += value[n] == ',' ? 2 : 1;
  return n;
}

/* Returns false where the text is no item. */
static bool
read_item (struct item *i, const char *text)
{
  const size_t n = strspn (text, KEY_CHARACTERS);

  if (n == 0 || text[n] != '=' || text[0] == '-')
    return false;
  *i = (struct item) { .key = text, .key_length = n, .value = text + n + 1 };
  i->value_length = measure_value (i->value);
  if (i->value[i->value_length])
    i->next = i->value + i->value_length + 1;
  return true;
}

static bool
has_key (const struct item *i, const char *key)
{
  return strlen (key) == i->key_length
    && strncmp (i->key, key, i->key_length) == 0;
}

static bool
is_same_key (const struct item *a, const struct item *b)
{
  return a->key_length == b->key_length
    && strncmp (a->key, b->key, a->key_length) == 0;
}

/* Returns the value with single commas; NULL when out of memory. */
static char *
copy_value (const struct item *i)
{
  char *copy = malloc (i->value_length + 1), *to = copy;

  for (size_t at = 0; copy && at < i->value_length; at++) {
    *to++ = i->value[at];
    if (i->value[at] == ',')
      at++;
  }
  if (copy)
    *to = '\0';
  return copy;
}

/* Refuses keys for which the image would not be one file that can be written at
 * any place.
 */
static int
check_key (const struct item *i, const char *format, struct error *e)
{
  static const char whole[] = "monolithicSparse";

  if (has_key (i, "size"))
    return refuse (e, "the size of the image is that of the source");
  if (has_key (i, "data_file") || has_key (i, "data_file_raw"))
    return refuse (e,
                   "an image with its data in another file cannot be"
                   " created; create it yourself, and use"
                   " --external-files");
  if (has_key (i, "encryption") || strncmp (i->key, "encrypt.", 8) == 0)
    return refuse (e, "an encrypted image cannot be created");
  if (has_key (i, "subformat") && strcmp (format, "vmdk") == 0
      && (i->value_length != sizeof whole - 1
          || strncmp (i->value, whole, sizeof whole - 1) != 0))
    return refuse (e, "a vmdk image can only be created as %s, in one file",
                   whole);
  return 0;
}

static int
check_items (const char *text, const char *format, struct error *e)
{
  struct item i, earlier;

  for (const char *at = text; at; at = i.next) {
    if (!read_item (&i, at))
      return refuse (e,
                     "must be KEY=VALUE,... (two commas are one in a"
                     " value)");
    if (check_key (&i, format, e) == -1)
      return -1;
    for (const char *from = text; from < at; from = earlier.next) {
      read_item (&earlier, from);
      if (is_same_key (&earlier, &i))
        return refuse (e, "%.*s is given twice", (int) i.key_length, i.key);
    }
  }
  return 0;
}

/* Returns the value of a key.  NULL with the error set only when out of memory.
 */
static char *
find_value (const char *text, const char *key, struct error *e)
{
  struct item i;
  char *value = NULL;

  for (const char *at = text; at && value == NULL; at = i.next) {
    read_item (&i, at);
    if (!has_key (&i, key))
      continue;
    if ((value = copy_value (&i)) == NULL)
      error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  }
  return value;
}

/* Checks the backing file's name: QEMU takes a word before a colon for a
 * protocol, and opens that of a vmdk image while it creates the image, which is
 * not in its final folder then.
 */
static int
check_backing (const struct image_options *o, const char *format,
               struct error *e)
{
  if (o->backing == NULL && o->backing_format == NULL)
    return 0;
  if (o->backing == NULL || o->backing_format == NULL)
    return refuse (e, "%s requires %s",
                   o->backing ? "backing_file" : "backing_fmt",
                   o->backing ? "backing_fmt" : "backing_file");
  if (o->backing[0] == '\0' || o->backing_format[0] == '\0')
    return refuse (e, "%s is empty",
                   o->backing[0] ? "backing_fmt" : "backing_file");
  if (o->backing[strcspn (o->backing, "/:")] == ':')
    return refuse (e,
                   "backing_file must be the name of a file: put ./ before"
                   " a name with a colon");
  if (o->backing[0] != '/' && strcmp (format, "vmdk") == 0)
    return refuse (e, "backing_file of a vmdk image must begin with a slash");
  return 0;
}

int
image_options_read (struct image_options *out, const char *text,
                    const char *format, const char *path, struct error *e)
{
  *out = (struct image_options) { 0 };
  if (text == NULL)
    return 0;
  if (check_items (text, format, e) == 0) {
    out->backing = find_value (text, "backing_file", e);
    out->backing_format = find_value (text, "backing_fmt", e);
  }
  if (!error_is_set (e) && check_backing (out, format, e) == 0 && out->backing
      && (out->backing_path = image_files_join (path, out->backing)) == NULL)
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  if (!error_is_set (e))
    return 0;
  image_options_free (out);
  return -1;
}

void
image_options_free (struct image_options *o)
{
  free (o->backing);
  free (o->backing_path);
  free (o->backing_format);
  *o = (struct image_options) { 0 };
}
