/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Growing delays with jitter. */

#include <config.h>

#include <assert.h>
#include <sys/random.h>

#include "arith.h"
#include "backoff.h"
#include "clock.h"

uint64_t
backoff_wait (unsigned failures, uint64_t first, uint64_t most, uint64_t dice)
{
  uint64_t wait = min_u64 (first, most);

  assert (failures > 0);
  for (unsigned i = 1; i < failures && wait > 0 && wait < most; i++)
    wait = min_u64 (add_saturated (wait, wait), most);
  return wait / 2 + dice % (wait - wait / 2 + 1);
}

uint64_t
backoff_dice (void)
{
  uint64_t dice;

  if (getrandom (&dice, sizeof dice, GRND_NONBLOCK) != sizeof dice)
    dice = clock_now ();
  return dice;
}
