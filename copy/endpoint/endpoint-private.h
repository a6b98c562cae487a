/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions that the kinds of endpoints share, and the tables that they
 * fill in.  Only endpoint.c, open.c and the kinds include it.
 */

#ifndef ENDPOINT_PRIVATE_H
#define ENDPOINT_PRIVATE_H

#include "endpoint/endpoint.h"
#include "endpoint/server.h"
#include "endpoint/target.h"

struct device;

/* The functions of a kind.  endpoint.h describes each of them as endpoint_NAME.
 */
struct endpoint_ops {
  struct conn *(*conn) (struct endpoint *ep, unsigned number, struct error *e);

  /* Returns whether two endpoints of this kind are the same disk.  May be NULL
   * for kinds that set device.
   */
  bool (*same) (const struct endpoint *a, const struct endpoint *b);

  /* May be NULL if there is nothing to prepare. */
  int (*prepare) (struct endpoint *ep, const struct preparation *p,
                  struct error *e);

  /* May be NULL if its size cannot change. */
  int (*finish) (struct endpoint *ep, uint64_t size, bool flush,
                 struct error *e);

  /* May be NULL if it has no name that others could change. */
  int (*recheck) (struct endpoint *ep, struct error *e);

  /* These three may be NULL for kinds that start no server. */
  int (*server_fd) (const struct endpoint *ep);
  bool (*server_ended) (struct endpoint *ep, int wait_ms, struct error *e);
  void (*explain) (struct endpoint *ep, struct error *e);

  /* These two may be NULL for kinds that cannot say. */
  int (*unchanged) (struct endpoint *ep, struct error *e);
  const char *(*version) (const struct endpoint *ep);

  /* May be NULL for kinds that cannot say. */
  bool (*room) (struct endpoint *ep, uint64_t size, uint64_t *there,
                uint64_t *besides);

  bool (*close) (struct endpoint *ep, uint64_t grace_ns, int interrupt_fd,
                 struct error *e);
};

/* Each kind embeds this first; its open function allocates it. */
struct endpoint {
  const struct endpoint_ops *ops;
  enum side side;
  char *name; /* owned: "source nbd://host/x", masked */
  struct caps caps;
  bool changed;                /* by prepare, which could not undo it */
  bool kept;                   /* what was created stays when this is closed */
  const struct device *device; /* borrowed from the kind; NULL: it has none */
  char in_use_by[512];         /* the text of caps.in_use_by, for devices */
  struct conn *spare;          /* owned: number 0, after it was taken back */
};

/* The arguments of the open functions of the kinds. */
struct endpoint_request {
  enum side side;
  char *name; /* the kind frees it, also on failure */
  const struct operand *operand;
  struct endpoint_wants wants;
  const char *program; /* for the names of what we create */
  bool libnbd_debug;
  enum server_kind server_kind; /* of a server in @operand */
  bool external_files;          /* files that an image names may be written */
  unsigned connections;         /* at most, to one server */
  uint64_t deadline;            /* clock_now () time */
  uint64_t connect_wait; /* ns to wait for a server that is not there yet */
  int interrupt_fd;
};

/* One kind of endpoint: a row of the table in open.c. */
struct endpoint_kind {
  const char *not_comparable; /* why it cannot be; NULL: it can */

  /* Checks what can be checked without opening anything.  Returns 0, or -1 with
   * the error set.  May be NULL.
   */
  int (*check) (const struct target *t, struct error *e);

  /* Opens an endpoint whose target has passed check.  NULL with the error set.
   */
  struct endpoint *(*open) (const struct endpoint_request *q, struct error *e);
};

/* Allocates an endpoint of @size bytes, which begins with a struct endpoint.
 * That is filled in except for caps and device; the rest is zero.  NULL with
 * the error set, and the request's name freed.
 */
void *endpoint_new (const struct endpoint_request *q, size_t size,
                    const struct endpoint_ops *ops, struct error *e);

/* Sets the error to errno and to what failed.  EBUSY means that another program
 * uses the side, and EINTR that the caller did not want to wait any longer.
 * Returns -1.
 */
int endpoint_fail (const struct endpoint *ep, const char *what,
                   struct error *e);

/* Refuses the endpoint: nothing was changed, and no other try helps.  Returns
 * -1 with the error set.
 */
int endpoint_refuse (const struct endpoint *ep, struct error *e, const char *fs,
                     ...) __attribute__ ((format (printf, 3, 4)));

#endif /* ENDPOINT_PRIVATE_H */
