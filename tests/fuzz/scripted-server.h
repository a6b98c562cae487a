/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An NBD server in this process whose replies follow a script: bytes that say,
 * for one request after another, what is sent back.
 *
 * It notes whether it was rude, and whether it lied: only a lie, data or zeroes
 * that are not the disk's, may end in a wrong copy.  All else it sends is true,
 * however broken: a chunk of data holds what the disk has at its offset, an
 * extent is zero only where the disk is, and what is to be written has been by
 * the time that it says so.
 */

#ifndef SCRIPTED_SERVER_H
#define SCRIPTED_SERVER_H

#include "../wire.h"
#include "fuzz.h"

struct played {
  bool rude; /* it did what no honest server does */
  bool lied;
};

/* Starts to listen, once for all, and returns the URI. */
const char *scripted_server_listen (void);

/* What clients get from now on; disk and script are borrowed until scripted_server_end.
 * No client is connected.
 */
void scripted_server_play (const struct told *told, uint8_t *disk,
                           struct input script);

/* Waits until all clients are gone. */
struct played scripted_server_end (void);

#endif /* SCRIPTED_SERVER_H */
