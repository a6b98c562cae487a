/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Turns argv into one const struct, or into an error text.
 *
 * There is one row for each option: the parser, the bounds, --help, the lists
 * for shell completion and the test of the man page all read it.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "human.h"
#include "options/options.h"
#include "secrets.h"

enum origin {
  OURS,
  NBDCOPY, /* its abbreviations stay what they are */
};

enum kind {
  FLAG,    /* bool: given or not */
  TALLY,   /* unsigned: how often it was given */
  NUMBER,  /* uint64_t: min..max */
  SIZE,    /* uint64_t: bytes, min..max */
  SECONDS, /* uint64_t: ns; min..max are ms */
  POWER,   /* the same, and a power of two */
  POWER_OR_0,
  IS_ZERO,    /* enum is_zero, argument optional */
  WORD,       /* const char *: one of those in argument */
  DESCRIPTOR, /* bool, and a descriptor as --name=FD */
  BWLIMIT,    /* struct bwlimit: a rate, or @FILE */
  RESUME,     /* enum resume */
  SHARD,      /* struct shard: I/N */
  BLKHASH,    /* enum digest_kind and block size, optional */
  TEXT,       /* const char *, as it stands */
  LABEL,      /* the same, without secrets */
  NOT_BUILT,  /* needs a library that was not there */
};

struct row {
  const char *name;
  char letter; /* 0: none */
  enum kind kind;
  const char *argument; /* what --help calls it; NULL: takes none */
  size_t field;         /* offset in struct options */
  size_t given;         /* offset of its bool, for those with one */
  uint64_t min, max;
  const char *help; /* NULL: hidden */
  enum origin origin;
};

#define FIELD(f) offsetof (struct options, f)

static const struct row rows[] = {
  { "allocated", 0, FLAG, NULL, FIELD (allocated), 0, 0, 0,
    "write zeroes as allocated blocks", NBDCOPY },
#ifdef HAVE_GNUTLS
  { "blkhash", 0, BLKHASH, "DIGEST[/SIZE]", FIELD (digest), 0, 1, UINT32_MAX,
    "print a digest of the disk's blocks (sha256/64k)", NBDCOPY },
  { "blkhash-file", 0, TEXT, "FILE", FIELD (blkhash_file), 0, 0, 0,
    "write that digest to FILE", NBDCOPY },
#else
  { "blkhash", 0, NOT_BUILT, "DIGEST[/SIZE]", 0, 0, 0, 0, NULL, NBDCOPY },
  { "blkhash-file", 0, NOT_BUILT, "FILE", 0, 0, 0, 0, NULL, NBDCOPY },
#endif
  { "bwlimit", 0, BWLIMIT, "RATE", FIELD (bwlimit), 0, 0, 0,
    "at most RATE bytes a second; @FILE has it, none: any", OURS },
  { "compare", 0, FLAG, NULL, FIELD (compare), 0, 0, 0,
    "write nothing: only compare both sides", OURS },
  { "connect-wait", 0, NUMBER, "SECONDS", FIELD (connect_wait), 0, 0, 86400,
    "how long to wait for a server to start (default 0)", OURS },
  { "connections", 'C', NUMBER, "N", FIELD (connections), 0, 1, UINT32_MAX,
    "at most N connections to each server (default 4)", NBDCOPY },
  { "destination-format", 0, WORD, "raw|qcow2|vdi|vhdx|vmdk",
    FIELD (destination.format), 0, 0, 0,
    "what to write into the file; made if it is not there", OURS },
  { "destination-is-zero", 0, IS_ZERO, "auto|yes|no",
    FIELD (destination_is_zero), 0, 0, 0,
    "whether the destination reads as zeroes; auto asks it", NBDCOPY },
  { "disk", 0, LABEL, "NAME", FIELD (disk), 0, 0, 0,
    "say NAME in front of each message", OURS },
  { "events", 0, TEXT, "FD|FILE", FIELD (events), 0, 0, 0,
    "write what happens to it, as lines of JSON", OURS },
  { "external-files", 0, FLAG, NULL, FIELD (external_files), 0, 0, 0,
    "write also into files that the image names", OURS },
  { "flush", 0, FLAG, NULL, FIELD (flush), 0, 0, 0,
    "insist on flushing the destination at the end", NBDCOPY },
  { "help", 0, FLAG, NULL, FIELD (help), 0, 0, 0, "print this and end",
    NBDCOPY },
  { "interval", 0, SECONDS, "SECONDS", FIELD (interval), 0, 100, 86400000,
    "between two of progress (0.2 on a terminal, else 10)", OURS },
  { "jobs", 0, NUMBER, "N", FIELD (jobs), 0, 1, 1024,
    "so many copies of the manifest at a time (default 1)", OURS },
  { "long-options", 0, FLAG, NULL, FIELD (long_options), 0, 0, 0, NULL,
    NBDCOPY },
  { "manifest", 0, TEXT, "FILE", FIELD (manifest), 0, 0, 0,
    "make the copies that FILE lists, as JSON", OURS },
  { "map", 0, TEXT, "FILE", FIELD (map), 0, 0, 0,
    "keep in FILE what is copied, and go on from there", OURS },
  { "map-interval", 0, NUMBER, "SECONDS", FIELD (map_interval),
    FIELD (map_interval_given), 1, 86400,
    "how often the map is saved (default 30)", OURS },
  { "no-extents", 0, FLAG, NULL, FIELD (no_extents), 0, 0, 0,
    "do not ask the source where it has data", NBDCOPY },
  { "no-flush", 0, FLAG, NULL, FIELD (no_flush), 0, 0, 0,
    "do not flush the destination at the end", OURS },
  { "open-timeout", 0, NUMBER, "SECONDS", FIELD (open_timeout), 0, 1, 86400,
    "how long a side may take to be opened (default 30)", OURS },
  { "plan", 0, FLAG, NULL, FIELD (plan), 0, 0, 0,
    "open both sides, say what would be done, write nothing", OURS },
  { "progress", 'p', DESCRIPTOR, "FD", FIELD (progress_fd),
    FIELD (progress_fd_given), 0, INT32_MAX,
    "show progress, or write it to descriptor FD as N/100", NBDCOPY },
  { "queue-size", 0, SIZE, "SIZE", FIELD (queue_size), FIELD (queue_size_given),
    0, UINT32_MAX, "at most SIZE bytes in flight per worker (default 64M)",
    NBDCOPY },
  { "quiet", 'q', FLAG, NULL, FIELD (quiet), 0, 0, 0,
    "print nothing but errors", OURS },
  { "report", 0, TEXT, "FILE|-", FIELD (report), 0, 0, 0,
    "write to FILE at the end how it went, as JSON", OURS },
  { "request-size", 0, POWER, "SIZE", FIELD (request_size), 0, 4096, 32 * MiB,
    "read and write at most SIZE at a time (default 1M)", NBDCOPY },
  { "requests", 'R', NUMBER, "N", FIELD (requests), 0, 1, UINT32_MAX,
    "at most N requests in flight per worker (default 64)", NBDCOPY },
  { "resume", 0, RESUME, "auto|require|never", FIELD (resume),
    FIELD (resume_given), 0, 0,
    "what a map that is there means (auto: go on from it)", OURS },
  { "retries", 0, NUMBER, "N", FIELD (retries), 0, 0, UINT32_MAX,
    "how often to try again what failed (default 5)", OURS },
  { "retry-wait", 0, SECONDS, "SECONDS", FIELD (retry_wait), 0, 0, 3600000,
    "before the first of them, then doubling (default 1)", OURS },
  { "shard", 0, SHARD, "I/N", FIELD (shard), 0, 1, UINT32_MAX,
    "copy only the I-th of N parts of the disk", OURS },
  { "short-options", 0, FLAG, NULL, FIELD (short_options), 0, 0, 0, NULL,
    NBDCOPY },
  { "source-format", 0, WORD, "auto|raw|qcow2|vdi|vhdx|vmdk|vpc",
    FIELD (source.format), 0, 0, 0,
    "what is in the file, or behind an http(s) address", OURS },
  { "source-id", 0, LABEL, "TOKEN", FIELD (source_id), 0, 0, 0,
    "a name for this state of the source, kept in the map", OURS },
  { "source-size", 0, SIZE, "SIZE", FIELD (source_size),
    FIELD (source_size_given), 0, INT64_MAX,
    "fail unless the source, a stream too, has SIZE bytes", OURS },
  { "sparse", 'S', POWER_OR_0, "SIZE", FIELD (sparse), FIELD (sparse_given),
    512, UINT32_MAX, "look for zeroes of SIZE bytes (default 4K); 0: do not",
    NBDCOPY },
  { "stall-timeout", 0, NUMBER, "SECONDS", FIELD (stall_timeout), 0, 0, 86400,
    "give up when nothing moves for so long (default 600)", OURS },
  { "status-file", 0, TEXT, "FILE", FIELD (status_file), 0, 0, 0,
    "keep the latest of the events in FILE", OURS },
  { "synchronous", 0, FLAG, NULL, FIELD (synchronous), 0, 0, 0,
    "one worker, one request at a time, in order", NBDCOPY },
  { "target-is-zero", 0, IS_ZERO, "auto|yes|no", FIELD (destination_is_zero), 0,
    0, 0, "the same as --destination-is-zero", NBDCOPY },
  { "threads", 'T', NUMBER, "N", FIELD (threads), 0, 0, UINT32_MAX,
    "at most N workers (default 0: one for each processor)", NBDCOPY },
  { "trace", 0, TEXT, "FILE", FIELD (trace_file), 0, 0, 0,
    "write to FILE what was done when, for Perfetto", OURS },
  { "verbose", 'v', TALLY, NULL, FIELD (verbose), 0, 0, 0,
    "say what the workers do; twice: what libnbd does, too", NBDCOPY },
  { "verify", 0, FLAG, NULL, FIELD (verify), 0, 0, 0,
    "after the copy, read both sides again and compare them", OURS },
  { "version", 'V', FLAG, NULL, FIELD (version), 0, 0, 0,
    "print the version and end", NBDCOPY },
};

#define N_ROWS (sizeof rows / sizeof rows[0])

static bool
argument_is_optional (const struct row *row)
{
  return row->kind == IS_ZERO || row->kind == DESCRIPTOR
    || strcmp (row->name, "blkhash") == 0;
}

enum options_argument
options_argument (const char *name)
{
  for (size_t i = 0; i < N_ROWS; i++)
    if (strcmp (rows[i].name, name) == 0)
      return rows[i].argument == NULL     ? OPTION_WITHOUT
        : argument_is_optional (&rows[i]) ? OPTION_MAY_HAVE
                                          : OPTION_NEEDS;
  return OPTION_UNKNOWN;
}

static void *
field_of (struct options *o, size_t offset)
{
  return (char *) o + offset;
}

static int
set_bounded (struct options *o, const struct row *row, const char *text,
             struct error *e)
{
  const bool is_size = row->kind != NUMBER && row->kind != DESCRIPTOR;
  const bool is_power = row->kind == POWER || row->kind == POWER_OR_0;
  uint64_t value;
  const char *why;

  why = is_size ? human_parse_size (text, &value)
                : human_parse_number (text, &value);
  if (why) {
    error_set (e, EINVAL, "--%s: %s: %s", row->name, why, text);
    return -1;
  }
  if (row->kind == POWER_OR_0 && value == 0)
    goto good;
  if (value < row->min || value > row->max
      || (is_power && !is_power_of_2 (value))) {
    error_set (e, EINVAL, "--%s: must be %s%" PRIu64 " to %" PRIu64 ": %s",
               row->name,
               row->kind == POWER_OR_0 ? "0 or a power of 2 from "
                 : is_power            ? "a power of 2 from "
                                       : "from ",
               row->min, row->max, text);
    return -1;
  }

good:
  *(uint64_t *) field_of (o, row->field) = value;
  if (row->given)
    *(bool *) field_of (o, row->given) = true;
  return 0;
}

static int
set_seconds (struct options *o, const struct row *row, const char *text,
             struct error *e)
{
  uint64_t ns;
  const char *why = human_parse_seconds (text, &ns);

  if (why)
    error_set (e, EINVAL, "--%s: %s: %s", row->name, why, text);
  else if (ns < row->min * NS_PER_MS || ns > row->max * NS_PER_MS)
    error_set (e, EINVAL, "--%s: must be from %g to %g: %s", row->name,
               row->min / 1e3, row->max / 1e3, text);
  else {
    *(uint64_t *) field_of (o, row->field) = ns;
    return 0;
  }
  return -1;
}

static const char *const is_zero_words[] = {
  [IS_ZERO_AUTO] = "auto",
  [IS_ZERO_YES] = "yes",
  [IS_ZERO_NO] = "no",
};

static int
set_is_zero (struct options *o, const struct row *row, const char *text,
             struct error *e)
{
  enum is_zero *field = field_of (o, row->field);

  if (text == NULL) { /* as nbdcopy has it */
    *field = IS_ZERO_YES;
    return 0;
  }
  for (unsigned i = 0; i < 3; i++)
    if (strcmp (text, is_zero_words[i]) == 0) {
      *field = i;
      return 0;
    }
  error_set (e, EINVAL, "--%s: must be auto, yes or no: %s", row->name, text);
  return -1;
}

static const char *const digest_names[] = {
  [DIGEST_NONE] = "no",       [DIGEST_MD5] = "md5",
  [DIGEST_SHA1] = "sha1",     [DIGEST_SHA256] = "sha256",
  [DIGEST_SHA512] = "sha512",
};

const char *
options_digest_name (enum digest_kind kind)
{
  return digest_names[kind];
}

static int
set_digest_block (struct options *o, const struct row *row, const char *text,
                  struct error *e)
{
  const char *why = human_parse_size (text, &o->digest_block);

  if (why)
    error_set (e, EINVAL, "--%s: %s: %s", row->name, why, text);
  else if (!is_power_of_2 (o->digest_block))
    error_set (e, EINVAL, "--%s is not a power of two: %s", row->name, text);
  else if (o->digest_block > row->max)
    error_set (e, EINVAL, "--%s is too large: %s", row->name, text);
  else
    return 0;
  return -1;
}

static int
set_blkhash (struct options *o, const struct row *row, const char *text,
             struct error *e)
{
  const size_t n = text ? strcspn (text, "/") : 0;

  o->digest = DIGEST_SHA256;
  o->digest_block = 64 * KiB;
  if (text == NULL || text[0] == '\0')
    return 0;
  for (o->digest = DIGEST_MD5; o->digest <= DIGEST_SHA512; o->digest++)
    if (strncasecmp (text, digest_names[o->digest], n) == 0
        && strlen (digest_names[o->digest]) == n)
      return text[n] ? set_digest_block (o, row, text + n + 1, e) : 0;
  error_set (e, EINVAL, "--%s: unknown digest algorithm '%.*s'", row->name,
             (int) min_u64 (n, 64), text);
  return -1;
}

static int
set_bwlimit (struct options *o, const struct row *row, const char *text,
             struct error *e)
{
  struct bwlimit limit = { 0 };
  const char *why = NULL;

  if (text[0] == '@')
    limit.file = text + 1;
  else
    why = human_parse_rate (text, &limit.rate);
  if (limit.file && limit.file[0] == '\0')
    why = "the file that has it must be named";
  if (why) {
    error_set (e, EINVAL, "--%s: %s: %s", row->name, why, text);
    return -1;
  }
  o->bwlimit = limit;
  return 0;
}

static int
set_shard (struct options *o, const struct row *row, const char *text,
           struct error *e)
{
  const size_t n = strcspn (text, "/");
  struct shard shard;
  char number[24];

  if (n < sizeof number && text[n] == '/') {
    memcpy (number, text, n);
    number[n] = '\0';
    if (human_parse_number (number, &shard.number) == NULL
        && human_parse_number (text + n + 1, &shard.count) == NULL
        && shard.number >= row->min && shard.number <= shard.count
        && shard.count <= row->max) {
      o->shard = shard;
      return 0;
    }
  }
  error_set (e, EINVAL, "--%s: not %s with I at least 1 and at most N: %s",
             row->name, row->argument, text);
  return -1;
}

/* Which of the words in the row's argument, which has them between bars; -1
 * with the error set for none.
 */
static int
find_word (const struct row *row, const char *text, struct error *e)
{
  const size_t length = strlen (text);
  int i = 0;

  for (const char *word = row->argument; *word; word += strspn (word, "|")) {
    const size_t n = strcspn (word, "|");

    if (n == length && strncmp (word, text, n) == 0)
      return i;
    word += n;
    i++;
  }
  error_set (e, EINVAL, "--%s: must be one of %s: %s", row->name, row->argument,
             text);
  return -1;
}

static int
set_word (struct options *o, const struct row *row, const char *text,
          struct error *e)
{
  if (find_word (row, text, e) == -1)
    return -1;
  *(const char **) field_of (o, row->field) = text;
  return 0;
}

static bool
is_line (const char *text)
{
  const char *s = text;

  while (*s && (unsigned char) *s >= ' ' && *s != '\177')
    s++;
  return s > text && *s == '\0';
}

/* It is shown, and compared: masked, two of them could be taken for one. */
static int
set_label (struct options *o, const struct row *row, const char *text,
           struct error *e)
{
  char *shown = secrets_mask (text);

  if (!is_line (text))
    error_set (e, EINVAL, "--%s: must be one line of text, and not empty",
               row->name);
  else if (shown && strcmp (shown, text) == 0)
    *(const char **) field_of (o, row->field) = text;
  else
    error_set (e, shown ? EINVAL : ENOMEM,
               "--%s: it is shown, and no place"
               " for a secret: %s",
               row->name, shown ? shown : "");
  free (shown);
  return error_is_set (e) ? -1 : 0;
}

static int
set_resume (struct options *o, const struct row *row, const char *text,
            struct error *e)
{
  const int i = find_word (row, text, e);

  if (i == -1)
    return -1;
  *(enum resume *) field_of (o, row->field) = i;
  *(bool *) field_of (o, row->given) = true;
  return 0;
}

static int
set_option (struct options *o, const struct row *row, const char *text,
            struct error *e)
{
  switch (row->kind) {
  case FLAG:
    *(bool *) field_of (o, row->field) = true;
    return 0;
  case TALLY:
    ++*(unsigned *) field_of (o, row->field);
    return 0;
  case DESCRIPTOR:
    o->progress = true;
    return text ? set_bounded (o, row, text, e) : 0;
  case IS_ZERO:
    return set_is_zero (o, row, text, e);
  case BLKHASH:
    return set_blkhash (o, row, text, e);
  case BWLIMIT:
    return set_bwlimit (o, row, text, e);
  case SHARD:
    return set_shard (o, row, text, e);
  case TEXT:
    *(const char **) field_of (o, row->field) = text;
    return 0;
  case LABEL:
    return set_label (o, row, text, e);
  case WORD:
    return set_word (o, row, text, e);
  case RESUME:
    return set_resume (o, row, text, e);
  case NOT_BUILT:
    error_set (e, ENOTSUP,
               "--%s: this program was built without the library"
               " that it needs, GnuTLS",
               row->name);
    return -1;
  case SECONDS:
    return set_seconds (o, row, text, e);
  case NUMBER:
  case SIZE:
  case POWER:
  case POWER_OR_0:
    return set_bounded (o, row, text, e);
  }
  return -1;
}

/* Take each "[ CMD ARGS ... ]" out of argv and leave its "[" standing for it,
 * before getopt sees the command's own options.  Returns the new argc, or -1
 * with the error set.
 */
static int
gather_commands (int argc, char **argv, struct operand *commands,
                 unsigned *n_commands, struct error *e)
{
  int to = 0;

  *n_commands = 0;
  for (int from = 0; from < argc; from++) {
    int end = from + 1;

    argv[to++] = argv[from];
    if (from == 0 || strcmp (argv[from], "[") != 0)
      continue;
    while (end < argc && strcmp (argv[end], "]") != 0)
      end++;
    if (end == argc) {
      error_set (e, EINVAL, "[ without a ] behind it");
      return -1;
    }
    if (end == from + 1) {
      error_set (e, EINVAL, "[ ]: there is no command in it");
      return -1;
    }
    if (*n_commands == 2) {
      error_set (e, EINVAL, "more than two commands in [ ]");
      return -1;
    }

    char **command = calloc (end - from, sizeof *command);
    if (command == NULL) {
      error_set (e, ENOMEM, "%s", strerror (ENOMEM));
      return -1;
    }
    for (int i = from + 1; i < end; i++)
      command[i - from - 1] = argv[i];
    commands[*n_commands].name = argv[from];
    commands[*n_commands].command = command;
    ++*n_commands;
    from = end;
  }
  argv[to] = NULL;
  return to;
}

/* The operand that a word stands for: getopt may have moved it, but a gathered
 * "[" is known by its address.
 */
static void
set_operand (struct operand *operand, char *word, struct operand *commands,
             unsigned n_commands)
{
  operand->name = word;
  for (unsigned i = 0; i < n_commands; i++)
    if (commands[i].name == word) {
      operand->command = commands[i].command;
      commands[i].command = NULL;
    }
}

static void
make_getopt_tables (struct option *longs, char *shorts)
{
  *shorts++ = ':';
  for (size_t i = 0; i < N_ROWS; i++) {
    const struct row *row = &rows[i];

    longs[i] = (struct option) {
      .name = row->name,
      .val = 256 + i,
      .has_arg = row->argument == NULL ? no_argument
        : argument_is_optional (row)   ? optional_argument
                                       : required_argument,
    };
    if (row->letter) {
      *shorts++ = row->letter;
      if (longs[i].has_arg == required_argument)
        *shorts++ = ':';
    }
  }
  longs[N_ROWS] = (struct option) { 0 };
  *shorts = '\0';
}

static const struct row *
row_of (int c)
{
  if (c >= 256)
    return &rows[c - 256];
  for (size_t i = 0; i < N_ROWS; i++)
    if (c != 0 && rows[i].letter == c)
      return &rows[i];
  return NULL;
}

/* A beginning of several names is refused by getopt, although only one of them
 * may be nbdcopy's: that one is meant, whatever names were added here.  Takes
 * its argument as getopt would, and returns what getopt would.
 */
static int
choose_for_nbdcopy (int argc, char **argv)
{
  char *name = argv[optind - 1] + 2;
  const size_t length = strcspn (name, "=");
  const struct row *found = NULL;

  for (size_t i = 0; i < N_ROWS; i++)
    if (rows[i].origin == NBDCOPY
        && strncmp (rows[i].name, name, length) == 0) {
      if (found)
        return '?';
      found = &rows[i];
    }
  if (found == NULL)
    return '?';

  optopt = 256 + (found - rows);
  optarg = name[length] == '=' ? name + length + 1 : NULL;
  if (optarg && found->argument == NULL)
    return '?';
  if (optarg == NULL && found->argument && !argument_is_optional (found)) {
    if (optind == argc)
      return ':';
    optarg = argv[optind++];
  }
  return optopt;
}

/* getopt said '?' or ':' for the word before optind. */
static int
refuse_word (int c, char **argv, struct error *e)
{
  const char *word = argv[optind - 1];
  const struct row *row = row_of (optopt);

  if (c == ':')
    error_set (e, EINVAL, "%s needs an argument", word);
  else if (row)
    error_set (e, EINVAL, "--%s takes no argument", row->name);
  else if (optopt)
    error_set (e, EINVAL, "unknown option: -%c", optopt);
  else
    error_set (e, EINVAL, "unknown or ambiguous option: %s", word);
  return -1;
}

/* What is said of a map, and who cannot have one. */
static int
check_map (const struct options *o, struct error *e)
{
  const char *without = o->resume_given ? "resume"
    : o->source_id                      ? "source-id"
    : o->map_interval_given             ? "map-interval"
                                        : NULL;
  const char *with = o->no_flush ? "--no-flush"
    : o->compare                 ? "--compare"
    : o->digest != DIGEST_NONE   ? "--blkhash"
    : o->destination.command == NULL
      && strcmp (o->destination.name, "null:") == 0
    ? "null:"
    : NULL;

  if (o->map == NULL && without) {
    error_set (e, EINVAL, "--%s is about a --map, and there is none", without);
    return -1;
  }
  if (o->map && with) {
    error_set (e, EINVAL, "--map and %s do not go together", with);
    return -1;
  }
  return 0;
}

/* What can be said of many copies; the rest is of each. */
static bool
is_for_many (const struct row *row)
{
  static const char *const names[] = {
    "events", "interval", "jobs",   "manifest",
    "plan",   "quiet",    "report", "verbose",
  };

  for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcmp (row->name, names[i]) == 0)
      return true;
  return false;
}

/* With a manifest, there is neither an operand nor an option of one copy. */
static int
check_alone (const char *operand, const struct row *of_one, struct error *e)
{
  if (operand == NULL && of_one == NULL)
    return 0;
  if (operand)
    error_set (e, EINVAL,
               "--manifest: it names what is copied, so there is no"
               " SOURCE or DESTINATION beside it: %s",
               operand);
  else
    error_set (e, EINVAL,
               "--manifest: --%s belongs to one copy, and not to"
               " many",
               of_one->name);
  return -1;
}

static int
refuse_output (const char *option, struct error *e)
{
  error_set (e, EINVAL, "%s would write into the data", option);
  return -1;
}

/* Nothing else may go where the data goes. */
static int
check_output (struct options *o, struct error *e)
{
  int fd;

  if (strcmp (o->destination.name, "-") != 0)
    return 0;
  if (o->progress_fd_given && o->progress_fd == STDOUT_FILENO)
    return refuse_output ("--progress=1", e);
  if (o->events && human_parse_descriptor (o->events, &fd)
      && fd == STDOUT_FILENO)
    return refuse_output ("--events=1", e);
  if (o->report && strcmp (o->report, "-") == 0) {
    o->report = NULL; /* nor is the refusal reported there */
    return refuse_output ("--report=-", e);
  }
  return 0;
}

static int
check_together (struct options *o, struct error *e)
{
  if (o->flush && o->no_flush) {
    error_set (e, EINVAL, "--flush and --no-flush cannot both hold");
    return -1;
  }
  if (o->compare && o->verify) {
    error_set (e, EINVAL,
               "--compare and --verify cannot both hold: --compare"
               " copies nothing that could be verified");
    return -1;
  }
  if (o->jobs > 1) {
    error_set (e, EINVAL, "--jobs is of the copies of a --manifest");
    return -1;
  }
  if (o->shard.count && o->digest != DIGEST_NONE) {
    error_set (e, EINVAL, "--blkhash is of a whole disk: not with --shard");
    return -1;
  }
  return check_output (o, e) == -1 ? -1 : check_map (o, e);
}

static int
parse_words (struct options *o, int argc, char **argv, struct operand *commands,
             unsigned n_commands, struct error *e)
{
  struct option longs[N_ROWS + 1];
  char shorts[2 * N_ROWS + 2];
  const struct row *of_one = NULL;
  int c;

  make_getopt_tables (longs, shorts);
  optind = 0; /* start afresh, also in a second call */
  opterr = 0;
  while ((c = getopt_long (argc, argv, shorts, longs, NULL)) != -1) {
    if (c == '?' && optopt == 0) /* a long name, not just one */
      c = choose_for_nbdcopy (argc, argv);
    if (c == '?' || c == ':')
      return refuse_word (c, argv, e);
    if (set_option (o, row_of (c), optarg, e) == -1)
      return -1;
    if (of_one == NULL && !is_for_many (row_of (c)))
      of_one = row_of (c);
  }
  if (o->help || o->version || o->long_options || o->short_options)
    return 0;
  if (o->manifest)
    return check_alone (argv[optind], of_one, e);

  if (argc - optind < 2) {
    error_set (e, EINVAL, "a SOURCE and a DESTINATION are needed");
    return -1;
  }
  if (argc - optind > 2) {
    error_set (e, EINVAL, "more than a SOURCE and a DESTINATION: %s",
               argv[optind + 2]);
    return -1;
  }
  set_operand (&o->source, argv[optind], commands, n_commands);
  set_operand (&o->destination, argv[optind + 1], commands, n_commands);
  return check_together (o, e);
}

/* A program that was started without any name has one all the same. */
static const char *
base_name (const char *path)
{
  const char *slash = path ? strrchr (path, '/') : NULL;

  return slash ? slash + 1 : path && path[0] ? path : "stripecopy";
}

/* For measuring alone: see docs/BENCHMARKS.md. */
static int
parse_pace (struct options *o, struct error *e)
{
  const char *text = getenv ("STRIPECOPY_TUNING");
  const char *comma = text ? strchr (text, ',') : NULL;
  char *size;
  bool good;

  if (text == NULL)
    return 0;
  size = strndup (text, comma ? comma - text : 0);
  good = size && comma && human_parse_size (size, &o->tuning_size) == NULL
    && human_parse_size (comma + 1, &o->tuning_window) == NULL
    && o->tuning_size > 0 && o->tuning_size <= o->tuning_window;
  free (size);
  if (good)
    return 0;
  error_set (e, EINVAL,
             "STRIPECOPY_TUNING=%s: not the size of a request and that"
             " of a window, with a comma",
             text);
  return -1;
}

int
options_parse (struct options *o, int argc, char **argv, struct error *e)
{
  struct operand commands[2] = { { 0 } };
  unsigned n_commands;
  int r = -1;

  *o = (struct options) {
    .program = base_name (argv[0]),
    .connections = 4,
    .requests = 64,
    .queue_size = 64 * MiB,
    .sparse = 4096,
    .jobs = 1,
    .open_timeout = 30,
    .stall_timeout = 600,
    .map_interval = 30,
    .retries = 5,
    .retry_wait = NS_PER_S,
  };
  argc = gather_commands (argc, argv, commands, &n_commands, e);
  if (argc != -1)
    r = parse_words (o, argc, argv, commands, n_commands, e);
  if (r == 0)
    r = parse_pace (o, e);
  for (unsigned i = 0; i < n_commands; i++)
    free (commands[i].command); /* those that no operand took over */
  return r;
}

/* -- as JSON -------------------------------------------------------------- */

static json_t *
masked (const char *text)
{
  char *word = text ? secrets_mask (text) : NULL;
  json_t *value = text && word == NULL ? NULL : json_of_text (word, SIZE_MAX);

  free (word);
  return value;
}

/* A rate, or the file that has it. */
static json_t *
value_of_bwlimit (const struct bwlimit *limit)
{
  return limit->file ? masked (limit->file)
    : limit->rate    ? json_of_number (limit->rate)
                     : json_null ();
}

static const char *const resume_words[] = {
  [RESUME_AUTO] = "auto",
  [RESUME_REQUIRE] = "require",
  [RESUME_NEVER] = "never",
};

static json_t *
value_of (const struct options *o, const struct row *row)
{
  const void *field = (const char *) o + row->field;

  switch (row->kind) {
  case FLAG:
    return json_boolean (*(const bool *) field);
  case TALLY:
    return json_of_number (*(const unsigned *) field);
  case NUMBER:
  case SIZE:
  case POWER_OR_0:
    return json_of_number (*(const uint64_t *) field);
  case POWER:
    return *(const uint64_t *) field
      ? json_of_number (*(const uint64_t *) field)
      : json_null ();
  case SECONDS:
    return *(const uint64_t *) field || row->min == 0
      ? json_of_ns (*(const uint64_t *) field)
      : json_null ();
  case IS_ZERO:
    return json_string (is_zero_words[*(const enum is_zero *) field]);
  case BWLIMIT:
    return value_of_bwlimit (&o->bwlimit);
  case SHARD:
    return o->shard.count == 0
      ? json_null ()
      : json_sprintf ("%" PRIu64 "/%" PRIu64, o->shard.number, o->shard.count);
  case RESUME:
    return json_string (resume_words[*(const enum resume *) field]);
  case DESCRIPTOR:
    return o->progress_fd_given ? json_of_number (o->progress_fd)
                                : json_boolean (o->progress);
  case BLKHASH:
    return o->digest == DIGEST_NONE
      ? json_null ()
      : json_sprintf ("%s/%" PRIu64, digest_names[o->digest], o->digest_block);
  case WORD:
  case TEXT:
  case LABEL:
    return masked (*(const char *const *) field);
  case NOT_BUILT:
    return json_null ();
  }
  return NULL;
}

/* What only prints something and ends, and second names, are left out. */
static bool
is_setting (const struct row *row)
{
  return row->help && row->field != FIELD (help)
    && row->field != FIELD (version)
    && strcmp (row->name, "target-is-zero") != 0;
}

json_t *
options_config (const struct options *o)
{
  json_t *config = json_object ();

  for (size_t i = 0; config && i < N_ROWS; i++)
    if (is_setting (&rows[i])
        && json_object_set_new (config, rows[i].name, value_of (o, &rows[i]))
          == -1) {
      json_decref (config);
      return NULL;
    }
  return config;
}

void
options_free (struct options *o)
{
  free (o->source.command);
  free (o->destination.command);
  o->source.command = o->destination.command = NULL;
}

static void
print_row (FILE *f, const struct row *row)
{
  char left[64];
  int n = 0;

  if (row->letter)
    n = snprintf (left, sizeof left, "-%c, ", row->letter);
  n += snprintf (left + n, sizeof left - n, "--%s", row->name);
  if (row->argument)
    snprintf (left + n, sizeof left - n,
              argument_is_optional (row) ? "[=%s]" : "=%s", row->argument);
  if (strlen (left) > 23)
    fprintf (f, "  %s\n  %-23s %s\n", left, "", row->help);
  else
    fprintf (f, "  %-23s %s\n", left, row->help);
}

char *
options_help (const char *program)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);

  if (f == NULL)
    return NULL;
  fprintf (f,
           "Copy a disk between NBD servers and files, striped over"
           " several workers.\n\n"
           "  %s [OPTIONS] SOURCE DESTINATION\n\n"
           "SOURCE, DESTINATION := - | FILE | DEVICE | NBD-URI"
           " | [ CMD ARGS ... ]\n"
           "SOURCE              += http://... | https://...\n"
           "DESTINATION         += null:\n\n",
           program);
  for (size_t i = 0; i < N_ROWS; i++)
    if (rows[i].help)
      print_row (f, &rows[i]);
  fprintf (f,
           "\nSizes are bytes, or take a unit: 32k, 1M, 4G, 1MiB."
           "  stripecopy(1) tells all.\n");
  if (fclose (f) != 0) {
    free (text);
    return NULL;
  }
  return text;
}

char *
options_list (bool long_names)
{
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream (&text, &size);

  if (f == NULL)
    return NULL;
  for (size_t i = 0; i < N_ROWS; i++)
    if (rows[i].help && long_names)
      fprintf (f, "--%s\n", rows[i].name);
    else if (rows[i].help && rows[i].letter)
      fprintf (f, "-%c\n", rows[i].letter);
  if (fclose (f) != 0) {
    free (text);
    return NULL;
  }
  return text;
}
