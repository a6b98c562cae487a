/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file kind of endpoint: regular files and block devices.
 *
 * Each conn opens the file itself, so that the kernel's read-ahead sees the
 * sequential reads of one worker, and has an io_uring of its own.  Without
 * io_uring, conn_start does the io at once, and it is on its ready list before
 * conn_start returns.
 *
 *   conn_start -> waiting -> ring -> complete? -> ready list
 *                    ^__________________|
 *                  the rest of a short one, or another way to zero
 *
 * Opening changes nothing.  A destination is created, cut and grown by prepare,
 * once it is certain that the copy can be done.
 */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "arith.h"
#include "base/log.h"
#include "descriptor.h"
#include "device.h"
#include "endpoint/file.h"
#include "endpoint/path.h"
#include "filelock.h"
#include "page-cache.h"
#include "uring.h"

/* The ios in flight in one ring; further ones wait here.  One io takes the
 * entries of a write and of what settles the page cache before it.
 */
#define DEPTH 64
#define PLACES_OF_ONE (1 + URING_SETTLE_PLACES)

#define BLOCK_MAX GiB

/* One call zeroes all of it and reports no progress, and a device may have to
 * write the zeroes.
 */
#define ZERO_MAX_FILE GiB
#define ZERO_MAX_BLOCK (128 * MiB)

/* How many runs of data and holes one reply about extents finds, so that a file
 * in a million pieces does not delay the worker.
 */
#define RUNS_MAX 64

/* A file system that cannot tell data from holes says that everything is data.
 */
#define EXTENTS_MAX (UINT64_C (1) << 60)

/* The ways to write zeroes, in the order in which they are tried.  A way that
 * the kernel or the device does not have is not tried again; a way that was
 * refused for another reason is left out for that range only.
 */
enum zeroing {
  PUNCH,              /* a hole */
  ZERO_RANGE,         /* blocks that read as zeroes */
  PUNCH_AND_ALLOCATE, /* PUNCH, then allocate */
  ZERO_OUT,           /* a device discards or writes them */
  CANNOT,
};

/* A run of data, or a hole, of the file. */
struct run {
  uint64_t start, end; /* half open; equal: nothing is known */
  enum extent_value value;
};

struct file_endpoint {
  struct endpoint base;
  char *path; /* owned */
  int fd;     /* owned; -1: the file does not exist yet */
  struct device device;
  uint64_t zero_unit; /* power of two: shorter ranges are written */
  struct endpoint_wants wants;
  struct uring *ring; /* owned, for the first conn; NULL: no rings */
  bool rings;         /* conns get rings */
  bool created;       /* by prepare */
  uint64_t expected;  /* bytes that the file should have; 0: unknown */
};

struct file_conn {
  struct conn base;
  const struct file_endpoint *endpoint; /* borrowed */
  int fd;                               /* owned */
  struct uring *ring;           /* owned; NULL: ios are done in conn_start */
  struct page_cache *footprint; /* owned */
  struct list waiting;          /* ios that wait for room in the ring */
  uint64_t written_to;          /* end of the latest finished write */
  int submit_error;             /* errno: the ring does not work any more */
  enum zeroing punching;        /* the present way to make holes */
  enum zeroing allocating;      /* the present way to make allocated zeroes */
  struct run run;               /* the last one that was found */
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

/* Checks that the file has not become shorter than it was when it was opened.
 */
static int
check_not_shrunk (const struct file_conn *fc)
{
  struct stat st;

  if (fstat (fc->fd, &st) == -1)
    return errno;
  return (uint64_t) st.st_size < fc->endpoint->base.caps.size ? ENODATA : 0;
}

/* Finds the run at this offset.  Returns 0 or an errno. */
static int
find_run (struct file_conn *fc, uint64_t at)
{
  const off_t data = lseek (fc->fd, at, SEEK_DATA);
  off_t hole;
  int err;

  if (data == -1 && errno == ENXIO) { /* no data from here on */
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

/* Answers IO_EXTENTS.  The last run found is kept, because it often reaches
 * into the next question, and a seek through much data can take long.  Holes of
 * a destination are not kept: other conns fill them.
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
  case PUNCH_AND_ALLOCATE:
  case ZERO_OUT:
  case CANNOT:
    break;
  }
  return CANNOT;
}

/* Returns whether an errno means that this way is missing everywhere. */
static bool
is_missing (int err)
{
  return err == EOPNOTSUPP || err == ENOSYS || err == ENOTTY || err == EINVAL
    || err == ENODEV;
}

/* Gives the io the next way after one has failed.  Returns true when there is
 * none: ENOTSUP then means that no way exists at all, and EBUSY that this range
 * has to be written.  The reason is not reported: if the write fails as well,
 * its error says more.
 */
static bool
is_out_of_ways (struct file_conn *fc, struct io *io, int err)
{
  enum zeroing *way = way_of (fc, io);
  const enum zeroing tried = io->cookie;
  const enum zeroing next = next_way (fc, io, tried);

  if (is_missing (err) && *way == tried)
    *way = next;
  io->cookie = next > *way ? next : *way;
  if (io->cookie != CANNOT)
    return false;
  io->error = *way == CANNOT ? ENOTSUP : EBUSY;
  return true;
}

static int
mode_of (enum zeroing way)
{
  return FALLOC_FL_KEEP_SIZE
    | (way == ZERO_RANGE ? FALLOC_FL_ZERO_RANGE : FALLOC_FL_PUNCH_HOLE);
}

/* Returns the descriptor to zero through: the endpoint's own.  It opened a
 * block device with O_EXCL; through any other descriptor the kernel refuses
 * with EBUSY to zero dirty pages.  For a file it holds the locks, which a ring
 * would keep for a moment after we are killed.
 */
static int
zero_fd (const struct file_conn *fc)
{
  return fc->endpoint->device.kind == DEVICE_BLOCK ? fc->endpoint->fd : fc->fd;
}

static int
zero_units (const struct file_conn *fc, enum zeroing way, uint64_t start,
            uint64_t length)
{
  const int fd = zero_fd (fc);
  uint64_t range[2] = { start, length };

  switch (way) {
  case PUNCH:
  case ZERO_RANGE:
    return fallocate (fd, mode_of (way), start, length);
  case PUNCH_AND_ALLOCATE:
    if (fallocate (fd, mode_of (PUNCH), start, length) == -1)
      return -1;
    return fallocate (fd, FALLOC_FL_KEEP_SIZE, start, length);
  case ZERO_OUT:
    return ioctl (fd, BLKZEROOUT, range);
  case CANNOT:
    break;
  }
  errno = EOPNOTSUPP;
  return -1;
}

/* Writes zeroes to less than a unit, at either end of a range. */
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
is_in_units (const struct file_conn *fc, const struct io *io)
{
  return ((io->offset | io->length) & (fc->endpoint->zero_unit - 1)) == 0;
}

static int
zero_now (const struct file_conn *fc, const struct io *io, enum zeroing way)
{
  const uint64_t unit = fc->endpoint->zero_unit;
  const uint64_t end = io->offset + io->length;
  const uint64_t from = align_up (io->offset, unit);
  const uint64_t to = align_down (end, unit);

  if (from >= to)
    return write_edge (fc, io->offset, end);
  if (zero_units (fc, way, from, to - from) == -1
      || write_edge (fc, io->offset, from) == -1
      || write_edge (fc, to, end) == -1)
    return -1;
  return 0;
}

/* -- ios ------------------------------------------------------------------ */

/* Returns how many bytes of a read or write are done; for a zero, its way. */
static uint64_t
done_of (const struct io *io)
{
  return io->cookie;
}

/* Does the rest of an io, or a part of it, by a system call.  Returns a count,
 * or -1 with errno.
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
    if (page_cache_write (fc->footprint, io->offset, io->length, &settle)
        && (err = page_cache_settle (fc->footprint, &settle)) != 0) {
      errno = err;
      return -1;
    }
    return pwrite (fc->fd, buffer + done_of (io), io->length - done_of (io),
                   io->offset + done_of (io));
  case IO_ZERO:
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

/* Takes the result of an io: a count or minus an errno.  True when it is
 * complete.
 */
static bool
advance (struct file_conn *fc, struct io *io, ssize_t result)
{
  if (result == -EINTR || result == -EAGAIN)
    return false;
  if (result < 0 && io->verb == IO_ZERO)
    return is_out_of_ways (fc, io, -result);
  if (result < 0) /* our own ENODATA means something else */
    io->error = result == -ENODATA ? EIO : -result;
  else if (io->verb == IO_READ || io->verb == IO_WRITE) {
    io->cookie += result;
    if (result > 0 && done_of (io) < io->length)
      return false;
    if (result == 0) /* the end, where there was more before */
      io->error = io->verb == IO_READ ? ENODATA : EIO;
    else if (io->verb == IO_WRITE)
      fc->written_to = max_u64 (fc->written_to, io->offset + io->length);
  }
  else if (io->verb == IO_FLUSH)
    page_cache_flushed (fc->footprint);
  return true;
}

/* Returns whether a destination file has lost its end: later writes would make
 * it long again, and hide that data is missing.
 */
static bool
is_cut_short (const struct file_conn *fc)
{
  const uint64_t least = max_u64 (fc->endpoint->expected, fc->written_to);
  struct stat st;

  return fc->endpoint->device.kind == DEVICE_FILE && fstat (fc->fd, &st) == 0
    && (uint64_t) st.st_size < least;
}

/* Fails an io that must not be done any more. */
static bool
refuse (const struct file_conn *fc, struct io *io)
{
  if ((io->verb != IO_WRITE && io->verb != IO_FLUSH) || !is_cut_short (fc))
    return false;
  io->error = ESTALE;
  list_append (io->ready, &io->link);
  return true;
}

static void
finish_now (struct file_conn *fc, struct io *io)
{
  ssize_t result;

  if (refuse (fc, io))
    return;
  do {
    result = do_now (fc, io);
    if (result == -1)
      result = -errno;
  } while (!advance (fc, io, result));
  list_append (io->ready, &io->link);
}

/* Returns whether the ring has no operation for this io. */
static bool
must_be_now (const struct file_conn *fc, const struct io *io)
{
  return io->verb == IO_EXTENTS
    || (io->verb == IO_ZERO
        && ((io->cookie != PUNCH && io->cookie != ZERO_RANGE)
            || !is_in_units (fc, io)));
}

/* Adds the rest of an io to the ring. */
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
    if (page_cache_write (fc->footprint, io->offset, io->length, &settle))
      uring_settle (fc->ring, fc->fd, settle.offset, settle.length);
    uring_write (fc->ring, fc->fd, buffer + done_of (io),
                 io->length - done_of (io), io->offset + done_of (io), io);
    break;
  case IO_ZERO:
    uring_fallocate (fc->ring, zero_fd (fc), mode_of (io->cookie), io->offset,
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
fill_ring (struct file_conn *fc)
{
  struct list_node *n;

  while (uring_room (fc->ring) >= PLACES_OF_ONE
         && (n = list_take (&fc->waiting)) != NULL) {
    struct io *io = list_entry (n, struct io, link);

    if (must_be_now (fc, io)) /* a way to zero was refused since */
      finish_now (fc, io);
    else if (!refuse (fc, io))
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
  io->cookie = io->verb == IO_ZERO ? (int64_t) *way_of (fc, io) : 0;
  if (io->verb == IO_READ)
    page_cache_read (fc->footprint, io->offset, io->length);
  if (fc->ring == NULL || must_be_now (fc, io))
    finish_now (fc, io);
  else
    list_append (&fc->waiting, &io->link);
  return 0;
}

/* Retires an io.  Write-back fails after the write was acknowledged, so that
 * error is reported with the next completion.
 */
static int
file_retire (struct conn *c, struct io *io)
{
  const struct file_conn *fc = file_conn_of (c);

  if (io->error == 0 && io->verb != IO_READ && fc->ring)
    return uring_settle_error (fc->ring);
  return io->error;
}

/* Gives the ring all ios that were started since the last call, in one system
 * call.  Those that the page cache can serve finish within that call.
 */
static void
file_submit (struct conn *c)
{
  struct file_conn *fc = file_conn_of (c);

  if (fc->ring == NULL)
    return;
  fill_ring (fc);
  reap (fc);
}

/* Where an io could not be started, or has more to do, poll must not sleep: a
 * ring can always be written to.
 */
static void
file_poll_events (struct conn *c, struct pollfd *p)
{
  const struct file_conn *fc = file_conn_of (c);
  const bool waiting = !list_empty (&fc->waiting);

  p->fd = fc->ring && (waiting || uring_in_flight (fc->ring) > 0)
    ? uring_fd (fc->ring)
    : -1;
  p->events = fc->submit_error || waiting ? POLLIN | POLLOUT : POLLIN;
}

static int
file_dispatch (struct conn *c, short revents, struct error *e)
{
  struct file_conn *fc = file_conn_of (c);

  reap (fc);
  if (fc->submit_error == 0 || fc->submit_error == EAGAIN)
    return 0;
  endpoint_error (c->endpoint, e, ERROR_PLAIN, fc->submit_error, "io_uring: %s",
                  strerror (fc->submit_error));
  return -1;
}

/* Drops ios that are not in the ring yet; closing waits for the others. */
static bool
file_shutdown (struct conn *c)
{
  list_init (&file_conn_of (c)->waiting);
  return true;
}

static void
file_conn_close (struct conn *c)
{
  struct file_conn *fc = file_conn_of (c);

  uring_free (fc->ring);
  page_cache_free (fc->footprint);
  close (fc->fd);
  free (fc);
}

static const struct conn_ops file_conn_ops = {
  .state = file_state,
  .start = file_start,
  .submit = file_submit,
  .poll_events = file_poll_events,
  .dispatch = file_dispatch,
  .retire = file_retire,
  .shutdown = file_shutdown,
  .close = file_conn_close,
};

/* Opens the same file once more.  Its name might lead to another one by now. */
static int
reopen (const struct file_endpoint *ep)
{
  const int fd = descriptor_reopen (
    ep->fd, (ep->wants.write ? O_RDWR : O_RDONLY) | O_CLOEXEC);

  return fd != -1 ? fd : fcntl (ep->fd, F_DUPFD_CLOEXEC, 0);
}

/* Opens the file for the first conn.  If descriptors are short, it takes that
 * of the ring: a copy can do without the ring.
 */
static int
reopen_first (struct file_endpoint *ep)
{
  const int fd = reopen (ep);

  if (fd != -1 || errno != EMFILE || ep->ring == NULL)
    return fd;
  uring_free (ep->ring);
  ep->ring = NULL;
  return reopen (ep);
}

static struct conn *
file_endpoint_conn (struct endpoint *base, unsigned number, struct error *e)
{
  struct file_endpoint *ep = file_endpoint_of (base);
  struct file_conn *fc = calloc (1, sizeof *fc);

  if (fc == NULL
      || (fc->fd = number == 0 ? reopen_first (ep) : reopen (ep)) == -1)
    goto fail;
  if ((fc->footprint = page_cache_new (fc->fd)) == NULL) {
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
  if (number == 0) { /* only the worker with number 0 gets here */
    fc->ring = ep->ring;
    ep->ring = NULL;
  }
  else if (ep->rings) /* without a ring, system calls do the io */
    fc->ring = uring_new (DEPTH);
  return &fc->base;

fail:
  error_set (e, errno, "%s: %s", base->name, strerror (errno));
  free (fc);
  return NULL;
}

/* -- the endpoint --------------------------------------------------------- */

/* Creates the file.  A shared file can have been created by another copy since
 * we looked; and it is not ours alone to remove.
 */
static int
create (struct file_endpoint *ep, bool shared, struct error *e)
{
  const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY;

  ep->fd = open (ep->path, flags | O_CREAT | O_EXCL, 0644);
  ep->created = ep->fd != -1 && !shared;
  ep->base.changed = ep->fd != -1 && shared;
  if (ep->fd == -1 && errno == EEXIST && shared)
    ep->fd = open (ep->path, flags | O_NOFOLLOW);
  if (ep->fd == -1 && errno == EEXIST) {
    endpoint_error (&ep->base, e, ERROR_IN_USE, EBUSY,
                    "in use by another program, which has just created it");
    return -1;
  }
  if (ep->fd == -1)
    return endpoint_fail (&ep->base, "cannot create it", e);
  return device_describe (ep->fd, &ep->device) == -1
    ? endpoint_fail (&ep->base, "cannot stat it", e)
    : 0;
}

static enum file_use
use_of (const struct file_endpoint *ep)
{
  return !ep->wants.write ? FILE_READ
    : ep->wants.part      ? FILE_WRITE_PART
                          : FILE_WRITE;
}

/* Locks the file: only the owner of the lock changes it.  If another copy has
 * the lock, the file is that copy's even if we created it; and that copy may
 * have changed its size, or removed it before it ended.
 */
static int
lock (struct file_endpoint *ep, const struct preparation *p, struct error *e)
{
  if (filelock_take (ep->fd, use_of (ep), p->start, p->end) == -1
      || !device_is_at (ep->fd, ep->path)) {
    ep->created = false;
    endpoint_error (&ep->base, e, ERROR_IN_USE, EBUSY,
                    "in use by another program, which locked it first");
    return -1;
  }
  return !p->keep && device_describe (ep->fd, &ep->device) == -1
    ? endpoint_fail (&ep->base, "cannot stat it", e)
    : 0;
}

/* Fails to give a file its size.  A size that no file there can have is refused
 * as long as nothing was changed.
 */
static int
fail_to_size (const struct file_endpoint *ep, const char *what, struct error *e)
{
  const bool refused = errno == EFBIG && !ep->base.changed;

  endpoint_fail (&ep->base, what, e);
  if (refused)
    e->kind = ERROR_REFUSED;
  return -1;
}

/* Reserves the blocks on the disk before anything is cut.  When that fails, the
 * old content is still there, and blocks after the end of the file are freed;
 * in a shared file they stay, because they may be another copy's by now.
 */
static int
reserve (struct file_endpoint *ep, const struct preparation *p, struct error *e)
{
  int err;

  if (!p->allocate || p->end <= p->start
      || fallocate (ep->fd, FALLOC_FL_KEEP_SIZE, p->start, p->end - p->start)
        == 0
      || is_missing (errno))
    return 0;
  err = errno;
  if (!p->shared && ftruncate (ep->fd, ep->device.size) == -1)
    log_detail ("%s: the room beyond its end stays reserved: %s", ep->base.name,
                strerror (errno));
  errno = err;
  return fail_to_size (ep, "cannot allocate it", e);
}

/* Makes all of a file read as zeroes.  If not even cutting it works, the file
 * is restored.
 */
static int
empty (struct file_endpoint *ep, const struct preparation *p)
{
  int err;

  if (ftruncate (ep->fd, 0) == 0) {
    ep->base.changed = ep->base.changed || ep->device.size > 0;
    return ftruncate (ep->fd, p->size);
  }
  err = errno;
  if (ftruncate (ep->fd, ep->device.size) == -1)
    ep->base.changed = true;
  errno = err;
  return -1;
}

/* Gives the file its size.  A size that the file system has no room for is
 * refused before the old content is lost.  Setting the present size changes
 * nothing, so several copies that share a file may do it at the same time.  A
 * file whose blocks are all allocated is written as a whole, so it need not be
 * emptied.
 */
static int
set_size (struct file_endpoint *ep, const struct preparation *p,
          struct error *e)
{
  const bool overwrite = p->shared || p->update || (p->allocate && p->size > 0);

  if (((overwrite || p->size > ep->device.size)
       && ftruncate (ep->fd, p->size) == -1)
      || (!overwrite && empty (ep, p) == -1))
    return fail_to_size (ep, "cannot set its size", e);
  ep->base.caps.size = ep->expected = p->size;
  return 0;
}

/* Locks a file that is the source, too: its content is what will be written, so
 * it is neither cut nor emptied.
 */
static int
prepare_in_place (struct file_endpoint *ep, const struct preparation *p,
                  struct error *e)
{
  struct device now;

  if (lock (ep, p, e) == -1)
    return -1;
  if (device_describe (ep->fd, &now) == -1)
    return endpoint_fail (&ep->base, "cannot stat it", e);
  if (now.size != p->size) {
    error_set (e, ESTALE, "%s: its size was changed before it was locked",
               ep->base.name);
    return -1;
  }
  ep->expected = p->size;
  return reserve (ep, p, e);
}

static int
file_endpoint_prepare (struct endpoint *base, const struct preparation *p,
                       struct error *e)
{
  struct file_endpoint *ep = file_endpoint_of (base);

  if (ep->device.kind == DEVICE_BLOCK)
    return 0;
  if (ep->wants.in_place)
    return prepare_in_place (ep, p, e);
  if ((ep->fd == -1 && create (ep, p->shared, e) == -1)
      || lock (ep, p, e) == -1)
    return -1;
  if (p->keep && ep->device.size == p->size) {
    ep->expected = p->size;
    base->caps.grows = false;
    return 0;
  }
  if (reserve (ep, p, e) == -1
      || (!(p->update && ep->device.size == p->size)
          && set_size (ep, p, e) == -1))
    return -1;
  ep->expected = p->size;
  base->caps.grows = !p->update;
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
  ep->expected = size;
  return 0;
}

static int
file_endpoint_recheck (struct endpoint *base, struct error *e)
{
  const struct file_endpoint *ep = file_endpoint_of (base);
  struct device now;

  if (ep->fd == -1) /* it was never created */
    return 0;
  if (path_check_place (base, ep->fd, ep->path, e) == -1)
    return -1;
  if (device_describe (ep->fd, &now) == -1)
    return endpoint_fail (base, "cannot stat it", e);
  if (now.size == ep->expected || ep->expected == 0)
    return 0;
  error_set (e, ESTALE,
             "%s: its size was changed while it was written: it is"
             " %" PRIu64 " now, and should be %" PRIu64,
             base->name, now.size, ep->expected);
  return -1;
}

static bool
file_endpoint_close (struct endpoint *base, uint64_t grace_ns, int interrupt_fd,
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
  .recheck = file_endpoint_recheck,
  .close = file_endpoint_close,
};

/* -- opening -------------------------------------------------------------- */

/* Returns whether the destination, which is the same file or device, keeps
 * other programs out: a lock of the source's would keep the destination out.
 */
static bool
leaves_locks (const struct file_endpoint *ep)
{
  return ep->wants.in_place && ep->base.side == SOURCE;
}

/* Locks a file that is read.  A file that is written is only checked: it is
 * locked once the copy is known to be possible.
 */
static void
look_for_locks (struct file_endpoint *ep)
{
  const bool later = ep->wants.write || ep->wants.just_look;
  struct caps *caps = &ep->base.caps;

  if (ep->device.kind != DEVICE_FILE || leaves_locks (ep))
    return;
  caps->in_use = later ? filelock_is_taken (ep->fd, use_of (ep))
                       : filelock_take (ep->fd, use_of (ep), 0, 0) == -1;
  caps->in_use_by = ep->wants.write
    ? "a copy, or QEMU, reads it or writes to it: wait until that has ended"
    : "a copy, or QEMU, writes to it: wait until that has ended";
}

/* Opens the file, or a block device so that no other program can.  A device in
 * use is opened all the same, so that it can be compared with the other side
 * first; the caps say that it is in use.
 */
static int
open_file (struct file_endpoint *ep, int interrupt_fd, struct error *e)
{
  const int flags = O_CLOEXEC | O_NOCTTY
    | (ep->wants.write ? O_RDWR : O_RDONLY);

  ep->fd = leaves_locks (ep)
    ? open (ep->path, flags)
    : path_open_alone (&ep->base, ep->path, flags, interrupt_fd);
  if (ep->base.caps.in_use)
    ep->fd = open (ep->path, flags);
  if (ep->fd == -1 && errno == ENOENT && ep->wants.write)
    return path_check_new (ep->path, ep->base.name, e);
  if (ep->fd == -1)
    return endpoint_fail (&ep->base, "cannot open it", e);
  if (device_describe (ep->fd, &ep->device) == -1)
    return endpoint_fail (&ep->base, "cannot stat it", e);
  if (ep->device.kind == DEVICE_OTHER) {
    error_set (e, ENOTSUP, "%s: neither a file nor a block device",
               ep->base.name);
    return -1;
  }
  look_for_locks (ep);
  return 0;
}

/* Returns the unit of zeroing.  A page of a block device's cache must not be
 * zeroed in part and written in part: a write of less than a page first reads
 * the rest, and some kernels would write that back after the zeroing.
 */
static uint64_t
choose_zero_unit (const struct device *d)
{
  return d->kind != DEVICE_BLOCK ? 1
                                 : max_u64 (d->sector, sysconf (_SC_PAGESIZE));
}

/* Returns the largest size that the file system lets a file have: the largest
 * offset that it lets one seek to.  Changes nothing.
 */
static uint64_t
seek_limit (int fd)
{
  uint64_t low = 0, high = INT64_MAX;

  while (low < high) {
    const uint64_t middle = low + (high - low + 1) / 2;

    if (lseek (fd, middle, SEEK_SET) == -1)
      high = middle - 1;
    else
      low = middle;
  }
  lseek (fd, 0, SEEK_SET);
  return low;
}

/* Returns the same for a file that does not exist yet, by way of a file without
 * a name.  If the file system has no such files, only the limit of FAT, which
 * matters most, is known.
 */
static uint64_t
limit_of_folder (const char *path)
{
  char *copy = strdup (path);
  const char *folder = copy ? dirname (copy) : ".";
  const int fd = open (folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  struct statfs fs;
  uint64_t limit = 0;

  if (fd != -1) {
    limit = seek_limit (fd);
    close (fd);
  }
  else if (statfs (folder, &fs) == 0 && fs.f_type == MSDOS_SUPER_MAGIC)
    limit = UINT32_MAX;
  free (copy);
  return limit;
}

static uint64_t
find_size_max (const struct file_endpoint *ep)
{
  const uint64_t limit = ep->fd != -1 ? seek_limit (ep->fd)
                                      : limit_of_folder (ep->path);
  struct rlimit ours;

  if (getrlimit (RLIMIT_FSIZE, &ours) == -1 || ours.rlim_cur == RLIM_INFINITY)
    return limit;
  return limit == 0 ? ours.rlim_cur : min_u64 (limit, ours.rlim_cur);
}

/* Finds the free room of the file system, and the blocks that the file has.  A
 * file system without any blocks does not count them.
 */
static void
find_room (struct file_endpoint *ep)
{
  struct caps *caps = &ep->base.caps;
  char *copy = strdup (ep->path);
  struct statvfs fs;
  struct stat st;

  if (copy
      && (ep->fd != -1 ? fstatvfs (ep->fd, &fs) : statvfs (dirname (copy), &fs))
        == 0
      && fs.f_blocks > 0) {
    caps->free_known = true;
    caps->free = (geteuid () == 0 ? fs.f_bfree : fs.f_bavail) * fs.f_frsize;
    if (ep->fd != -1 && fstat (ep->fd, &st) == 0)
      caps->occupied = (uint64_t) st.st_blocks * 512;
  }
  free (copy);
}

static void
set_caps (struct file_endpoint *ep)
{
  const bool is_block = ep->device.kind == DEVICE_BLOCK;
  struct caps *caps = &ep->base.caps;

  ep->zero_unit = choose_zero_unit (&ep->device);

  caps->size = ep->device.size;
  caps->block_min = 1;
  caps->block_preferred = ep->device.preferred;
  caps->block_max = BLOCK_MAX;
  caps->extents_max = ep->wants.extents && !is_block ? EXTENTS_MAX : 0;
  caps->zero_grain = ep->zero_unit;
  caps->zero_max = is_block ? ZERO_MAX_BLOCK : ZERO_MAX_FILE;
  caps->can_flush = caps->can_multi_conn = true;
  caps->read_only = ep->device.read_only;
  caps->grows = !is_block && ep->wants.write && !ep->wants.in_place;
  if (caps->grows)
    find_room (ep);
  caps->size_max = caps->grows ? find_size_max (ep) : 0;
  caps->missing = ep->fd == -1;
}

static struct endpoint *
file_open (const struct endpoint_request *q, struct error *e)
{
  struct file_endpoint *ep = endpoint_new (q, sizeof *ep, &file_endpoint_ops,
                                           e);

  if (ep == NULL)
    return NULL;
  ep->base.device = &ep->device;
  ep->fd = -1;
  ep->device = (struct device) { .kind = DEVICE_OTHER,
                                 .sector = 1,
                                 .preferred = 4096 };
  ep->wants = q->wants;
  if ((ep->path = strdup (q->operand->name)) == NULL) {
    endpoint_fail (&ep->base, "cannot open it", e);
    goto fail;
  }
  if (open_file (ep, q->interrupt_fd, e) == -1)
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

const struct endpoint_kind endpoint_file_kind = {
  .check = path_check,
  .open = file_open,
};
