/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Saves the resume map while the copy runs: see checkpoint.h. */

#include <config.h>

#include "base/log.h"
#include "checkpoint.h"
#include "clock.h"
#include "error.h"

/* The shortest time between two saves: workers flush at different times, and
 * each flush would save the map.
 */
#define MAP_PAUSE NS_PER_S

void
checkpoint_save (struct checkpoint *k)
{
  struct error e = { 0 };

  if (k->map == NULL)
    return;
  if (map_save (k->map, &e) == -1 && !k->warned)
    log_warning_as ("map-not-saved", "%s", e.text);
  if (!error_is_set (&e) && map_finished (k->map) != k->told) {
    k->told = map_finished (k->map);
    events_checkpoint (k->events, k->told);
  }
  k->warned = error_is_set (&e);
  k->due = clock_now () + MAP_PAUSE;
}

uint64_t
checkpoint_deadline (const struct checkpoint *k)
{
  return k->due;
}

void
checkpoint_tick (struct checkpoint *k, uint64_t now)
{
  if (k->map && now >= k->due)
    checkpoint_save (k);
}
