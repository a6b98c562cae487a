/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saves the resume map while the copy runs, and reports that.  A map that
 * cannot be saved does not end the copy: the map on disk is only older.
 */

#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "output/events.h"
#include "resume/map.h"

/* A struct that is zero except for map and events means that nothing was saved
 * yet.
 */
struct checkpoint {
  struct map *map;       /* borrowed; NULL: no map is kept */
  struct events *events; /* borrowed */
  uint64_t due;          /* clock_now time of the next save */
  uint64_t told;         /* finished bytes in the last event */
  bool warned;           /* of a map that cannot be saved */
};

/* Saves the map now. */
void checkpoint_save (struct checkpoint *k);

/* Returns when to call checkpoint_tick; clock_now time, 0 for never. */
uint64_t checkpoint_deadline (const struct checkpoint *k);

/* Saves the map if it is time to. */
void checkpoint_tick (struct checkpoint *k, uint64_t now);

#endif /* CHECKPOINT_H */
