/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A command line on standard input: see stdin-arguments.h.
 *
 * Each word ends with a zero byte, as in /proc/PID/cmdline.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options/stdin-arguments.h"

static bool
write_all (int fd, const char *bytes, size_t length)
{
  while (length > 0) {
    const ssize_t n = write (fd, bytes, length);

    if (n == -1 && errno != EINTR)
      return false;
    if (n > 0) {
      bytes += n;
      length -= n;
    }
  }
  return true;
}

int
stdin_arguments_write (char *const words[])
{
  const int fd = memfd_create ("words", MFD_CLOEXEC);
  int err;

  for (; fd != -1 && *words; words++)
    if (!write_all (fd, *words, strlen (*words) + 1))
      break;
  if (fd == -1 || (*words == NULL && lseek (fd, 0, SEEK_SET) == 0))
    return fd;
  err = errno;
  close (fd);
  errno = err;
  return -1;
}

bool
stdin_arguments_expected (int argc, char *const argv[])
{
  return argc > 1 && strcmp (argv[1], STDIN_ARGUMENTS) == 0;
}

int
stdin_arguments_limit (int argc, char *const argv[])
{
  return stdin_arguments_expected (argc, argv) && argc > 2
      && strcmp (argv[2], SHARED_LIMIT_ARGUMENT) == 0
    ? SHARED_LIMIT_FD
    : -1;
}

/* Reads all of standard input, which must be a file.  Allocated; NULL with errno.
 */
static char *
read_input (size_t *length)
{
  struct stat st;
  char *text;
  ssize_t n;

  if (fstat (STDIN_FILENO, &st) == -1)
    return NULL;
  if (!S_ISREG (st.st_mode) || st.st_size == 0) {
    errno = EPROTO;
    return NULL;
  }
  if ((text = malloc (st.st_size)) == NULL)
    return NULL;
  for (*length = 0; *length < (size_t) st.st_size; *length += n) {
    n = pread (STDIN_FILENO, text + *length, st.st_size - *length, *length);
    if (n == -1 && errno == EINTR)
      n = 0;
    else if (n <= 0) {
      errno = n == 0 ? EPROTO : errno;
      free (text);
      return NULL;
    }
  }
  return text;
}

/* Replaces standard input, so that a server that we start cannot read the words
 * from it.
 */
static int
empty_input (void)
{
  const int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  const int r = fd == -1 ? -1 : dup2 (fd, STDIN_FILENO);

  if (fd != -1 && fd != STDIN_FILENO)
    close (fd);
  return r == -1 ? -1 : 0;
}

int
stdin_arguments_read (struct stdin_arguments *w, char *argv0)
{
  size_t length, n = 0;

  *w = (struct stdin_arguments) { .text = read_input (&length) };
  if (w->text == NULL)
    return -1;
  errno = EPROTO;
  if (w->text[length - 1] == '\0' && empty_input () == 0) {
    for (size_t i = 0; i < length; i++)
      n += w->text[i] == '\0';
    w->argv = calloc (n + 2, sizeof *w->argv);
  }
  if (w->argv == NULL) {
    stdin_arguments_free (w);
    return -1;
  }
  w->argv[w->argc++] = argv0;
  for (const char *word = w->text; w->argc <= (int) n;
       word += strlen (word) + 1)
    w->argv[w->argc++] = (char *) word;
  return 0;
}

void
stdin_arguments_free (struct stdin_arguments *w)
{
  free (w->argv);
  free (w->text);
  *w = (struct stdin_arguments) { 0 };
}
