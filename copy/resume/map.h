/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resume map: which parts of the disk are copied and on stable storage.
 *
 * It is a file, so that another run of the same command can resume the copy.
 * The file says which copy it is for, and only one run at a time can lock it.
 * Workers mark ranges after a flush, and the main thread saves the map.  All
 * functions but map_mark are for the main thread.
 *
 *   map_lock -> map_open -> map_claim -> (the destination is prepared) -> map_begin
 *     -> map_todo -> map_mark, map_save, ... -> map_close
 */

#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "atomic-file.h"
#include "error.h"
#include "range.h"
#include "ranges.h"

struct options;

struct map; /* body in map.c */

/* The most finished ranges that a map can hold.  Any range beyond them counts
 * as not finished, so it is copied again.
 */
#define MAP_RANGES 16384

/* The most unreadable ranges.  Beyond that, the nearest ones are joined. */
#define MAP_UNREADABLE 16384

/* Identifies a copy.  Borrowed while map_open runs. */
struct map_pair {
  const struct options *options;
  const char *source, *destination; /* names, with secrets masked */
  const char *version;              /* of the source; NULL: unknown */
  uint64_t size;                    /* of the source, bytes */
  uint64_t start, end;              /* the part to copy, half open */
  const struct ranges *selected;    /* of that part; NULL: everything.  Borrowed
                                       until map_close. */
  const char *selection;            /* identifies it; NULL: everything */
  uint64_t destination_size;    /* current size; 0 if it does not exist yet */
  const char *destination_file; /* see endpoint_describe_file */
  struct atomic_file *locked;   /* by map_lock; map_open takes it over.  NULL:
                                   map_open locks the file itself. */
};

/* Locks the file of the map before either side is opened, so that of several
 * runs of one copy at the same time only one gets as far as to lock a disk.
 * Returns -1 with ERROR_IN_USE if another process has it.  Any other problem is
 * left for map_open, and @file is not open then.
 */
int map_lock (const struct options *o, struct atomic_file *file,
              struct error *e);

/* Opens the map that the options name and reads it as --resume says.  With
 * @just_look no file is created.  NULL with the error set, and nothing changed:
 *   ERROR_IN_USE      another process has it
 *   ERROR_OTHER_COPY  it is for a different copy; the text says what differs
 *   EBADMSG           it is damaged, or not a map; the text has the line
 *   ENOENT            there is none, and --resume=require needs one
 *   other numbers     it cannot be opened
 */
struct map *map_open (const struct map_pair *pair, bool just_look,
                      struct error *e);

/* Reads the map of another shard of the copy that @m belongs to.  @o are its
 * options, and @part is its part.  The map is not locked: another process may
 * be replacing it.  Returns NULL with the error set as map_open does.
 */
struct map *map_read_shard (const struct map *m, const struct options *o,
                            struct range part, struct error *e);

/* Returns whether the file of --map is a complete map of ours, for any copy.
 * Used before everything that map_open needs is known.
 */
bool map_exists (const struct options *o);

/* Returns whether another run has the map of --map at this moment. */
bool map_is_in_use (const struct options *o);

/* Returns the name of its file, with secrets masked. */
const char *map_name (const struct map *m);

/* Returns whether this run resumes an existing map.  Then an earlier run may
 * have written to the destination, even if no range is finished.
 */
bool map_is_resumed (const struct map *m);

/* Returns what identifies the kept digests that belong to the map; NULL: there
 * are none yet.
 */
const char *map_digests_id (const struct map *m);

/* Gives the map a new one, before map_claim.  Returns -1 with errno. */
int map_make_digests_id (struct map *m);

/* Sets what is called before each save, after the finished ranges were taken:
 * it makes everything durable that the finished ranges rely on.  It returns -1
 * with the error set when that fails; then the map is not saved.
 */
void map_set_store (struct map *m, int (*store) (void *opaque, struct error *e),
                    void *opaque);

/* Writes the file for the first time.  Unless this run resumes, the file then
 * says that nothing is finished, so that an old map never describes changed
 * data.  Returns -1 with the error set: saving would fail later, too.
 */
int map_claim (struct map *m, struct error *e);

/* Notes the size and the identity of the destination, which is ready now, and
 * shrinks the finished ranges to multiples of @align, a power of two.  Returns
 * -1 when memory runs out.
 */
int map_begin (struct map *m, uint64_t align, uint64_t destination_size,
               const char *destination_file);

/* Returns whether map_begin was called. */
bool map_has_begun (const struct map *m);

/* Returns the selected bytes that were finished when the map was read. */
uint64_t map_resumed (const struct map *m);

/* Returns the ranges that were not finished, selected or not; valid as long as
 * the map.
 */
const struct ranges *map_todo (const struct map *m);

/* Returns how many of their bytes are selected. */
uint64_t map_left (const struct map *m);

/* Marks ranges as finished.  A flush that covers them has been answered, so
 * they survive a crash of either side.  The ranges' values do not matter.  Any
 * thread; never waits for the disk.
 */
void map_mark (struct map *m, const struct ranges *durable);

/* Marks a range as unreadable at the source: for the rest of this run, it does
 * not count as finished.  Any thread; never waits for the disk.
 */
void map_mark_unreadable (struct map *m, uint64_t start, uint64_t end);

/* Marks everything as finished: all of it is copied and flushed. */
void map_mark_all (struct map *m);

/* Marks ranges as not finished after all; NULL: the whole disk. */
void map_unmark (struct map *m, const struct ranges *doubtful);

/* Returns the selected bytes that are finished, without unreadable ones. */
uint64_t map_finished (struct map *m);

/* Saves the map and waits until it is on stable storage; does nothing if
 * nothing has changed.  Returns -1 with the error set: the previous map is
 * still there.
 */
int map_save (struct map *m, struct error *e);

/* Closes the map without saving.  A file that was created here is removed
 * unless map_begin was called.  NULL is fine.
 */
void map_close (struct map *m);

#endif /* MAP_H */
