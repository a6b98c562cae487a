/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The values of options: see option-values.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arith.h"
#include "clock.h"
#include "human.h"
#include "options/option-fields.h"
#include "options/option-values.h"
#include "secrets.h"

static int __attribute__ ((format (printf, 3, 4)))
refuse (const struct option_row *row, struct error *e, const char *fs, ...)
{
  char why[512];
  va_list args;

  va_start (args, fs);
  vsnprintf (why, sizeof why, fs, args);
  va_end (args);
  error_set (e, EINVAL, "--%s: %s", row->name, why);
  return -1;
}

/* -- numbers -------------------------------------------------------------- */

bool
option_bounds (const struct option_row *row, char *text, size_t size)
{
  const char *power = row->type == POWER_OR_0 ? "0 or a power of 2 "
    : row->type == POWER_OF_2                 ? "a power of 2 "
                                              : "";

  switch (row->type) {
  case NUMBER:
  case SIZE:
  case POWER_OF_2:
  case POWER_OR_0:
  case PROGRESS:
    snprintf (text, size, "%sfrom %" PRIu64 " to %" PRIu64, power, row->min,
              row->max);
    return true;
  case DURATION:
    snprintf (text, size, "from %g to %g", (double) row->min / NS_PER_S,
              (double) row->max / NS_PER_S);
    return true;
  case FLAG:
  case TALLY:
  case CHOICE:
  case WORD:
  case TEXT:
  case LABEL:
  case CONTEXT:
  case BWLIMIT:
  case SHARD:
  case BLKHASH:
    break;
  }
  return false;
}

static const char *
parse_by_type (enum option_type type, const char *text, uint64_t *value)
{
  switch (type) {
  case DURATION:
    return human_parse_seconds (text, value);
  case SIZE:
  case POWER_OF_2:
  case POWER_OR_0:
    return human_parse_size (text, value);
  default:
    return human_parse_number (text, value);
  }
}

static bool
is_within_bounds (const struct option_row *row, uint64_t value)
{
  if (row->type == POWER_OR_0 && value == 0)
    return true;
  if ((row->type == POWER_OF_2 || row->type == POWER_OR_0)
      && !is_power_of_2 (value))
    return false;
  return value >= row->min && value <= row->max;
}

static int
set_number (uint64_t *field, const struct option_row *row, const char *text,
            struct error *e)
{
  char bounds[96];
  uint64_t value;
  const char *why = parse_by_type (row->type, text, &value);

  if (why)
    return refuse (row, e, "%s: %s", why, text);
  if (!is_within_bounds (row, value)) {
    option_bounds (row, bounds, sizeof bounds);
    return refuse (row, e, "must be %s: %s", bounds, text);
  }
  *field = value;
  return 0;
}

static int
set_progress (struct options *o, const struct option_row *row, const char *text,
              struct error *e)
{
  o->progress = true;
  if (text == NULL)
    return 0;
  if (set_number (&o->progress_fd, row, text, e) == -1)
    return -1;
  o->progress_fd_given = true;
  return 0;
}

/* -- words ---------------------------------------------------------------- */

/* Returns the index of the word in the row's argument; -1 with the error set
 * when it is not there.
 */
static int
find_word (const struct option_row *row, const char *text, struct error *e)
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
  return refuse (row, e, "must be one of %s: %s", row->argument, text);
}

static int
set_choice (unsigned *field, const struct option_row *row, const char *text,
            struct error *e)
{
  const int i = find_word (row, text, e);

  if (i == -1)
    return -1;
  *field = i;
  return 0;
}

static int
set_word (const char **field, const struct option_row *row, const char *text,
          struct error *e)
{
  if (find_word (row, text, e) == -1)
    return -1;
  *field = text;
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

/* Labels are displayed with secrets masked, and compared: two that differ only
 * in a secret would look the same.
 */
static int
set_label (const char **field, const struct option_row *row, const char *text,
           struct error *e)
{
  char *shown;

  if (!is_line (text))
    return refuse (row, e, "must be one line of text, and not empty");
  if ((shown = secrets_mask (text)) == NULL) {
    error_set (e, ENOMEM, "--%s: %s", row->name, strerror (ENOMEM));
    return -1;
  }
  if (strcmp (shown, text) == 0)
    *field = text;
  else
    refuse (row, e, "this name is displayed and must not contain secrets: %s",
            shown);
  free (shown);
  return error_is_set (e) ? -1 : 0;
}

/* Takes only contexts whose values are known: see "qemu:" in QEMU's
 * docs/interop/nbd.rst.
 */
static int
set_context (const char **field, const struct option_row *row, const char *text,
             struct error *e)
{
  const size_t length = strlen (CONTEXT_BITMAP);

  if (strcmp (text, CONTEXT_DEPTH) != 0
      && (strncmp (text, CONTEXT_BITMAP, length) != 0 || text[length] == '\0'))
    return refuse (row, e, "must be " CONTEXT_BITMAP "NAME or " CONTEXT_DEPTH);
  return set_label (field, row, text, e);
}

/* -- options with a grammar of their own ---------------------------------- */

static int
set_bwlimit (struct bwlimit *field, const struct option_row *row,
             const char *text, struct error *e)
{
  struct bwlimit limit = { 0 };
  const char *why = NULL;

  if (text[0] == '@')
    limit.file = text + 1;
  else
    why = human_parse_rate (text, &limit.rate);
  if (limit.file && limit.file[0] == '\0')
    why = "a file name must follow the @";
  if (why)
    return refuse (row, e, "%s: %s", why, text);
  *field = limit;
  return 0;
}

/* Takes the number of a shard from the environment, where engines that start
 * one process for each shard put it, counted from 0.
 */
static int
set_number_of_shard (uint64_t *number, const struct option_row *row,
                     const char *variable, uint64_t count, struct error *e)
{
  const char *value = getenv (variable);

  if (value == NULL)
    return refuse (row, e, "%s is not in the environment", variable);
  if (human_parse_number (value, number) || *number >= count)
    return refuse (row, e, "%s must be from 0 to %" PRIu64 ": %s", variable,
                   count - 1, value);
  ++*number;
  return 0;
}

static int
set_shard (struct shard *field, const struct option_row *row, const char *text,
           struct error *e)
{
  const size_t n = strcspn (text, "/");
  struct shard shard = { 0 };
  char number[256];
  int r = 0;

  snprintf (number, sizeof number, "%.*s", (int) min_u64 (n, sizeof number),
            text);
  if (n >= sizeof number || text[n] != '/'
      || human_parse_number (text + n + 1, &shard.count)
      || shard.count < row->min || shard.count > row->max)
    shard.count = 0;
  else if (number[0] == '@' && number[1] != '\0')
    r = set_number_of_shard (&shard.number, row, number + 1, shard.count, e);
  else if (human_parse_number (number, &shard.number))
    shard.number = 0;
  if (r == 0 && (shard.number < row->min || shard.number > shard.count))
    r = refuse (row, e, "must be %s, with I from 1 to N: %s", row->argument,
                text);
  if (r == 0)
    *field = shard;
  return r;
}

/* The messages are those of nbdcopy. */
static int
set_digest_block (struct options *o, const struct option_row *row,
                  const char *text, struct error *e)
{
  const char *why = human_parse_size (text, &o->digest_block);

  if (why)
    return refuse (row, e, "%s: %s", why, text);
  if (is_power_of_2 (o->digest_block) && o->digest_block <= row->max)
    return 0;
  error_set (e, EINVAL, "--%s %s: %s", row->name,
             is_power_of_2 (o->digest_block) ? "is too large"
                                             : "is not a power of two",
             text);
  return -1;
}

/* An empty argument is the same as none, as in nbdcopy. */
static int
set_blkhash (struct options *o, const struct option_row *row, const char *text,
             struct error *e)
{
  const size_t n = text ? strcspn (text, "/") : 0;

  o->digest = DIGEST_SHA256;
  o->digest_block = 64 * KiB;
  if (text == NULL || text[0] == '\0')
    return 0;
  for (o->digest = DIGEST_MD5; o->digest <= DIGEST_SHA512; o->digest++)
    if (strncasecmp (text, digest_name (o->digest), n) == 0
        && strlen (digest_name (o->digest)) == n)
      return text[n] ? set_digest_block (o, row, text + n + 1, e) : 0;
  return refuse (row, e, "unknown digest algorithm '%.*s'",
                 (int) min_u64 (n, 64), text);
}

/* -- by type -------------------------------------------------------------- */

static int
set_by_type (struct options *o, const struct option_row *row, const char *text,
             struct error *e)
{
  void *field = (char *) o + row->field;

  switch (row->type) {
  case FLAG:
    *(bool *) field = true;
    return 0;
  case TALLY:
    ++*(unsigned *) field;
    return 0;
  case NUMBER:
  case SIZE:
  case POWER_OF_2:
  case POWER_OR_0:
  case DURATION:
    return set_number (field, row, text, e);
  case CHOICE:
    return set_choice (field, row, text, e);
  case WORD:
    return set_word (field, row, text, e);
  case TEXT:
    *(const char **) field = text;
    return 0;
  case LABEL:
    return set_label (field, row, text, e);
  case CONTEXT:
    return set_context (field, row, text, e);
  case PROGRESS:
    return set_progress (o, row, text, e);
  case BWLIMIT:
    return set_bwlimit (field, row, text, e);
  case SHARD:
    return set_shard (field, row, text, e);
  case BLKHASH:
    return set_blkhash (o, row, text, e);
  }
  return -1;
}

int
option_set (struct options *o, const struct option_row *row, const char *text,
            struct error *e)
{
  if (row->lacks) {
    error_set (e, ENOTSUP, "--%s: not supported by this build (%s missing)",
               row->name, row->lacks);
    return -1;
  }
  return set_by_type (o, row, text ? text : row->bare, e);
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

static json_t *
chosen_word (const struct option_row *row, unsigned i)
{
  const char *word = row->argument;

  for (; i > 0; i--)
    word += strcspn (word, "|") + 1;
  return json_stringn (word, strcspn (word, "|"));
}

/* An option that says how something is done also says that it is done. */
static json_t *
value_of_choice (const struct options *o, const struct option_row *row,
                 unsigned chosen)
{
  const bool *given = row->given
    ? (const bool *) ((const char *) o + row->given)
    : NULL;

  return given && (!*given || chosen == 0) ? json_boolean (*given)
                                           : chosen_word (row, chosen);
}

static json_t *
value_of_bwlimit (const struct bwlimit *limit)
{
  return limit->file ? masked (limit->file)
    : limit->rate    ? json_of_number (limit->rate)
                     : json_null ();
}

static json_t *
value_of_shard (const struct shard *shard)
{
  return shard->count == 0
    ? json_null ()
    : json_sprintf ("%" PRIu64 "/%" PRIu64, shard->number, shard->count);
}

json_t *
option_value (const struct options *o, const struct option_row *row)
{
  const void *field = (const char *) o + row->field;
  const uint64_t *number = field;

  switch (row->type) {
  case FLAG:
    return json_boolean (*(const bool *) field);
  case TALLY:
    return json_of_number (*(const unsigned *) field);
  case NUMBER:
  case SIZE:
  case POWER_OR_0:
    return json_of_number (*number);
  case POWER_OF_2:
    return *number ? json_of_number (*number) : json_null ();
  case DURATION:
    return *number < row->min ? json_null () : json_of_ns (*number);
  case CHOICE:
    return value_of_choice (o, row, *(const unsigned *) field);
  case WORD:
  case TEXT:
  case LABEL:
  case CONTEXT:
    return masked (*(const char *const *) field);
  case PROGRESS:
    return o->progress_fd_given ? json_of_number (o->progress_fd)
                                : json_boolean (o->progress);
  case BWLIMIT:
    return value_of_bwlimit (field);
  case SHARD:
    return value_of_shard (field);
  case BLKHASH:
    return o->digest == DIGEST_NONE
      ? json_null ()
      : json_sprintf ("%s/%" PRIu64, digest_name (o->digest), o->digest_block);
  }
  return NULL;
}
