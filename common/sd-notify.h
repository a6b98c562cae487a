/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tells the service manager that started this process how it is doing, as
 * sd_notify(3) describes: each message is one datagram to the socket that
 * NOTIFY_SOCKET names.
 */

#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct sd_notify {
  struct sockaddr_un address;
  socklen_t length;  /* of the address; 0: there is no service manager */
  uint64_t watchdog; /* ns within which it expects a message; 0: it does not */
};

/* Takes the socket and the watchdog from the environment and removes them there,
 * so that children neither inherit them nor speak for this process.  Called
 * before any thread or child is started.
 */
void sd_notify_take (struct sd_notify *n);

/* Returns whether a service manager listens. */
bool sd_notify_wanted (const struct sd_notify *n);

/* Sends one message: lines of "NAME=value".  Waits at most @wait_ms for room;
 * then, and if it cannot be sent at all, the message is dropped.
 */
void sd_notify_send (const struct sd_notify *n, const char *message,
                     int wait_ms);

#endif /* SD_NOTIFY_H */
