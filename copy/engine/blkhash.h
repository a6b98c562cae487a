/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digest of a whole disk, computed by all workers while they copy it.
 *
 * The disk is cut into blocks of equal size; only the last one can be shorter.
 * Each block has a digest, and the disk's digest is that of all of them in disk
 * order, followed by the disk's size in 8 bytes, lowest first.
 *
 *   claims:  [ worker 0 ][ worker 1 ][ worker 0 ][ worker 2 ] . . .
 *               folded      filled      filling     opened
 *                                  ^ the front
 *
 * Claims follow each other without a gap, in the order in which they are
 * handed out, and begin at blocks.  A worker has a feed: it opens its claims
 * there, and gives it their bytes in order, so that each block is digested by
 * one thread, without a lock.  The claims that are filled are folded into the
 * disk's digest in disk order, a bit at a time, by the worker that filled the
 * one at the front.
 *
 * A feed has room for so many claims and no more, and runs of zero blocks are
 * kept as numbers: so memory does not grow with the disk, and no worker runs
 * far ahead.  The one at the front is never the one who has to wait: what it
 * has opened needs no more room.
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
  uint64_t claim; /* most bytes of a claim behind the zero blocks
                                 * that it begins with */
};

/* With a feed for each of so many workers.  NULL with errno. */
struct blkhash *blkhash_new (const struct blkhash_shape *shape,
                             unsigned workers);
void blkhash_free (struct blkhash *b); /* NULL is fine */

struct feed *blkhash_feed (struct blkhash *b, unsigned worker);

/* Bytes of the text that blkhash_end writes. */
#define BLKHASH_TEXT (2 * DIGEST_MAX + 1)

/* Writes the disk's digest in hexadecimal, once all claims were filled and
 * folded.  -1 with errno when the library failed.
 */
int blkhash_end (struct blkhash *b, char text[BLKHASH_TEXT]);

/* All below is for the feed's own thread. */

/* Whether another claim can be opened.  When not, feed_fd becomes readable once
 * it can.
 */
bool feed_has_room (struct feed *f);
int feed_fd (const struct feed *f);

/* Opens a claim, which lies after all that were opened before.  feed_has_room
 * was true.
 */
void feed_open (struct feed *f, struct range claim);

/* The disk turned out to end here: what was opened behind it is no more.  There
 * is one feed only, and it was given nothing behind the end.
 */
void feed_end (struct feed *f, uint64_t end);

/* Up to where the claims have been fed. */
uint64_t feed_at (const struct feed *f);

/* What of the claims lies below to, and has not been fed, reads as zeroes.
 * exactly says that data follows there; otherwise some of a block can be left
 * for later, in case that the rest of it is zero, too.  False when it was much
 * and has to be called again.
 */
bool feed_zeroes (struct feed *f, uint64_t to, bool exactly);

/* Data, at feed_at, within one claim. */
void feed_data (struct feed *f, const uint8_t *data, uint64_t length);

/* Folds some of what this worker has to fold; true when it did. */
bool feed_fold (struct feed *f);

#endif /* BLKHASH_H */
