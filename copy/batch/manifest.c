/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of copies in a manifest: see manifest.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "batch/manifest.h"
#include "batch/part.h"
#include "control.h"
#include "human.h"
#include "options/option-files.h"

/* Larger than any manifest: a disk that was named by mistake is not read. */
#define FILE_MAX (64 * MiB)

/* The place in the manifest that is being read, for messages. */
struct reading {
  const char *file;
  size_t number; /* of the copy, from 1 on; 0: of none */
  struct error *e;
};

/* "FILE: copy 3: " and why.  -1. */
static int __attribute__ ((format (printf, 2, 3)))
refuse (const struct reading *r, const char *fs, ...)
{
  char where[32] = "", why[512];
  va_list args;

  va_start (args, fs);
  vsnprintf (why, sizeof why, fs, args);
  va_end (args);
  if (r->number)
    snprintf (where, sizeof where, "copy %zu: ", r->number);
  error_set (r->e, EINVAL, "%s: %s%s", r->file, where, why);
  return -1;
}

static int
out_of_memory (const struct reading *r)
{
  error_set (r->e, ENOMEM, "%s: %s", r->file, strerror (ENOMEM));
  return -1;
}

/* -- words ---------------------------------------------------------------- */

/* Adds a word.  Takes ownership; NULL means that memory ran out. */
static int
add_word (const struct reading *r, struct manifest_copy *c, char *word)
{
  char **words = word ? reallocarray (c->words, c->n_words + 2, sizeof *words)
                      : NULL;

  if (words == NULL) {
    free (word);
    return out_of_memory (r);
  }
  c->words = words;
  words[c->n_words++] = word;
  words[c->n_words] = NULL;
  return 0;
}

static int
add_text (const struct reading *r, struct manifest_copy *c, const char *text)
{
  return add_word (r, c, strdup (text));
}

/* Adds "--name=value".  A key of the manifest is the long name of an option. */
static int
add_option (const struct reading *r, struct manifest_copy *c, const char *name,
            const json_t *value)
{
  const enum options_argument argument = options_argument (name);
  char *word = NULL;
  int n = 0;

  if (json_is_boolean (value) && argument != OPTION_NEEDS) {
    if (json_is_false (value))
      return 0;
    n = asprintf (&word, "--%s", name);
  }
  else if (argument == OPTION_WITHOUT)
    return refuse (r, "'%s' must be true or false", name);
  else if (json_is_string (value))
    n = asprintf (&word, "--%s=%s", name, json_string_value (value));
  else if (json_is_integer (value))
    n = asprintf (&word, "--%s=%" JSON_INTEGER_FORMAT, name,
                  json_integer_value (value));
  else if (json_is_real (value))
    n = asprintf (&word, "--%s=%.15g", name, json_real_value (value));
  else
    return refuse (r, "'%s' must be a string or a number", name);
  return add_word (r, c, n == -1 ? NULL : word);
}

/* Adds a side: a string, or the words of a command, which are put in brackets.
 */
static int
add_side (const struct reading *r, struct manifest_copy *c, const char *name,
          const json_t *copy)
{
  const json_t *value = json_object_get (copy, name);
  const char *text = json_string_value (value);
  size_t i;
  json_t *word;

  if (text
      && (strcmp (text, "[") == 0 || strcmp (text, "-") == 0
          || text[0] == '\0'))
    return refuse (r,
                   "'%s' cannot be '%s': name a file, a device, a URI, or"
                   " list the words of a command",
                   name, text);
  if (text)
    return add_text (r, c, text);
  if (!json_is_array (value) || json_array_size (value) == 0)
    return refuse (
      r, value ? "'%s' must be a string or a list of words" : "'%s' is missing",
      name);

  if (add_text (r, c, "[") == -1)
    return -1;
  json_array_foreach (value, i, word)
  {
    if (!json_is_string (word) || strcmp (json_string_value (word), "]") == 0)
      return refuse (r, "'%s': word %zu must be a string other than ']'", name,
                     i + 1);
    if (add_text (r, c, json_string_value (word)) == -1)
      return -1;
  }
  return add_text (r, c, "]");
}

/* -- one copy ------------------------------------------------------------- */

static bool
is_our_own (const char *key)
{
  return strcmp (key, "disk") == 0 || strcmp (key, "source") == 0
    || strcmp (key, "destination") == 0 || strcmp (key, "group") == 0
    || strcmp (key, "size") == 0;
}

/* A name is shown in front of messages, and can become a part of file names. */
static bool
is_good_name (const char *name)
{
  const size_t n = strlen (name);

  for (size_t i = 0; i < n; i++)
    if (control_length (name + i) > 0 || name[i] == '/')
      return false;
  return n > 0 && n <= MANIFEST_NAME_MAX;
}

static int
name_disk (const struct reading *r, struct manifest_copy *c,
           const json_t *value)
{
  const char *name = json_string_value (value);
  char *word;

  if (value && (name == NULL || !is_good_name (name)))
    return refuse (r,
                   "'disk' must be a name of at most %d bytes, without"
                   " slashes or control characters",
                   MANIFEST_NAME_MAX);
  if ((name ? asprintf (&word, "--disk=%s", name)
            : asprintf (&word, "--disk=%zu", r->number))
      == -1)
    word = NULL;
  if (add_word (r, c, word) == -1)
    return -1;
  c->disk = word + strlen ("--disk=");
  return 0;
}

static int
take_group (const struct reading *r, struct manifest_copy *c,
            const json_t *value)
{
  const char *name = json_string_value (value);

  if (value == NULL)
    return 0;
  if (name == NULL || !is_good_name (name))
    return refuse (r,
                   "'group' must be a name of at most %d bytes, without"
                   " slashes or control characters",
                   MANIFEST_NAME_MAX);
  c->group = strdup (name);
  return c->group ? 0 : out_of_memory (r);
}

static int
take_size (const struct reading *r, struct manifest_copy *c,
           const json_t *value)
{
  const char *text = json_string_value (value);
  const json_int_t number = json_integer_value (value);
  const char *why = NULL;

  c->size = PART_SIZE_UNKNOWN;
  if (value == NULL)
    return 0;
  if (text)
    why = human_parse_size (text, &c->size);
  else if (!json_is_integer (value))
    why = "not a number of bytes";
  else if (number < 0)
    why = "cannot be negative";
  else
    c->size = number;
  if (why == NULL && c->size > INT64_MAX)
    why = "too large";
  return why ? refuse (r, "'size': %s", why) : 0;
}

/* Refuses standard input and output, which are pipes to this program in the
 * processes of the copies.
 */
static int
check_files (const struct reading *r, const struct options *o)
{
  struct option_file f;

  for (size_t at = 0; options_next_file (o, &at, &f);)
    if (f.fd != -1)
      return refuse (r, "'%s' cannot be '-': name a file", f.option);
  return 0;
}

/* Parses the words with the parser of the command line, so that a copy is
 * checked exactly as it will be run.
 */
static int
parse_words (const struct reading *r, struct manifest_copy *c)
{
  static char program[] = "stripecopy";
  char **argv = calloc (c->n_words + 2, sizeof *argv);
  struct error why = { 0 };
  int status;

  if (argv == NULL)
    return out_of_memory (r);
  argv[0] = program;
  memcpy (argv + 1, c->words, c->n_words * sizeof *argv);
  status = options_parse (&c->options, c->n_words + 1, argv, &why);
  free (argv);
  return status == -1 ? refuse (r, "%s", why.text)
                      : check_files (r, &c->options);
}

static int
take_copy (const struct reading *r, struct manifest_copy *c, json_t *value)
{
  const char *key;
  json_t *member;

  if (!json_is_object (value))
    return refuse (r, "not an object");
  if (name_disk (r, c, json_object_get (value, "disk")) == -1
      || take_group (r, c, json_object_get (value, "group")) == -1
      || take_size (r, c, json_object_get (value, "size")) == -1)
    return -1;
  json_object_foreach (value, key, member)
  {
    if (is_our_own (key))
      continue;
    if (options_argument (key) == OPTION_UNKNOWN)
      return refuse (r, "unknown key '%s'", key);
    if (!options_fit_manifest (key))
      return refuse (r, "'%s' cannot be set for a single copy", key);
    if (add_option (r, c, key, member) == -1)
      return -1;
  }
  if (add_text (r, c, "--") == -1 || add_side (r, c, "source", value) == -1
      || add_side (r, c, "destination", value) == -1)
    return -1;
  return parse_words (r, c);
}

/* -- the list ------------------------------------------------------------- */

/* Checks that the name of the disk is unique.  @names has the number of the copy
 * for each name.  used-files.h compares the disks.
 */
static int
add_name (const struct reading *r, json_t *names, const char *disk)
{
  const json_t *other = json_object_get (names, disk);

  if (other)
    return refuse (r,
                   "'disk' is '%s', the same as in copy %" JSON_INTEGER_FORMAT,
                   disk, json_integer_value (other));
  return json_object_set_new (names, disk, json_integer (r->number)) == -1
    ? out_of_memory (r)
    : 0;
}

static int
take_copies (struct reading *r, struct manifest *m, json_t *list, json_t *names)
{
  size_t i;
  json_t *value;

  m->copies = calloc (max_u64 (1, json_array_size (list)), sizeof *m->copies);
  if (m->copies == NULL)
    return out_of_memory (r);
  json_array_foreach (list, i, value)
  {
    m->n_copies = r->number = i + 1;
    if (take_copy (r, &m->copies[i], value) == -1
        || add_name (r, names, m->copies[i].disk) == -1)
      return -1;
  }
  return 0;
}

static int
take_list (struct reading *r, struct manifest *m, json_t *list)
{
  json_t *names;
  int status;

  if (!json_is_array (list))
    return refuse (r, "not a list of copies: [ { ... }, ... ]");
  names = json_object ();
  status = take_copies (r, m, list, names);
  json_decref (names);
  return status;
}

/* Returns the length of the byte order mark with which editors and shells of
 * Windows begin a file, and which no JSON parser accepts.
 */
static size_t
length_of_mark (const char *text, size_t length)
{
  static const char mark[] = "\xef\xbb\xbf";

  return length >= 3 && memcmp (text, mark, 3) == 0 ? 3 : 0;
}

int
manifest_parse (struct manifest *m, const char *file, const char *text,
                size_t length, struct error *e)
{
  struct reading r = { .file = file, .e = e };
  const size_t mark = length_of_mark (text, length);
  json_error_t why;
  json_t *list = json_loadb (text + mark, length - mark, JSON_REJECT_DUPLICATES,
                             &why);
  int status;

  *m = (struct manifest) { 0 };
  if (list == NULL) {
    /* The text after "near" may be a secret. */
    const char *near = strstr (why.text, " near ");

    error_set (
      e, EINVAL, "%s: line %d, column %d: %.*s", file, why.line, why.column,
      (int) (near ? near - why.text : JSON_ERROR_TEXT_LENGTH), why.text);
    return -1;
  }
  status = take_list (&r, m, list);
  json_decref (list);
  if (status == -1)
    manifest_free (m);
  return status;
}

/* Reads a whole file.  Allocated; NULL with errno. */
static char *
read_file (const char *file, size_t *length)
{
  const int fd = open (file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  char *text = NULL, *more;
  ssize_t n = -1;
  size_t room = 0;

  *length = 0;
  while (fd != -1) {
    if (*length == room) {
      room = room ? 2 * room : 64 * KiB;
      more = room > FILE_MAX ? NULL : realloc (text, room);
      if (more == NULL) {
        errno = EFBIG;
        n = -1;
        break;
      }
      text = more;
    }
    n = read (fd, text + *length, room - *length);
    if (n <= 0)
      break;
    *length += n;
  }
  if (n == -1) {
    free (text);
    text = NULL;
  }
  if (fd != -1)
    close (fd);
  return text;
}

int
manifest_load (struct manifest *m, const char *file, struct error *e)
{
  size_t length;
  char *text = read_file (file, &length);
  int status;

  *m = (struct manifest) { 0 };
  if (text == NULL) {
    error_set (e, errno, "%s: cannot read the manifest: %s", file,
               strerror (errno));
    return -1;
  }
  status = manifest_parse (m, file, text, length, e);
  free (text);
  return status;
}

static void
free_copy (struct manifest_copy *c)
{
  options_free (&c->options);
  for (size_t i = 0; i < c->n_words; i++)
    free (c->words[i]);
  free (c->words);
  free (c->group);
}

/* -- parts and groups ----------------------------------------------------- */

/* Returns the part of each copy.  Allocated; NULL when memory runs out. */
static uint64_t *
divide (const struct manifest *m, uint64_t count)
{
  uint64_t *sizes = calloc (m->n_copies + 1, sizeof *sizes);
  uint64_t *parts = calloc (m->n_copies + 1, sizeof *parts);
  int r = -1;

  for (size_t i = 0; sizes && i < m->n_copies; i++)
    sizes[i] = m->copies[i].size;
  if (sizes && parts)
    r = part_divide (parts, sizes, m->n_copies, count);
  free (sizes);
  if (r == 0)
    return parts;
  free (parts);
  return NULL;
}

int
manifest_keep_part (struct manifest *m, uint64_t number, uint64_t count)
{
  uint64_t *parts = divide (m, count);
  size_t kept = 0;

  if (parts == NULL)
    return -1;
  for (size_t i = 0; i < m->n_copies; i++)
    if (parts[i] == number)
      m->copies[kept++] = m->copies[i];
    else
      free_copy (&m->copies[i]);
  m->n_copies = kept;
  free (parts);
  return 0;
}

size_t
manifest_group (const struct manifest *m, size_t i)
{
  const char *group = m->copies[i].group;

  if (group == NULL)
    return 0;
  for (size_t j = 0; j < i; j++)
    if (m->copies[j].group && strcmp (m->copies[j].group, group) == 0)
      return j + 1;
  return i + 1;
}

void
manifest_free (struct manifest *m)
{
  for (size_t i = 0; i < m->n_copies; i++)
    free_copy (&m->copies[i]);
  free (m->copies);
  *m = (struct manifest) { 0 };
}
