/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An event notifier: see notifier.h. */

#include <config.h>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "descriptor.h"
#include "notifier.h"

int
notifier_new (void)
{
  return descriptor_lift (eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK));
}

void
notifier_signal (int notifier)
{
  const uint64_t one = 1;

  if (write (notifier, &one, sizeof one) == -1)
    return; /* a full counter means that it is readable already */
}

bool
notifier_is_set (int notifier)
{
  struct pollfd p = { .fd = notifier, .events = POLLIN };

  return poll (&p, 1, 0) == 1;
}

uint64_t
notifier_take (int notifier)
{
  uint64_t n;

  return read (notifier, &n, sizeof n) == sizeof n ? n : 0;
}
