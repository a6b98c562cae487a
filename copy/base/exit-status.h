/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program ends with.  docs/stripecopy.pod lists them all; they never
 * change.
 */

#ifndef EXIT_STATUS_H
#define EXIT_STATUS_H

#include <stdbool.h>

#include "error.h"

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

/* How far a copy had come when it failed. */
enum stage {
  STAGE_CHECKING,  /* what is wrong is the command, or its files */
  STAGE_OPENING,   /* nothing was written */
  STAGE_PREPARING, /* the destination may have been changed */
  STAGE_COPYING,
  STAGES
};

/* Returns the exit status that an error means at a stage of the copy.  @resumable
 * says that the same command can resume the copy from its map.
 */
enum exit_status exit_status_of (const struct error *e, enum stage stage,
                                 bool resumable);

#endif /* EXIT_STATUS_H */
