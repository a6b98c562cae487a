/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats the words of a command for people, showing only words that are known
 * to be harmless.
 *
 * No list can have all options of all programs that take a secret.  So a value
 * is shown only if its name is in a list here and the value is plain, which
 * means in one piece and without anything that looks like a secret.  Names are
 * always shown.
 */

#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "secrets.h"

static const char mask[] = "***";

/* Names in "name=value" and "--name=value", also after a dot: file.filename. */
static const char *const shown_names[] = {
  "aio",
  "cache",
  "cainfo",
  "capath",
  "connections",
  "dev",
  "device",
  "dir",
  "discard",
  "disk",
  "driver",
  "export",
  "export-name",
  "exportname",
  "fd",
  "file",
  "filename",
  "filter",
  "format",
  "host",
  "hostname",
  "id",
  "image",
  "interface",
  "length",
  "libdir",
  "log",
  "logfile",
  "mode",
  "namespace",
  "offset",
  "partition",
  "path",
  "persistent",
  "pidfile",
  "pool",
  "port",
  "protocols",
  "range",
  "read-only",
  "retries",
  "server",
  "shared",
  "size",
  "snapshot",
  "socket",
  "threads",
  "thumbprint",
  "timeout",
  "tls",
  "tls-certificates",
  "tls-verify-peer",
  "transports",
  "type",
  "unix",
  "uri",
  "url",
  "vm",
};

/* Prefixes of the parameters of nbdkit's filters, which are harmless. */
static const char *const shown_beginnings[] = {
  "blocksize-", "cache-", "cow-",       "delay-", "error-",
  "extent",     "rate-",  "readahead-", "retry-",
};

/* Options without an argument, or with a plain one as the next word. */
static const char *const shown_options[] = {
  "-D",         "-U",           "-b",           "-e",           "-f",
  "-k",         "-n",           "-r",           "-t",           "-v",
  "-x",         "--",           "--cache",      "--discard",    "--export-name",
  "--filter",   "--foreground", "--format",     "--image-opts", "--newstyle",
  "--nocache",  "--object",     "--persistent", "--port",       "--read-only",
  "--readonly", "--shared",     "--socket",     "--threads",    "--unix",
  "--verbose",
};

/* Single words: programs, nbdkit's plugins, formats. */
static const char *const shown_words[] = {
  "auto",
  "bash",
  "curl",
  "data",
  "env",
  "exec",
  "file",
  "floppy",
  "full",
  "http",
  "https",
  "iso",
  "linuxdisk",
  "memory",
  "nbd",
  "nbd-server",
  "nbdkit",
  "none",
  "null",
  "ondemand",
  "partitioning",
  "pattern",
  "qcow2",
  "qemu-img",
  "qemu-nbd",
  "qemu-storage-daemon",
  "random",
  "raw",
  "secret",
  "sh",
  "sparse-random",
  "split",
  "ssh",
  "tar",
  "tmpdisk",
  "unmap",
  "vddk",
  "vdi",
  "vhdx",
  "vmdk",
  "vpc",
  "yes",
  "no",
  "true",
  "false",
  "on",
  "off",
  "zero",
};

/* Suffixes of the names of disks. */
static const char *const shown_ends[] = {
  ".img", ".iso", ".qcow2", ".raw",  ".sh",   ".sock",
  ".tar", ".vdi", ".vhd",   ".vhdx", ".vmdk",
};

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

/* Part of a word. */
struct work {
  const char *start;
  size_t length;
};

static bool
is_in (const struct work *p, const char *const *list, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (strlen (list[i]) == p->length
        && strncasecmp (list[i], p->start, p->length) == 0)
      return true;
  return false;
}

static bool
is_of (const struct work *p, const char *characters)
{
  for (size_t i = 0; i < p->length; i++)
    if (memchr (characters, p->start[i], strlen (characters)) == NULL)
      return false;
  return true;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
is_name (const struct work *p)
{
  return p->length > 0 && is_of (p, LETTERS DIGITS "-_.");
}

/* Returns whether a value is plain: it has no blanks and no quotes.  Text
 * before an '@' is shown only in an address, where it is masked.
 */
static bool
is_plain (const struct work *p)
{
  return is_of (p, LETTERS DIGITS "-_.,:/+@%=~[]*?&")
    && (memchr (p->start, '@', p->length) == NULL
        || memmem (p->start, p->length, "://", 3) != NULL);
}

/* 10, 64k, 0x1000, 1.5G, 50% */
static bool
is_number (const struct work *p)
{
  const size_t digits = strspn (p->start, DIGITS ".");

  return digits > 0 && digits + 3 >= p->length
    && is_of (p, DIGITS ".kKmMgGtTpPeEiBb%");
}

static bool
has_shown_end (const struct work *p)
{
  for (size_t i = 0; i < COUNT (shown_ends); i++) {
    const size_t n = strlen (shown_ends[i]);

    if (p->length > n
        && strncasecmp (p->start + p->length - n, shown_ends[i], n) == 0)
      return true;
  }
  return false;
}

static bool
is_path (const struct work *p)
{
  return p->length > 0
    && (p->start[0] == '/' || strncmp (p->start, "./", 2) == 0
        || strncmp (p->start, "../", 3) == 0 || has_shown_end (p))
    && is_plain (p) && memchr (p->start, '=', p->length) == NULL;
}

/* Writes a plain value.  The query of an address is never shown. */
static bool
write_plain (FILE *fp, const struct work *p)
{
  const char *query = memchr (p->start, '?', p->length);
  char *text = strndup (p->start,
                        query ? (size_t) (query - p->start) : p->length);
  char *masked = text ? secrets_mask (text) : NULL;

  if (masked)
    fprintf (fp, "%s%s%s", masked, query ? "?" : "", query ? mask : "");
  free (text);
  free (masked);
  return masked != NULL;
}

static bool
write_alone (FILE *fp, const struct work *p)
{
  if (is_number (p) || is_path (p)
      || is_in (p, shown_words, COUNT (shown_words)))
    return write_plain (fp, p);
  return fputs (mask, fp) != EOF;
}

/* Returns whether values of this name are shown.  Only the last part of the
 * name counts, and leading dashes do not.
 */
static bool
is_shown_name (struct work name)
{
  while (name.length > 0 && name.start[0] == '-') {
    name.start++;
    name.length--;
  }
  for (size_t i = 0; i < COUNT (shown_beginnings); i++) {
    const size_t n = strlen (shown_beginnings[i]);

    if (name.length >= n
        && strncasecmp (name.start, shown_beginnings[i], n) == 0)
      return true;
  }
  for (size_t i = name.length; i > 0; i--)
    if (name.start[i - 1] == '.') {
      name.start += i;
      name.length -= i;
      break;
    }
  return is_in (&name, shown_names, COUNT (shown_names));
}

/* Writes "name=value", or a single value. */
static bool
write_piece (FILE *fp, const struct work *p)
{
  const char *equals = memchr (p->start, '=', p->length);
  struct work name = { p->start, equals ? (size_t) (equals - p->start) : 0 };
  struct work value;

  if (!is_name (&name))
    return write_alone (fp, p);
  value.start = equals + 1;
  value.length = p->length - name.length - 1;
  fprintf (fp, "%.*s=", (int) name.length, name.start);
  if (is_plain (&value) && (is_shown_name (name) || value.length == 0))
    return write_plain (fp, &value);
  return fputs (mask, fp) != EOF;
}

/* Returns the length up to the next comma.  QEMU separates parameters by
 * commas, and two commas stand for one in a value.
 */
static size_t
piece_length (const char *s)
{
  size_t n = 0;

  while (s[n] != '\0' && (s[n] != ',' || s[n + 1] == ','))
    n += s[n] == ',' ? 2 : 1;
  return n;
}

static bool
write_pieces (FILE *fp, const char *word)
{
  struct work p = { word, piece_length (word) };
  bool good = write_piece (fp, &p);

  while (good && p.start[p.length] == ',') {
    putc (',', fp);
    p.start += p.length + 1;
    p.length = piece_length (p.start);
    good = write_piece (fp, &p);
  }
  return good;
}

static bool
is_option (const char *word)
{
  return word[0] == '-' && word[1] != '\0' && strchr (word, '=') == NULL;
}

/* Writes an option.  A short option can be followed directly by its argument.
 */
static bool
write_option (FILE *fp, const char *word)
{
  const struct work p = { word, strlen (word) };

  if (!is_name (&p))
    return fputs (mask, fp) != EOF;
  if (word[1] == '-' || word[2] == '\0')
    return fputs (word, fp) != EOF;
  return fprintf (fp, "%.2s%s", word, mask) > 0;
}

static bool
write_word (FILE *fp, const char *word, const char *before)
{
  const struct work option = { before, strlen (before) };

  if (is_option (word))
    return write_option (fp, word);
  if (is_option (before)
      && !is_in (&option, shown_options, COUNT (shown_options)))
    return fputs (mask, fp) != EOF;
  return write_pieces (fp, word);
}

static bool
write_program (FILE *fp, const char *program)
{
  char *masked = secrets_mask (program);

  if (masked)
    fputs (masked, fp);
  free (masked);
  return masked != NULL;
}

char *
secrets_mask_command (char *const argv[])
{
  char *text = NULL;
  size_t size;
  FILE *fp = open_memstream (&text, &size);
  bool good = true;

  if (fp == NULL)
    return NULL;
  fputs ("[ ", fp);
  for (size_t i = 0; argv[i] != NULL && good; i++) {
    good = i == 0 ? write_program (fp, argv[0])
                  : write_word (fp, argv[i], i == 1 ? "" : argv[i - 1]);
    putc (' ', fp);
  }
  putc (']', fp);
  good = good && !ferror (fp);
  if (fclose (fp) == 0 && good)
    return text;
  free (text);
  return NULL;
}
