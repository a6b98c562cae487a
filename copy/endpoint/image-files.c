/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the files that an image is made of: see image-files.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "endpoint/image-files.h"

/* Nested descriptions are followed no deeper than this. */
#define DEPTH_MAX 32

static int
out_of_memory (struct error *e)
{
  error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  return -1;
}

/* Adds a path, and takes it over; NULL means that memory is out. */
static int
add_path (struct image_files *out, char *path, int kind, struct error *e)
{
  struct image_file *files = path
    ? reallocarray (out->files, out->n_files + 1, sizeof *files)
    : NULL;

  if (files == NULL) {
    free (path);
    return out_of_memory (e);
  }
  out->files = files;
  files[out->n_files++] = (struct image_file) { .path = path, .kind = kind };
  return 0;
}

char *
image_files_join (const char *image, const char *name)
{
  const char *slash = strrchr (image, '/');
  char *path;

  if (name[0] == '/' || slash == NULL)
    return strdup (name);
  return asprintf (&path, "%.*s/%s", (int) (slash - image), image, name) == -1
    ? NULL
    : path;
}

/* Adds each "filename" in a description of QEMU's, however deep it is nested.
 */
static int
add_described (struct image_files *out, const json_t *value, int kind,
               unsigned depth, struct error *e)
{
  const char *name = json_string_value (json_object_get (value, "filename"));
  const char *key;
  json_t *member;

  if (depth == DEPTH_MAX)
    return 0;
  if (name && add_path (out, strdup (name), kind, e) == -1)
    return -1;
  json_object_foreach (
    (json_t *) value, key,
    member) if (json_is_object (member)
                && add_described (out, member, kind, depth + 1, e)
                  == -1) return -1;
  return 0;
}

/* Adds a name: a path, or "json:" and a description that has the path. */
static int
add_name (struct image_files *out, const char *image, const char *name,
          int kind, struct error *e)
{
  json_t *described;
  int r;

  if (strncmp (name, "json:", 5) != 0)
    return add_path (
      out,
      image_files_join (image,
                        strncmp (name, "file:", 5) == 0 ? name + 5 : name),
      kind, e);
  described = json_loads (name + 5, 0, NULL);
  r = described ? add_described (out, described, kind, 0, e) : 0;
  json_decref (described);
  return r;
}

/* Adds one image of the chain.  Only the first one is written to. */
static int
add_image (struct image_files *out, const json_t *image, bool is_first,
           struct error *e)
{
  const char *name = json_string_value (json_object_get (image, "filename"));
  const json_t *data = json_object_get (
    json_object_get (image, "format-specific"), "data");
  const char *data_file = json_string_value (
    json_object_get (data, "data-file"));
  const json_t *extents = json_object_get (data, "extents");
  const int kind = is_first ? IMAGE_DATA : IMAGE_BACKING;

  if (name == NULL)
    return 0;
  if (!is_first && add_name (out, "", name, kind, e) == -1)
    return -1;
  if (data_file && add_name (out, name, data_file, kind, e) == -1)
    return -1;
  for (size_t i = 0; i < json_array_size (extents); i++) {
    const char *extent = json_string_value (
      json_object_get (json_array_get (extents, i), "filename"));

    /* This name, unlike the data file's, is resolved already. */
    if (extent && add_name (out, "", extent, kind, e) == -1)
      return -1;
  }
  return 0;
}

int
image_files_parse (struct image_files *out, const char *text, size_t length,
                   struct error *e)
{
  json_t *chain = json_loadb (text, length, 0, NULL);
  int r = 0;

  *out = (struct image_files) { 0 };
  if (!json_is_array (chain)) {
    error_set (e, EPROTO, "the output of qemu-img is not understood");
    r = -1;
  }
  for (size_t i = 0; r == 0 && i < json_array_size (chain); i++)
    r = add_image (out, json_array_get (chain, i), i == 0, e);
  json_decref (chain);
  if (r == -1)
    image_files_free (out);
  return r;
}

/* Runs qemu-img until it ends. */
static int
run (char **command, int output_fd, uint64_t deadline, struct error *e)
{
  const int null_fd = open ("/dev/null", O_RDWR | O_CLOEXEC);
  const struct child_io io = { -1, output_fd, null_fd };
  struct child c;
  char how[64];
  int r = -1;

  if (null_fd == -1 || child_start_with (&c, command, -1, NULL, io) == -1)
    error_set (e, errno, "cannot start qemu-img: %s", strerror (errno));
  else if (!child_wait (&c, deadline, -1)) {
    child_end (&c, 0, -1);
    error_set (e, ETIMEDOUT, "qemu-img did not end in time");
  }
  else if (c.status != 0)
    error_set (e, EIO, "qemu-img %s", child_describe (&c, how, sizeof how));
  else
    r = 0;
  if (null_fd != -1)
    close (null_fd);
  return r;
}

static int
parse_written (struct image_files *out, int fd, struct error *e)
{
  struct stat st;
  char *text;
  int r = -1;

  if (fstat (fd, &st) == -1 || (text = malloc (st.st_size + 1)) == NULL)
    return out_of_memory (e);
  if (pread (fd, text, st.st_size, 0) == st.st_size)
    r = image_files_parse (out, text, st.st_size, e);
  else
    error_set (e, EIO, "the output of qemu-img cannot be read");
  free (text);
  return r;
}

int
image_files_find (struct image_files *out, const char *format,
                  struct image_place place, uint64_t deadline, struct error *e)
{
  char **command = image_command_describe_chain (format, place);
  const int fd = memfd_create ("description", MFD_CLOEXEC);
  int r = -1;

  *out = (struct image_files) { 0 };
  if (command == NULL || fd == -1)
    out_of_memory (e);
  else if (run (command, fd, deadline, e) == 0)
    r = parse_written (out, fd, e);
  if (fd != -1)
    close (fd);
  image_command_free (command);
  return r;
}

void
image_files_free (struct image_files *f)
{
  for (size_t i = 0; i < f->n_files; i++)
    free (f->files[i].path);
  free (f->files);
  *f = (struct image_files) { 0 };
}
