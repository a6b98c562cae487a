/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two sides that the user named, and the connections of workers to them.
 *
 * An endpoint is opened once and does not change afterwards: all threads may
 * read it without a lock.  A conn is one worker's connection to an endpoint
 * and belongs to that worker's thread alone.  All kinds of endpoints have the
 * same functions, so other files do not ask for the kind.
 *
 * One transfer: the caller fills in a struct io and calls conn_start.  Its loop
 * then calls, again and again, conn_submit, conn_poll_events, poll(2) and
 * conn_dispatch.  A finished io is appended to its ready list; the caller takes
 * it off and calls conn_retire, which returns the result.  A completion does
 * nothing but append to the ready list, so everything else happens in the
 * caller's own loop.
 */

#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "endpoint/caps.h"
#include "error.h"
#include "list.h"
#include "ranges.h"

struct options;

/* The values of the ranges in a reply to IO_EXTENTS. */
enum extent_value {
  EXTENT_DATA = 0,
  EXTENT_ZERO = 1,       /* reads as zeroes, allocated or not */
  EXTENT_UNSELECTED = 2, /* is not to be copied; never in io.learned */
};

enum io_verb { IO_READ, IO_WRITE, IO_ZERO, IO_EXTENTS, IO_FLUSH };

const char *io_verb_name (enum io_verb verb);

/* A read's reply may arrive in pieces; these are the runs received so far.
 * Servers reply in order or nearly so: a reply with more separate runs than
 * this at a time is refused.
 */
#define IO_RUNS 8

struct conn;

/* One transfer in flight.  The caller owns it, and does not touch it between
 * conn_start and its appearance on the ready list.
 */
struct io {
  struct list_node link;
  struct list *ready; /* where it goes when it has finished */
  struct conn *conn;  /* the conn on which it was started */

  enum io_verb verb;
  /* Bytes; ignored for IO_FLUSH.  At the end of a stream, reading shortens
   * length, to 0 after the end.
   */
  uint64_t offset, length;
  void *buffer;  /* IO_READ fills it; IO_WRITE sends it */
  bool fast;     /* IO_ZERO: fail rather than be slow */
  bool allocate; /* IO_ZERO: make no hole */

  uint64_t traced; /* its span in the trace; 0: none */

  /* IO_EXTENTS: the reply is added here, clipped to the range asked for and to
   * the capacity, so it may end early.  Once the io is retired, learned_to is
   * where it ends: a multiple of block_min, or the end of the range asked for.
   */
  struct ranges *learned;
  uint64_t learned_to;

  /* What the side's context of changes says, in the same way: EXTENT_UNSELECTED
   * is clean, and EXTENT_DATA is not.  NULL: it does not matter.  If both are
   * set, learned_to is where the shorter reply ends.
   */
  struct ranges *changes;

  /* Only for the conn. */
  uint64_t changes_to;
  int refused; /* errno: it could not be started */
  int error;   /* errno of the completion */
  int64_t cookie;
  uint64_t started; /* clock_now () */
  unsigned n_runs;
  struct {
    uint32_t start, end;
  } runs[IO_RUNS];
};

struct endpoint;

/* -- endpoints ---------------------------------------------------------- */

/* Returns "source nbd://host/x", for messages, with secrets masked. */
const char *endpoint_name (const struct endpoint *ep);

/* Sets the error of this side: its text begins with the endpoint's name. */
void endpoint_error (const struct endpoint *ep, struct error *e,
                     enum error_kind kind, int number, const char *fs, ...)
  __attribute__ ((format (printf, 5, 6)));

enum side endpoint_side (const struct endpoint *ep);
const struct caps *endpoint_caps (const struct endpoint *ep);

/* Returns whether both are the same disk, as far as that can be found out. */
bool endpoint_same (const struct endpoint *a, const struct endpoint *b);

/* How a destination is prepared. */
struct preparation {
  uint64_t size;       /* of a destination that grows */
  uint64_t start, end; /* the part that will be written, half open */
  /* An earlier run has begun this copy: a file that has the size already is
   * left as it is.
   */
  bool keep;
  bool update;   /* what it holds is compared: only its size changes */
  bool shared;   /* other copies write the rest of it: only its size changes */
  bool allocate; /* reserve the blocks on the disk, too */
};

/* Prepares a destination: if it grows, it gets its size and reads as zeroes
 * from then on, unless it is kept or shared.  Nothing was changed before this.
 * Caps can be different afterwards, because the server that writes an image is
 * only started here.  0, or -1 with the error set.
 */
int endpoint_prepare (struct endpoint *ep, const struct preparation *p,
                      struct error *e);

/* Returns, after endpoint_prepare has failed, whether the destination was
 * changed.
 */
bool endpoint_was_changed (const struct endpoint *ep);

#define FILE_TEXT 80 /* bytes of endpoint_describe_file */

/* Identifies the file, whatever its name: "INODE born SECONDS.NANOSECONDS", or
 * only the inode where the file system does not keep the time; a new file often
 * gets the inode of a removed one.  "none" for everything but a regular file,
 * and for a file that does not exist yet.  Returns @text.
 */
char *endpoint_describe_file (const struct endpoint *ep, char text[FILE_TEXT]);

/* Gives a destination that grows the final size of the copy, if that was not
 * known before; @flush says whether to store it.  All conns are closed.  0, or
 * -1 with the error set.
 */
int endpoint_finish (struct endpoint *ep, uint64_t size, bool flush,
                     struct error *e);

/* Checks, after the last flush, that the name still leads to the file that was
 * written, and that it has its whole size.  0, or -1 with the error set if
 * another program has truncated, removed, moved or replaced it.
 */
int endpoint_recheck (struct endpoint *ep, struct error *e);

/* Checks, after the whole source was read, that it has not changed since it was
 * opened, as far as that can be detected.  0, or -1 with the error set.
 */
int endpoint_unchanged (struct endpoint *ep, struct error *e);

/* Returns what distinguishes this state of a source from others; NULL: unknown.
 */
const char *endpoint_version (const struct endpoint *ep);

/* Sets *there to the bytes of room that a destination has, and *besides to
 * those that it needs in addition to the data of a disk of this size.  False if
 * it cannot say.
 */
bool endpoint_room (struct endpoint *ep, uint64_t size, uint64_t *there,
                    uint64_t *besides);

/* Keeps a file or an image that was created for the copy: it is not removed
 * when the endpoint is closed.
 */
void endpoint_keep (struct endpoint *ep);

/* Returns a descriptor that is readable once a server that we started has
 * ended; -1 where we started none.
 */
int endpoint_server_fd (const struct endpoint *ep);

/* Returns whether a server that we started has ended, or does within wait_ms.
 * If so, the error says how, replacing an earlier error.  Main thread only.
 */
bool endpoint_server_ended (struct endpoint *ep, int wait_ms, struct error *e);

/* Adds to the error of this side the last line that a server of ours has
 * printed since it was up.  Main thread only.
 */
void endpoint_explain (struct endpoint *ep, struct error *e);

/* Ends and reaps a server that we started, removes what we created unless it is
 * kept, and frees the endpoint.  All conns are closed before.  False, with the
 * error set, when the server reports a failure, or had to be killed after
 * grace_ns or because interrupt_fd (-1: none) was readable.  NULL is fine.
 */
bool endpoint_close (struct endpoint *ep, uint64_t grace_ns, int interrupt_fd,
                     struct error *e);

/* -- conns -------------------------------------------------------------- */

enum conn_state { CONN_CONNECTING, CONN_READY, CONN_DEAD };

/* The operations of a conn, in the order in which a loop calls them.  Callers
 * use the functions conn_* below, which have the same names.  None of them
 * waits, except close.  Only submit, dispatch and close move ios to their ready
 * lists, and start where the io needs no waiting.
 */
struct conn_ops {
  /* Returns how far the connection is.  A conn can become CONN_DEAD at any
   * time, and then stays so.
   */
  enum conn_state (*state) (struct conn *c);

  /* Checks that this conn, which has just become ready, leads to the same
   * export as the endpoint's first one.  Returns -1 with the error set where it
   * does not.  NULL where a conn cannot lead elsewhere.
   */
  int (*verify) (struct conn *c, struct error *e);

  /* Takes an io.  Returns 0, or an errno when the io cannot be started; then
   * the io is the caller's again at once.
   */
  int (*start) (struct conn *c, struct io *io);

  /* Moves all bytes that can move without waiting: it sends ios that were
   * started and not sent yet, and collects those that have finished.  A loop
   * calls it after it has started ios, and before it looks whether its ready
   * list is empty.  NULL where start sends each io by itself.
   */
  void (*submit) (struct conn *c);

  /* Sets *p to the descriptor and the events to poll for, or p->fd to -1 when
   * there is nothing to wait for.  Changes nothing, and moves no bytes.
   */
  void (*poll_events) (struct conn *c, struct pollfd *p);

  /* Moves the bytes that can move after poll returned revents, which is not 0.
   * Returns -1 with ERROR_CONNECTION_LOST when the connection is lost; all ios
   * are then on their ready lists.  NULL where submit does all of it.
   */
  int (*dispatch) (struct conn *c, short revents, struct error *e);

  /* Returns the result of an io that was taken off its ready list: 0 or an
   * errno, see conn_retire.
   */
  int (*retire) (struct conn *c, struct io *io);

  /* Returns, for an error message, how far connecting has come.  NULL where
   * that takes no time.
   */
  const char *(*stage) (struct conn *c);

  /* Begins to end the connection in an orderly way.  Returns true once that is
   * done; until then the caller polls and dispatches, and calls it again.
   */
  bool (*shutdown) (struct conn *c);

  /* Drops everything in flight, and frees the conn: see conn_close. */
  void (*close) (struct conn *c);
};

/* The part of a conn that all kinds have; each kind embeds it first. */
struct conn {
  const struct conn_ops *ops;
  const struct endpoint *endpoint;
};

/* Returns conn number (0, 1, ...) of the endpoint.  Number 0 is ready the first
 * time.  Other conns, and replacements of a lost conn, start to connect.
 * NULL with the error set.
 */
struct conn *endpoint_conn (struct endpoint *ep, unsigned number,
                            struct error *e);

/* Takes back conn number 0, which was borrowed; endpoint_conn returns it again.
 */
void endpoint_take_back (struct endpoint *ep, struct conn *c);

static inline const char *
conn_name (const struct conn *c)
{
  return endpoint_name (c->endpoint);
}

static inline enum side
conn_side (const struct conn *c)
{
  return endpoint_side (c->endpoint);
}

static inline const char *
conn_side_name (const struct conn *c)
{
  return side_name (conn_side (c));
}

static inline bool
conn_is_stream (const struct conn *c)
{
  return endpoint_caps (c->endpoint)->stream;
}

static inline enum conn_state
conn_state (struct conn *c)
{
  return c->ops->state (c);
}

/* Returns 1 if a conn is ready, 0 if it is connecting, and -1 with the error
 * set if it failed, or is still connecting at the deadline (both clock_now
 * times).
 */
int conn_came_up (struct conn *c, uint64_t now, uint64_t deadline,
                  struct error *e);

/* Waits until all of n conns are ready.  Returns 1 then, 0 when one of the
 * n_watch descriptors is readable before, and -1 with the error set when a conn
 * fails or the deadline (clock_now time) passes; *which is that conn.
 */
int conn_wait_ready (struct conn *const *conns, unsigned n, const int *watch,
                     unsigned n_watch, uint64_t deadline, unsigned *which,
                     struct error *e);

static inline int
conn_verify (struct conn *c, struct error *e)
{
  return c->ops->verify ? c->ops->verify (c, e) : 0;
}

/* Starts an io.  An io that cannot be started is put on its ready list at once,
 * so that all ios come back in the same way.
 */
static inline void
conn_start (struct conn *c, struct io *io)
{
  io->conn = c;
  io->started = clock_now ();
  io->refused = c->ops->start (c, io);
  if (io->refused)
    list_append (io->ready, &io->link);
}

/* Returns the result of an io that was taken off its ready list: 0 or an errno.
 * EPROTO: the reply does not match the request.  ENODATA: the file has shrunk.
 * ESTALE: the file was truncated while it was written.  ENOTSUP, for IO_ZERO:
 * this conn cannot zero in that way at all.  EBUSY, for IO_ZERO: this range has
 * to be written instead.
 */
static inline int
conn_retire (struct io *io)
{
  return io->refused ? io->refused : io->conn->ops->retire (io->conn, io);
}

static inline void
conn_submit (struct conn *c)
{
  if (c->ops->submit)
    c->ops->submit (c);
}

static inline void
conn_poll_events (struct conn *c, struct pollfd *p)
{
  c->ops->poll_events (c, p);
}

static inline int
conn_dispatch (struct conn *c, short revents, struct error *e)
{
  return c->ops->dispatch && revents != 0 ? c->ops->dispatch (c, revents, e)
                                          : 0;
}

static inline bool
conn_shutdown (struct conn *c)
{
  return c->ops->shutdown (c);
}

/* Closes a conn, and drops everything in flight.  Those ios may or may not be
 * put on their ready lists before this returns; afterwards they are the
 * caller's again.  c may be NULL.
 */
static inline void
conn_close (struct conn *c)
{
  if (c)
    c->ops->close (c);
}

#endif /* ENDPOINT_H */
