/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syntax of maps: that of GNU ddrescue's mapfiles, with lines of our own in
 * the comments.  Pure.
 *
 *   # stripecopy source: nbd://host/disk        our own, one for each key
 *   # stripecopy source digest: 5df2...         of all of the name: map.c
 *   0x00000000 ? 1                              the status line
 *   0x00000000 0x00100000 +                     blocks: start, size, status
 *   0x00100000 0x00100000 ?
 *
 * A block is finished where its status is '+', and not where it is any other.
 */

#ifndef MAP_TEXT_H
#define MAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "ranges.h"

/* What stands in lines of our own. */
enum map_key {
  MAP_VERSION,
  MAP_SOURCE,
  MAP_SOURCE_DIGEST,
  MAP_SOURCE_SIZE,
  MAP_SOURCE_ID,
  MAP_DESTINATION,
  MAP_DESTINATION_DIGEST,
  MAP_DESTINATION_SIZE,
  MAP_DESTINATION_FILE,
  MAP_FOLDER,
  MAP_FOLDER_DIGEST,
  MAP_OPTIONS,
};

#define MAP_KEYS 12

const char *map_key_name (enum map_key key);

/* What was read, but for the blocks. */
struct map_text {
  struct {
    const char *start; /* in the text that was parsed; NULL: missing */
    size_t length;
  } values[MAP_KEYS];
  uint64_t size; /* where the last block ends */
};

/* Reads a map, whatever the text holds, in one pass.  finished (with its
 * capacity; its values do not matter) gets the blocks that are; those it has no
 * room for count as not finished.  Blocks have to follow each other without
 * gaps, up to the size of the source where that is said.  0, or -1 with the
 * error set to the line and what is wrong there.
 */
int map_parse (const char *text, size_t length, struct map_text *out,
               struct ranges *finished, struct error *e);

/* Whether a text began as a map of ours, however damaged it is. */
bool map_is_ours (const char *text, size_t length);

/* Writes the map of a disk of so many bytes; a value is one line of text, or
 * NULL for none.
 */
void map_print (FILE *f, const char *const values[MAP_KEYS],
                const struct ranges *finished, uint64_t size);

#endif /* MAP_TEXT_H */
