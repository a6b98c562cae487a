/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rate of --bwlimit, in a file or not: see rate-file.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "clock.h"
#include "engine/rate-file.h"
#include "human.h"
#include "secrets.h"

/* How soon a new rate is seen. */
#define LOOK_EVERY (500 * NS_PER_MS)

/* No rate is longer. */
#define TEXT_MAX 64

static void
set_error (struct error *e, const char *file, const char *why)
{
  char *shown = secrets_mask (file);

  error_set (e, EINVAL, "--bwlimit=@%s: %s", shown ? shown : "", why);
  free (shown);
}

static ssize_t
read_start (const char *file, char *text, size_t size)
{
  /* O_NONBLOCK: do not wait for a writer of a FIFO. */
  const int fd = open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  ssize_t n = -1;
  int err;

  if (fd == -1)
    return -1;
  if (fstat (fd, &st) == 0) {
    if (S_ISREG (st.st_mode))
      n = read (fd, text, size);
    else
      errno = EINVAL;
  }
  err = errno;
  close (fd);
  errno = err;
  return n;
}

/* The file has a rate and nothing else but blanks.  NULL, or why not. */
static const char *
read_rate (const char *file, uint64_t *rate)
{
  char buffer[TEXT_MAX + 1], *text = buffer;
  ssize_t n = read_start (file, buffer, TEXT_MAX);

  if (n == -1)
    return strerror (errno);
  while (n > 0 && strchr (" \t\r\n", buffer[n - 1]))
    n--;
  buffer[n] = '\0';
  text += strspn (text, " \t\r\n");
  return text[0] == '\0' ? "it is empty" : human_parse_rate (text, rate);
}

int
rate_file_open (struct rate_file *f, const struct bwlimit *limit, uint64_t now,
                uint64_t *rate, struct error *e)
{
  const char *why;

  *f = (struct rate_file) { .name = limit->file };
  *rate = limit->rate;
  if (f->name == NULL)
    return 0;
  f->next_look = now + LOOK_EVERY;
  if ((why = read_rate (f->name, rate)) == NULL)
    return 0;
  set_error (e, f->name, why);
  return -1;
}

/* A program that writes the file may truncate it first.  So there is a warning
 * only when the file is wrong for longer, and only one.
 */
bool
rate_file_tick (struct rate_file *f, uint64_t now, uint64_t *rate)
{
  struct error e = { 0 };
  const char *why;

  if (f->name == NULL || now < f->next_look)
    return false;
  f->next_look = now + LOOK_EVERY;
  if ((why = read_rate (f->name, rate)) == NULL) {
    f->bad_looks = 0;
    return true;
  }
  if (++f->bad_looks == 2) {
    set_error (&e, f->name, why);
    log_warning_as ("bwlimit-not-read", "%s: the rate stays as it was", e.text);
  }
  return false;
}
