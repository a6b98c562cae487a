/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of extents: see extent-list.h. */

#include <config.h>

#include <assert.h>
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "range.h"
#include "resume/map-text.h"
#include "selection/extent-list.h"

struct reader {
  FILE *f;       /* borrowed */
  uint64_t size; /* of the disk */
  const struct format *format;
  uint64_t number;      /* of the extent that is being read, from 1 on */
  uint64_t covered;     /* where the last extent ended */
  struct range *ranges; /* owned: the selected ranges, in the order they came */
  size_t n_ranges, room;
  bool sorted; /* each range starts after the range before it */
  struct error *e;
};

/* -- extents -------------------------------------------------------------- */

static int
refuse (struct reader *r, const char *why)
{
  error_set (r->e, EBADMSG, "extent %" PRIu64 ": %s", r->number, why);
  return -1;
}

static int
grow (struct reader *r)
{
  const size_t room = r->room ? 2 * r->room : 1024;
  struct range *ranges;

  if (r->n_ranges >= EXTENT_LIST_MAX) {
    error_set (r->e, EFBIG, "extent %" PRIu64 ": more than %d separate ranges",
               r->number, EXTENT_LIST_MAX);
    return -1;
  }
  ranges = realloc (r->ranges, room * sizeof *ranges);
  if (ranges == NULL) {
    error_set (r->e, ENOMEM, "%s", strerror (ENOMEM));
    return -1;
  }
  r->ranges = ranges;
  r->room = room;
  return 0;
}

static int
select_range (struct reader *r, uint64_t start, uint64_t end)
{
  struct range *last = r->n_ranges ? &r->ranges[r->n_ranges - 1] : NULL;

  if (last && start <= last->end && start >= last->start) {
    last->end = max_u64 (last->end, end);
    return 0;
  }
  if (last && start < last->start)
    r->sorted = false;
  if (r->n_ranges == r->room && grow (r) == -1)
    return -1;
  r->ranges[r->n_ranges++] = (struct range) { start, end };
  return 0;
}

/* Takes one extent.  -1 with the error set. */
static int
take (struct reader *r, uint64_t start, uint64_t length, bool selected)
{
  if (length > UINT64_MAX - start)
    return refuse (r, "it is too long");
  if (selected && length > 0 && start + length > r->size) {
    error_set (r->e, EBADMSG,
               "extent %" PRIu64 ": it ends at %" PRIu64
               ", and the disk at %" PRIu64,
               r->number, start + length, r->size);
    return -1;
  }
  return selected && length > 0 ? select_range (r, start, start + length) : 0;
}

/* Takes one extent of a list that describes the whole disk. */
static int
take_next (struct reader *r, uint64_t start, uint64_t length, bool selected)
{
  if (start != r->covered)
    return refuse (r,
                   start < r->covered ? "it overlaps the one before it"
                                      : "there is a gap before it");
  if (take (r, start, length, selected) == -1)
    return -1;
  r->covered = start + length;
  return 0;
}

static int
compare_ranges (const void *a, const void *b)
{
  const struct range *x = a, *y = b;

  return (x->start > y->start) - (x->start < y->start);
}

static void
sort_and_merge (struct reader *r)
{
  size_t n = 0;

  qsort (r->ranges, r->n_ranges, sizeof *r->ranges, compare_ranges);
  for (size_t i = 0; i < r->n_ranges; i++)
    if (n > 0 && r->ranges[i].start <= r->ranges[n - 1].end)
      r->ranges[n - 1].end = max_u64 (r->ranges[n - 1].end, r->ranges[i].end);
    else
      r->ranges[n++] = r->ranges[i];
  r->n_ranges = n;
}

/* -- values of JSON ------------------------------------------------------- */

/* Some programs print 64-bit numbers as strings: many readers of JSON would round
 * the numbers.
 */
static int
get_number (struct reader *r, const json_t *object, const char *key,
            uint64_t *out)
{
  const json_t *v = json_object_get (object, key);
  const char *text = json_string_value (v);

  if (json_is_integer (v) && json_integer_value (v) >= 0) {
    *out = json_integer_value (v);
    return 0;
  }
  if (text && *text && text[strspn (text, "0123456789")] == '\0') {
    errno = 0;
    *out = strtoull (text, NULL, 10);
    if (errno == 0)
      return 0;
  }
  error_set (r->e, EBADMSG, "extent %" PRIu64 ": \"%s\" is %s", r->number, key,
             v == NULL               ? "missing"
               : json_is_integer (v) ? "negative"
                                     : "not a number of bytes");
  return -1;
}

static int
get_bool (struct reader *r, const json_t *object, const char *key, bool *out)
{
  const json_t *v = json_object_get (object, key);

  *out = json_is_true (v);
  if (json_is_boolean (v))
    return 0;
  error_set (r->e, EBADMSG, "extent %" PRIu64 ": \"%s\" is %s", r->number, key,
             v ? "neither true nor false" : "missing");
  return -1;
}

/* -- formats -------------------------------------------------------------- */

struct format {
  const char *name;
  const char *start, *length; /* keys of an extent */
  bool covers;                /* describes the whole disk, in order */
  /* Whether an extent is selected; NULL: each is.  -1 with the error set. */
  int (*selected) (struct reader *r, const json_t *extent, bool *out);
};

static int
nbdinfo_selected (struct reader *r, const json_t *extent, bool *out)
{
  static const struct {
    const char *word;
    bool selected;
  } words[] = {
    { "dirty", true },   { "clean", false },     { "local", true },
    { "absent", false }, { "data", true },       { "hole", true },
    { "zero", false },   { "hole,zero", false },
  };
  const char *word = json_string_value (
    json_object_get (extent, "description"));

  for (size_t i = 0; word && i < sizeof words / sizeof words[0]; i++)
    if (strcmp (word, words[i].word) == 0) {
      *out = words[i].selected;
      return 0;
    }
  *out = false;
  if (word && strncmp (word, "backing depth ", 14) == 0)
    return 0;
  return refuse (r, "its description is not known");
}

static int
qemu_map_selected (struct reader *r, const json_t *extent, bool *out)
{
  uint64_t depth;

  /* QEMU before 6.1 does not print it. */
  if (json_object_get (extent, "present")) {
    if (get_bool (r, extent, "present", out) == -1)
      return -1;
  }
  else if (get_bool (r, extent, "data", out) == -1)
    return -1;
  if (get_number (r, extent, "depth", &depth) == -1)
    return -1;
  *out = *out && depth == 0;
  return 0;
}

static int
dirty_selected (struct reader *r, const json_t *extent, bool *out)
{
  return get_bool (r, extent, "dirty", out);
}

static int
not_zero_selected (struct reader *r, const json_t *extent, bool *out)
{
  if (get_bool (r, extent, "zero", out) == -1)
    return -1;
  *out = !*out;
  return 0;
}

static int
flags_selected (struct reader *r, const json_t *extent, bool *out)
{
  uint64_t flags;

  if (get_number (r, extent, "flags", &flags) == -1)
    return -1;
  *out = flags & 1;
  return 0;
}

static const struct format nbdinfo = { "nbdinfo --map --json", "offset",
                                       "length", true, nbdinfo_selected };
static const struct format qemu_map = { "qemu-img map --output=json", "start",
                                        "length", true, qemu_map_selected };
static const struct format imageio_dirty = { "oVirt imageio, dirty extents",
                                             "start", "length", true,
                                             dirty_selected };
static const struct format imageio_zero = { "oVirt imageio, extents", "start",
                                            "length", true, not_zero_selected };
static const struct format kubevirt = { "KubeVirt map", "offset", "length",
                                        true, flags_selected };
static const struct format rbd = { "rbd diff --format json", "offset", "length",
                                   false, NULL };
static const struct format vsphere = { "vSphere changed disk areas", "start",
                                       "length", true, NULL };
static const struct format csi = { "CSI changed blocks", "byte_offset",
                                   "size_bytes", false, NULL };
static const struct format csi_camel = { "CSI changed blocks", "byteOffset",
                                         "sizeBytes", false, NULL };
static const struct format csi_table = { "CSI changed blocks, as a table", NULL,
                                         NULL, false, NULL };
static const struct format mapfile = { "ddrescue mapfile", NULL, NULL, false,
                                       NULL };
static const struct format empty = { "empty list", NULL, NULL, false, NULL };

/* The first key that an extent has says which format it is. */
static const struct {
  const char *key;
  const struct format *format;
} formats[] = {
  { "changedArea", &vsphere },     { "block_metadata", &csi },
  { "blockMetadata", &csi_camel }, { "byte_offset", &csi },
  { "byteOffset", &csi_camel },    { "exists", &rbd },
  { "dirty", &imageio_dirty },     { "hole", &imageio_zero },
  { "depth", &qemu_map },          { "type", &nbdinfo },
  { "flags", &kubevirt },
};

static const struct format *
recognise (const json_t *extent)
{
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
    if (json_object_get (extent, formats[i].key))
      return formats[i].format;
  return NULL;
}

/* Takes an object that is one extent. */
static int
take_extent (struct reader *r, const json_t *extent)
{
  uint64_t start, length;
  bool selected = true;

  r->number++;
  if (!json_is_object (extent))
    return refuse (r, "it is not a JSON object");
  if (get_number (r, extent, r->format->start, &start) == -1
      || get_number (r, extent, r->format->length, &length) == -1
      || (r->format->selected
          && r->format->selected (r, extent, &selected) == -1))
    return -1;
  return r->format->covers && r->format != &vsphere
    ? take_next (r, start, length, selected)
    : take (r, start, length, selected);
}

static int
take_extents (struct reader *r, const json_t *array, const char *key)
{
  size_t i;
  json_t *extent;

  if (!json_is_array (array)) {
    error_set (r->e, EBADMSG, "\"%s\" is not an array", key);
    return -1;
  }
  json_array_foreach (array, i,
                      extent) if (take_extent (r, extent) == -1) return -1;
  return 0;
}

/* Takes a reply: it is about [startOffset, startOffset + length), and lists the
 * areas there that have changed.
 */
static int
take_vsphere_reply (struct reader *r, const json_t *reply)
{
  uint64_t start, length;
  const size_t first = r->n_ranges;

  if (get_number (r, reply, "startOffset", &start) == -1
      || get_number (r, reply, "length", &length) == -1)
    return -1;
  if (start != r->covered || length > UINT64_MAX - start)
    return refuse (r,
                   "the reply after it does not start where the one before"
                   " it ends");
  if (take_extents (r, json_object_get (reply, "changedArea"), "changedArea")
      == -1)
    return -1;
  for (size_t i = first; i < r->n_ranges; i++)
    if (r->ranges[i].start < start || r->ranges[i].end > start + length)
      return refuse (r, "an area lies outside of its reply");
  r->covered = start + length;
  return 0;
}

static int
take_csi_reply (struct reader *r, const json_t *reply)
{
  const bool camel = r->format == &csi_camel;
  const char *key = camel ? "blockMetadata" : "block_metadata";
  const char *capacity = camel ? "volumeCapacityBytes"
                               : "volume_capacity_bytes";
  uint64_t size;

  if (json_object_get (reply, capacity)) {
    if (get_number (r, reply, capacity, &size) == -1)
      return -1;
    if (size != r->size) {
      error_set (r->e, EBADMSG,
                 "the list is for a disk of %" PRIu64 " bytes, and this one has"
                 " %" PRIu64,
                 size, r->size);
      return -1;
    }
  }
  return take_extents (r, json_object_get (reply, key), key);
}

/* Takes an element of a list: an extent, or a reply with extents. */
static int
take_element (struct reader *r, const json_t *v)
{
  if (r->format == NULL && (r->format = recognise (v)) == NULL) {
    error_set (r->e, EBADMSG,
               "the format is not known: see EXTENT LISTS in the manual");
    return -1;
  }
  if (r->format == &vsphere)
    return take_vsphere_reply (r, v);
  if (json_object_get (v, "block_metadata")
      || json_object_get (v, "blockMetadata"))
    return take_csi_reply (r, v);
  return take_extent (r, v);
}

/* -- reading JSON --------------------------------------------------------- */

static int
next_character (struct reader *r)
{
  int c;

  while ((c = getc (r->f)) != EOF && isspace (c))
    ;
  return c;
}

/* Reads one value, which is an object, and not a byte more. */
static int
read_element (struct reader *r)
{
  json_error_t why;
  json_t *v = json_loadf (r->f, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES,
                          &why);
  int result;

  if (v == NULL) {
    error_set (r->e, ferror (r->f) ? errno : EBADMSG,
               "after extent %" PRIu64 ": %s", r->number, why.text);
    return -1;
  }
  result = take_element (r, v);
  json_decref (v);
  return result;
}

/* Reads "ELEMENT, ...]", element by element. */
static int
read_array (struct reader *r)
{
  int c = next_character (r);

  if (c == ']')
    return 0;
  for (;;) {
    if (c != '{') {
      r->number++;
      return refuse (
        r, c == EOF ? "the list ends before it" : "it is not a JSON object");
    }
    ungetc (c, r->f);
    if (read_element (r) == -1)
      return -1;
    c = next_character (r);
    if (c == ']')
      return 0;
    if (c != ',') {
      error_set (r->e, EBADMSG, "after extent %" PRIu64 ": %s", r->number,
                 c == EOF ? "the list has no end" : "no comma");
      return -1;
    }
    c = next_character (r);
  }
}

/* Reads an array, or objects one after the other. */
static int
read_json (struct reader *r)
{
  int c = next_character (r);

  if (c == '[') {
    if (read_array (r) == -1)
      return -1;
    c = next_character (r);
  }
  else
    for (; c == '{'; c = next_character (r)) {
      ungetc (c, r->f);
      if (read_element (r) == -1)
        return -1;
    }
  if (c != EOF) {
    error_set (r->e, EBADMSG, "after extent %" PRIu64 ": text after the list",
               r->number);
    return -1;
  }
  if (r->format == NULL)
    r->format = &empty;
  if (r->format->covers && r->covered != r->size) {
    error_set (r->e, EBADMSG,
               "the list ends at %" PRIu64 ", and the disk at %" PRIu64,
               r->covered, r->size);
    return -1;
  }
  return 0;
}

/* -- reading text --------------------------------------------------------- */

/* The whole file.  NULL with the error set. */
static char *
read_text (struct reader *r, size_t *length)
{
  char *text = NULL;
  size_t room = 0;
  const ssize_t n = getdelim (&text, &room, '\0', r->f);

  if (n >= 0 && feof (r->f)) {
    *length = n;
    return text;
  }
  free (text);
  if (ferror (r->f))
    error_set (r->e, errno, "cannot be read: %s", strerror (errno));
  else
    error_set (r->e, EBADMSG, "it is not text");
  return NULL;
}

static size_t
count_lines (const char *text, size_t length)
{
  size_t n = 1;

  for (const char *at = text, *const end = text + length;
       (at = memchr (at, '\n', end - at)) != NULL; at++)
    n++;
  return n;
}

static int
take_blocks (struct reader *r, const struct ranges *blocks)
{
  for (size_t i = 0; i < ranges_count (blocks); i++) {
    const struct ranges_entry *block = ranges_at (blocks, i);

    r->number++;
    if (take (r, block->start, block->end - block->start, true) == -1)
      return -1;
  }
  return 0;
}

/* A block has a line of its own, so that all of them fit. */
static int
read_mapfile (struct reader *r)
{
  struct ranges blocks = { 0 };
  struct map_text m;
  size_t length;
  char *text = read_text (r, &length);
  int result = -1;

  r->format = &mapfile;
  if (text == NULL)
    return -1;
  if (ranges_init (&blocks, count_lines (text, length)) == -1)
    error_set (r->e, errno, "%s", strerror (errno));
  else if (map_parse (text, length, &m, &blocks, r->e) == 0)
    result = take_blocks (r, &blocks);
  ranges_free (&blocks);
  free (text);
  return result;
}

/* A line "RECORD CAPACITY TYPE OFFSET SIZE". */
static int
take_row (struct reader *r, const char *line)
{
  uint64_t size, offset, length;
  char type[32];
  int n = 0;

  r->number++;
  if (strchr (line, '-')
      || sscanf (line, "%*u %" SCNu64 " %31s %" SCNu64 " %" SCNu64 " %n", &size,
                 type, &offset, &length, &n)
        != 4
      || line[n] != '\0')
    return refuse (r, "it is no row of five numbers and words");
  if (size != r->size)
    return refuse (r, "it is of a disk of another size");
  return take (r, offset, length, true);
}

static int
read_table (struct reader *r)
{
  char *line = NULL;
  size_t room = 0;
  int result = 0;

  r->format = &csi_table;
  while (result == 0 && getline (&line, &room, r->f) != -1)
    if (line[strspn (line, " \t\r\n-")] != '\0'
        && strncmp (line, "Record#", 7) != 0)
      result = take_row (r, line);
  free (line);
  if (result == 0 && ferror (r->f)) {
    error_set (r->e, errno, "cannot be read: %s", strerror (errno));
    return -1;
  }
  return result;
}

/* -- the list ------------------------------------------------------------- */

static int
read_list (struct reader *r)
{
  const int c = next_character (r);

  if (c == EOF) {
    if (ferror (r->f))
      error_set (r->e, errno, "cannot be read: %s", strerror (errno));
    else
      error_set (r->e, EBADMSG, "the file is empty; an empty list is []");
    return -1;
  }
  ungetc (c, r->f);
  return c == '[' || c == '{' ? read_json (r)
    : c == 'R'                ? read_table (r)
                              : read_mapfile (r);
}

static void
digest_ranges (struct range *ranges, size_t n, char digest[SHA256_TEXT])
{
  for (size_t i = 0; i < n; i++)
    ranges[i] = (struct range) { htole64 (ranges[i].start),
                                 htole64 (ranges[i].end) };
  sha256_text (n ? (void *) ranges : "", n * sizeof *ranges, digest);
  for (size_t i = 0; i < n; i++)
    ranges[i] = (struct range) { le64toh (ranges[i].start),
                                 le64toh (ranges[i].end) };
}

static int
keep_selected (struct reader *r, struct extent_list *out)
{
  if (!r->sorted)
    sort_and_merge (r);
  if (ranges_init (&out->selected, max_u64 (1, r->n_ranges)) == -1) {
    error_set (r->e, errno, "%s", strerror (errno));
    return -1;
  }
  digest_ranges (r->ranges, r->n_ranges, out->digest);
  for (size_t i = 0; i < r->n_ranges; i++) {
    const bool fits = ranges_set (&out->selected, r->ranges[i].start,
                                  r->ranges[i].end, 0);

    assert (fits);
  }
  out->bytes = ranges_bytes (&out->selected);
  out->format = r->format->name;
  out->extents = r->number;
  return 0;
}

int
extent_list_read (FILE *f, uint64_t size, struct extent_list *out,
                  struct error *e)
{
  struct reader r = { .f = f, .size = size, .sorted = true, .e = e };
  int result;

  *out = (struct extent_list) { 0 };
  __fsetlocking (f, FSETLOCKING_BYCALLER); /* a million extents a second */
  result = read_list (&r);
  if (result == 0)
    result = keep_selected (&r, out);
  free (r.ranges);
  return result;
}

int
extent_list_cut (struct extent_list *l, uint64_t start, uint64_t end,
                 uint64_t align)
{
  struct ranges cut = { 0 };

  if (ranges_init (&cut, max_u64 (1, ranges_count (&l->selected))) == -1)
    return -1;
  for (size_t i = 0; i < ranges_count (&l->selected); i++) {
    const struct ranges_entry *r = ranges_at (&l->selected, i);
    const uint64_t from = max_u64 (start, align_down (r->start, align));
    const uint64_t to = min_u64 (end, align_up (r->end, align));
    const bool fits = ranges_set (&cut, from, to, 0);

    assert (fits); /* neighbours may have become one */
  }
  ranges_free (&l->selected);
  l->selected = cut;
  l->bytes = ranges_bytes (&cut);
  return 0;
}

void
extent_list_free (struct extent_list *l)
{
  ranges_free (&l->selected);
  *l = (struct extent_list) { 0 };
}
