/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resume map: which parts of the disk are copied and stored for sure.
 *
 * It is a file, so that another run of the same command can go on.  It says
 * which copy it belongs to, and one run at a time has it.  Workers mark what
 * they have flushed; the main thread saves it.  All but map_mark is for the
 * main thread.
 *
 *   map_open -> map_claim -> (the destination is made ready) -> map_begin
 *     -> map_todo -> map_mark, map_save, ... -> map_close
 */

#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "ranges.h"

struct options;

struct map; /* body in map.c */

/* Finished ranges that a map has room for.  One more is left unfinished, which
 * costs the work to copy it again, and nothing else.
 */
#define MAP_RANGES 16384

/* Which copy it is.  Borrowed while map_open runs. */
struct map_pair {
  const struct options *options;
  const char *source, *destination;         /* names, with secrets masked */
  bool source_is_path, destination_is_path; /* of a file: has no secrets */
  const char *version;          /* of the source; NULL: it cannot tell */
  uint64_t size;                /* of the source, bytes */
  uint64_t start, end;          /* what is to be copied of it, half open */
  uint64_t destination_size;    /* as it is now; 0 where it is to be made */
  const char *destination_file; /* see endpoint_describe_file */
};

/* Opens the map that the options name, and reads it as --resume says; just_look
 * makes no file.  NULL with the error set, and nothing changed:
 *   ERROR_IN_USE      another process has it
 *   ERROR_OTHER_COPY  it belongs to another copy; the text says what differs
 *   EBADMSG           it is damaged, or no map; the text says the line
 *   ENOENT            there is none, and there has to be one
 *   other numbers     it cannot be opened
 */
struct map *map_open (const struct map_pair *pair, bool just_look,
                      struct error *e);

/* Whether a whole map of ours stands there, of whichever copy: for who cannot
 * say yet which copy this is.
 */
bool map_exists (const struct options *o);

/* What its file is called, with secrets masked. */
const char *map_name (const struct map *m);

/* Whether there was a map to go on from: then others may have written to the
 * destination, even where nothing is finished.
 */
bool map_is_resumed (const struct map *m);

/* Writes the file for the first time.  Unless it stood, it says from now on
 * that nothing is finished, before anything changes that an older one speaks
 * of.  -1 with the error set: then it could not be saved later, either.
 */
int map_claim (struct map *m, struct error *e);

/* The destination is ready, and this is its size now, and which file it is.
 * What is finished is cut down to multiples of align (a power of two).  -1 when
 * there is no memory.
 */
int map_begin (struct map *m, uint64_t align, uint64_t destination_size,
               const char *destination_file);

/* Bytes that were finished when it was read. */
uint64_t map_resumed (const struct map *m);

/* What was not; lives as long as the map. */
const struct ranges *map_todo (const struct map *m);

/* These survive whatever happens to either side: they were written before a
 * flush that has been answered.  Their values do not matter.  Any thread; never
 * waits for the disk.
 */
void map_mark (struct map *m, const struct ranges *durable);

/* All that is to be copied is, and it is flushed. */
void map_mark_all (struct map *m);

/* These are in unflushed after all; NULL: all of the disk is. */
void map_unmark (struct map *m, const struct ranges *doubtful);

uint64_t map_finished (struct map *m); /* bytes */

/* Puts the file in its place and waits until it is stored; does nothing where
 * nothing has changed.  -1 with the error set: then the one before stands.
 */
int map_save (struct map *m, struct error *e);

/* Gives it up, without saving.  A file that was made here and not begun with is
 * removed.  NULL is fine.
 */
void map_close (struct map *m);

#endif /* MAP_H */
