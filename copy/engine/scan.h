/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scans the extents of the whole disk before it is copied, to find out how much
 * is data, and what the copy will do with the rest.  It uses the first conns,
 * in the main thread, and reads no data.
 */

#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/copy.h"

/* In bytes; all of them add up to the plan's length. */
struct scan_result {
  uint64_t data;       /* will be read, and written unless zero; when only
                       comparing, will be compared */
  uint64_t zero;       /* will be zeroed */
  uint64_t skipped;    /* zero on both sides */
  uint64_t resumed;    /* done by an earlier run */
  uint64_t unselected; /* will be left alone */
  uint64_t unknown;    /* not scanned in time */

  /* zero and skipped are told apart, because the destination was asked, or did
   * not have to be.  Otherwise skipped is 0, and its bytes are in zero, or in
   * data when only comparing.
   */
  bool told_apart;
};

struct scan; /* body in scan.c */

/* Walks the source's extents where there is something to do, and looks up zero
 * extents at the destination if @both is set, until everything is known,
 * @wait_ns have passed, or @interrupt_fd is readable.  A lost conn ends the scan,
 * too; the copy will report it.  A stream has no extents, so all of it is
 * unknown.  Returns NULL with the error set when memory runs out.
 */
struct scan *scan_run (const struct copy *copy, bool both, uint64_t wait_ns,
                       int interrupt_fd, struct error *e);

const struct scan_result *scan_result (const struct scan *s);

/* Frees it, after the endpoints' conns are closed: until then, answers can be
 * on their way.  @s may be NULL.
 */
void scan_free (struct scan *s);

#endif /* SCAN_H */
