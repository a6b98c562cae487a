/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syntax of maps, which is that of GNU ddrescue's mapfiles with lines of
 * our own in comments.  Pure.
 *
 *   # stripecopy source: nbd://host/disk        our own, one for each key
 *   # stripecopy source digest: 5df2...         of the whole name, see map.c
 *   0x00000000 ? 1                              the status line
 *   0x00000000 0x00100000 +                     blocks: start, size, status
 *   0x00100000 0x00100000 ?
 *
 * A block with status '+' is finished; with any other status it is not: '-' was
 * unreadable at the source, and '?' was not tried.
 */

#ifndef MAP_TEXT_H
#define MAP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "ranges.h"

/* The keys of our own lines. */
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
  MAP_BLKHASH,
  MAP_BLKHASH_ID,
};

#define MAP_KEYS 14

const char *map_key_name (enum map_key key);

/* Holds the content of a map except for its blocks. */
struct map_text {
  struct {
    const char *start; /* in the parsed text; NULL: missing */
    size_t length;
  } values[MAP_KEYS];
  uint64_t size; /* where the last block ends */
};

/* Parses a map in one pass; the text can be anything.  @finished, which must be
 * initialised, gets the finished blocks; those that it has no room for count as
 * not finished.  Blocks must follow each other without gaps, up to the size of
 * the source if the map has it.  Returns 0, or -1 with the error set to the
 * line and the reason.
 */
int map_parse (const char *text, size_t length, struct map_text *out,
               struct ranges *finished, struct error *e);

/* Returns whether the text starts like a map of ours, even if the rest is
 * damaged.
 */
bool map_is_ours (const char *text, size_t length);

/* Prints the map of a disk of @size bytes.  A value is one line of text, or
 * NULL for none.  A range that is unreadable is not finished.
 */
void map_print (FILE *f, const char *const values[MAP_KEYS],
                const struct ranges *finished, const struct ranges *unreadable,
                uint64_t size);

#endif /* MAP_TEXT_H */
