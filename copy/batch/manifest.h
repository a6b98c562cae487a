/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of copies in a manifest, a file of JSON:
 *
 *   [ { "disk": "web", "source": "nbd://old/web",
 *       "destination": [ "qemu-nbd", "-f", "qcow2", "web.qcow2" ],
 *       "map": "web.map", "threads": 2, "no-extents": true,
 *       "group": "esx1", "size": "40G" }, ... ]
 *
 * All of it is checked before the first copy is started, the options of each
 * copy by the parser of the command line.
 */

#ifndef MANIFEST_H
#define MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "options/options.h"

/* The most bytes of a disk's name. */
#define MANIFEST_NAME_MAX 64

struct manifest_copy {
  char **words; /* owned, NULL-terminated: --disk=NAME, options, "--",
                   source, destination */
  size_t n_words;

  const char *disk;       /* its unique name, within the words */
  char *group;            /* owned; the group it belongs to; NULL: none */
  uint64_t size;          /* bytes, as the list says; or PART_SIZE_UNKNOWN */
  struct options options; /* the parsed words; owned */
};

struct manifest {
  struct manifest_copy *copies;
  size_t n_copies;
};

/* Reads the file.  0, or -1 with the error set to the place and the reason,
 * without secrets.
 */
int manifest_load (struct manifest *m, const char *file, struct error *e);

/* Reads text from memory; @file is only for messages. */
int manifest_parse (struct manifest *m, const char *file, const char *text,
                    size_t length, struct error *e);

/* Keeps only the copies of one part, from 1 to @count: see part.h.  Returns -1
 * when memory runs out.
 */
int manifest_keep_part (struct manifest *m, uint64_t number, uint64_t count);

/* Returns the number of a copy's group, from 1 to n_copies; 0: it has none. */
size_t manifest_group (const struct manifest *m, size_t i);

void manifest_free (struct manifest *m);

#endif /* MANIFEST_H */
