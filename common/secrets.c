/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hides secrets in every name that is printed.
 *
 * It is often uncertain where a value ends: a password may contain the
 * character that separates parameters.  In doubt too much is hidden, never too
 * little.
 */

#include <config.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control.h"
#include "secrets.h"

static const char mask[] = "***";

static bool
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* Returns whether the character can be part of a parameter's name.  The dash
 * can, so the two dashes of an option need no rule of their own.
 */
static bool
is_name_char (char c)
{
  return is_digit (c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
    || c == '-' || c == '_' || c == '.';
}

static bool
ends_in (const char *name, size_t length, const char *end)
{
  size_t n = strlen (end);

  return length >= n && strncasecmp (name + length - n, end, n) == 0;
}

/* Names of secrets, by their end.  A short one must be the whole name or follow
 * a separator.  A key may be a secret, or identify the disk: so it is hidden,
 * but two different keys are never taken for the same.
 */
static const struct secret_name {
  const char *end;
  enum { LONG, SHORT, NAMES_DISK } kind;
} secret_names[] = {
  { "password", LONG },
  { "passwd", LONG },
  { "passphrase", LONG },
  { "pass", SHORT },
  { "pwd", SHORT },
  { "secret", LONG },
  { "token", LONG },
  { "cookie", LONG },
  { "key", NAMES_DISK },
  { "session", LONG },
  { "sessionid", LONG },
  { "session_id", LONG },
  { "session-id", LONG },
  { "sid", SHORT },
  { "auth", SHORT },
  { "authorization", LONG },
  { "bearer", SHORT },
  { "credential", LONG },
  { "credentials", LONG },
  { "jwt", SHORT },
  { "ticket", NAMES_DISK },
  /* In addresses that grant access to anyone who has them. */
  { "signature", LONG },
  { "sig", LONG },
};

static const struct secret_name *
find_secret_name (const char *name, size_t length)
{
  for (size_t i = 0; i < sizeof secret_names / sizeof secret_names[0]; ++i) {
    const struct secret_name *s = &secret_names[i];
    const size_t n = strlen (s->end);

    if (ends_in (name, length, s->end)
        && (s->kind != SHORT || length == n
            || strchr ("-_.", name[length - n - 1]) != NULL))
      return s;
  }
  return NULL;
}

static bool
is_secret_name (const char *name, size_t length)
{
  return find_secret_name (name, length) != NULL;
}

/* Returns the '@' that ends the user information, given the text after "://",
 * or NULL if there is none.
 */
static const char *
user_info_end (const char *s)
{
  size_t length = strcspn (s, "/?#");
  const char *at = memrchr (s, '@', length);
  const char *port;

  if (at != NULL || *s == '[')
    return at;

  /* with an unescaped '/' in the password, the host formally ends there, and
   * the port is not a number
   */
  port = memrchr (s, ':', length);
  if (port != NULL
      && strspn (port + 1, "0123456789") < (size_t) (s + length - (port + 1)))
    return strrchr (s + length, '@');
  return NULL;
}

/* Returns the length of the name at @s if '=' follows it, or 0. */
static size_t
name_length (const char *s)
{
  size_t n = 0;

  while (is_name_char (s[n]))
    n++;
  return s[n] == '=' ? n : 0;
}

/* Returns the end of a value.  @separator is the character before its
 * parameter's name ('\0' for none): the value ends there if another parameter
 * follows, else with the word.
 */
static const char *
value_end (const char *value, char separator)
{
  const char *s;

  if (separator == '?')
    separator = '&';
  if (separator == '\0' || strchr ("&,;: \t\n", separator) == NULL)
    return value + strlen (value);

  for (s = value; *s != '\0'; ++s) {
    if (*s != separator)
      continue;
    if (separator == ',' && s[1] == ',')
      s++; /* QEMU writes a comma in a value as two */
    else if (name_length (s + 1) > 0)
      break;
  }
  return s;
}

/* Returns whether the parameter is the data of one of QEMU's secret objects,
 * which the word names before it.
 */
static bool
is_secret_data (const char *word, const char *name, size_t length)
{
  static const char object[] = "secret,";
  const char *s;

  if (length != 4 || strncasecmp (name, "data", 4) != 0)
    return false;
  for (s = word; s < name; ++s)
    if (strncasecmp (s, object, sizeof object - 1) == 0)
      return true;
  return false;
}

/* Returns the end of the secret after @s, which points at '=', or NULL. */
static const char *
secret_end (const char *word, const char *s)
{
  const char *name = s;
  size_t length;

  while (name > word && is_name_char (name[-1]))
    name--;
  length = (size_t) (s - name);
  if (!is_secret_name (name, length) && !is_secret_data (word, name, length))
    return NULL;
  return value_end (s + 1, name > word ? name[-1] : '\0');
}

/* Returns the end of the secret in a header or a member of JSON, such as
 * "Authorization: Bearer x".  Like secret_end, with @s at ':'.
 */
static const char *
header_end (const char *word, const char *s)
{
  const char *name = s, *end = s;

  if (end > word && (end[-1] == '"' || end[-1] == '\''))
    end--;
  else if (s[1] != ' ')
    return NULL;
  for (name = end; name > word && is_name_char (name[-1]); name--)
    ;
  return is_secret_name (name, (size_t) (end - name)) ? s + strlen (s) : NULL;
}

/* -- percent-encoding ------------------------------------------------------ */

/* A secret may be percent-encoded several times: each time is a level. */
#define LEVELS 4

/* A word as it is, or decoded once more. */
struct level {
  char *text;   /* owned */
  size_t *from; /* owned: where in the word each character began, and its end */
  size_t length;
};

static void
level_free (struct level *l)
{
  free (l->text);
  free (l->from);
  *l = (struct level) { 0 };
}

static bool
level_alloc (struct level *l, size_t room)
{
  l->text = malloc (room + 1);
  l->from = reallocarray (NULL, room + 1, sizeof *l->from);
  if (l->text != NULL && l->from != NULL)
    return true;
  level_free (l);
  return false;
}

static int
digit_value (char c)
{
  return is_digit (c)      ? c - '0'
    : c >= 'a' && c <= 'f' ? c - 'a' + 10
    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                           : -1;
}

/* Decodes a level into the next one.  Returns false with @next zeroed if there
 * is nothing to decode, or if memory ran out, which sets *failed.
 */
static bool
decode (const struct level *l, struct level *next, bool *failed)
{
  bool changed = false;

  *next = (struct level) { 0 };
  if (!level_alloc (next, l->length)) {
    *failed = true;
    return false;
  }
  for (size_t i = 0; i < l->length; i++) {
    const int high = l->text[i] == '%' ? digit_value (l->text[i + 1]) : -1;
    const int low = high == -1 ? -1 : digit_value (l->text[i + 2]);
    const int c = low == -1 ? l->text[i] : 16 * high + low;

    next->from[next->length] = l->from[i];
    next->text[next->length++] = c ? c : '\1'; /* a NUL must not end the text */
    if (low != -1) {
      changed = true;
      i += 2;
    }
  }
  next->from[next->length] = l->from[l->length];
  next->text[next->length] = '\0';
  if (!changed)
    level_free (next);
  return changed;
}

static bool
first_level (const char *word, struct level *l)
{
  l->length = strlen (word);
  if (!level_alloc (l, l->length))
    return false;
  memcpy (l->text, word, l->length + 1);
  for (size_t i = 0; i <= l->length; i++)
    l->from[i] = i;
  return true;
}

/* -- which parts of a word are hidden ------------------------------------- */

/* Flags for each character of a word, and its end. */
struct marks {
  bool *hidden; /* owned: the character is not shown */
  bool *begins; /* owned: a hidden part begins before it */
};

/* Marks a range of a level as hidden. */
static void
hide (struct marks *m, const struct level *l, const char *start,
      const char *end)
{
  const size_t from = l->from[start - l->text], to = l->from[end - l->text];

  m->begins[from] = true;
  memset (m->hidden + from, true, to - from);
}

static void
hide_for_people (struct marks *m, const struct level *l)
{
  const char *s = l->text, *end;

  while (*s != '\0') {
    if (strncmp (s, "://", 3) == 0 && (end = user_info_end (s + 3)) != NULL) {
      hide (m, l, s + 3, end);
      s = end;
    }
    else if (*s == '=' && (end = secret_end (l->text, s)) != NULL) {
      hide (m, l, s + 1, end);
      s = end;
    }
    else if (*s == ':' && (end = header_end (l->text, s)) != NULL) {
      hide (m, l, s + 1, end);
      s = end;
    }
    else
      s++;
  }
}

/* Hides the queries of addresses within a sentence, because their content is
 * never known.
 */
static void
hide_queries (struct marks *m, const struct level *l)
{
  const char *s = l->text, *query;

  while ((s = strstr (s, "://")) != NULL) {
    const size_t length = strcspn (s, " \t\"'<>");

    query = memchr (s, '?', length);
    if (query)
      hide (m, l, query + 1, s + length);
    s += length;
  }
}

/* Returns whether this character was decoded on this level. */
static bool
is_decoded (const struct level *l, const char *s)
{
  const size_t i = s - l->text;

  return l->from[i + 1] - l->from[i] > 1;
}

/* Returns whether an encoded separator is here: "%26", "%2526" and so on. */
static bool
is_encoded_separator (const char *s)
{
  if (*s++ != '%')
    return false;
  while (strncmp (s, "25", 2) == 0)
    s += 2;
  return strncmp (s, "26", 2) == 0;
}

/* Returns where a secret certainly ends, so that nothing that identifies the
 * disk is cut out with it.  In doubt too little is cut.
 */
static const char *
sure_end (const char *value)
{
  const char *s = value;

  while (*s != '\0' && strchr ("&#/\"'", *s) == NULL
         && !is_encoded_separator (s)
         && !(strchr (",; \t", *s) != NULL
              && name_length (s + 1 + strspn (s + 1, " ")) > 0))
    s++;
  return s;
}

static void
cut_what_may_change (struct marks *m, const struct level *l, bool is_first)
{
  const char *s = l->text, *name, *end;
  const struct secret_name *secret;

  for (; *s != '\0'; s++) {
    if (is_first && strncmp (s, "://", 3) == 0
        && (end = memrchr (s + 3, '@', strcspn (s + 3, "/?#"))) != NULL)
      hide (m, l, s + 3, end);
    if (*s != '=' || is_first == is_decoded (l, s))
      continue;
    for (name = s; name > l->text && is_name_char (name[-1]); name--)
      ;
    secret = find_secret_name (name, (size_t) (s - name));
    if (secret ? secret->kind != NAMES_DISK
               : is_secret_data (l->text, name, (size_t) (s - name)))
      hide (m, l, s + 1, sure_end (s + 1));
  }
}

static void
marks_free (struct marks *m)
{
  free (m->hidden);
  free (m->begins);
}

enum purpose { SHOW_WORD, SHOW_LINE, CUT };

/* Finds all secrets.  False when memory runs out; then nothing may be shown. */
static bool
find_marks (struct marks *m, const char *word, enum purpose purpose)
{
  const size_t n = strlen (word);
  struct level level, next;
  bool failed = false;

  m->hidden = calloc (n + 1, sizeof *m->hidden);
  m->begins = calloc (n + 1, sizeof *m->begins);
  if (m->hidden == NULL || m->begins == NULL || !first_level (word, &level)) {
    marks_free (m);
    return false;
  }
  for (unsigned i = 0; i < LEVELS && level.text != NULL; i++) {
    if (purpose == CUT)
      cut_what_may_change (m, &level, i == 0);
    else
      hide_for_people (m, &level);
    if (purpose == SHOW_LINE)
      hide_queries (m, &level);
    decode (&level, &next, &failed);
    level_free (&level);
    level = next;
  }
  level_free (&level);
  if (failed)
    marks_free (m);
  return !failed;
}

/* -- writing -------------------------------------------------------------- */

/* Returns whether a byte belongs to a control character. */
static bool
is_in_control (const char *word, size_t i)
{
  return control_length (word + i) > 0
    || (i > 0 && control_length (word + i - 1) == 2);
}

static bool
write_masked (FILE *fp, const char *word, enum purpose purpose)
{
  struct marks m;

  if (!find_marks (&m, word, purpose))
    return false;
  for (size_t i = 0;; i++) {
    if (m.begins[i] && (i == 0 || !m.hidden[i - 1]))
      fputs (mask, fp);
    if (word[i] == '\0')
      break;
    if (!m.hidden[i])
      putc (is_in_control (word, i) ? '?' : word[i], fp);
  }
  marks_free (&m);
  return true;
}

/* Writes the word with one control character in place of each secret. */
static bool
write_cut (FILE *fp, const char *word)
{
  struct marks m;

  if (!find_marks (&m, word, CUT))
    return false;
  for (size_t i = 0;; i++) {
    if (m.begins[i] && (i == 0 || !m.hidden[i - 1]))
      putc ('\1', fp);
    if (word[i] == '\0')
      break;
    if (!m.hidden[i])
      putc (word[i], fp);
  }
  marks_free (&m);
  return true;
}

/* --password, with the secret in the next word. */
static bool
announces_secret (const char *word)
{
  return strncmp (word, "--", 2) == 0 && strchr (word, '=') == NULL
    && is_secret_name (word, strlen (word));
}

/* Closes the stream and returns its text, or NULL with errno. */
static char *
finish (FILE *fp, bool written, char **text)
{
  bool failed = ferror (fp) != 0 || !written;

  if (fclose (fp) == EOF || failed) {
    free (*text);
    errno = ENOMEM; /* the only way such a stream can fail */
    return NULL;
  }
  return *text;
}

static char *
mask_for (const char *word, enum purpose purpose)
{
  char *text = NULL;
  size_t size;
  FILE *fp = open_memstream (&text, &size);
  bool written;

  if (fp == NULL)
    return NULL;
  written = write_masked (fp, word, purpose);
  return finish (fp, written, &text);
}

char *
secrets_mask (const char *word)
{
  return mask_for (word, SHOW_WORD);
}

char *
secrets_mask_line (const char *line)
{
  return mask_for (line, SHOW_LINE);
}

char *
secrets_cut (const char *word)
{
  char *text = NULL;
  size_t size;
  FILE *fp = open_memstream (&text, &size);
  bool written;

  if (fp == NULL)
    return NULL;
  written = write_cut (fp, word);
  return finish (fp, written, &text);
}

char *
secrets_cut_command (char *const argv[])
{
  char *text = NULL;
  size_t size, i;
  FILE *fp = open_memstream (&text, &size);
  bool written = true;

  if (fp == NULL)
    return NULL;
  for (i = 0; argv[i] != NULL && written; ++i) {
    if (i > 0 && announces_secret (argv[i - 1]))
      putc ('\1', fp);
    else
      written = write_cut (fp, argv[i]);
    putc ('\2', fp); /* not a blank, which words can contain */
  }
  return finish (fp, written, &text);
}
