/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that serve, make and fetch disk images: see image-command.h. */

#include <config.h>

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint/image-command.h"
#include "options/types.h"

#define WORDS_MAX 16

struct words {
  char **command; /* NULL: without memory */
  unsigned n;
};

static struct words
begin (const char *program)
{
  struct words w = { .command = calloc (WORDS_MAX + 1, sizeof (char *)) };

  if (w.command && (w.command[w.n++] = strdup (program)) == NULL) {
    image_command_free (w.command);
    w.command = NULL;
  }
  return w;
}

static void __attribute__ ((format (printf, 2, 3)))
add (struct words *w, const char *format, ...)
{
  va_list args;

  if (w->command == NULL)
    return;
  assert (w->n < WORDS_MAX);
  va_start (args, format);
  if (vasprintf (&w->command[w->n++], format, args) == -1) {
    w->command[w->n - 1] = NULL;
    image_command_free (w->command);
    w->command = NULL;
  }
  va_end (args);
}

void
image_command_free (char **command)
{
  for (char **word = command; word && *word; word++)
    free (*word);
  free (command);
}

char **
image_command_plain (const char *program, ...)
{
  struct words w = begin (program);
  const char *word;
  va_list args;

  va_start (args, program);
  while ((word = va_arg (args, const char *)) != NULL)
    add (&w, "%s", word);
  va_end (args);
  return w.command;
}

/* QEMU separates its options by commas; two commas stand for one in a value. */
static char *
double_commas (const char *text)
{
  char *doubled = malloc (2 * strlen (text) + 1), *to = doubled;

  for (; doubled && *text; text++) {
    if (*text == ',')
      *to++ = ',';
    *to++ = *text;
  }
  if (doubled)
    *to = '\0';
  return doubled;
}

/* Adds one more value to the last word. */
static void
append_value (struct words *w, const char *key, const char *value)
{
  char *doubled = double_commas (value), *longer;

  if (w->command == NULL || doubled == NULL
      || asprintf (&longer, "%s,%s=%s", w->command[w->n - 1], key, doubled)
        == -1) {
    image_command_free (w->command);
    w->command = NULL;
  }
  else {
    free (w->command[w->n - 1]);
    w->command[w->n - 1] = longer;
  }
  free (doubled);
}

static void
add_backing (struct words *w, struct image_place place)
{
  append_value (w, "backing.driver", place.backing_format);
  append_value (w, "backing.file.driver",
                place.backing_is_device ? "host_device" : "file");
  append_value (w, "backing.file.filename", place.backing);
}

/* Names the driver of each layer, so that QEMU reads nothing into the file's
 * name, and guesses the format only if it was asked to.
 */
static void
add_image (struct words *w, const char *format, struct image_place place)
{
  static const char *const layers[] = {
    [IMAGE_FILE] = "file.driver=file,file.filename=",
    [IMAGE_DEVICE] = "file.driver=host_device,file.filename=",
    [IMAGE_SOCKET] = "file.driver=nbd,file.server.type=unix,file.server.path=",
  };
  const bool guess = strcmp (format, "auto") == 0;
  char *path = double_commas (place.path);

  if (path == NULL) {
    image_command_free (w->command);
    w->command = NULL;
  }
  add (w, "--image-opts");
  add (w, "%s%s%s%s%s", guess ? "" : "driver=", guess ? "" : format,
       guess ? "" : ",", layers[place.kind], path);
  free (path);
  if (place.backing)
    add_backing (w, place);
}

/* The options of qemu-nbd are named as the contexts are, without "qemu:". */
static void
add_context (struct words *w, const char *context)
{
  const size_t length = strlen (CONTEXT_BITMAP);

  if (strncmp (context, CONTEXT_BITMAP, length) == 0)
    add (w, "--bitmap=%s", context + length);
  else
    add (w, "--%s", context + strlen ("qemu:"));
}

/* The server stays until it is told to end, even without connections. */
char **
image_command_serve (const char *format, struct image_place place,
                     enum image_access access, unsigned clients,
                     const char *context)
{
  struct words w = begin ("qemu-nbd");

  add (&w, "--persistent");
  add (&w, "--shared=%u", clients);
  /* Without unmap, zeroes would be stored as data. */
  add (&w, access == IMAGE_READ ? "--read-only" : "--discard=unmap");
  if (context)
    add_context (&w, context);
  add_image (&w, format, place);
  return w.command;
}

char **
image_command_create (const char *format, const char *path, uint64_t size,
                      const char *options, bool with_backing)
{
  struct words w = begin ("qemu-img");

  add (&w, "create");
  add (&w, "-q");
  add (&w, "-f");
  add (&w, "%s", format);
  if (with_backing)
    add (&w, "-u");
  if (options) {
    add (&w, "-o");
    add (&w, "%s", options);
  }
  add (&w, "file:%s", path);
  add (&w, "%" PRIu64, size);
  return w.command;
}

static char **
look (const char *what, const char *format, struct image_place place)
{
  struct words w = begin ("qemu-img");

  add (&w, "%s", what);
  add (&w, "--output=json");
  add_image (&w, format, place);
  return w.command;
}

char **
image_command_describe_chain (const char *format, struct image_place place)
{
  struct words w = begin ("qemu-img");

  add (&w, "info");
  add (&w, "--force-share");
  add (&w, "--backing-chain");
  add (&w, "--output=json");
  add_image (&w, format, place);
  return w.command;
}

char **
image_command_describe (const char *format, struct image_place place)
{
  return look ("info", format, place);
}

char **
image_command_check (const char *format, struct image_place place)
{
  return look ("check", format, place);
}

char **
image_command_list (const char *format, struct image_place place)
{
  return look ("map", format, place);
}

char **
image_command_measure (const char *format, uint64_t size)
{
  struct words w = begin ("qemu-img");

  add (&w, "measure");
  add (&w, "--output=json");
  add (&w, "-O");
  add (&w, "%s", format);
  add (&w, "--size");
  add (&w, "%" PRIu64, size);
  return w.command;
}

/* Passes on the variables that tell curl(1) which authorities to trust: the
 * library in nbdkit does not read them.
 */
static void
add_authorities (struct words *w)
{
  const char *file = getenv ("CURL_CA_BUNDLE");
  const char *folder = getenv ("SSL_CERT_DIR");

  if (file == NULL || *file == '\0')
    file = getenv ("SSL_CERT_FILE");
  if (file && *file)
    add (w, "cainfo=%s", file);
  if (folder && *folder)
    add (w, "capath=%s", folder);
}

char **
image_command_fetch (const struct url *url, const char *password_file)
{
  struct words w = begin ("nbdkit");

  add (&w, "--foreground");
  add (&w, "--readonly");
  add (&w, "curl");
  add (&w, "url=%s", url->address);
  add (&w, "protocols=http,https"); /* wherever it is redirected to */
  if (url->user)
    add (&w, "user=%s", url->user);
  if (password_file)
    add (&w, "password=+%s", password_file);
  add_authorities (&w);
  return w.command;
}
