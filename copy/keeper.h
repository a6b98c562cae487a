/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saves the map in time, and tells of it.  A map that cannot be saved ends no
 * copy: the one that stands is only older.
 */

#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "events.h"
#include "map.h"

/* Zeroed, but for map and events, it is one that has saved nothing yet. */
struct keeper {
  struct map *map;              /* borrowed; NULL: none is kept */
  struct events *events;        /* borrowed */
  uint64_t due;                 /* clock_now time: when to save it */
  uint64_t told;                /* bytes that the last event told of */
  bool warned;                  /* that it cannot be saved */
};

void keeper_save (struct keeper *k);

/* When keeper_look has something to do; clock_now time, 0 for never. */
uint64_t keeper_due (const struct keeper *k);

/* Saves it where that is due. */
void keeper_look (struct keeper *k, uint64_t now);

#endif /* KEEPER_H */
