/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An NBD server in this process whose replies follow a script: bytes that
 * describe the reply to each request.
 *
 * It records whether it was faulty, and whether it lied.  Only a lie (data or
 * zeroes that differ from the disk) may cause a wrong copy.  All its other
 * replies are true, even if they are malformed: a chunk of data has the content
 * of the disk at its offset, an extent is only zero where the disk is zero, or
 * only clean where nothing has changed, and a write is done before its reply is
 * sent.
 */

#ifndef SCRIPTED_SERVER_H
#define SCRIPTED_SERVER_H

#include "../wire.h"
#include "fuzz.h"

struct played {
  bool faulty; /* it did something that no correct server does */
  bool lied;
};

/* Starts to listen, once per process, and returns the URI. */
const char *scripted_server_listen (void);

#define SCRIPTED_BLOCK 4096 /* bytes that are clean or changed as a whole */

/* Sets the replies for new clients; disk, changes and script are borrowed until
 * scripted_server_end.  No client may be connected.  If there is a context of
 * changes, changes tells for each block whether it has changed.
 */
void scripted_server_play (const struct told *told, uint8_t *disk,
                           const bool *changes, struct input script);

/* Waits until all clients are gone. */
struct played scripted_server_end (void);

#endif /* SCRIPTED_SERVER_H */
