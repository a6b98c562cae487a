/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A look at the whole disk before it is copied: where its source has data, and
 * what would have to be done about the rest.  It asks for extents only, over
 * the first conns, in the main thread.
 */

#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"
#include "plan/plan.h"

/* In bytes; all of them add up to the plan's length. */
struct scan_result {
  uint64_t data;    /* would be read, and written unless zero; where
                                   nothing is copied, would be compared */
  uint64_t zero;    /* would be made zero */
  uint64_t skipped; /* zero on both sides */
  uint64_t resumed; /* not to do, because it was done before */
  uint64_t unknown; /* the time was over before */
  bool told_apart;  /* zero from skipped: where the destination had
                                   to be asked, it was */
};

struct scan; /* body in scan.c */

/* Walks the source's extents in todo (NULL: in all of the disk), and with
 * destination (NULL: not) also what that has as zeroes, until all is known,
 * wait_ns are over, or interrupt_fd is readable.  A conn that is lost ends it,
 * too: whoever copies will say so.  A stream has no extents: all is unknown.
 * NULL with the error set where memory is out.
 */
struct scan *scan_run (const struct plan *plan, const struct ranges *todo,
                       struct endpoint *source, struct endpoint *destination,
                       uint64_t wait_ns, int interrupt_fd, struct error *e);

const struct scan_result *scan_result (const struct scan *s);

/* After the endpoints' conns were closed: answers may still have been on their
 * way.  NULL is fine.
 */
void scan_free (struct scan *s);

#endif /* SCAN_H */
