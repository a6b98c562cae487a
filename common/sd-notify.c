/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages for the service manager: see sd-notify.h. */

#include <config.h>

#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "human.h"
#include "sd-notify.h"

/* An address begins with a slash, or with '@' for the abstract namespace, whose
 * names begin with a zero byte.
 */
static void
take_address (struct sd_notify *n, const char *name)
{
  const size_t length = name ? strlen (name) : 0;

  if (length < 2 || length >= sizeof n->address.sun_path
      || (name[0] != '/' && name[0] != '@'))
    return;
  n->address.sun_family = AF_UNIX;
  memcpy (n->address.sun_path, name, length);
  n->length = offsetof (struct sockaddr_un, sun_path) + length;
  if (name[0] == '@')
    n->address.sun_path[0] = '\0';
  else
    n->length++;
}

/* The watchdog is meant for the process that WATCHDOG_PID names, if it names
 * any.
 */
static void
take_watchdog (struct sd_notify *n, const char *us, const char *pid)
{
  uint64_t interval, whose;

  if (us == NULL || human_parse_number (us, &interval) != NULL
      || interval > UINT64_MAX / NS_PER_US)
    return;
  if (pid
      && (human_parse_number (pid, &whose) != NULL
          || whose != (uint64_t) getpid ()))
    return;
  n->watchdog = interval * NS_PER_US;
}

void
sd_notify_take (struct sd_notify *n)
{
  *n = (struct sd_notify) { 0 };
  take_address (n, getenv ("NOTIFY_SOCKET"));
  if (sd_notify_wanted (n))
    take_watchdog (n, getenv ("WATCHDOG_USEC"), getenv ("WATCHDOG_PID"));
  unsetenv ("NOTIFY_SOCKET");
  unsetenv ("WATCHDOG_USEC");
  unsetenv ("WATCHDOG_PID");
}

bool
sd_notify_wanted (const struct sd_notify *n)
{
  return n->length > 0;
}

/* The socket is opened for each message: messages are rare, and it takes no
 * descriptor from the copy meanwhile.
 */
void
sd_notify_send (const struct sd_notify *n, const char *message, int wait_ms)
{
  struct pollfd p = { .events = POLLOUT };

  if (!sd_notify_wanted (n))
    return;
  p.fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (p.fd == -1)
    return;
  /* Once connected, the socket is writable when the receiver has room. */
  if (connect (p.fd, (const struct sockaddr *) &n->address, n->length) == 0
      && poll (&p, 1, wait_ms) == 1)
    send (p.fd, message, strlen (message), MSG_NOSIGNAL);
  close (p.fd);
}
