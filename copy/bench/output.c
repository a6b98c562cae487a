/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command printed: see output.h. */

#include <config.h>

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
  if (text)
    text[got] = '\0';
  return text;
}

char *
output_last_line (char *text)
{
  size_t end = strlen (text), begin;

  while (end > 0 && strchr (" \t\r\n", text[end - 1]) != NULL)
    end--;
  begin = end;
  while (begin > 0 && text[begin - 1] != '\n' && text[begin - 1] != '\r')
    begin--;
  memmove (text, text + begin, end - begin);
  text[end - begin] = '\0';
  return text;
}
