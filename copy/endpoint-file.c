/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file kind of endpoint: regular files and block devices.
 *
 * Each conn has an open file of its own, so that the kernel's read-ahead takes
 * each worker for the sequential reader that it is, and a ring of its own.
 * Where there are no rings, an io is done where it is started, and is on its
 * ready list before conn_start returns.
 *
 *   conn_start -> waiting -> ring -> over? -> ready list
 *                    ^________________|
 *                  the rest of a short one, or another way to zero
 *
 * Opening touches nothing.  A destination is made, cut and grown by prepare,
 * once it is clear that the copy can be done.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "device.h"
#include "endpoint-file.h"
#include "footprint.h"
#include "log.h"
#include "uring.h"

/* In flight in one ring; what is more than that waits here.  One io takes the
 * places of a write and of what is settled before it.
 */
#define DEPTH 64
#define PLACES_OF_ONE (1 + URING_SETTLE_PLACES)

#define BLOCK_MAX GiB

/* Zeroing is one call, and while it lasts nothing tells how far it is: a device
 * may have to write the zeroes.
 */
#define ZERO_MAX_FILE GiB
#define ZERO_MAX_BLOCK (128 * MiB)

/* Runs of data and holes that one answer about extents finds, so that a file in
 * a million pieces holds nobody up.
 */
#define RUNS_MAX 64

/* A file system that cannot tell data from holes says that all is data. */
#define EXTENTS_MAX (UINT64_C (1) << 60)

/* Ways to make zeroes: one that is refused is not tried again. */
enum zeroing {
  PUNCH,                        /* a hole */
  ZERO_RANGE,                   /* blocks that read as zeroes */
  PUNCH_AND_ALLOCATE,           /* the same in two steps */
  ZERO_OUT,                     /* a device makes or writes them */
  CANNOT,
};

/* What was found at one place of the file. */
struct run {
  uint64_t start, end;          /* half open; equal: nothing is known */
  enum extent_value value;
};

struct file_endpoint {
  struct endpoint base;
  char *path;                   /* owned */
  int fd;                       /* owned; -1: the file is still to be made */
  struct device device;
  struct endpoint_wants wants;
  struct uring *ring;           /* owned, for the first conn; NULL: no rings */
  bool rings;                   /* conns are to have them */
  bool created;                 /* by prepare */
};

struct file_conn {
  struct conn base;
  const struct file_endpoint *endpoint; /* borrowed */
  int fd;                       /* owned */
  struct uring *ring;           /* owned; NULL: ios are done at once */
  struct footprint *footprint;  /* owned */
  struct list waiting;          /* ios that are not in the ring yet */
  int submit_error;             /* errno: the ring is broken */
  enum zeroing punching;        /* the way to make holes at present */
  enum zeroing allocating;      /* the way to make allocated zeroes */
  struct run run;               /* the last that was looked for */
};

static struct file_conn *
file_conn_of (struct conn *c)
{
  return (struct file_conn *) c;
}

static struct file_endpoint *
file_endpoint_of (struct endpoint *ep)
{
  return (struct file_endpoint *) ep;
}

/* -- extents -------------------------------------------------------------- */

/* What was there when the file was opened has to be there still. */
static int
check_not_shrunk (const struct file_conn *fc)
{
  struct stat st;

  if (fstat (fc->fd, &st) == -1)
    return errno;
  return (uint64_t) st.st_size < fc->endpoint->base.caps.size ? ENODATA : 0;
}

/* Finds out what is at this place, and to where: 0 or an errno. */
static int
find_run (struct file_conn *fc, uint64_t at)
{
  const off_t data = lseek (fc->fd, at, SEEK_DATA);
  off_t hole;
  int err;

  if (data == -1 && errno == ENXIO) {   /* no data from here on */
    if ((err = check_not_shrunk (fc)) != 0)
      return err;
    fc->run = (struct run) { at, UINT64_MAX, EXTENT_ZERO };
    return 0;
  }
  if (data == -1)
    return errno;
  if ((uint64_t) data > at) {
    fc->run = (struct run) { at, data, EXTENT_ZERO };
    return 0;
  }
  hole = lseek (fc->fd, at, SEEK_HOLE);
  if (hole == -1 || (uint64_t) hole <= at)
    return hole == -1 && errno != ENXIO ? errno : EIO;
  fc->run = (struct run) { at, hole, EXTENT_DATA };
  return 0;
}

/* The run found last often reaches into the next question: a seek through much
 * data can take long.  Of a file that is written to, holes are only true of the
 * moment, as all conns fill them.
 */
static int
learn (struct file_conn *fc, struct io *io)
{
  const uint64_t end = io->offset + io->length;

  if (fc->endpoint->wants.write && fc->run.value == EXTENT_ZERO)
    fc->run.end = fc->run.start;
  io->learned_to = io->offset;
  for (unsigned i = 0; i < RUNS_MAX && io->learned_to < end; i++) {
    const uint64_t at = io->learned_to;
    int err;

    if (at < fc->run.start || at >= fc->run.end)
      if ((err = find_run (fc, at)) != 0)
        return i == 0 ? err : 0;
    if (!ranges_set (io->learned, at, min_u64 (fc->run.end, end),
                     fc->run.value))
      break;
    io->learned_to = min_u64 (fc->run.end, end);
  }
  return 0;
}

/* -- zeroes --------------------------------------------------------------- */

static enum zeroing *
way_of (struct file_conn *fc, const struct io *io)
{
  return io->allocate ? &fc->allocating : &fc->punching;
}

static enum zeroing
next_way (const struct file_conn *fc, const struct io *io, enum zeroing way)
{
  const bool is_block = fc->endpoint->device.kind == DEVICE_BLOCK;

  switch (way) {
  case PUNCH:
    return ZERO_RANGE;
  case ZERO_RANGE:
    return is_block ? ZERO_OUT : io->allocate ? PUNCH_AND_ALLOCATE : CANNOT;
  case PUNCH_AND_ALLOCATE: case ZERO_OUT: case CANNOT:
    break;
  }
  return CANNOT;
}

/* Whether an errno is about the way, not about this place. */
static bool
is_refusal (int err)
{
  return err == EOPNOTSUPP || err == ENOSYS || err == ENOTTY || err == EINVAL
    || err == ENODEV;
}

static int
mode_of (enum zeroing way)
{
  return FALLOC_FL_KEEP_SIZE
    | (way == ZERO_RANGE ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);
}

static int
zero_sectors (const struct file_conn *fc, enum zeroing way, uint64_t start,
              uint64_t length)
{
  uint64_t range[2] = { start, length };

  switch (way) {
  case PUNCH: case ZERO_RANGE:
    return fallocate (fc->fd, mode_of (way), start, length);
  case PUNCH_AND_ALLOCATE:
    if (fallocate (fc->fd, mode_of (PUNCH), start, length) == -1)
      return -1;
    return fallocate (fc->fd, FALLOC_FL_KEEP_SIZE, start, length);
  case ZERO_OUT:
    return ioctl (fc->fd, BLKZEROOUT, range);
  case CANNOT:
    break;
  }
  errno = EOPNOTSUPP;
  return -1;
}

/* Less than a sector, at either end of what is to be zeroed. */
static int
write_edge (const struct file_conn *fc, uint64_t start, uint64_t end)
{
  static const char zeroes[4096];

  while (start < end) {
    const ssize_t n = pwrite (fc->fd, zeroes,
                              min_u64 (end - start, sizeof zeroes), start);

    if (n == -1 && errno != EINTR)
      return -1;
    if (n > 0)
      start += n;
  }
  return 0;
}

static bool
is_in_sectors (const struct file_conn *fc, const struct io *io)
{
  return ((io->offset | io->length) & (fc->endpoint->device.sector - 1)) == 0;
}

static int
zero_now (const struct file_conn *fc, const struct io *io, enum zeroing way)
{
  const uint64_t sector = fc->endpoint->device.sector;
  const uint64_t end = io->offset + io->length;
  const uint64_t from = align_up (io->offset, sector);
  const uint64_t to = align_down (end, sector);

  if (from >= to)
    return write_edge (fc, io->offset, end);
  if (zero_sectors (fc, way, from, to - from) == -1
      || write_edge (fc, io->offset, from) == -1
      || write_edge (fc, to, end) == -1)
    return -1;
  return 0;
}

/* -- ios ------------------------------------------------------------------ */

/* How far a read or a write is, in bytes; for a zero, the way it went. */
static uint64_t
done_of (const struct io *io)
{
  return io->cookie;
}

/* Does what is left of an io, or a part of it, as a system call does: -1 with
 * errno, or a count.
 */
static ssize_t
do_now (struct file_conn *fc, struct io *io)
{
  char *buffer = io->buffer;
  struct span settle;
  int err;

  switch (io->verb) {
  case IO_READ:
    return pread (fc->fd, buffer + done_of (io), io->length - done_of (io),
                  io->offset + done_of (io));
  case IO_WRITE:
    if (footprint_write (fc->footprint, io->offset, io->length, &settle)
        && (err = footprint_settle (fc->footprint, &settle)) != 0) {
      errno = err;
      return -1;
    }
    return pwrite (fc->fd, buffer + done_of (io), io->length - done_of (io),
                   io->offset + done_of (io));
  case IO_ZERO:
    io->cookie = *way_of (fc, io);
    return zero_now (fc, io, io->cookie);
  case IO_FLUSH:
    return fsync (fc->fd);
  case IO_EXTENTS:
    io->error = learn (fc, io);
    return 0;
  }
  errno = EINVAL;
  return -1;
}

/* Takes in what came of an io: a count or minus an errno.  True when it is
 * over.
 */
static bool
advance (struct file_conn *fc, struct io *io, ssize_t result)
{
  if (result == -EINTR || result == -EAGAIN)
    return false;
  if (result < 0 && io->verb == IO_ZERO && is_refusal (-result)) {
    enum zeroing *way = way_of (fc, io);

    if (*way == (enum zeroing) io->cookie)
      *way = next_way (fc, io, *way);
    io->error = *way == CANNOT ? ENOTSUP : 0;
    return *way == CANNOT;
  }
  if (result < 0)               /* ENODATA has a meaning of its own here */
    io->error = result == -ENODATA ? EIO : -result;
  else if (io->verb == IO_READ || io->verb == IO_WRITE) {
    io->cookie += result;
    if (result > 0 && done_of (io) < io->length)
      return false;
    if (result == 0)            /* the end, where there was more before */
      io->error = io->verb == IO_READ ? ENODATA : EIO;
  }
  else if (io->verb == IO_FLUSH)
    footprint_flushed (fc->footprint);
  return true;
}

static void
finish_now (struct file_conn *fc, struct io *io)
{
  ssize_t result;

  do {
    result = do_now (fc, io);
    if (result == -1)
      result = -errno;
  } while (!advance (fc, io, result));
  list_append (io->ready, &io->link);
}

/* Whether the ring has nothing for what this io needs. */
static bool
must_be_now (struct file_conn *fc, const struct io *io)
{
  const enum zeroing way = *way_of (fc, io);

  return io->verb == IO_EXTENTS
    || (io->verb == IO_ZERO && ((way != PUNCH && way != ZERO_RANGE)
                                || !is_in_sectors (fc, io)));
}

/* Adds what is left of an io to the ring. */
static void
put_in_ring (struct file_conn *fc, struct io *io)
{
  char *buffer = io->buffer;
  struct span settle;

  switch (io->verb) {
  case IO_READ:
    uring_read (fc->ring, fc->fd, buffer + done_of (io),
                io->length - done_of (io), io->offset + done_of (io), io);
    break;
  case IO_WRITE:
    if (footprint_write (fc->footprint, io->offset, io->length, &settle))
      uring_settle (fc->ring, fc->fd, settle.offset, settle.length);
    uring_write (fc->ring, fc->fd, buffer + done_of (io),
                 io->length - done_of (io), io->offset + done_of (io), io);
    break;
  case IO_ZERO:
    io->cookie = *way_of (fc, io);
    uring_fallocate (fc->ring, fc->fd, mode_of (io->cookie), io->offset,
                     io->length, io);
    break;
  case IO_FLUSH:
    uring_fsync (fc->ring, fc->fd, io);
    break;
  case IO_EXTENTS:
    assert (!"extents are looked for at once");
    break;
  }
}

static void
submit (struct file_conn *fc)
{
  struct list_node *n;

  while (uring_room (fc->ring) >= PLACES_OF_ONE
         && (n = list_take (&fc->waiting)) != NULL) {
    struct io *io = list_entry (n, struct io, link);

    if (must_be_now (fc, io))   /* by now: a way to zero was refused */
      finish_now (fc, io);
    else
      put_in_ring (fc, io);
  }
  fc->submit_error = uring_submit (fc->ring);
}

static void
reap (struct file_conn *fc)
{
  void *tag;
  int result;

  while (uring_take (fc->ring, &tag, &result)) {
    struct io *io = tag;

    if (advance (fc, io, result))
      list_append (io->ready, &io->link);
    else
      list_push (&fc->waiting, &io->link);
  }
}

/* -- one conn ------------------------------------------------------------- */

static enum conn_state
file_state (struct conn *c)
{
  return CONN_READY;
}

static int
file_start (struct conn *c, struct io *io)
{
  struct file_conn *fc = file_conn_of (c);

  io->error = 0;
  io->cookie = 0;
  if (io->verb == IO_READ)
    footprint_read (fc->footprint, io->offset, io->length);
  if (fc->ring == NULL || must_be_now (fc, io))
    finish_now (fc, io);
  else
    list_append (&fc->waiting, &io->link);
  return 0;
}

/* What did not get to the disk was answered long before: it is told with the
 * next thing that is.
 */
static int
file_retire (struct conn *c, struct io *io)
{
  const struct file_conn *fc = file_conn_of (c);

  if (io->error == 0 && io->verb != IO_READ && fc->ring)
    return uring_settle_error (fc->ring);
  return io->error;
}

/* The last call before the worker sleeps, so what has gathered is started here,
 * all at once.  What the page cache has is over by that.
 */
static void
file_want (struct conn *c, struct pollfd *p)
{
  struct file_conn *fc = file_conn_of (c);

  p->fd = -1;
  p->events = POLLIN;
  if (fc->ring == NULL)
    return;
  submit (fc);
  reap (fc);
  if (uring_in_flight (fc->ring) == 0 && list_empty (&fc->waiting))
    return;
  p->fd = uring_fd (fc->ring);
  /* Where something could not be started, or has to go on, do not sleep. */
  if (fc->submit_error || !list_empty (&fc->waiting))
    p->events = POLLIN | POLLOUT;
}

static int
file_turn (struct conn *c, short revents, struct error *e)
{
  struct file_conn *fc = file_conn_of (c);

  reap (fc);
  if (fc->submit_error == 0 || fc->submit_error == EAGAIN)
    return 0;
  error_set (e, fc->submit_error, "%s: io_uring: %s", conn_name (c),
             strerror (fc->submit_error));
  return -1;
}

static int
file_compare (struct conn *c, struct error *e)
{
  return 0;
}

/* What was not started yet never is; the rest is waited for when closing. */
static bool
file_leave (struct conn *c)
{
  list_init (&file_conn_of (c)->waiting);
  return true;
}

static void
file_conn_close (struct conn *c)
{
  struct file_conn *fc = file_conn_of (c);

  uring_free (fc->ring);
  footprint_free (fc->footprint);
  close (fc->fd);
  free (fc);
}

static const struct conn_ops file_conn_ops = {
  .state = file_state,
  .start = file_start,
  .retire = file_retire,
  .want = file_want,
  .turn = file_turn,
  .compare = file_compare,
  .leave = file_leave,
  .close = file_conn_close,
};

/* The same file, opened once more: by name it might be another one by now. */
static int
reopen (const struct file_endpoint *ep)
{
  char path[40];
  int fd;

  snprintf (path, sizeof path, "/proc/self/fd/%d", ep->fd);
  fd = open (path, (ep->wants.write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
  return fd != -1 ? fd : fcntl (ep->fd, F_DUPFD_CLOEXEC, 0);
}

static struct conn *
file_endpoint_conn (struct endpoint *base, unsigned number, struct error *e)
{
  struct file_endpoint *ep = file_endpoint_of (base);
  struct file_conn *fc = calloc (1, sizeof *fc);

  if (fc == NULL || (fc->fd = reopen (ep)) == -1)
    goto fail;
  if ((fc->footprint = footprint_new (fc->fd)) == NULL) {
    close (fc->fd);
    goto fail;
  }
  fc->base.ops = &file_conn_ops;
  fc->base.endpoint = base;
  fc->endpoint = ep;
  list_init (&fc->waiting);
  fc->punching = PUNCH;
  fc->allocating = ZERO_RANGE;
  posix_fadvise (fc->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  if (number == 0) {            /* only the worker with number 0 comes here */
    fc->ring = ep->ring;
    ep->ring = NULL;
  }
  else if (ep->rings)           /* one that is refused now is done without */
    fc->ring = uring_new (DEPTH);
  return &fc->base;

 fail:
  error_set (e, errno, "%s: %s", base->name, strerror (errno));
  free (fc);
  return NULL;
}

/* -- the endpoint --------------------------------------------------------- */

/* What is shared can have been made by another since we looked; and it is not
 * ours alone to remove.
 */
static int
create (struct file_endpoint *ep, bool shared, struct error *e)
{
  const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY;

  ep->fd = open (ep->path, flags | O_CREAT | O_EXCL, 0644);
  ep->created = ep->fd != -1 && !shared;
  if (ep->fd == -1 && errno == EEXIST && shared)
    ep->fd = open (ep->path, flags | O_NOFOLLOW);
  if (ep->fd == -1)
    return endpoint_fail (&ep->base, "cannot create it", e);
  return device_describe (ep->fd, &ep->device) == -1
    ? endpoint_fail (&ep->base, "cannot look at it", e) : 0;
}

/* A size that the file system has no room for is refused before anything that
 * was there is lost.  Giving a file the size that it has changes nothing, so
 * several that share it may do it at the same time.
 */
static int
set_size (struct file_endpoint *ep, const struct preparation *p,
          struct error *e)
{
  if (((p->shared || p->size > ep->device.size)
       && ftruncate (ep->fd, p->size) == -1)
      || (!p->shared && (ftruncate (ep->fd, 0) == -1
                         || ftruncate (ep->fd, p->size) == -1)))
    return endpoint_fail (&ep->base, "cannot set its size", e);
  ep->base.caps.size = p->size;
  return 0;
}

static int
file_endpoint_prepare (struct endpoint *base, const struct preparation *p,
                       struct error *e)
{
  struct file_endpoint *ep = file_endpoint_of (base);

  if (ep->device.kind == DEVICE_BLOCK)
    return 0;
  if (p->keep && ep->fd != -1 && ep->device.size == p->size) {
    base->caps.grows = false;
    return 0;
  }
  if ((ep->fd == -1 && create (ep, p->shared, e) == -1)
      || set_size (ep, p, e) == -1)
    return -1;
  if (p->allocate && p->end > p->start
      && fallocate (ep->fd, 0, p->start, p->end - p->start) == -1
      && !is_refusal (errno))
    return endpoint_fail (&ep->base, "cannot allocate it", e);
  return 0;
}

static int
file_endpoint_finish (struct endpoint *base, uint64_t size, bool flush,
                      struct error *e)
{
  struct file_endpoint *ep = file_endpoint_of (base);

  if (ep->device.kind == DEVICE_BLOCK)
    return 0;
  if (ftruncate (ep->fd, size) == -1)
    return endpoint_fail (&ep->base, "cannot set its size", e);
  if (flush && fsync (ep->fd) == -1)
    return endpoint_fail (&ep->base, "flush failed", e);
  return 0;
}

static bool
file_endpoint_close (struct endpoint *base, uint64_t grace_ns, int hurry_fd,
                     struct error *e)
{
  struct file_endpoint *ep = file_endpoint_of (base);
  bool good = true;

  uring_free (ep->ring);
  if (ep->created && !base->kept)
    device_remove_file (&ep->device, ep->path);
  if (ep->fd != -1 && close (ep->fd) == -1 && errno != EINTR
      && base->side == DESTINATION)
    good = endpoint_fail (&ep->base, "cannot close it", e) == 0;
  free (ep->path);
  free (base->name);
  free (ep);
  return good;
}

static const struct endpoint_ops file_endpoint_ops = {
  .conn = file_endpoint_conn,
  .prepare = file_endpoint_prepare,
  .finish = file_endpoint_finish,
  .close = file_endpoint_close,
};

/* -- opening -------------------------------------------------------------- */

bool
endpoint_file_fits (const char *name)
{
  struct stat st;

  return stat (name, &st) == -1 || S_ISREG (st.st_mode)
    || S_ISBLK (st.st_mode);
}

int
endpoint_file_check_new (const char *path, const char *what, struct error *e)
{
  struct stat st;
  char *copy;
  int r;

  /* Anything else was made since: whoever creates it finds out. */
  if (lstat (path, &st) == 0 && S_ISLNK (st.st_mode)) {
    error_set (e, ENOENT, "%s: it is a symbolic link that leads nowhere",
               what);
    return -1;
  }
  copy = strdup (path);
  r = copy ? faccessat (AT_FDCWD, dirname (copy), W_OK | X_OK, AT_EACCESS)
    : -1;
  if (r == -1)
    error_set (e, errno, "%s: cannot create it: %s", what, strerror (errno));
  free (copy);
  return r;
}

/* A block device is ours alone: one that is mounted, or in another's hands, is
 * told by caps, after it has been seen whether it is both sides of this copy.
 */
static int
open_file (struct file_endpoint *ep, struct error *e)
{
  const int flags = O_CLOEXEC | O_NOCTTY
    | (ep->wants.write ? O_RDWR : O_RDONLY);
  struct stat st;
  bool is_block;

  is_block = stat (ep->path, &st) == 0 && S_ISBLK (st.st_mode);
  ep->fd = open (ep->path, is_block ? flags | O_EXCL : flags);
  if (ep->fd == -1 && is_block && errno == EBUSY) {
    ep->base.caps.in_use = true;
    ep->fd = open (ep->path, flags);
  }
  if (ep->fd == -1 && errno == ENOENT && ep->wants.write)
    return endpoint_file_check_new (ep->path, ep->base.name, e);
  if (ep->fd == -1)
    return endpoint_fail (&ep->base, "cannot open it", e);
  if (device_describe (ep->fd, &ep->device) == -1)
    return endpoint_fail (&ep->base, "cannot look at it", e);
  if (ep->device.kind == DEVICE_OTHER) {
    error_set (e, ENOTSUP, "%s: it is neither a file nor a block device",
               ep->base.name);
    return -1;
  }
  return 0;
}

static void
set_caps (struct file_endpoint *ep)
{
  const bool is_block = ep->device.kind == DEVICE_BLOCK;
  struct caps *caps = &ep->base.caps;

  caps->size = ep->device.size;
  caps->block_min = 1;
  caps->block_preferred = ep->device.preferred;
  caps->block_max = BLOCK_MAX;
  caps->extents_max = ep->wants.extents && !is_block ? EXTENTS_MAX : 0;
  caps->zero_max = is_block ? ZERO_MAX_BLOCK : ZERO_MAX_FILE;
  caps->can_flush = caps->can_multi_conn = true;
  caps->read_only = ep->device.read_only;
  caps->grows = !is_block && ep->wants.write;
}

struct endpoint *
endpoint_file_open (const struct endpoint_request *q, struct error *e)
{
  struct file_endpoint *ep = endpoint_new (q, sizeof *ep,
                                           &file_endpoint_ops, e);

  if (ep == NULL)
    return NULL;
  ep->base.device = &ep->device;
  ep->fd = -1;
  ep->device = (struct device) {
    .kind = DEVICE_OTHER, .sector = 1, .preferred = 4096
  };
  ep->wants = q->wants;
  if ((ep->path = strdup (q->operand->name)) == NULL) {
    endpoint_fail (&ep->base, "cannot open it", e);
    goto fail;
  }
  if (open_file (ep, e) == -1)
    goto fail;
  set_caps (ep);
  ep->ring = uring_new (DEPTH);
  ep->rings = ep->ring != NULL;
  if (ep->rings)
    log_detail ("%s: reads and writes by io_uring", ep->base.name);
  else
    log_detail ("%s: reads and writes by pread and pwrite: io_uring: %s",
                ep->base.name, strerror (errno));
  return &ep->base;

 fail:
  file_endpoint_close (&ep->base, 0, -1, e);
  return NULL;
}
