/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digests of a disk's blocks, computed by all workers while they copy it,
 * and from them the digest of the whole disk.
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
 *
 * With a resume map, nothing is folded: the digests of blocks are written to a
 * file (kept-digests.h), from which the disk's digest is computed in the end.
 * Then claims can come in any order, and no worker waits for another one.
 */

#ifndef BLKHASH_H
#define BLKHASH_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/digest.h"
#include "engine/kept-digests.h"
#include "range.h"
#include "ranges.h"

struct blkhash; /* bodies in blkhash.c */
struct feed;

struct blkhash_shape {
  enum digest_kind kind;
  uint64_t block; /* power of two */
  uint64_t size;  /* bytes of the disk */
  uint64_t claim; /* most bytes of a claim, not counting the zero blocks that it
                     begins with */
  struct kept_digests *kept; /* borrowed; NULL: claims are folded */
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

/* Does the same with a digest of this kind, to which the digests of all blocks
 * were added.
 */
int blkhash_end_with (struct digest *disk, enum digest_kind kind, uint64_t size,
                      char text[BLKHASH_TEXT]);

/* All functions below are for the feed's own thread. */

/* Returns whether another claim can be opened.  If not, feed_fd becomes
 * readable when it can.
 */
bool feed_has_room (struct feed *f);
int feed_fd (const struct feed *f);

/* Opens a claim, which lies after all that were opened before, unless digests
 * are kept.  Called after feed_has_room has returned true.
 */
void feed_open (struct feed *f, struct range claim);

/* Returns the number of the claim that was opened last: they count from 0. */
uint64_t feed_last_claim (const struct feed *f);

/* Notes that the disk ends at @end, because the source is a stream that ended
 * there, and drops claims after that.  There is only one feed then, and it was
 * given no data after @end.
 */
void feed_end (struct feed *f, uint64_t end);

/* Returns the place up to which the claims have been fed. */
uint64_t feed_at (const struct feed *f);

/* Feeds zeroes for everything that was not fed of the claims up to number
 * @claim, and of that one up to @to; all of it if @to is elsewhere.  With
 * @exactly, data follows at @to; otherwise a part of a block can be left for
 * later, in case the rest of it is zero, too.  Returns false when it has to be
 * called again, because more zeroes are to be fed.
 */
bool feed_zeroes (struct feed *f, uint64_t claim, uint64_t to, bool exactly);

/* Feeds @data, which belongs at the place that feed_at returns and lies within
 * one claim.
 */
void feed_data (struct feed *f, const uint8_t *data, uint64_t length);

/* Folds some claims, if this worker is the one that folds at present.  Returns
 * whether it is.
 */
bool feed_fold (struct feed *f);

/* Where digests are kept: notes that ranges are durable at the destination.
 * Ranges whose digests are not written yet are held back, and removed from
 * @durable; ranges that were held back before and have their digests now are
 * added to it.  So all that is left in @durable is finished.
 */
void feed_durable (struct feed *f, struct ranges *durable);

#endif /* BLKHASH_H */
