/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of a whole disk, computed by all workers while they copy it.
 *
 * The disk is cut into blocks of equal size; only the last one can be shorter.
 * Each block has a digest.  The disk's digest is the digest of all block
 * digests in disk order, followed by the disk's size in 8 bytes, lowest first.
 *
 *   claims:  [ worker 0 ][ worker 1 ][ worker 0 ][ worker 2 ] . . .
 *               folded      filled      filling     opened
 *                                  ^ the front
 *
 * Claims follow each other without a gap, in the order in which they are handed
 * out, and begin at blocks.  A worker has a feed: it opens its claims there,
 * and gives it their bytes in order, so that each block is digested by one
 * thread, without a lock.  As in a reorder buffer, filled claims are folded
 * into the disk's digest in disk order, a few at a time, by the worker that
 * filled the claim at the front.
 *
 * A feed has room for a fixed number of claims, and keeps runs of zero blocks
 * as numbers.  So memory does not grow with the disk, and no worker runs far
 * ahead.  The worker at the front never waits, because its open claim has its
 * room in the feed already.
 */

#ifndef BLKHASH_H
#define BLKHASH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/digest.h"
#include "range.h"

struct blkhash; /* bodies in blkhash.c */
struct feed;

struct blkhash_shape {
  enum digest_kind kind;
  uint64_t block; /* power of two */
  uint64_t size;  /* bytes of the disk */
  uint64_t claim; /* most bytes of a claim, not counting the zero blocks that it
                     begins with */
};

/* Makes a digest with a feed for each worker.  Returns NULL with errno. */
struct blkhash *blkhash_new (const struct blkhash_shape *shape,
                             unsigned workers);
void blkhash_free (struct blkhash *b); /* NULL is fine */

struct feed *blkhash_feed (struct blkhash *b, unsigned worker);

/* The size of the text that blkhash_end writes. */
#define BLKHASH_TEXT (2 * DIGEST_MAX + 1)

/* Writes the disk's digest to @text in hexadecimal, after all claims were
 * filled and folded.  Returns -1 with errno when the library has failed.
 */
int blkhash_end (struct blkhash *b, char text[BLKHASH_TEXT]);

/* All functions below are for the feed's own thread. */

/* Returns whether another claim can be opened.  If not, feed_fd becomes
 * readable when it can.
 */
bool feed_has_room (struct feed *f);
int feed_fd (const struct feed *f);

/* Opens a claim, which lies after all that were opened before.  Called after
 * feed_has_room has returned true.
 */
void feed_open (struct feed *f, struct range claim);

/* Notes that the disk ends at @end, because the source is a stream that ended
 * there, and drops claims after that.  There is only one feed then, and it was
 * given no data after @end.
 */
void feed_end (struct feed *f, uint64_t end);

/* Returns the place up to which the claims have been fed. */
uint64_t feed_at (const struct feed *f);

/* Feeds zeroes for all parts of the claims before @to that were not fed.  With
 * @exactly, data follows at @to; otherwise a part of a block can be left for
 * later, in case the rest of it is zero, too.  Returns false when it has to be
 * called again, because more zeroes are to be fed.
 */
bool feed_zeroes (struct feed *f, uint64_t to, bool exactly);

/* Feeds @data, which belongs at the place that feed_at returns and lies within
 * one claim.
 */
void feed_data (struct feed *f, const uint8_t *data, uint64_t length);

/* Folds some claims, if this worker is the one that folds at present.  Returns
 * whether it is.
 */
bool feed_fold (struct feed *f);

#endif /* BLKHASH_H */
