/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The exit statuses of the program.  docs/stripecopy.pod lists them; they never
 * change.
 */

#ifndef EXIT_STATUS_H
#define EXIT_STATUS_H

#include <stdbool.h>

#include "error.h"

enum exit_status {
  DONE = 0,
  FAILED = 1,
  REFUSED = 2,       /* wrong usage, or impossible: nothing was written */
  INCOMPLETE = 3,    /* a map says how far the copy came: run it again */
  DIFFERENT = 4,     /* the two sides differ, copied or not */
  IN_USE = 5,        /* a side or the map is in use: nothing was written */
  MAP_MISMATCH = 6,  /* the map is of another copy: nothing was written */
  SIGNAL_BASE = 128, /* plus the number of the signal */
};

/* Whether the same command, run again later, may do better. */
enum again {
  AGAIN_NO,
  AGAIN_RETRY, /* the failure may pass by itself */
  AGAIN_WAIT,  /* another run is copying the same, and has the map */
};

/* Returns the word for it in reports; NULL for AGAIN_NO. */
const char *again_word (enum again again);

/* How far a copy had come when it failed. */
enum stage {
  STAGE_CHECKING,  /* the command, or a file that it names, is wrong */
  STAGE_OPENING,   /* nothing was written */
  STAGE_PREPARING, /* the destination may have been changed */
  STAGE_COPYING,
  STAGES
};

/* Returns the exit status that an error means at a stage of the copy.
 * @resumable says that the same command can resume the copy from its map.
 */
enum exit_status exit_status_of (const struct error *e, enum stage stage,
                                 bool resumable);

#endif /* EXIT_STATUS_H */
