/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many requests and bytes one worker may have in flight.  Pure. */

#include <config.h>

#include <assert.h>

#include "engine/window.h"

void
window_init (struct window *w, uint64_t requests_max, uint64_t bytes_max)
{
  assert (requests_max > 0 && bytes_max > 0);
  *w = (struct window) { .requests_max = requests_max, .bytes_max = bytes_max };
}

void
window_limit (struct window *w, uint64_t bytes_max)
{
  assert (bytes_max > 0);
  w->bytes_max = bytes_max;
}

bool
window_has_room (const struct window *w, uint64_t bytes)
{
  if (w->requests == 0)
    return true;
  return w->requests < w->requests_max && w->bytes < w->bytes_max
    && bytes <= w->bytes_max - w->bytes;
}

void
window_charge (struct window *w, uint64_t bytes)
{
  w->requests++;
  w->bytes += bytes;
}

void
window_refund (struct window *w, uint64_t bytes)
{
  assert (w->requests > 0 && w->bytes >= bytes);
  w->requests--;
  w->bytes -= bytes;
}
