/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syntax of maps: see map-text.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "arith.h"
#include "resume/map-text.h"

/* The first line of our maps, similar to that of ddrescue. */
#define TITLE "# Mapfile. Created by " PACKAGE_NAME

#define OURS "# stripecopy "

static const char *const key_names[MAP_KEYS] = {
  [MAP_VERSION] = "map version",
  [MAP_SOURCE] = "source",
  [MAP_SOURCE_DIGEST] = "source digest",
  [MAP_SOURCE_SIZE] = "source size",
  [MAP_SOURCE_ID] = "source id",
  [MAP_DESTINATION] = "destination",
  [MAP_DESTINATION_DIGEST] = "destination digest",
  [MAP_DESTINATION_SIZE] = "destination size",
  [MAP_DESTINATION_FILE] = "destination file",
  [MAP_FOLDER] = "folder",
  [MAP_FOLDER_DIGEST] = "folder digest",
  [MAP_OPTIONS] = "options",
  [MAP_BLKHASH] = "blkhash",
  [MAP_BLKHASH_ID] = "blkhash id",
};

const char *
map_key_name (enum map_key key)
{
  return key_names[key];
}

/* -- reading -------------------------------------------------------------- */

/* A line, and the position in it. */
struct line {
  uint64_t number; /* from 1 on */
  const char *at, *end;
};

static int
refuse (const struct line *l, struct error *e, const char *why)
{
  error_set (e, EBADMSG, "line %" PRIu64 ": %s", l->number, why);
  return -1;
}

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

static void
skip_blanks (struct line *l)
{
  while (l->at < l->end && is_blank (*l->at))
    l->at++;
}

/* Returns whether the rest of the line is empty or a comment. */
static bool
is_over (struct line *l)
{
  skip_blanks (l);
  return l->at == l->end || *l->at == '#';
}

static uint64_t
digit_value (char c)
{
  return c >= '0' && c <= '9' ? c - '0'
    : c >= 'a' && c <= 'f'    ? c - 'a' + 10
    : c >= 'A' && c <= 'F'    ? c - 'A' + 10
                              : 16;
}

/* Reads an integer as in C: hexadecimal with 0x, octal with 0, or decimal. */
static bool
take_number (struct line *l, uint64_t *out)
{
  const char *first;
  uint64_t base = 10;

  skip_blanks (l);
  if (l->end - l->at > 2 && l->at[0] == '0'
      && (l->at[1] == 'x' || l->at[1] == 'X')) {
    base = 16;
    l->at += 2;
  }
  else if (l->at < l->end && l->at[0] == '0')
    base = 8;
  *out = 0;
  for (first = l->at; l->at < l->end; l->at++) {
    const uint64_t digit = digit_value (*l->at);

    if (digit >= base)
      break;
    if (*out > ((uint64_t) INT64_MAX - digit) / base)
      return false;
    *out = *out * base + digit;
  }
  return l->at > first && (l->at == l->end || is_blank (*l->at));
}

/* Reads a single character of those allowed, or returns '\0'. */
static char
take_status (struct line *l, const char *allowed)
{
  skip_blanks (l);
  if (l->at == l->end || *l->at == '\0' || strchr (allowed, *l->at) == NULL
      || (l->at + 1 < l->end && !is_blank (l->at[1])))
    return '\0';
  return *l->at++;
}

static bool
starts_with (const char *at, const char *end, const char *word)
{
  const size_t n = strlen (word);

  return (size_t) (end - at) >= n && memcmp (at, word, n) == 0;
}

/* Returns the value after "key: ", or NULL. */
static const char *
value_of (const struct line *l, const char *key)
{
  const size_t n = strlen (key);

  return starts_with (l->at, l->end, key)
      && starts_with (l->at + n, l->end, ": ")
    ? l->at + n + 2
    : NULL;
}

/* Reads a comment.  Comments that are not ours are for people, and keys that we
 * do not know are of a later version with the same map version.
 */
static int
take_comment (struct line *l, struct map_text *out, struct error *e)
{
  if (!starts_with (l->at, l->end, OURS))
    return 0;
  l->at += strlen (OURS);
  for (unsigned i = 0; i < MAP_KEYS; i++) {
    const char *value = value_of (l, key_names[i]);

    if (value == NULL)
      continue;
    if (out->values[i].start)
      return refuse (l, e, "duplicate key");
    out->values[i].start = value;
    out->values[i].length = l->end - value;
  }
  return 0;
}

/* Checks the status line.  The position and the pass of another program are not
 * used.
 */
static int
take_status_line (struct line *l, struct error *e)
{
  uint64_t ignored;

  if (!take_number (l, &ignored) || !take_status (l, "?*/-FG+")
      || (!is_over (l) && (!take_number (l, &ignored) || !is_over (l))))
    return refuse (l, e,
                   "malformed status line: expected position, status, pass");
  return 0;
}

static int
take_block (struct line *l, struct map_text *out, struct ranges *finished,
            struct error *e)
{
  uint64_t start, size;
  char status;

  if (!take_number (l, &start) || !take_number (l, &size)
      || (status = take_status (l, "?*/-+")) == '\0' || !is_over (l))
    return refuse (l, e, "malformed block line: expected start, size, status");
  if (start != out->size)
    return refuse (l, e,
                   start < out->size ? "the block overlaps the previous one"
                                     : "there is a gap before the block");
  if (size == 0 || size > INT64_MAX - start)
    return refuse (l, e, "invalid block size");
  out->size += size;
  if (status == '+') /* a range without room counts as not finished */
    ranges_set (finished, start, out->size, 0);
  return 0;
}

/* Checks that the map is complete: a truncated map has too few blocks. */
static int
check_end (const struct line *last, const struct map_text *out, bool begun,
           struct error *e)
{
  struct line l = { .number = last->number,
                    .at = out->values[MAP_SOURCE_SIZE].start };
  uint64_t size;

  if (!begun)
    return refuse (&l, e, "the map ends before its status line");
  if (l.at == NULL)
    return 0;
  l.end = l.at + out->values[MAP_SOURCE_SIZE].length;
  if (!take_number (&l, &size) || !is_over (&l))
    return refuse (&l, e, "the source size is not a number");
  if (size != out->size)
    return refuse (&l, e,
                   size > out->size
                     ? "map ends early"
                     : "the blocks extend beyond the end of the source");
  return 0;
}

int
map_parse (const char *text, size_t length, struct map_text *out,
           struct ranges *finished, struct error *e)
{
  const char *const end = text + length;
  struct line l = { .end = text };
  bool begun = false; /* the status line has been read */
  int r = 0;

  *out = (struct map_text) { .size = 0 };
  ranges_clear (finished);
  for (const char *next = text; r == 0 && next < end;) {
    const char *newline = memchr (next, '\n', end - next);

    l.number++;
    l.at = next;
    l.end = newline ? newline : end;
    next = newline ? newline + 1 : end;
    if (l.at < l.end && *l.at == '#')
      r = take_comment (&l, out, e);
    else if (is_over (&l))
      continue;
    else if (begun)
      r = take_block (&l, out, finished, e);
    else {
      r = take_status_line (&l, e);
      begun = true;
    }
  }
  return r == 0 ? check_end (&l, out, begun, e) : r;
}

bool
map_is_ours (const char *text, size_t length)
{
  return starts_with (text, text + length, TITLE);
}

/* -- writing -------------------------------------------------------------- */

static void
print_block (FILE *f, uint64_t start, uint64_t end, char status)
{
  fprintf (f, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", start, end - start,
           status);
}

/* Returns the status of the block at @at, and sets *end to its end. */
static char
status_at (const struct ranges *finished, const struct ranges *unreadable,
           uint64_t at, uint64_t size, uint64_t *end)
{
  const struct ranges_entry *good = ranges_next (finished, at);
  const struct ranges_entry *bad = ranges_next (unreadable, at);

  *end = size;
  if (bad && bad->start <= at) {
    *end = min_u64 (*end, bad->end);
    return '-';
  }
  if (bad)
    *end = bad->start;
  if (good && good->start <= at) {
    *end = min_u64 (*end, good->end);
    return '+';
  }
  if (good)
    *end = min_u64 (*end, good->start);
  return '?';
}

/* Prints the status line: the start of the first unfinished block, where
 * ddrescue would resume.
 */
static void
print_status_line (FILE *f, const struct ranges *finished,
                   const struct ranges *unreadable, uint64_t size)
{
  uint64_t position = 0, end;

  while (position < size
         && status_at (finished, unreadable, position, size, &end) == '+')
    position = end;
  fprintf (f,
           "# current_pos  current_status  current_pass\n"
           "0x%08" PRIX64 "     %c               1\n"
           "#      pos        size  status\n",
           position, position == size ? '+' : '?');
}

void
map_print (FILE *f, const char *const values[MAP_KEYS],
           const struct ranges *finished, const struct ranges *unreadable,
           uint64_t size)
{
  uint64_t at = 0, end;

  fprintf (f, TITLE " " PACKAGE_VERSION "\n");
  for (unsigned i = 0; i < MAP_KEYS; i++)
    if (values[i])
      fprintf (f, OURS "%s: %s\n", key_names[i], values[i]);
  print_status_line (f, finished, unreadable, size);
  for (; at < size; at = end) {
    const char status = status_at (finished, unreadable, at, size, &end);

    print_block (f, at, end, status);
  }
}
