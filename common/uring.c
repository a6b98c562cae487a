/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asynchronous I/O with io_uring: see uring.h. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "uring.h"

#ifdef HAVE_LIBURING

#include <liburing.h>

struct uring {
  struct io_uring ring;
  unsigned depth;
  unsigned in_flight;
  unsigned unsubmitted; /* of those in flight */
  int settle_error;
};

/* Tags of operations that only precede another one. */
static char settling, dropping;

static bool
can_do_all (struct io_uring *ring)
{
  struct io_uring_probe *p = io_uring_get_probe_ring (ring);
  const bool can = p != NULL && io_uring_opcode_supported (p, IORING_OP_READ)
    && io_uring_opcode_supported (p, IORING_OP_WRITE)
    && io_uring_opcode_supported (p, IORING_OP_FALLOCATE)
    && io_uring_opcode_supported (p, IORING_OP_FSYNC)
    && io_uring_opcode_supported (p, IORING_OP_SYNC_FILE_RANGE)
    && io_uring_opcode_supported (p, IORING_OP_FADVISE);

  free (p);
  return can;
}

struct uring *
uring_new (unsigned depth)
{
  struct uring *r = calloc (1, sizeof *r);
  int err;

  if (r == NULL)
    return NULL;
  r->depth = depth;
  /* the completion queue has twice as many entries, so it never overflows */
  err = -io_uring_queue_init (depth, &r->ring, 0);
  if (err == 0 && can_do_all (&r->ring)) {
    /* a child must not keep the ring, and its files, after we have ended */
    io_uring_ring_dontfork (&r->ring);
    return r;
  }
  if (err == 0) {
    io_uring_queue_exit (&r->ring);
    err = ENOSYS;
  }
  free (r);
  errno = err;
  return NULL;
}

void
uring_free (struct uring *r)
{
  struct io_uring_cqe *cqe;
  int err;

  if (r == NULL)
    return;
  /* operations that were not submitted touch no buffer */
  while (r->in_flight > r->unsubmitted) {
    err = -io_uring_wait_cqe (&r->ring, &cqe);
    if (err == 0) {
      io_uring_cqe_seen (&r->ring, cqe);
      r->in_flight--;
    }
    else if (err != EINTR && err != EAGAIN)
      break;
  }
  io_uring_queue_exit (&r->ring);
  free (r);
}

int
uring_fd (const struct uring *r)
{
  return r->ring.ring_fd;
}

unsigned
uring_in_flight (const struct uring *r)
{
  return r->in_flight;
}

unsigned
uring_room (const struct uring *r)
{
  return r->depth - r->in_flight;
}

static struct io_uring_sqe *
add (struct uring *r)
{
  struct io_uring_sqe *sqe;

  assert (uring_room (r) > 0);
  sqe = io_uring_get_sqe (&r->ring);
  assert (sqe != NULL); /* it has room for everything in flight */
  r->in_flight++;
  r->unsubmitted++;
  return sqe;
}

void
uring_read (struct uring *r, int fd, void *buffer, uint64_t length,
            uint64_t offset, void *tag)
{
  struct io_uring_sqe *sqe = add (r);

  io_uring_prep_read (sqe, fd, buffer, length, offset);
  io_uring_sqe_set_data (sqe, tag);
}

void
uring_write (struct uring *r, int fd, const void *buffer, uint64_t length,
             uint64_t offset, void *tag)
{
  struct io_uring_sqe *sqe = add (r);

  io_uring_prep_write (sqe, fd, buffer, length, offset);
  io_uring_sqe_set_data (sqe, tag);
}

void
uring_fallocate (struct uring *r, int fd, int mode, uint64_t offset,
                 uint64_t length, void *tag)
{
  struct io_uring_sqe *sqe = add (r);

  io_uring_prep_fallocate (sqe, fd, mode, offset, length);
  io_uring_sqe_set_data (sqe, tag);
}

void
uring_fsync (struct uring *r, int fd, void *tag)
{
  struct io_uring_sqe *sqe = add (r);

  io_uring_prep_fsync (sqe, fd, 0);
  io_uring_sqe_set_data (sqe, tag);
}

void
uring_settle (struct uring *r, int fd, uint64_t offset, uint64_t length)
{
  struct io_uring_sqe *sqe = add (r);

  io_uring_prep_sync_file_range (sqe, fd, length, offset,
                                 SYNC_FILE_RANGE_WAIT_BEFORE
                                   | SYNC_FILE_RANGE_WRITE
                                   | SYNC_FILE_RANGE_WAIT_AFTER);
  io_uring_sqe_set_data (sqe, &settling);
  sqe->flags |= IOSQE_IO_HARDLINK;
  sqe = add (r);
  io_uring_prep_fadvise (sqe, fd, offset, length, POSIX_FADV_DONTNEED);
  io_uring_sqe_set_data (sqe, &dropping);
  sqe->flags |= IOSQE_IO_HARDLINK;
}

int
uring_settle_error (const struct uring *r)
{
  return r->settle_error;
}

int
uring_submit (struct uring *r)
{
  while (r->unsubmitted > 0) {
    const int n = io_uring_submit (&r->ring);

    if (n == -EINTR)
      continue;
    if (n <= 0)
      return n == 0 || n == -EBUSY ? EAGAIN : -n;
    r->unsubmitted -= n;
  }
  return 0;
}

bool
uring_take (struct uring *r, void **tag, int *result)
{
  struct io_uring_cqe *cqe;

  do {
    if (r->in_flight == 0 || io_uring_peek_cqe (&r->ring, &cqe) != 0)
      return false;
    *tag = io_uring_cqe_get_data (cqe);
    *result = cqe->res;
    io_uring_cqe_seen (&r->ring, cqe);
    r->in_flight--;
    if (*tag == &settling && *result < 0 && r->settle_error == 0)
      r->settle_error = -*result;
  } while (*tag == &settling || *tag == &dropping);
  return true;
}

#else /* !HAVE_LIBURING */

struct uring *
uring_new (unsigned depth)
{
  errno = ENOSYS;
  return NULL;
}

void
uring_free (struct uring *r)
{
  assert (r == NULL);
}

/* without a ring, none of these is ever called */

int
uring_fd (const struct uring *r)
{
  return -1;
}

unsigned
uring_in_flight (const struct uring *r)
{
  return 0;
}

unsigned
uring_room (const struct uring *r)
{
  return 0;
}

void
uring_read (struct uring *r, int fd, void *buffer, uint64_t length,
            uint64_t offset, void *tag)
{
}

void
uring_write (struct uring *r, int fd, const void *buffer, uint64_t length,
             uint64_t offset, void *tag)
{
}

void
uring_fallocate (struct uring *r, int fd, int mode, uint64_t offset,
                 uint64_t length, void *tag)
{
}

void
uring_fsync (struct uring *r, int fd, void *tag)
{
}

void
uring_settle (struct uring *r, int fd, uint64_t offset, uint64_t length)
{
}

int
uring_settle_error (const struct uring *r)
{
  return 0;
}

int
uring_submit (struct uring *r)
{
  return ENOSYS;
}

bool
uring_take (struct uring *r, void **tag, int *result)
{
  return false;
}

#endif
