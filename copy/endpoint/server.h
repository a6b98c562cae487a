/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [ CMD ARGS ... ]: starts a server on a private socket that every worker can
 * connect to, and ends it.
 *
 * The socket is handed over by systemd socket activation: it is listening, as
 * descriptor 3, with LISTEN_FDS and LISTEN_PID.  (libnbd can start a server in
 * this way, too, but removes the socket after its one connection.)
 */

#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "error.h"

/* How long a server gets to exit before it is killed, if it only read, or could
 * not be opened.
 */
#define SERVER_GRACE (2 * NS_PER_S)

/* The time, in ms, in which a server is expected to exit after its connection
 * was lost.
 */
#define SERVER_DEATH_MS 200

struct server;

/* Who named the server.  A server of the user gets our standard input, or an
 * empty one if that is the source; our own servers get an empty one.
 */
enum server_kind { SERVER_USERS, SERVER_USERS_WITHOUT_INPUT, SERVER_OURS };

/* Starts command[0].  Messages begin with @name; it is borrowed, and must live
 * as long as the server.  NULL with the error set, and nothing left behind.
 */
struct server *server_start (char *const command[], const char *name,
                             const char *program, enum server_kind kind,
                             struct error *e);

/* Returns a path of its socket, for this process and its children. */
const char *server_socket (const struct server *s);

/* Removes the socket's name and its folder once the server is up, so that even
 * SIGKILL leaves nothing behind.  Does nothing if clients need that name,
 * because server_socket returns it.  NULL is fine.
 */
void server_give_up_names (struct server *s);

/* Returns a descriptor that is readable once the server has ended. */
int server_fd (const struct server *s);

/* Returns whether the server has ended, or does within wait_ms.  If so, the
 * error says how, replacing an earlier error.
 */
bool server_has_ended (struct server *s, int wait_ms, struct error *e);

/* Adds the last line that the server has printed to an error, if there is one.
 * If that line says that an image is in use, the error's kind becomes
 * ERROR_IN_USE.
 */
void server_explain (struct server *s, struct error *e);

/* Forgets the lines that the server has printed while it started: they are not
 * the reason of later failures.
 */
void server_is_up (struct server *s);

/* Sets whether the server's lines are hidden: they are from the end of an NBD
 * session to a new connection.  Any thread.
 */
void server_hush (struct server *s, bool hush);

/* Ends and reaps the server, removes its socket, and frees s.  A server that
 * has not ended after grace_ns, or when interrupt_fd (-1: none) is readable, is
 * killed.  False, with the error set, if it was killed or its exit status says
 * that it failed.  NULL is fine.
 */
bool server_end (struct server *s, uint64_t grace_ns, int interrupt_fd,
                 struct error *e);

#endif /* SERVER_H */
