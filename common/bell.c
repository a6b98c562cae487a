/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A descriptor that becomes readable when it is rung. */

#include <config.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bell.h"
#include "descriptor.h"

int
bell_new (void)
{
  return descriptor_lift (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void
bell_ring (int bell)
{
  const uint64_t one = 1;

  if (write (bell, &one, sizeof one) == -1)
    return;                     /* full means rung before */
}

bool
bell_is_rung (int bell)
{
  struct pollfd p = { .fd = bell, .events = POLLIN };

  return poll (&p, 1, 0) == 1;
}

uint64_t
bell_take (int bell)
{
  uint64_t n;

  return read (bell, &n, sizeof n) == sizeof n ? n : 0;
}
