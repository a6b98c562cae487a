/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command printed: see output.h. */

#include <config.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/output.h"
#include "descriptor.h"

#define LONGEST (1 << 22) /* the end of more output is enough */

int
output_open (bool inherited)
{
  return descriptor_lift (memfd_create ("output", inherited ? 0 : MFD_CLOEXEC));
}

void
output_trim (int fd)
{
  struct stat st;

  if (fstat (fd, &st) == 0 && st.st_blocks * 512 > 2 * LONGEST)
    fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
               st.st_size - LONGEST);
}

char *
output_read (int fd)
{
  struct stat st;
  off_t at;
  size_t wanted, got = 0;
  ssize_t n;
  char *text;

  if (fstat (fd, &st) == -1)
    return NULL;
  at = st.st_size > LONGEST ? st.st_size - LONGEST : 0;
  wanted = (size_t) (st.st_size - at);
  text = malloc (wanted + 1);
  while (text && got < wanted
         && (n = pread (fd, text + got, wanted - got, at + (off_t) got)) > 0)
    got += (size_t) n;
  if (text == NULL)
    return NULL;
  for (size_t i = 0; i < got; i++)
    if (text[i] == '\0')
      text[i] = ' ';
  text[got] = '\0';
  return text;
}

/* -- why a program failed ------------------------------------------------- */

struct line {
  const char *at; /* NULL: there is none */
  size_t length;
};

static bool
contains (const struct line *l, const char *word)
{
  return memmem (l->at, l->length, word, strlen (word)) != NULL;
}

static bool
is_hint (const struct line *l)
{
  return contains (l, "--help") || contains (l, "manual page");
}

static bool
begins_with (const struct line *l, const char *name)
{
  const size_t n = strlen (name);

  return l->length > n && strncmp (l->at, name, n) == 0 && l->at[n] == ':';
}

static bool
is_of (const struct line *l, const char *program)
{
  const char *slash = strrchr (program, '/');

  return begins_with (l, program) || (slash && begins_with (l, slash + 1));
}

/* Finds the last line with something in it that ends before @end. */
static struct line
last_line (const char *text, const char *end)
{
  const char *begin;

  while (end > text && strchr (" \t\r\n", end[-1]) != NULL)
    end--;
  for (begin = end; begin > text && begin[-1] != '\n' && begin[-1] != '\r';)
    begin--;
  return begin == end ? (struct line) { .at = NULL }
                      : (struct line) { begin, (size_t) (end - begin) };
}

char *
output_reason (char *text, const char *program)
{
  struct line last = last_line (text, text + strlen (text)), best = last, l;
  bool named = false;

  if (last.at && is_hint (&last))
    for (l = last; !named && l.at; l = last_line (text, l.at))
      if (!is_hint (&l)) {
        named = is_of (&l, program);
        if (named || is_hint (&best))
          best = l;
      }
  memmove (text, best.at ? best.at : text, best.length);
  text[best.length] = '\0';
  return text;
}
