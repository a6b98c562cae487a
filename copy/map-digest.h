/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of a disk whose copy has a resume map: the copy may be resumed, or
 * one of several shards.  It is computed at the end from the digests of blocks
 * that are kept beside the map, or beside the maps of all shards.
 *
 * Several shards can end at the same time.  Each of them first notes beside its
 * own map that it is complete, and then looks at the others.  So at least one
 * of them sees that all are complete.
 */

#ifndef MAP_DIGEST_H
#define MAP_DIGEST_H

#include "engine/blkhash.h"
#include "engine/copy.h"
#include "error.h"

struct options;

/* Opens the digests that belong to the map, after map_open.  Returns -1 with
 * the error set, and nothing changed, if they cannot be used.  Does nothing
 * where no digest is wanted, as does map_digest_end.
 */
int map_digest_open (struct copy *c, const struct options *o, struct error *e);

/* Claims the map, and makes the file of the digests unless there is one.
 * Returns -1 with the error set.
 */
int map_digest_claim (struct copy *c, const struct options *o, struct error *e);

enum map_digest {
  MAP_DIGEST_THERE,        /* the text is set */
  MAP_DIGEST_LATER,        /* other shards are missing; the error says which;
                              ERROR_OTHER_COPY: running that shard again does
                              not help */
  MAP_DIGEST_LACKS_BLOCKS, /* some blocks of this copy have no valid digest;
                              they do not count as finished any more */
  MAP_DIGEST_FAILED,
};

/* Computes the digest of the whole disk, after everything else has succeeded.
 * With --plan, nothing is changed.  Sets the error unless the digest is there.
 */
enum map_digest map_digest_end (struct copy *c, const struct options *o,
                                int interrupt_fd, char text[BLKHASH_TEXT],
                                struct error *e);

#endif /* MAP_DIGEST_H */
