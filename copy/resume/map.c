/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resume map: see map.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "arith.h"
#include "atomic-file.h"
#include "options/options.h"
#include "resume/map-text.h"
#include "resume/map.h"
#include "secrets.h"
#include "sha256.h"

/* The version of what a map means; other keys can be added without raising it.
 * Version 1 had no digests, so names that looked the same when masked were
 * taken for the same.
 */
#define MAP_FORMAT "2"

/* Larger files are not maps of ours.  A map is read as a whole before anything
 * else happens.
 */
#define BYTES_MAX (16 * MiB)

struct map {
  char *name;                    /* owned; with secrets masked */
  struct atomic_file file;       /* not open if it does not exist */
  char *values[MAP_KEYS];        /* owned; describe this copy */
  uint64_t size;                 /* of the source */
  uint64_t start, end;           /* the part to copy, half open */
  const struct ranges *selected; /* borrowed; NULL: everything */
  bool existed, begun;
  uint64_t resumed;
  struct ranges todo;
  struct ranges saving; /* a copy, so that no worker waits for the disk */
  struct ranges saving_unreadable;
  int (*store) (void *opaque, struct error *e); /* before each save, or NULL */
  void *opaque;

  pthread_mutex_t lock; /* protects the fields below */
  struct ranges finished;
  struct ranges unreadable; /* found by this run */
  bool changed;             /* since the last save */
};

static int
fail (const struct map *m, int err, const char *why, struct error *e)
{
  error_set (e, err, "--map=%s: %s", m->name, why);
  return -1;
}

/* -- which copy the map is for -------------------------------------------- */

/* Returns the name without "source" or "destination" in front: the key says
 * which.
 */
static char *
plain_name (const char *name)
{
  const char *blank = strchr (name, ' ');

  return strdup (blank ? blank + 1 : name);
}

#define NUMBER_MAX 24 /* bytes for any number and the final NUL */

static char *
number_text (uint64_t n)
{
  char *text = malloc (NUMBER_MAX);

  if (text)
    snprintf (text, NUMBER_MAX, "%" PRIu64, n);
  return text;
}

/* Returns a digest that identifies a name.  The map shows names masked and on
 * one line, so two different names can look the same.  The digest covers the
 * whole name of a file, and any other name without the secrets in it, which may
 * change.
 */
static char *
digest_text (const char *kind, const char *name)
{
  char *text, *digest = malloc (SHA256_TEXT);
  const int n = name ? asprintf (&text, "%s:%s", kind, name) : -1;

  if (digest == NULL || n == -1) {
    free (digest);
    return NULL;
  }
  sha256_text (text, n, digest);
  free (text);
  return digest;
}

/* Whether a name is relative to the present folder. */
static bool
is_in_folder (const struct operand *operand)
{
  return operand->kind == OPERAND_PATH && operand->name[0] != '/';
}

static char *
operand_digest (const struct operand *operand)
{
  const bool is_path = operand->kind == OPERAND_PATH;
  char *cut = is_path  ? NULL
    : operand->command ? secrets_cut_command (operand->command)
                       : secrets_cut (operand->name);
  char *digest = is_path
    ? digest_text ("file", operand->name)
    : digest_text (operand->command ? "command" : "address", cut);

  free (cut);
  return digest;
}

/* Notes the current folder, which relative names depend on. */
static void
describe_folder (struct map *m)
{
  char *folder = getcwd (NULL, 0);

  if (folder) {
    m->values[MAP_FOLDER] = secrets_mask (folder);
    m->values[MAP_FOLDER_DIGEST] = digest_text ("folder", folder);
  }
  free (folder);
}

/* Returns the options that change which bytes are written or allocated, or
 * which side is trusted about zeroes.  Changing one of these must not resume a
 * copy that was made with the other value.
 */
static char *
options_text (const struct options *o, const char *selection)
{
  static const char *const known[] = {
    [IS_ZERO_AUTO] = "auto",
    [IS_ZERO_YES] = "yes",
    [IS_ZERO_NO] = "no",
  };
  const char *image = o->destination.image_options;
  char shard[64] = "", *text;

  if (o->shard.count)
    snprintf (shard, sizeof shard, " shard=%" PRIu64 "/%" PRIu64,
              o->shard.number, o->shard.count);
  if (asprintf (&text,
                "allocated=%s destination-is-zero=%s extents=%s"
                " source-format=%s destination-format=%s%s%s%s%s%s",
                o->allocated ? "yes" : "no", known[o->destination_is_zero],
                o->no_extents ? "no" : "yes",
                o->source.format ? o->source.format : "raw",
                o->destination.format ? o->destination.format : "raw", shard,
                selection ? " selection=" : "", selection ? selection : "",
                image ? " destination-options=" : "", image ? image : "")
      == -1)
    return NULL;
  return text;
}

/* Returns which digests of blocks are kept; NULL with errno. */
static char *
blkhash_text (const struct options *o)
{
  char *text;

  return asprintf (&text, "%s/%" PRIu64, digest_name (o->digest),
                   o->digest_block)
      == -1
    ? NULL
    : text;
}

/* Describes this copy in the values of the map.  -1 with errno. */
static int
describe (struct map *m, const struct map_pair *pair)
{
  const struct options *o = pair->options;
  const bool in_folder = is_in_folder (&o->source)
    || is_in_folder (&o->destination);
  const bool needed[MAP_KEYS] = {
    [MAP_VERSION] = true,
    [MAP_SOURCE] = true,
    [MAP_SOURCE_DIGEST] = true,
    [MAP_SOURCE_SIZE] = true,
    [MAP_SOURCE_ID] = o->source_id || pair->version,
    [MAP_DESTINATION] = true,
    [MAP_DESTINATION_DIGEST] = true,
    [MAP_DESTINATION_SIZE] = true,
    [MAP_DESTINATION_FILE] = true,
    [MAP_FOLDER] = in_folder,
    [MAP_FOLDER_DIGEST] = in_folder,
    [MAP_OPTIONS] = true,
    [MAP_BLKHASH] = o->digest != DIGEST_NONE,
  };

  m->values[MAP_VERSION] = strdup (MAP_FORMAT);
  m->values[MAP_SOURCE] = plain_name (pair->source);
  m->values[MAP_SOURCE_DIGEST] = operand_digest (&o->source);
  m->values[MAP_SOURCE_SIZE] = number_text (pair->size);
  if (needed[MAP_SOURCE_ID])
    m->values[MAP_SOURCE_ID] = o->source_id
      ? strdup (o->source_id)
      : secrets_mask (pair->version); /* makes it one line */
  m->values[MAP_DESTINATION] = plain_name (pair->destination);
  m->values[MAP_DESTINATION_DIGEST] = operand_digest (&o->destination);
  m->values[MAP_DESTINATION_SIZE] = number_text (pair->destination_size);
  m->values[MAP_DESTINATION_FILE] = strdup (pair->destination_file);
  if (in_folder)
    describe_folder (m);
  m->values[MAP_OPTIONS] = options_text (o, pair->selection);
  if (needed[MAP_BLKHASH])
    m->values[MAP_BLKHASH] = blkhash_text (o);
  for (unsigned i = 0; i < MAP_KEYS; i++)
    if (needed[i] && m->values[i] == NULL)
      return -1;
  return 0;
}

static bool
is_same_value (const struct map *m, const struct map_text *text,
               enum map_key key)
{
  const char *there = text->values[key].start, *here = m->values[key];
  const size_t n = text->values[key].length;

  return (there == NULL && here == NULL)
    || (there && here && strlen (here) == n && memcmp (there, here, n) == 0);
}

/* Returns the key whose value is shown when this key differs.  MAP_KEYS: the
 * key is only shown and never compared.
 */
static enum map_key
shown_key (enum map_key key)
{
  switch (key) {
  case MAP_SOURCE:
  case MAP_DESTINATION:
  case MAP_FOLDER:
  case MAP_BLKHASH_ID:
    return MAP_KEYS;
  case MAP_SOURCE_DIGEST:
    return MAP_SOURCE;
  case MAP_DESTINATION_DIGEST:
    return MAP_DESTINATION;
  case MAP_FOLDER_DIGEST:
    return MAP_FOLDER;
  case MAP_VERSION:
  case MAP_SOURCE_SIZE:
  case MAP_SOURCE_ID:
  case MAP_DESTINATION_SIZE:
  case MAP_DESTINATION_FILE:
  case MAP_OPTIONS:
  case MAP_BLKHASH:
    break;
  }
  return key;
}

#define SHOWN_MAX 256

/* Refuses the map because of a value.  The value in the map may have been
 * written by others, so it is masked, too.
 */
static int
refuse_value (const struct map *m, const struct map_text *text,
              enum map_key key, struct error *e)
{
  const size_t n = min_u64 (text->values[key].length, SHOWN_MAX);
  const char *here = m->values[key] ? m->values[key] : "none";
  char *there = text->values[key].start ? strndup (text->values[key].start, n)
                                        : NULL;
  char *shown = there ? secrets_mask (there) : NULL;

  if (is_same_value (m, text, key))
    error_set_kind (e, ERROR_OTHER_COPY, ESTALE,
                    "--map=%s: map is for a different copy: %s: %s, but the"
                    " names differ in a part that is not shown",
                    m->name, map_key_name (key), here);
  else
    error_set_kind (e, ERROR_OTHER_COPY, ESTALE,
                    "--map=%s: map is for a different copy: %s: %s in the"
                    " map, %s now",
                    m->name, map_key_name (key), shown ? shown : "none", here);
  free (shown);
  free (there);
  return -1;
}

/* Checks one value.  A destination that is not created yet has no size and no
 * file to compare, and no digest was kept of it.
 */
static int
check_value (const struct map *m, const struct map_text *text, enum map_key key,
             struct error *e)
{
  const enum map_key shown = shown_key (key);

  if (shown == MAP_KEYS || is_same_value (m, text, key)
      || ((key == MAP_DESTINATION_SIZE || key == MAP_DESTINATION_FILE
           || key == MAP_BLKHASH)
          && ranges_count (&m->finished) == 0))
    return 0;
  return refuse_value (m, text, shown, e);
}

static int
check_values (struct map *m, const struct map_text *text, struct error *e)
{
  if (text->values[MAP_VERSION].start == NULL) {
    error_set_kind (e, ERROR_OTHER_COPY, ESTALE,
                    "--map=%s: map is for a different copy: this program"
                    " did not write it",
                    m->name);
    return -1;
  }
  if (!is_same_value (m, text, MAP_VERSION)) {
    error_set_kind (
      e, ERROR_OTHER_COPY, ESTALE,
      "--map=%s: another version of this program wrote the map, and it may"
      " be for a different copy: remove it, or use --resume=never",
      m->name);
    return -1;
  }
  for (unsigned i = 0; i < MAP_KEYS; i++)
    if (check_value (m, text, i, e) == -1)
      return -1;
  return 0;
}

/* -- opening -------------------------------------------------------------- */

static uint64_t
selected_bytes (const struct map *m, const struct ranges *r)
{
  return m->selected ? ranges_bytes_in_both (r, m->selected) : ranges_bytes (r);
}

static void
find_todo (struct map *m)
{
  uint64_t at = m->start;

  /* Only a map that another program changed has ranges there. */
  ranges_cut (&m->finished, 0, m->start);
  ranges_cut (&m->finished, m->end, UINT64_MAX);
  ranges_clear (&m->todo);
  for (size_t i = 0; i < ranges_count (&m->finished); i++) {
    ranges_set (&m->todo, at, ranges_at (&m->finished, i)->start, 0);
    at = ranges_at (&m->finished, i)->end;
  }
  ranges_set (&m->todo, at, m->end, 0);
  m->resumed = selected_bytes (m, &m->finished);
}

static void
copy_ranges (struct ranges *to, const struct ranges *from)
{
  ranges_clear (to);
  for (size_t i = 0; i < ranges_count (from); i++)
    ranges_set (to, ranges_at (from, i)->start, ranges_at (from, i)->end, 0);
}

/* Checks that a file to be replaced is a map of ours, rather than a disk or the
 * map of another program.
 */
static int
check_replaceable (struct map *m, const char *text, size_t length,
                   struct error *e)
{
  return map_is_ours (text, length)
    ? 0
    : fail (m, EBADMSG,
            "this program did not write this file: refusing to"
            " overwrite it",
            e);
}

/* Takes what identifies the digests of the finished blocks. */
static int
take_digests_id (struct map *m, const struct map_text *text, struct error *e)
{
  const char *id = text->values[MAP_BLKHASH_ID].start;

  if (m->values[MAP_BLKHASH] == NULL || ranges_count (&m->finished) == 0)
    return 0;
  if (id == NULL)
    return fail (m, EBADMSG, "map is damaged: the blkhash id is missing", e);
  m->values[MAP_BLKHASH_ID] = strndup (id, text->values[MAP_BLKHASH_ID].length);
  return m->values[MAP_BLKHASH_ID] ? 0 : fail (m, errno, strerror (errno), e);
}

static int
parse (struct map *m, const char *text, size_t length, struct error *e)
{
  struct error why = { 0 };
  struct map_text parsed;

  if (map_parse (text, length, &parsed, &m->finished, &why) == -1) {
    error_set (e, EBADMSG, "--map=%s: map is damaged: %s", m->name, why.text);
    return -1;
  }
  m->existed = true;
  m->changed = false;
  return check_values (m, &parsed, e) == -1 ? -1
                                            : take_digests_id (m, &parsed, e);
}

/* Reads the map as --resume says.  An empty file counts as no map: it is left
 * when we are killed before the first save, and mktemp(1) makes one.
 */
static int
load (struct map *m, const struct atomic_file *file, enum resume resume,
      struct error *e)
{
  size_t length = 0;
  char *text = NULL;
  int r;

  if (file->path) {
    text = atomic_file_read (file, BYTES_MAX, &length);
    if (text == NULL)
      return fail (m, errno == EFBIG ? EBADMSG : errno,
                   errno == EFBIG ? "too large to be a map" : strerror (errno),
                   e);
  }
  if (length == 0 && resume == RESUME_REQUIRE)
    r = fail (m, ENOENT,
              "there is no map to resume from, and --resume=require"
              " needs one",
              e);
  else if (length == 0)
    r = 0;
  else
    r = resume == RESUME_NEVER ? check_replaceable (m, text, length, e)
                               : parse (m, text, length, e);
  free (text);
  return r;
}

static int
refuse_use (const char *name, struct error *e)
{
  error_set_kind (e, ERROR_IN_USE, EBUSY, "--map=%s: in use by another copy",
                  name);
  return -1;
}

int
map_lock (const struct options *o, struct atomic_file *file, struct error *e)
{
  const bool make = o->resume != RESUME_REQUIRE;
  char *name;
  int r = 0;

  if (atomic_file_open (file, o->map, make) == -1 && errno == EWOULDBLOCK) {
    name = secrets_mask (o->map);
    r = refuse_use (name ? name : "", e);
    free (name);
  }
  return r;
}

static int
open_file (struct map *m, const struct map_pair *pair, bool just_look,
           struct error *e)
{
  const struct options *o = pair->options;
  const bool make = !just_look && o->resume != RESUME_REQUIRE;

  if (pair->locked && pair->locked->path) {
    m->file = *pair->locked;
    *pair->locked = (struct atomic_file) { 0 };
    return 0;
  }
  if (atomic_file_open (&m->file, o->map, make) == -1) {
    const int err = errno;

    if (err == ENOENT && (just_look || o->resume == RESUME_REQUIRE))
      return 0;
    if (err != EWOULDBLOCK)
      return fail (m, err,
                   err == EINVAL ? "not a regular file" : strerror (err), e);
    return refuse_use (m->name, e);
  }
  return 0;
}

/* Allocates all memory that a map will ever need, but no values.  NULL with
 * errno.
 */
static struct map *
new_map (const struct options *o, uint64_t size, struct range part)
{
  const size_t n_unreadable = o->salvage == SALVAGE_NO ? 1 : MAP_UNREADABLE;
  struct map *m = calloc (1, sizeof *m);
  int err;

  if (m == NULL)
    return NULL;
  pthread_mutex_init (&m->lock, NULL);
  m->size = size;
  m->start = part.start;
  m->end = part.end;
  m->changed = true; /* the file is empty */
  if ((m->name = secrets_mask (o->map)) != NULL
      && ranges_init (&m->finished, MAP_RANGES) == 0
      && ranges_init (&m->saving, MAP_RANGES) == 0
      && ranges_init (&m->unreadable, n_unreadable) == 0
      && ranges_init (&m->saving_unreadable, n_unreadable) == 0
      && ranges_init (&m->todo, MAP_RANGES + 1) == 0)
    return m;
  err = errno;
  map_close (m);
  errno = err;
  return NULL;
}

struct map *
map_open (const struct map_pair *pair, bool just_look, struct error *e)
{
  struct map *m = new_map (pair->options, pair->size,
                           range_of (pair->start, pair->end));

  if (m)
    m->selected = pair->selected;
  if (m == NULL || describe (m, pair) == -1)
    error_set (e, errno, "--map: %s", strerror (errno));
  else if (open_file (m, pair, just_look, e) == 0
           && load (m, &m->file, pair->options->resume, e) == 0) {
    find_todo (m);
    return m;
  }
  map_close (m);
  return NULL;
}

/* Gives the map of a shard the values that all shards have in common, and its
 * own.  -1 with errno.
 */
static int
describe_shard (struct map *shard, const struct options *o,
                const struct map *like)
{
  for (unsigned i = 0; i < MAP_KEYS; i++) {
    if (i == MAP_BLKHASH_ID || (i != MAP_OPTIONS && like->values[i] == NULL))
      continue;
    shard->values[i] = i == MAP_OPTIONS ? options_text (o, NULL)
                                        : strdup (like->values[i]);
    if (shard->values[i] == NULL)
      return -1;
  }
  return 0;
}

struct map *
map_read_shard (const struct map *m, const struct options *o, struct range part,
                struct error *e)
{
  struct map *shard = new_map (o, m->size, part);
  struct atomic_file file = { .path = shard ? shard->name : NULL, .fd = -1 };
  int r = -1;

  if (shard == NULL || describe_shard (shard, o, m) == -1)
    error_set (e, errno, "--map: %s", strerror (errno));
  else if ((file.fd = open (o->map,
                            O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK))
           == -1)
    fail (shard, errno, strerror (errno), e);
  else
    r = load (shard, &file, RESUME_REQUIRE, e);
  if (file.fd != -1)
    close (file.fd);
  if (r == 0) {
    find_todo (shard);
    return shard;
  }
  map_close (shard);
  return NULL;
}

/* Returns whether the text is a complete map of ours. */
static bool
is_whole (const char *text, size_t length)
{
  struct ranges finished = { 0 };
  struct map_text parsed;
  struct error e = { 0 };
  bool good = map_is_ours (text, length)
    && ranges_init (&finished, MAP_RANGES) == 0
    && map_parse (text, length, &parsed, &finished, &e) == 0;

  ranges_free (&finished);
  return good;
}

bool
map_exists (const struct options *o)
{
  struct atomic_file file;
  size_t length;
  char *text;
  bool good;

  if (o->map == NULL || o->resume == RESUME_NEVER
      || atomic_file_open (&file, o->map, false) == -1)
    return false;
  text = atomic_file_read (&file, BYTES_MAX, &length);
  good = text && is_whole (text, length);
  free (text);
  atomic_file_close (&file, false);
  return good;
}

bool
map_is_in_use (const struct options *o)
{
  struct atomic_file file;

  if (o->map == NULL)
    return false;
  if (atomic_file_open (&file, o->map, false) == -1)
    return errno == EWOULDBLOCK;
  atomic_file_close (&file, false);
  return false;
}

const char *
map_name (const struct map *m)
{
  return m->name;
}

bool
map_is_resumed (const struct map *m)
{
  return m->existed;
}

const char *
map_digests_id (const struct map *m)
{
  return m->values[MAP_BLKHASH_ID];
}

int
map_make_digests_id (struct map *m)
{
  uint8_t bytes[16];
  char *id = malloc (2 * sizeof bytes + 1);

  if (id == NULL || getrandom (bytes, sizeof bytes, 0) != sizeof bytes) {
    free (id);
    return -1;
  }
  for (size_t i = 0; i < sizeof bytes; i++)
    snprintf (id + 2 * i, 3, "%02x", bytes[i]);
  free (m->values[MAP_BLKHASH_ID]);
  m->values[MAP_BLKHASH_ID] = id;
  return 0;
}

void
map_set_store (struct map *m, int (*store) (void *opaque, struct error *e),
               void *opaque)
{
  m->store = store;
  m->opaque = opaque;
}

int
map_claim (struct map *m, struct error *e)
{
  m->changed = true;
  return map_save (m, e);
}

/* -- finished ranges ------------------------------------------------------- */

/* Shrinks the finished ranges to multiples of @align, except at the end of the
 * disk.  The bytes cut off are copied again with their block.
 */
static void
align_finished (struct map *m, uint64_t align)
{
  copy_ranges (&m->saving, &m->finished);
  ranges_clear (&m->finished);
  for (size_t i = 0; i < ranges_count (&m->saving); i++) {
    const struct ranges_entry *r = ranges_at (&m->saving, i);

    ranges_set (&m->finished, align_up (r->start, align),
                r->end == m->size ? r->end : align_down (r->end, align), 0);
  }
}

/* Replaces a value.  -1 when memory runs out. */
static int
set_value (struct map *m, enum map_key key, char *value)
{
  if (value == NULL)
    return -1;
  m->changed = m->changed || strcmp (value, m->values[key]) != 0;
  free (m->values[key]);
  m->values[key] = value;
  return 0;
}

int
map_begin (struct map *m, uint64_t align, uint64_t destination_size,
           const char *destination_file)
{
  if (set_value (m, MAP_DESTINATION_SIZE, number_text (destination_size)) == -1
      || set_value (m, MAP_DESTINATION_FILE, strdup (destination_file)) == -1)
    return -1;
  align_finished (m, align);
  find_todo (m);
  m->begun = true;
  return 0;
}

bool
map_has_begun (const struct map *m)
{
  return m->begun;
}

uint64_t
map_resumed (const struct map *m)
{
  return m->resumed;
}

const struct ranges *
map_todo (const struct map *m)
{
  return &m->todo;
}

uint64_t
map_left (const struct map *m)
{
  return selected_bytes (m, &m->todo);
}

void
map_mark (struct map *m, const struct ranges *durable)
{
  pthread_mutex_lock (&m->lock);
  for (size_t i = 0; i < ranges_count (durable); i++) {
    const struct ranges_entry *r = ranges_at (durable, i);

    assert (r->start >= m->start && r->end <= m->end);
    ranges_set (&m->finished, r->start, r->end, 0);
  }
  m->changed = m->changed || ranges_count (durable) > 0;
  pthread_mutex_unlock (&m->lock);
}

void
map_mark_unreadable (struct map *m, uint64_t start, uint64_t end)
{
  pthread_mutex_lock (&m->lock);
  ranges_cover (&m->unreadable, start, end);
  m->changed = true;
  pthread_mutex_unlock (&m->lock);
}

void
map_mark_all (struct map *m)
{
  pthread_mutex_lock (&m->lock);
  m->changed = m->changed || ranges_bytes (&m->finished) < m->end - m->start;
  ranges_clear (&m->finished);
  ranges_set (&m->finished, m->start, m->end, 0);
  pthread_mutex_unlock (&m->lock);
}

/* If there is no room to split a range, everything counts as not finished. */
void
map_unmark (struct map *m, const struct ranges *doubtful)
{
  pthread_mutex_lock (&m->lock);
  if (doubtful == NULL)
    ranges_clear (&m->finished);
  for (size_t i = 0; doubtful && i < ranges_count (doubtful); i++)
    if (!ranges_cut (&m->finished, ranges_at (doubtful, i)->start,
                     ranges_at (doubtful, i)->end))
      ranges_clear (&m->finished);
  m->changed = true;
  pthread_mutex_unlock (&m->lock);
}

uint64_t
map_finished (struct map *m)
{
  uint64_t bytes;

  pthread_mutex_lock (&m->lock);
  bytes = selected_bytes (m, &m->finished)
    - ranges_bytes_in_both (&m->finished, &m->unreadable);
  pthread_mutex_unlock (&m->lock);
  return bytes;
}

/* -- saving --------------------------------------------------------------- */

/* Copies the ranges for saving.  Returns false if nothing changed
 * since the last save.
 */
static bool
take_changes (struct map *m)
{
  bool changed;

  pthread_mutex_lock (&m->lock);
  changed = m->changed;
  if (changed) {
    copy_ranges (&m->saving, &m->finished);
    copy_ranges (&m->saving_unreadable, &m->unreadable);
  }
  m->changed = false;
  pthread_mutex_unlock (&m->lock);
  return changed;
}

static void
return_changes (struct map *m)
{
  pthread_mutex_lock (&m->lock);
  m->changed = true;
  pthread_mutex_unlock (&m->lock);
}

/* Returns the text of the map to save; NULL with errno. */
static char *
make_text (struct map *m, size_t *length)
{
  char *text = NULL;
  FILE *f = open_memstream (&text, length);
  bool good;

  if (f == NULL)
    return NULL;
  map_print (f, (const char *const *) m->values, &m->saving,
             &m->saving_unreadable, m->size);
  good = !ferror (f);
  if (fclose (f) == 0 && good)
    return text;
  free (text);
  errno = ENOMEM; /* the only way such a stream can fail */
  return NULL;
}

int
map_save (struct map *m, struct error *e)
{
  struct error why = { 0 };
  char *text = NULL;
  size_t length;
  int r = -1;

  if (!take_changes (m))
    return 0;
  if ((m->store == NULL || m->store (m->opaque, &why) == 0)
      && (text = make_text (m, &length)) != NULL)
    r = atomic_file_replace (&m->file, text, length);
  if (r == -1) {
    error_set (&why, errno, "%s", strerror (errno));
    error_set (e, why.number, "--map=%s: cannot save the map: %s", m->name,
               why.text);
    return_changes (m);
  }
  free (text);
  return r;
}

void
map_close (struct map *m)
{
  if (m == NULL)
    return;
  atomic_file_close (&m->file, m->file.made && !m->begun);
  for (unsigned i = 0; i < MAP_KEYS; i++)
    free (m->values[i]);
  free (m->name);
  ranges_free (&m->finished);
  ranges_free (&m->saving);
  ranges_free (&m->unreadable);
  ranges_free (&m->saving_unreadable);
  ranges_free (&m->todo);
  pthread_mutex_destroy (&m->lock);
  free (m);
}
