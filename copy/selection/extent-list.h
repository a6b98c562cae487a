/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of extents in a file, which selects the ranges of a disk that are
 * copied.  The format is recognised:
 *
 *   ddrescue mapfile     blocks whose status is '+': ddrescuelog(1)
 *   nbdinfo              nbdinfo --map[=CONTEXT] --json: extents that are dirty,
 *                        in the active layer ("local"), or data
 *   qemu-img map         --output=json: extents that are present at depth 0, the
 *                        active layer
 *   oVirt imageio        GET /images/ID/extents: dirty extents, or with
 *                        context=zero those that are not zero
 *   KubeVirt map         extents with flags: bit 0, dirty
 *   rbd diff             --format json: all extents
 *   vSphere              replies of QueryChangedDiskAreas, one, several, or an
 *                        array: all of changedArea
 *   CSI changed blocks   replies of GetMetadataAllocated and GetMetadataDelta, an
 *                        array of their block_metadata, or the table that
 *                        snapshot-metadata-lister prints: all blocks
 *
 * The list only selects ranges; the source's block status says which of them
 * are zero.
 */

#ifndef EXTENT_LIST_H
#define EXTENT_LIST_H

#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "ranges.h"
#include "sha256.h"

struct extent_list {
  const char *format;       /* for people: "ddrescue mapfile"; a constant */
  uint64_t extents;         /* how many the list has, selected or not */
  struct ranges selected;   /* owned; sorted and merged, each value 0 */
  uint64_t bytes;           /* of all selected ranges */
  char digest[SHA256_TEXT]; /* of the selected ranges, whatever the format */
};

/* Reads a list of a disk of @size bytes from a file, which can be a pipe.
 * Returns 0, or -1 with the error set: EBADMSG with the place and fault in the
 * list, a read error, or ENOMEM.
 *
 * Formats that describe the whole disk (nbdinfo, qemu-img map, imageio,
 * KubeVirt, vSphere) have to do so, in order and without a gap.  In the others,
 * extents may come in any order, and those that overlap or touch are merged.  A
 * selected range beyond the end of the disk is an error, and so is an empty
 * file, which may be all that a failed command has left; an empty list is not.
 *
 * Memory: at most 80 bytes for each separate range while the list is read, and
 * 48 afterwards; one extent of JSON at a time, or one reply of vSphere or CSI.
 * A mapfile is in memory as a whole.  EFBIG with more than EXTENT_LIST_MAX
 * ranges.
 */
int extent_list_read (FILE *f, uint64_t size, struct extent_list *out,
                      struct error *e);

/* Cuts the selected ranges to [start, end), and widens them to multiples of
 * align, a power of two, except at end.  -1 with errno (ENOMEM).
 */
int extent_list_cut (struct extent_list *l, uint64_t start, uint64_t end,
                     uint64_t align);

#define EXTENT_LIST_MAX (16 << 20)

void extent_list_free (struct extent_list *l); /* safe on a zeroed struct */

#endif /* EXTENT_LIST_H */
