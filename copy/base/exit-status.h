/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program ends with.  docs/stripecopy.pod lists them all; they never
 * change.
 */

#ifndef EXIT_STATUS_H
#define EXIT_STATUS_H

enum exit_status {
  DONE = 0,
  FAILED = 1,
  REFUSED = 2,       /* usage, or a plan: nothing was written */
  INCOMPLETE = 3,    /* the map says how far: try again */
  DIFFERENT = 4,     /* the two sides are, whatever was copied */
  IN_USE = 5,        /* a side or the map is, by another: the same */
  MAP_MISMATCH = 6,  /* of another copy: the same */
  SIGNAL_BASE = 128, /* and the signal's number */
};

#endif /* EXIT_STATUS_H */
