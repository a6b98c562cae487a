/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The digests of blocks in a file beside the resume map: see kept-digests.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "atomic-file.h"
#include "device.h"
#include "engine/kept-digests.h"
#include "secrets.h"

#define TITLE "# Block digests. Created by " PACKAGE_NAME "\n"

#define HEADER 4096
#define MARK_SIZE 8 /* at the end of the header */
#define COMPLETE "complete"

#define CHECK 4
#define UNKNOWN 0
#define ZERO 0x6f72657a /* "zero" */

/* Blocks whose checks are read or written at a time. */
#define STEP 1024

struct kept_digests {
  struct kept_shape shape; /* its texts are not valid any more */
  char *name;              /* owned */
  char *shown;             /* owned; with secrets masked */
  int fd;
  bool made; /* the file was created here */
  size_t digest_size;
  uint64_t n_blocks;
  uint64_t digests_at; /* in the file */
  atomic_int failed;   /* errno of a write; 0: none failed */
};

static int
fail (const struct kept_digests *k, enum error_kind kind, int err,
      const char *why, struct error *e)
{
  error_set_kind (e, kind, err, "%s: %s", k->shown, why);
  return -1;
}

/* -- bytes of the file ---------------------------------------------------- */

static int
write_at (int fd, const void *bytes, size_t length, uint64_t offset)
{
  const uint8_t *from = bytes;

  while (length > 0) {
    const ssize_t n = pwrite (fd, from, length, offset);

    if (n == -1 && errno != EINTR)
      return -1;
    if (n > 0) {
      from += n;
      length -= n;
      offset += n;
    }
  }
  return 0;
}

/* A file that has become shorter reads as zeroes: its blocks are unknown. */
static int
read_at (int fd, void *bytes, size_t length, uint64_t offset)
{
  uint8_t *to = bytes;

  while (length > 0) {
    const ssize_t n = pread (fd, to, length, offset);

    if (n == -1 && errno != EINTR)
      return -1;
    if (n == 0) {
      memset (to, 0, length);
      return 0;
    }
    if (n > 0) {
      to += n;
      length -= n;
      offset += n;
    }
  }
  return 0;
}

static uint64_t
file_size (const struct kept_digests *k)
{
  return k->digests_at + k->n_blocks * k->digest_size;
}

/* -- the header ----------------------------------------------------------- */

/* Writes the header that the file of this shape has, up to the mark. */
static void
make_header (const struct kept_digests *k, const char *id, char text[HEADER])
{
  memset (text, 0, HEADER);
  snprintf (text, HEADER - MARK_SIZE,
            TITLE "version: 1\n"
                  "blkhash: %s/%" PRIu64 "\n"
                  "size: %" PRIu64 "\n"
                  "part: %" PRIu64 " to %" PRIu64 "\n"
                  "map: %s\n",
            digest_name (k->shape.kind), k->shape.block, k->shape.size,
            k->shape.part.start, k->shape.part.end, id);
}

static bool
is_ours (const char *header)
{
  return memcmp (header, TITLE, strlen (TITLE)) == 0;
}

/* Checks that the open file is that of the map. */
static int
check_file (const struct kept_digests *k, const char *id, struct error *e)
{
  char there[HEADER], here[HEADER];
  struct stat st;

  if (fstat (k->fd, &st) == -1 || read_at (k->fd, there, HEADER, 0) == -1)
    return fail (k, ERROR_OTHER_COPY, errno, strerror (errno), e);
  make_header (k, id, here);
  if (memcmp (there, here, HEADER - MARK_SIZE) != 0)
    return fail (k, ERROR_OTHER_COPY, ESTALE,
                 is_ours (there)
                   ? "these are not the digests that belong to the map"
                   : "this program did not write this file, which should have"
                     " the digests that belong to the map",
                 e);
  if ((uint64_t) st.st_size != file_size (k))
    return fail (k, ERROR_OTHER_COPY, ESTALE,
                 "the file is damaged: its size is wrong", e);
  return 0;
}

/* -- making and opening --------------------------------------------------- */

/* Returns the object without an open file; NULL with the error set. */
static struct kept_digests *
new_object (const struct kept_shape *shape, struct error *e)
{
  struct kept_digests *k = calloc (1, sizeof *k);

  if (k == NULL)
    goto no_memory;
  k->fd = -1;
  k->shape = *shape;
  k->digest_size = digest_size (shape->kind);
  k->n_blocks = (range_length (shape->part) + shape->block - 1) / shape->block;
  if (asprintf (&k->name, "%s" KEPT_DIGESTS_SUFFIX, shape->map) == -1)
    k->name = NULL;
  if (k->name == NULL || (k->shown = secrets_mask (k->name)) == NULL)
    goto no_memory;
  if (k->n_blocks <= (INT64_MAX - 2 * HEADER) / (CHECK + DIGEST_MAX)) {
    k->digests_at = align_up (HEADER + k->n_blocks * CHECK, HEADER);
    return k;
  }
  fail (k, ERROR_PLAIN, EFBIG, "the disk has too many blocks", e);
  kept_digests_close (k);
  return NULL;

no_memory:
  error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  kept_digests_close (k);
  return NULL;
}

void
kept_digests_close (struct kept_digests *k)
{
  if (k == NULL)
    return;
  if (k->fd != -1)
    close (k->fd);
  free (k->name);
  free (k->shown);
  free (k);
}

void
kept_digests_drop (struct kept_digests *k)
{
  struct device device;

  if (k && k->made && device_describe (k->fd, &device) == 0)
    device_remove_file (&device, k->name);
  kept_digests_close (k);
}

const char *
kept_digests_name (const struct kept_digests *k)
{
  return k->shown;
}

/* Never waits for a FIFO, and never gets a controlling terminal. */
static int
open_file (struct kept_digests *k, int flags)
{
  k->fd = open (k->name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
  return k->fd;
}

/* Refuses an existing file that this program did not write. */
static int
check_replaceable (const struct kept_digests *k, struct error *e)
{
  char header[HEADER];
  struct stat st;

  if (fstat (k->fd, &st) == -1)
    return fail (k, ERROR_PLAIN, errno, strerror (errno), e);
  if (!S_ISREG (st.st_mode))
    return fail (k, ERROR_PLAIN, EINVAL, "not a regular file", e);
  if (st.st_size == 0)
    return 0;
  if (read_at (k->fd, header, HEADER, 0) == -1)
    return fail (k, ERROR_PLAIN, errno, strerror (errno), e);
  return is_ours (header) ? 0
                          : fail (k, ERROR_PLAIN, EBADMSG,
                                  "this program did not write this file:"
                                  " refusing to overwrite it",
                                  e);
}

int
kept_digests_check (const struct kept_shape *shape, struct error *e)
{
  struct kept_digests *k = new_object (shape, e);
  int r = -1;

  if (k && open_file (k, O_RDONLY) == -1)
    r = errno == ENOENT ? 0 : fail (k, ERROR_PLAIN, errno, strerror (errno), e);
  else if (k)
    r = check_replaceable (k, e);
  kept_digests_close (k);
  return r;
}

struct kept_digests *
kept_digests_make (const struct kept_shape *shape, struct error *e)
{
  struct kept_digests *k = new_object (shape, e);
  char header[HEADER];

  if (k == NULL)
    return NULL;
  make_header (k, shape->id, header);
  k->made = open_file (k, O_RDWR | O_CREAT | O_EXCL) != -1;
  if (!k->made && (errno != EEXIST || open_file (k, O_RDWR) == -1))
    fail (k, ERROR_PLAIN, errno, strerror (errno), e);
  else if (check_replaceable (k, e) == 0) {
    if (ftruncate (k->fd, 0) == 0 && write_at (k->fd, header, HEADER, 0) == 0
        && ftruncate (k->fd, file_size (k)) == 0 && fsync (k->fd) == 0
        && atomic_file_store_name (k->name) == 0)
      return k;
    fail (k, ERROR_PLAIN, errno, strerror (errno), e);
  }
  kept_digests_drop (k);
  return NULL;
}

struct kept_digests *
kept_digests_open (const struct kept_shape *shape, bool writes, struct error *e)
{
  struct kept_digests *k = new_object (shape, e);

  if (k == NULL)
    return NULL;
  if (open_file (k, writes ? O_RDWR : O_RDONLY) == -1)
    fail (k, ERROR_OTHER_COPY, errno,
          errno == ENOENT ? "the digests that belong to the map are missing"
                          : strerror (errno),
          e);
  else if (check_file (k, shape->id, e) == 0)
    return k;
  kept_digests_close (k);
  return NULL;
}

/* -- the mark ------------------------------------------------------------- */

bool
kept_digests_are_complete (const struct kept_digests *k)
{
  char mark[MARK_SIZE];

  return read_at (k->fd, mark, MARK_SIZE, HEADER - MARK_SIZE) == 0
    && memcmp (mark, COMPLETE, MARK_SIZE) == 0;
}

int
kept_digests_set_complete (struct kept_digests *k, bool complete,
                           struct error *e)
{
  static const char none[MARK_SIZE];

  if (write_at (k->fd, complete ? COMPLETE : none, MARK_SIZE,
                HEADER - MARK_SIZE)
        == 0
      && fdatasync (k->fd) == 0)
    return 0;
  return fail (k, ERROR_PLAIN, errno, strerror (errno), e);
}

/* -- writing -------------------------------------------------------------- */

/* Returns the check of a block that has this digest.  Never UNKNOWN or ZERO. */
static uint32_t
check_of (struct digest *d, uint64_t number, const uint8_t *one, size_t size)
{
  uint8_t out[DIGEST_MAX], place[8];
  uint32_t check;

  for (unsigned i = 0; i < sizeof place; i++)
    place[i] = number >> (8 * i);
  digest_add (d, place, sizeof place);
  digest_add (d, one, size);
  if (!digest_end (d, out))
    return UNKNOWN;
  check = out[0] | out[1] << 8 | out[2] << 16 | (uint32_t) out[3] << 24;
  return check == UNKNOWN || check == ZERO ? 1 : check;
}

static void
write_checks (struct kept_digests *k, uint64_t number, uint8_t (*checks)[CHECK],
              uint64_t n)
{
  if (write_at (k->fd, checks, n * CHECK, HEADER + number * CHECK) == -1)
    atomic_store (&k->failed, errno);
}

static void
set_check (uint8_t bytes[CHECK], uint32_t check)
{
  for (unsigned i = 0; i < CHECK; i++)
    bytes[i] = check >> (8 * i);
}

static uint32_t
get_check (const uint8_t bytes[CHECK])
{
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t) bytes[3] << 24;
}

static uint64_t
number_of (const struct kept_digests *k, uint64_t offset)
{
  return (offset - k->shape.part.start) / k->shape.block;
}

void
kept_digests_put (struct kept_digests *k, struct digest *digest,
                  uint64_t offset, const uint8_t *digests, uint64_t n)
{
  uint64_t number = number_of (k, offset);
  uint8_t checks[STEP][CHECK];

  if (n > 0
      && write_at (k->fd, digests, n * k->digest_size,
                   k->digests_at + number * k->digest_size)
        == -1)
    atomic_store (&k->failed, errno);
  while (n > 0) {
    const uint64_t some = min_u64 (n, STEP);

    for (uint64_t i = 0; i < some; i++, digests += k->digest_size)
      set_check (checks[i],
                 check_of (digest, number + i, digests, k->digest_size));
    write_checks (k, number, checks, some);
    number += some;
    n -= some;
  }
}

void
kept_digests_put_zeroes (struct kept_digests *k, uint64_t offset, uint64_t n)
{
  uint64_t number = number_of (k, offset);
  uint8_t checks[STEP][CHECK];

  for (uint64_t i = 0; i < min_u64 (n, STEP); i++)
    set_check (checks[i], ZERO);
  while (n > 0) {
    const uint64_t some = min_u64 (n, STEP);

    write_checks (k, number, checks, some);
    number += some;
    n -= some;
  }
}

int
kept_digests_store (struct kept_digests *k, struct error *e)
{
  const int failed = atomic_load (&k->failed);

  if (failed == 0 && fdatasync (k->fd) == 0)
    return 0;
  if (failed == 0) /* earlier writes may be lost */
    atomic_store (&k->failed, errno);
  return fail (k, ERROR_PLAIN, atomic_load (&k->failed),
               strerror (atomic_load (&k->failed)), e);
}

/* -- reading -------------------------------------------------------------- */

/* A run over all blocks. */
struct run {
  struct kept_digests *k;
  struct digest *to, *digest;
  struct ranges *bad;
  uint8_t zero[DIGEST_MAX]; /* of a whole block of zeroes */
  bool has_zero;
  bool failed; /* the library did */
  uint8_t checks[STEP][CHECK], digests[STEP * DIGEST_MAX];
};

static const uint8_t *
zero_digest (struct run *r)
{
  static const uint8_t zeroes[4096];
  uint64_t left = r->k->shape.block;

  for (; !r->has_zero && left > 0; left -= min_u64 (left, sizeof zeroes))
    digest_add (r->digest, zeroes, min_u64 (left, sizeof zeroes));
  if (!r->has_zero && !digest_end (r->digest, r->zero))
    r->failed = true;
  r->has_zero = true;
  return r->zero;
}

static struct range
block_range (const struct kept_digests *k, uint64_t number)
{
  const uint64_t start = k->shape.part.start + number * k->shape.block;

  return range_of (start, min_u64 (start + k->shape.block, k->shape.part.end));
}

/* Adds a block.  If there is no room to note one that is bad, all blocks count
 * as bad.
 */
static void
add_block (struct run *r, uint64_t number, uint32_t check, const uint8_t *one)
{
  const struct kept_digests *k = r->k;
  const struct range range = block_range (k, number);
  const bool whole = range_length (range) == k->shape.block;

  if (check == ZERO && whole)
    one = zero_digest (r);
  else if (check == UNKNOWN || check == ZERO
           || check != check_of (r->digest, number, one, k->digest_size)) {
    if (!ranges_set (r->bad, range.start, range.end, 0))
      ranges_set (r->bad, k->shape.part.start, k->shape.part.end, 0);
    return;
  }
  if (r->to)
    digest_add (r->to, one, k->digest_size);
}

static bool
are_zero (const struct run *r, uint64_t n)
{
  for (uint64_t i = 0; i < n; i++)
    if (get_check (r->checks[i]) != ZERO)
      return false;
  return true;
}

/* Digests of zero blocks are not read: 1 TiB of them has 512 MiB. */
static int
add_some (struct run *r, uint64_t number, uint64_t n)
{
  const struct kept_digests *k = r->k;

  if (read_at (k->fd, r->checks, n * CHECK, HEADER + number * CHECK) == -1
      || (!are_zero (r, n)
          && read_at (k->fd, r->digests, n * k->digest_size,
                      k->digests_at + number * k->digest_size)
            == -1))
    return -1;
  for (uint64_t i = 0; i < n; i++)
    add_block (r, number + i, get_check (r->checks[i]),
               r->digests + i * k->digest_size);
  return 0;
}

static int
add_all (struct run *r, int interrupt_fd, struct error *e)
{
  struct pollfd p = { .fd = interrupt_fd, .events = POLLIN };
  const uint64_t n = r->k->n_blocks;

  for (uint64_t at = 0; at < n; at += min_u64 (STEP, n - at)) {
    if (poll (&p, 1, 0) == 1)
      return fail (r->k, ERROR_INTERRUPTED, EINTR, "interrupted", e);
    if (add_some (r, at, min_u64 (STEP, n - at)) == -1)
      return fail (r->k, ERROR_PLAIN, errno, strerror (errno), e);
  }
  return r->failed
    ? fail (r->k, ERROR_PLAIN, EIO, "the digest could not be computed", e)
    : 0;
}

int
kept_digests_add (struct kept_digests *k, struct digest *to, struct ranges *bad,
                  int interrupt_fd, struct error *e)
{
  struct run *r = calloc (1, sizeof *r);
  int result = -1;

  if (r) {
    *r = (struct run) {
      .k = k, .to = to, .digest = digest_new (k->shape.kind), .bad = bad
    };
    if (r->digest)
      result = add_all (r, interrupt_fd, e);
    digest_free (r->digest);
  }
  if (result == -1) /* unless the error is set already */
    error_set (e, errno, "%s", strerror (errno));
  free (r);
  return result;
}
