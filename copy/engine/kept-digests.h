/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digests of the blocks of a disk, or of a shard of it, in a file beside
 * the resume map: MAP.blkhash.  With them, a copy that was resumed or cut into
 * shards has the digest of the whole disk without reading it again.
 *
 *   header   4096 bytes of text: which digests of which part, and of which map
 *   checks   4 bytes for each block
 *   digests  of each block; the file has holes where blocks are zero
 *
 * A block of zeroes has a check of its own, and no digest.  Any other check
 * depends on the digest and on the number of the block.  So a block whose
 * digest was never written, or is damaged, is known.
 *
 * A digest counts if the map says that its block is finished.  So digests are
 * on stable storage before the map is saved that says so (kept_digests_store),
 * and no digest of a finished block is ever changed.  The map is locked, and
 * with it this file.
 */

#ifndef KEPT_DIGESTS_H
#define KEPT_DIGESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/digest.h"
#include "error.h"
#include "range.h"
#include "ranges.h"

struct kept_digests; /* body in kept-digests.c */

/* Identifies the file.  Borrowed while a file is made or opened. */
struct kept_shape {
  const char *map; /* its name; the file is beside it */
  const char *id;  /* of the map, as it has it */
  enum digest_kind kind;
  uint64_t block;    /* power of two */
  uint64_t size;     /* bytes of the disk */
  struct range part; /* begins at a block, and ends at one or with the disk */
};

/* Makes the file without any digest, in place of an older one, and waits until
 * it is on stable storage.  Returns NULL with the error set: EBADMSG where
 * another program wrote the file.
 */
struct kept_digests *kept_digests_make (const struct kept_shape *shape,
                                        struct error *e);

/* Checks that kept_digests_make would not replace the file of another program.
 * Returns -1 with the error set.
 */
int kept_digests_check (const struct kept_shape *shape, struct error *e);

/* Opens the file, for reading only unless @writes.  Returns NULL with the error
 * set: ERROR_OTHER_COPY where it is missing, damaged, or of another map.
 */
struct kept_digests *kept_digests_open (const struct kept_shape *shape,
                                        bool writes, struct error *e);

void kept_digests_close (struct kept_digests *k); /* NULL is fine */

/* Does the same, and removes the file if this run has created it. */
void kept_digests_drop (struct kept_digests *k);

/* Returns the name of the file, with secrets masked. */
const char *kept_digests_name (const struct kept_digests *k);

/* Writes the digests of @n blocks in a row, or notes that whole blocks are
 * zero.  @offset is that of the first block on the disk, @digest is any that is
 * not in use.  Failures are kept for kept_digests_store.  Any thread.
 */
void kept_digests_put (struct kept_digests *k, struct digest *digest,
                       uint64_t offset, const uint8_t *digests, uint64_t n);
void kept_digests_put_zeroes (struct kept_digests *k, uint64_t offset,
                              uint64_t n);

/* Waits until everything that was written is on stable storage.  Returns -1
 * with the error set, also if something could not be written before.
 */
int kept_digests_store (struct kept_digests *k, struct error *e);

/* Notes in the file whether its part of the disk is copied, with everything
 * that follows the copy, and waits until that is on stable storage.  Returns -1
 * with the error set.
 */
int kept_digests_set_complete (struct kept_digests *k, bool complete,
                               struct error *e);
bool kept_digests_are_complete (const struct kept_digests *k);

/* Adds the digests of all blocks in the order of the disk to @to; NULL: only
 * checks them.  Blocks without a valid digest are added to @bad instead, which
 * has no values.  Returns -1 with the error set; ERROR_INTERRUPTED when
 * @interrupt_fd is readable.
 */
int kept_digests_add (struct kept_digests *k, struct digest *to,
                      struct ranges *bad, int interrupt_fd, struct error *e);

#endif /* KEPT_DIGESTS_H */
