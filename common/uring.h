/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asynchronous work on descriptors, through a ring shared with the kernel.  Its
 * descriptor can be polled: readable when something is over.
 *
 * Where this was built without liburing, or the kernel refuses rings or has old
 * ones, uring_new says so, and nothing else is ever called.
 *
 * One thread at a time.
 */

#ifndef URING_H
#define URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uring; /* body in uring.c */

/* A ring that can have so many things in flight.  NULL with errno: ENOSYS where
 * there are none, EPERM where they are forbidden.
 */
struct uring *uring_new (unsigned depth);

/* Waits for all that is in flight: only then nobody writes to its buffers any
 * more.  NULL is fine.
 */
void uring_free (struct uring *r);

int uring_fd (const struct uring *r);

/* How many were added and not yet taken. */
unsigned uring_in_flight (const struct uring *r);
unsigned uring_room (const struct uring *r); /* how many more can be */

/* Each adds one thing to what the next uring_submit starts; there is room for
 * it.  tag comes back from uring_take.  At most 1 GiB is read or written.
 */
void uring_read (struct uring *r, int fd, void *buffer, uint64_t length,
                 uint64_t offset, void *tag);
void uring_write (struct uring *r, int fd, const void *buffer, uint64_t length,
                  uint64_t offset, void *tag);
void uring_fallocate (struct uring *r, int fd, int mode, uint64_t offset,
                      uint64_t length, void *tag);
void uring_fsync (struct uring *r, int fd, void *tag);

/* The thing that is added next starts only when this range of a file is on the
 * disk, and has been dropped from the page cache, or when that has failed.
 * Neither shows in uring_take.
 */
#define URING_SETTLE_PLACES 2
void uring_settle (struct uring *r, int fd, uint64_t offset, uint64_t length);

/* The errno of the first range that did not get to the disk; 0 for none.  The
 * kernel tells it only once for each descriptor, so no fsync would see it.
 */
int uring_settle_error (const struct uring *r);

/* 0, or an errno: what was not started stays added.  EAGAIN means to take what
 * is over, and try again.
 */
int uring_submit (struct uring *r);

/* Whether something is over: then its tag, and what the system call would have
 * returned, or minus its errno.  Never waits.
 */
bool uring_take (struct uring *r, void **tag, int *result);

#endif /* URING_H */
