/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [ CMD ARGS ... ]: starts a server on a private socket that every worker can
 * connect to, and ends it.
 *
 * The socket is handed over as systemd socket activation has it: listening, as
 * descriptor 3, with LISTEN_FDS and LISTEN_PID.  (libnbd can start a server so,
 * too, but removes the socket after its one connection.)
 */

#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "error.h"

/* How long a server may take to end that only read, or that could not be
 * opened, before it is killed.
 */
#define SERVER_GRACE (2 * NS_PER_S)

/* How long a server may outlive its connections when it dies. */
#define SERVER_DEATH_MS 200

struct server;

/* Whose server it is.  A user's has our standard input, or, where that is what
 * is copied, an empty one; ours have an empty one.
 */
enum server_kind { SERVER_USERS, SERVER_USERS_WITHOUT_INPUT, SERVER_OURS };

/* Starts command[0].  name is only for messages, borrowed, and must live as
 * long.  NULL with the error set, and nothing left behind.
 */
struct server *server_start (char *const command[], const char *name,
                             const char *program, enum server_kind kind,
                             struct error *e);

/* A path of its socket, for this process and those it starts. */
const char *server_socket (const struct server *s);

/* The server is up: nothing but that path is needed from now on.  Removes the
 * socket's name and its folder, where that path is another one, so that even
 * SIGKILL leaves nothing behind.  NULL is fine.
 */
void server_give_up_names (struct server *s);

/* Readable once the server has ended. */
int server_fd (const struct server *s);

/* Whether the server has ended, or does within wait_ms; if so the error says
 * how, in place of what may stand there.
 */
bool server_has_ended (struct server *s, int wait_ms, struct error *e);

/* Something failed that was asked of the server: adds the last line that it
 * printed to the error, if there is one.  Where that says that an image is in
 * use, the error's kind becomes ERROR_IN_USE.
 */
void server_explain (struct server *s, struct error *e);

/* It has started well: what it printed by now is no reason for later failures.
 */
void server_is_up (struct server *s);

/* We have said goodbye, or are back: what the server prints in between is not
 * passed on.  Any thread.
 */
void server_hush (struct server *s, bool hush);

/* Ends and reaps the server, removes what is left of its socket, frees s.  A
 * server that takes longer than grace_ns to end, or until interrupt_fd (-1: none)
 * is readable, is killed.  False, with the error set, when that was so, or when
 * its exit status says that it failed.  NULL is fine.
 */
bool server_end (struct server *s, uint64_t grace_ns, int interrupt_fd,
                 struct error *e);

#endif /* SERVER_H */
