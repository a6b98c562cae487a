/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks the files that one run reads and writes: see used-files.h. */

#include <config.h>

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "device.h"
#include "endpoint/endpoint.h"
#include "endpoint/image-files.h"
#include "endpoint/image-options.h"
#include "endpoint/image.h"
#include "endpoint/used-files.h"
#include "human.h"
#include "options/operand.h"
#include "options/options.h"
#include "secrets.h"

/* The kernel follows as many links. */
#define LINKS_MAX 40

enum part {
  SOURCE_SIDE,
  SOURCE_FILE, /* of an image: backing and data files */
  DESTINATION_SIDE,
  DESTINATION_DATA,    /* of an image: written to with it */
  DESTINATION_BACKING, /* of an image: only read */
  INPUT,               /* of an option: read */
  OUTPUT,              /* of an option: written to */
  /* of a command, or of a command line that could not be parsed: may be a disk
   */
  WORD,
};

/* Where a name leads. */
struct place {
  enum {
    NOWHERE, /* opening it will fail, or create no file */
    EXISTS,
    FREE_NAME, /* a file can be created there */
    ADDRESS,   /* of a server */
  } kind;
  struct device device; /* EXISTS: a file or a block device */
  mode_t mode;          /* EXISTS */
  dev_t dev;            /* EXISTS; FREE_NAME: of its folder */
  ino_t ino;
  char *name; /* FREE_NAME: in that folder; ADDRESS: all of
                                   it; owned */
};

struct use {
  enum part part;
  bool writes;
  bool inherited;     /* a descriptor, which other processes may share */
  const char *option; /* without "--"; NULL: it is a side */
  char *shown;        /* owned, with secrets masked */
  unsigned copy;      /* of a manifest; 0: none */
  const struct options *options; /* borrowed; of that copy */
  struct place place;
};

struct used_files {
  struct use *uses; /* owned */
  size_t n_uses, room;
  struct error unknown;     /* why the files of an image are unknown */
  bool destination_is_made; /* a file in its place has no other files */
};

static int
out_of_memory (struct error *e)
{
  error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  return -1;
}

/* -- places --------------------------------------------------------------- */

static void
set_existing (struct place *p, const struct stat *st)
{
  p->kind = EXISTS;
  p->mode = st->st_mode;
  p->dev = st->st_dev;
  p->ino = st->st_ino;
}

/* Returns the folder of a path without links, and the last part of the name.
 * NULL if there is no such folder.
 */
static char *
resolve_folder (const char *path)
{
  const char *slash = strrchr (path, '/');
  char *folder = slash == NULL ? strdup (".")
    : slash == path            ? strdup ("/")
                               : strndup (path, slash - path);
  char *real = folder ? realpath (folder, NULL) : NULL, *name = NULL;

  if (real
      && asprintf (&name, "%s/%s", strcmp (real, "/") == 0 ? "" : real,
                   slash ? slash + 1 : path)
        == -1)
    name = NULL;
  free (folder);
  free (real);
  return name;
}

/* Returns where a link with this resolved name leads, relative to the present
 * folder.  NULL if it is not a link.
 */
static char *
follow (const char *name)
{
  char target[PATH_MAX + 1], *path;
  const ssize_t n = readlink (name, target, PATH_MAX);

  if (n <= 0)
    return NULL;
  target[n] = '\0';
  if (target[0] == '/')
    return strdup (target);
  return asprintf (&path, "%.*s%s", (int) (strrchr (name, '/') + 1 - name),
                   name, target)
      == -1
    ? NULL
    : path;
}

/* Returns the name under which a file would be created: a dangling link is
 * followed.  NULL if none can be created.
 */
static char *
find_free_name (const char *path)
{
  char *name = resolve_folder (path), *next;

  for (unsigned i = 0; name && i < LINKS_MAX; i++) {
    if ((next = follow (name)) == NULL)
      return name;
    free (name);
    name = resolve_folder (next);
    free (next);
  }
  free (name);
  return NULL;
}

/* A folder that is mounted twice has several names, so it is known by its
 * device and inode.
 */
static void
set_free_name (struct place *p, char *name)
{
  char *last = strrchr (name, '/');
  struct stat folder;

  *last = '\0';
  if (stat (last == name ? "/" : name, &folder) == 0
      && (p->name = strdup (last + 1)) != NULL) {
    p->kind = FREE_NAME;
    p->dev = folder.st_dev;
    p->ino = folder.st_ino;
  }
}

static void
find_place (struct place *p, const char *path)
{
  struct stat st;
  char *name;

  *p = (struct place) { .kind = NOWHERE };
  if (stat (path, &st) == 0) {
    set_existing (p, &st);
    device_find (path, &p->device);
  }
  else if (errno == ENOENT && (name = find_free_name (path)) != NULL) {
    set_free_name (p, name);
    free (name);
  }
}

static void
find_place_of_fd (struct place *p, int fd)
{
  struct stat st;

  *p = (struct place) { .kind = NOWHERE };
  if (fstat (fd, &st) == -1)
    return;
  set_existing (p, &st);
  device_describe (fd, &p->device);
}

/* Returns whether a place is a file or a device that keeps its content. */
static bool
is_kept (const struct place *p)
{
  return p->kind == EXISTS && p->device.kind != DEVICE_OTHER;
}

static bool
is_block (const struct place *p)
{
  return p->kind == EXISTS && p->device.kind == DEVICE_BLOCK;
}

/* Returns whether two places are the same.  Terminals and the like can be
 * shared by all uses.  A FIFO that is a side of the copy is only for its data.
 */
static bool
is_same_place (const struct place *a, const struct place *b, bool has_side)
{
  if (a->kind != b->kind)
    return false;
  switch (a->kind) {
  case NOWHERE:
    return false;
  case FREE_NAME:
    return a->dev == b->dev && a->ino == b->ino
      && strcmp (a->name, b->name) == 0;
  case ADDRESS:
    return strcmp (a->name, b->name) == 0;
  case EXISTS:
    break;
  }
  if (is_kept (a) || is_kept (b))
    return device_same (&a->device, &b->device);
  return has_side && S_ISFIFO (a->mode) && a->dev == b->dev && a->ino == b->ino;
}

/* -- gathering ------------------------------------------------------------ */

/* Makes room for one more use.  Twice as much each time, so that a long list is
 * not copied for each file that it names.
 */
static bool
make_room (struct used_files *u)
{
  const size_t room = max_u64 (16, 2 * u->room);
  struct use *uses;

  if (u->n_uses < u->room)
    return true;
  if ((uses = reallocarray (u->uses, room, sizeof *uses)) == NULL)
    return false;
  u->uses = uses;
  u->room = room;
  return true;
}

/* Adds a use, without its place.  NULL with the error set. */
static struct use *
add (struct used_files *u, const struct use *use, struct error *e)
{
  if (use->shown == NULL || !make_room (u)) {
    free (use->shown);
    out_of_memory (e);
    return NULL;
  }
  u->uses[u->n_uses] = *use;
  return &u->uses[u->n_uses++];
}

/* Returns whether a name stands for an inherited descriptor. */
static bool
is_descriptor (const char *name)
{
  return strcmp (name, "/dev/stdout") == 0 || strcmp (name, "/dev/stderr") == 0
    || strncmp (name, "/dev/fd/", 8) == 0
    || strncmp (name, "/proc/self/fd/", 14) == 0;
}

/* Adds a file that an option names. */
static int
add_named (struct used_files *u, const struct use *like, const char *option,
           const char *name, struct error *e)
{
  struct use use = *like, *added;

  if (name == NULL || name[0] == '\0')
    return 0;
  use.option = option;
  use.shown = secrets_mask (name);
  use.writes = use.part == OUTPUT;
  if ((added = add (u, &use, e)) == NULL)
    return -1;
  find_place (&added->place, name);
  added->inherited = is_descriptor (name);
  return 0;
}

static int
add_descriptor (struct used_files *u, const struct use *like,
                const char *option, const char *name, int fd, struct error *e)
{
  struct use use = *like, *added;

  use.option = option;
  use.shown = strdup (name);
  use.writes = true;
  use.inherited = true;
  if ((added = add (u, &use, e)) == NULL)
    return -1;
  find_place_of_fd (&added->place, fd);
  return 0;
}

/* Returns whether a word of the command line is the file of an option that
 * reports, which then points to the same word.
 */
static bool
is_report (const struct options *o, const char *word)
{
  struct option_file f;

  for (size_t at = 0; options_next_file (o, &at, &f);)
    if (f.reports && f.name == word)
      return true;
  return false;
}

/* Adds the file beside a map that has the digests of blocks. */
static int
add_kept_digests (struct used_files *u, const struct use *use,
                  const char *option, const char *map, struct error *e)
{
  char *name;
  int r;

  if (asprintf (&name, "%s" KEPT_DIGESTS_SUFFIX, map) == -1)
    return out_of_memory (e);
  r = add_named (u, use, option, name, e);
  free (name);
  return r;
}

/* Adds the files that options name: all, or only those that are written. */
static int
add_option_files (struct used_files *u, const struct options *o, unsigned copy,
                  bool all, struct error *e)
{
  struct option_file f;
  char digits[24];

  for (size_t at = 0; options_next_file (o, &at, &f);) {
    const struct use use = {
      .part = f.writes ? OUTPUT : INPUT,
      .copy = copy,
      .options = o,
    };

    if (!f.writes && !all)
      continue;
    snprintf (digits, sizeof digits, "%d", f.fd);
    if ((f.fd == -1 ? add_named (u, &use, f.option, f.name, e)
                    : add_descriptor (u, &use, f.option,
                                      f.name ? f.name : digits, f.fd, e))
          == -1
        || (o->digest != DIGEST_NONE && strcmp (f.option, "map") == 0
            && add_kept_digests (u, &use, f.option, f.name, e) == -1))
      return -1;
  }
  return 0;
}

static enum part
part_of (enum side side, int kind)
{
  return side == SOURCE  ? SOURCE_FILE
    : kind == IMAGE_DATA ? DESTINATION_DATA
                         : DESTINATION_BACKING;
}

/* Adds the other files of an existing image.  If qemu-img cannot read the
 * image, the copy fails to open it, with a better message.
 */
static int
add_image_files (struct used_files *u, const struct use *side_use,
                 enum side side, const struct operand *operand, struct error *e)
{
  const struct image_place place = {
    .path = operand->name,
    .kind = is_block (&side_use->place) ? IMAGE_DEVICE : IMAGE_FILE,
  };
  const struct options *o = side_use->options;
  struct use use = { .copy = side_use->copy, .options = o };
  struct image_files files;
  struct error why = { 0 };
  int r = 0;

  if (image_files_find (&files, operand->format, place,
                        clock_now () + o->open_timeout, &why)
      == -1) {
    error_set (&u->unknown, why.number,
               "%s %s: cannot find out which files it is made of: %s",
               side_name (side), side_use->shown, why.text);
    error_set_side (&u->unknown, side_name (side));
    return 0;
  }
  for (size_t i = 0; r == 0 && i < files.n_files; i++) {
    struct use *added;

    use.part = side_use->part == DESTINATION_BACKING
      ? DESTINATION_BACKING
      : part_of (side, files.files[i].kind);
    use.writes = use.part == DESTINATION_DATA && !o->compare;
    use.shown = secrets_mask (files.files[i].path);
    if ((added = add (u, &use, e)) != NULL)
      find_place (&added->place, files.files[i].path);
    else
      r = -1;
  }
  image_files_free (&files);
  return r;
}

/* Adds the backing file that a new image will get, and the files of that.
 * Options that are wrong are refused elsewhere.
 */
static int
add_new_backing (struct used_files *u, const struct options *o, unsigned copy,
                 const struct operand *operand, struct error *e)
{
  struct use use = {
    .part = DESTINATION_BACKING, .copy = copy, .options = o,
  }, *added;
  struct operand backing = { .kind = OPERAND_PATH };
  struct image_options options;
  struct error ignored = { 0 };
  int r = 0;

  if (image_options_read (&options, operand->image_options, operand->format,
                          operand->name, &ignored)
        == -1
      || options.backing == NULL)
    return 0;
  use.shown = secrets_mask (options.backing_path);
  if ((added = add (u, &use, e)) == NULL)
    r = -1;
  else {
    find_place (&added->place, options.backing_path);
    use = *added;
    backing.name = options.backing_path;
    backing.format = options.backing_format;
    if (operand_is_image (&backing) && is_kept (&use.place))
      r = add_image_files (u, &use, DESTINATION, &backing, e);
  }
  image_options_free (&options);
  return r;
}

/* Adds a word if it leads to a file or a device. */
static int
add_word (struct used_files *u, const struct use *like, const char *word,
          struct error *e)
{
  const size_t before = u->n_uses;

  if (add_named (u, like, NULL, word, e) == -1)
    return -1;
  if (u->n_uses > before && u->uses[before].place.kind != EXISTS) {
    free (u->uses[before].shown);
    free (u->uses[before].place.name);
    u->n_uses = before;
  }
  return 0;
}

/* Adds words that may be disks, whole or after a '='. */
static int
add_words (struct used_files *u, const struct use *like, char *const *words,
           struct error *e)
{
  const struct options *o = like->options;
  const struct use word = { .part = WORD, .copy = like->copy, .options = o };

  for (; *words; words++) {
    const char *equals = strchr (*words, '=');

    if (!is_report (o, *words) && add_word (u, &word, *words, e) == -1)
      return -1;
    if (equals && !is_report (o, equals + 1)
        && add_word (u, &word, equals + 1, e) == -1)
      return -1;
  }
  return 0;
}

/* Joins words with a line end after each, which no address has in it. */
static char *
join_words (char *const *words)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);
  bool failed;

  if (f == NULL)
    return NULL;
  for (; *words; words++)
    fprintf (f, "%s\n", *words);
  failed = ferror (f);
  if (fclose (f) == 0 && !failed)
    return text;
  free (text);
  return NULL;
}

/* Returns whether any use from this one on is a block device, or a file that is
 * not a program.
 */
static bool
has_data_file (const struct used_files *u, size_t from)
{
  for (; from < u->n_uses; from++) {
    const struct place *p = &u->uses[from].place;

    if (is_kept (p) && !(S_ISREG (p->mode) && (p->mode & 0111)))
      return true;
  }
  return false;
}

/* Adds a command.  The files that it uses are unknown; but two equal commands
 * with a file among their words, other than programs, serve the same disk.
 */
static int
add_command (struct used_files *u, struct use *like,
             const struct operand *operand, struct error *e)
{
  char *program[] = { operand->command[0], NULL };
  struct use *added;
  size_t before;

  if (add_words (u, like, program, e) == -1)
    return -1;
  before = u->n_uses;
  if (add_words (u, like, operand->command + 1, e) == -1)
    return -1;
  if (!has_data_file (u, before))
    return 0;
  like->shown = operand_masked_name (operand);
  if ((added = add (u, like, e)) == NULL)
    return -1;
  if ((added->place.name = join_words (operand->command)) == NULL)
    return out_of_memory (e);
  added->place.kind = ADDRESS;
  return 0;
}

/* Adds a side.  The address of a server is compared literally, and only with
 * those of other copies: for one copy, the opened sides say more.
 */
static int
add_side (struct used_files *u, const struct options *o, unsigned copy,
          enum side side, struct error *e)
{
  const struct operand *operand = side == SOURCE ? &o->source : &o->destination;
  const int fd = side == SOURCE ? STDIN_FILENO : STDOUT_FILENO;
  struct use use = {
    .part = side == SOURCE ? SOURCE_SIDE : DESTINATION_SIDE,
    .writes = side == DESTINATION && !o->compare,
    .copy = copy, .options = o,
  }, *added;

  if (operand->command)
    return add_command (u, &use, operand, e);
  if (operand->name == NULL)
    return 0;
  use.shown = operand_masked_name (operand);
  if ((added = add (u, &use, e)) == NULL)
    return -1;
  switch (operand->kind) {
  case OPERAND_STANDARD:
    find_place_of_fd (&added->place, fd);
    break;
  case OPERAND_PATH:
    find_place (&added->place, operand->name);
    break;
  case OPERAND_NBD:
  case OPERAND_WEB:
    if ((added->place.name = strdup (operand->name)) == NULL)
      return out_of_memory (e);
    added->place.kind = ADDRESS;
    break;
  case OPERAND_NULL:
  case OPERAND_COMMAND: /* added above */
    break;
  }
  if (operand_is_image (operand) && is_kept (&added->place)
      && !(side == DESTINATION && u->destination_is_made)) {
    use = *added; /* adding more may move it */
    if (add_image_files (u, &use, side, operand, e) == -1)
      return -1;
  }
  return add_new_backing (u, o, copy, operand, e);
}

struct used_files *
used_files_new (void)
{
  return calloc (1, sizeof (struct used_files));
}

int
used_files_add (struct used_files *u, const struct options *o, unsigned copy,
                struct error *e)
{
  return add_side (u, o, copy, SOURCE, e) == -1
      || add_side (u, o, copy, DESTINATION, e) == -1
      || add_option_files (u, o, copy, true, e) == -1
    ? -1
    : 0;
}

int
used_files_add_words (struct used_files *u, const struct options *o,
                      char *const *words, struct error *e)
{
  const struct use any = { .options = o };

  return add_option_files (u, o, 0, false, e) == -1
    ? -1
    : add_words (u, &any, words, e);
}

void
used_files_free (struct used_files *u)
{
  for (size_t i = 0; u && i < u->n_uses; i++) {
    free (u->uses[i].shown);
    free (u->uses[i].place.name);
  }
  if (u)
    free (u->uses);
  free (u);
}

/* -- comparing ------------------------------------------------------------ */

static bool
is_side (const struct use *use)
{
  return use->part == SOURCE_SIDE || use->part == DESTINATION_SIDE;
}

static bool
is_of_destination (const struct use *use)
{
  return use->part == DESTINATION_SIDE || use->part == DESTINATION_DATA
    || use->part == DESTINATION_BACKING;
}

static bool
is_same_command (char *const *a, char *const *b)
{
  while (*a && *b && strcmp (*a, *b) == 0) {
    a++;
    b++;
  }
  return *a == NULL && *b == NULL;
}

static bool
is_same_source (const struct options *a, const struct options *b)
{
  struct place here, there;
  bool same;

  if (a->source.command && b->source.command)
    return is_same_command (a->source.command, b->source.command);
  if (a->source.command || b->source.command)
    return false;
  if (strcmp (a->source.name, b->source.name) == 0)
    return true;
  if (a->source.kind != OPERAND_PATH || b->source.kind != OPERAND_PATH)
    return false;
  find_place (&here, a->source.name);
  find_place (&there, b->source.name);
  same = is_same_place (&here, &there, true);
  free (here.name);
  free (there.name);
  return same;
}

/* Returns whether both belong to shards: different parts of one disk go to
 * different parts of one destination.
 */
static bool
are_shards (const struct use *a, const struct use *b)
{
  const struct shard *x = &a->options->shard, *y = &b->options->shard;

  return a->copy != b->copy && is_of_destination (a) && is_of_destination (b)
    && x->count > 0 && x->count == y->count && x->number != y->number
    && is_same_source (a->options, b->options);
}

/* Returns whether both are the sides of one copy. */
static bool
are_sides (const struct use *a, const struct use *b)
{
  return a->copy == b->copy && is_side (a) && is_side (b);
}

/* Returns whether two sides of one copy are one file or device that the copy
 * can read and write at the same time.  A loop device may show only a part of
 * its file, and an image's server locks it.
 */
static bool
can_be_one (const struct use *a, const struct use *b)
{
  const struct options *o = a->options;

  return o->source.kind == OPERAND_PATH && o->destination.kind == OPERAND_PATH
    && !operand_is_image (&o->source) && !operand_is_image (&o->destination)
    && is_kept (&a->place) && is_kept (&b->place)
    && device_is_one (&a->place.device, &b->place.device);
}

/* Returns whether two uses of the same place lose no data. */
static bool
can_share (const struct use *a, const struct use *b)
{
  const bool one_copy = a->copy == b->copy;

  if (a->part == WORD || b->part == WORD)
    return false;
  if (are_sides (a, b)) /* also if they are only compared */
    return a->place.kind == ADDRESS
      || (a->options->allow_same_disk && can_be_one (a, b));
  if (one_copy && is_of_destination (a) && is_of_destination (b)
      && a->part != DESTINATION_BACKING && b->part != DESTINATION_BACKING)
    return true; /* an image can name itself as its data file */
  if (!a->writes && !b->writes)
    return true;
  return (a->inherited && b->inherited) || are_shards (a, b);
}

/* Returns whether a word that may be a disk would certainly be lost: as an
 * output, or as the destination of another copy.
 */
static bool
spoils_word (const struct use *word, const struct use *other)
{
  return other->writes && (other->part == OUTPUT || other->copy != word->copy);
}

static bool
clash (const struct use *a, const struct use *b)
{
  if ((a->part == WORD && !spoils_word (a, b))
      || (b->part == WORD && !spoils_word (b, a)))
    return false;
  return is_same_place (&a->place, &b->place,
                        is_side (a) || is_side (b) || a->part == WORD
                          || b->part == WORD)
    && !can_share (a, b);
}

/* Returns whether an option would overwrite a disk from its beginning. */
static bool
is_output_on_disk (const struct use *use)
{
  return use->part == OUTPUT && is_block (&use->place);
}

/* -- saying --------------------------------------------------------------- */

#define LABEL_MAX 400

static const char *
format_label (const struct use *use, char *text, size_t size)
{
  static const char *const names[] = {
    [SOURCE_SIDE] = "source ",
    [DESTINATION_SIDE] = "destination ",
    [SOURCE_FILE] = "a file of the source image, ",
    [DESTINATION_DATA] = "a data file of the destination image, ",
    [DESTINATION_BACKING] = "a backing file of the destination image, ",
    [INPUT] = "",
    [OUTPUT] = "",
    [WORD] = "a word of a command, ",
  };
  char copy[32] = "";

  if (use->copy)
    snprintf (copy, sizeof copy, " of copy %u", use->copy);
  snprintf (text, size, "%s%s%s%s%.300s%s", names[use->part],
            use->option ? "--" : "", use->option ? use->option : "",
            use->option ? "=" : "", use->shown, copy);
  return text;
}

/* Ranks uses by how likely they are the mistake: that one is named first. */
static int
rank (const struct use *use)
{
  return use->part == OUTPUT        ? 3
    : use->writes                   ? 2
    : use->part == DESTINATION_SIDE ? 1
                                    : 0;
}

/* Returns what else to say about two uses of the same place. */
static const char *
advise (const struct use *a, const struct use *b)
{
  const struct options *o = a->options;

  if (!are_sides (a, b))
    return "";
  if (can_be_one (a, b))
    return " (allowed with --allow-same-disk)";
  return o->allow_same_disk
      && (operand_is_image (&o->source) || operand_is_image (&o->destination))
    ? ": an image cannot be both sides"
    : "";
}

static int
refuse (const struct use *earlier, const struct use *later, struct error *e)
{
  const bool swap = rank (later) >= rank (earlier);
  const struct use *first = swap ? later : earlier;
  const struct use *second = swap ? earlier : later;
  char one[LABEL_MAX], two[LABEL_MAX];

  error_set_kind (e, ERROR_REFUSED, EINVAL, "%s: is the same %s as %s%s",
                  format_label (first, one, sizeof one),
                  is_block (&first->place)         ? "device"
                    : first->place.kind == ADDRESS ? "disk"
                                                   : "file",
                  format_label (second, two, sizeof two),
                  advise (first, second));
  if (first->part == SOURCE_SIDE || first->part == DESTINATION_SIDE)
    error_set_side (
      e, side_name (first->part == SOURCE_SIDE ? SOURCE : DESTINATION));
  return -1;
}

/* -- finding -------------------------------------------------------------- */

/* Uses of the same place have a key in common.  Most places have one; a loop
 * device has a second one, of the file or device that it shows.
 */
struct key {
  int kind; /* of the place */
  uint64_t number, inode;
  const char *name; /* borrowed; "": none */
  const struct use *use;
};

/* The first two uses that clash: the later one as early as possible, and then
 * the earlier one.
 */
struct conflict {
  const struct use *earlier, *later; /* NULL: none was found */
};

/* Adds the keys of a use, at most two.  Returns how many. */
static size_t
add_keys (struct key *keys, const struct use *use)
{
  const struct place *p = &use->place;
  const struct device *d = &p->device;
  struct key key = { p->kind, p->dev, p->ino, p->name ? p->name : "", use };
  size_t n = 0;

  if (p->kind == NOWHERE)
    return 0;
  if (is_kept (p)) {
    key.number = d->number;
    key.inode = d->inode;
  }
  keys[n++] = key;
  if (is_kept (p) && d->shows) {
    key.number = d->shows_number;
    key.inode = d->shows_inode;
    keys[n++] = key;
  }
  return n;
}

static int
compare_numbers (uint64_t a, uint64_t b)
{
  return (a > b) - (a < b);
}

static int
compare_places (const struct key *a, const struct key *b)
{
  const int order = compare_numbers (a->kind, b->kind);
  const int by_number = compare_numbers (a->number, b->number);
  const int by_inode = compare_numbers (a->inode, b->inode);

  return order  ? order
    : by_number ? by_number
    : by_inode  ? by_inode
                : strcmp (a->name, b->name);
}

/* Orders by place; at the same place, uses that write come first, and then the
 * order of the uses counts.
 */
static int
compare_keys (const void *a, const void *b)
{
  const struct key *x = a, *y = b;
  const int order = compare_places (x, y);

  if (order)
    return order;
  if (x->use->writes != y->use->writes)
    return x->use->writes ? -1 : 1;
  return compare_numbers ((uintptr_t) x->use, (uintptr_t) y->use);
}

/* Takes two uses if they clash, and no earlier ones do. */
static void
consider (struct conflict *c, const struct use *a, const struct use *b)
{
  const struct use *earlier = a < b ? a : b, *later = a < b ? b : a;

  if (earlier == later
      || (c->later
          && (later > c->later
              || (later == c->later && earlier >= c->earlier))))
    return;
  if (clash (earlier, later))
    *c = (struct conflict) { earlier, later };
}

/* Compares the uses of one place.  Two that only read can clash only if they are
 * of the same copy.
 */
static void
compare_uses (const struct key *keys, size_t n, struct conflict *c)
{
  size_t writers = 0;

  while (writers < n && keys[writers].use->writes)
    writers++;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i && j < writers; j++)
      consider (c, keys[j].use, keys[i].use);
    for (size_t j = i; j > writers; j--) {
      if (keys[j - 1].use->copy != keys[i].use->copy)
        break;
      consider (c, keys[j - 1].use, keys[i].use);
    }
  }
}

/* Sorts the uses by place, so that the time for a long manifest grows hardly
 * faster than its length.  Returns -1 when memory runs out.
 */
static int
find_conflict (const struct used_files *u, struct conflict *c)
{
  struct key *keys = calloc (2 * u->n_uses + 1, sizeof *keys);
  size_t n = 0, end;

  *c = (struct conflict) { NULL, NULL };
  if (keys == NULL)
    return -1;
  for (size_t i = 0; i < u->n_uses; i++)
    n += add_keys (keys + n, &u->uses[i]);
  qsort (keys, n, sizeof *keys, compare_keys);
  for (size_t start = 0; start < n; start = end) {
    end = start + 1;
    while (end < n && compare_places (&keys[start], &keys[end]) == 0)
      end++;
    compare_uses (keys + start, end - start, c);
  }
  free (keys);
  return 0;
}

int
used_files_check (const struct used_files *u, struct error *e)
{
  struct conflict c;
  char label[LABEL_MAX];

  if (find_conflict (u, &c) == -1)
    return out_of_memory (e);
  if (c.later)
    return refuse (c.earlier, c.later, e);
  for (size_t i = 0; i < u->n_uses; i++)
    if (is_output_on_disk (&u->uses[i])) {
      error_set_kind (e, ERROR_REFUSED, EINVAL,
                      "%s: refusing to write to a disk",
                      format_label (&u->uses[i], label, sizeof label));
      return -1;
    }
  return 0;
}

static bool
is_spoilt (const struct used_files *u, const char *option)
{
  for (size_t i = 0; i < u->n_uses; i++) {
    const struct use *use = &u->uses[i];

    if (use->option == NULL || strcmp (use->option, option) != 0)
      continue;
    if (is_output_on_disk (use))
      return true;
    for (size_t j = 0; j < u->n_uses; j++)
      if (j != i && clash (use, &u->uses[j]))
        return true;
  }
  return false;
}

void
used_files_spare (const struct used_files *u, struct options *o)
{
  struct option_file f;

  for (size_t at = 0; options_next_file (o, &at, &f);)
    if (f.reports && (u == NULL || is_spoilt (u, f.option)))
      options_drop_file (o, f.option);
}

int
used_files_all_known (const struct used_files *u, struct error *e)
{
  if (!error_is_set (&u->unknown))
    return 0;
  *e = u->unknown;
  return -1;
}

int
used_files_check_again (const struct options *o, bool destination_is_made,
                        struct error *e)
{
  struct used_files *u = used_files_new ();
  int r;

  if (u == NULL)
    return out_of_memory (e);
  u->destination_is_made = destination_is_made;
  r = used_files_add (u, o, 0, e);
  if (r == 0)
    r = used_files_check (u, e);
  if (r == 0)
    r = used_files_all_known (u, e);
  used_files_free (u);
  return r;
}
