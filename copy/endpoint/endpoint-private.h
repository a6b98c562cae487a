/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kinds of endpoint build on: for endpoint.c, open.c and the kinds
 * alone.
 */

#ifndef ENDPOINT_PRIVATE_H
#define ENDPOINT_PRIVATE_H

#include "endpoint/endpoint.h"
#include "endpoint/server.h"
#include "endpoint/target.h"

struct device;

struct endpoint_ops {
  struct conn *(*conn) (struct endpoint *ep, unsigned number, struct error *e);

  /* Whether two endpoints of this kind are the same disk.  May be NULL, for
   * kinds of which the device says it.
   */
  bool (*same) (const struct endpoint *a, const struct endpoint *b);

  /* May be NULL, where there is nothing to make ready. */
  int (*prepare) (struct endpoint *ep, const struct preparation *p,
                  struct error *e);

  /* May be NULL, for what is not made to measure. */
  int (*finish) (struct endpoint *ep, uint64_t size, bool flush,
                 struct error *e);

  /* May be NULL, for what has no name that others could change. */
  int (*recheck) (struct endpoint *ep, struct error *e);

  /* These three may be NULL, for kinds that start no server. */
  int (*server_fd) (const struct endpoint *ep);
  bool (*server_ended) (struct endpoint *ep, int wait_ms, struct error *e);
  void (*explain) (struct endpoint *ep, struct error *e);

  /* These two may be NULL, for kinds that cannot tell. */
  int (*unchanged) (struct endpoint *ep, struct error *e);
  const char *(*version) (const struct endpoint *ep);

  /* May be NULL, for kinds that cannot tell. */
  bool (*room) (struct endpoint *ep, uint64_t size, uint64_t *there,
                uint64_t *besides);

  bool (*close) (struct endpoint *ep, uint64_t grace_ns, int interrupt_fd,
                 struct error *e);
};

/* Each kind embeds this first, and allocates itself with its open function. */
struct endpoint {
  const struct endpoint_ops *ops;
  enum side side;
  char *name; /* owned: "source nbd://host/x", masked */
  struct caps caps;
  bool changed;                /* by prepare, which could not undo it */
  bool kept;                   /* what was made stays when this is closed */
  const struct device *device; /* borrowed from the kind; NULL: elsewhere */
  char in_use_by[512];         /* what caps.in_use_by leads to, for devices */
  struct conn *spare;          /* number 0, once it was handed back; owned */
};

/* What the open functions of the kinds are given. */
struct endpoint_request {
  enum side side;
  char *name; /* theirs from now on, also on failure */
  const struct operand *operand;
  struct endpoint_wants wants;
  const char *program; /* for the names of what we make */
  bool libnbd_debug;
  enum server_kind server_kind; /* of a server in operand */
  bool external_files;          /* an image may have some written */
  unsigned connections;         /* at most, to one server */
  uint64_t deadline;            /* clock_now () time */
  uint64_t connect_wait;        /* ns: for a server that is not there yet */
  int interrupt_fd;
};

/* One kind of endpoint: what open.c has in its table. */
struct endpoint_kind {
  const char *not_comparable; /* why it cannot be; NULL: it can */

  /* Checks what can be seen without opening anything.  Returns 0, or -1 with
   * the error set.  May be NULL.
   */
  int (*check) (const struct target *t, struct error *e);

  /* Opens an endpoint whose target has passed check.  NULL with the error set.
   */
  struct endpoint *(*open) (const struct endpoint_request *q, struct error *e);
};

/* An endpoint of size bytes, which begins with a struct endpoint: that is
 * filled in but for caps and device, all else is zero.  NULL with the error
 * set, and the request's name freed.
 */
void *endpoint_new (const struct endpoint_request *q, size_t size,
                    const struct endpoint_ops *ops, struct error *e);

/* Sets the error to errno and to what failed.  EBUSY means that another program
 * uses the side, and EINTR that the caller did not want to wait any longer.
 * Returns -1.
 */
int endpoint_fail (const struct endpoint *ep, const char *what,
                   struct error *e);

/* Refuses what is not wanted or never can be: nothing was changed, and no other
 * try helps.  Returns -1 with the error set.
 */
int endpoint_refuse (const struct endpoint *ep, struct error *e, const char *fs,
                     ...) __attribute__ ((format (printf, 3, 4)));

#endif /* ENDPOINT_PRIVATE_H */
