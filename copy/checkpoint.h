/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saves the map in time, and tells of it.  A map that cannot be saved ends no
 * copy: the one that stands is only older.
 */

#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "output/events.h"
#include "resume/map.h"

/* Zeroed, but for map and events, it is one that has saved nothing yet. */
struct checkpoint {
  struct map *map;       /* borrowed; NULL: none is kept */
  struct events *events; /* borrowed */
  uint64_t due;          /* clock_now time: when to save it */
  uint64_t told;         /* bytes that the last event told of */
  bool warned;           /* that it cannot be saved */
};

void checkpoint_save (struct checkpoint *k);

/* When checkpoint_tick has something to do; clock_now time, 0 for never. */
uint64_t checkpoint_deadline (const struct checkpoint *k);

/* Saves it where that is due. */
void checkpoint_tick (struct checkpoint *k, uint64_t now);

#endif /* CHECKPOINT_H */
