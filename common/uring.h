/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asynchronous I/O on descriptors with io_uring.  The descriptor of the ring
 * can be polled: it is readable when an operation has completed.
 *
 * If this was built without liburing, or the kernel refuses rings or has only
 * old ones, uring_new fails, and no other function is called.  One thread at a
 * time.
 */

#ifndef URING_H
#define URING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uring; /* body in uring.c */

/* Makes a ring for @depth operations in flight.  Returns NULL with errno:
 * ENOSYS if there are no rings, EPERM if they are forbidden.
 */
struct uring *uring_new (unsigned depth);

/* Waits for everything in flight, because the kernel may use the buffers until
 * then, and frees the ring.  NULL is fine.
 */
void uring_free (struct uring *r);

int uring_fd (const struct uring *r);

/* Returns how many operations were added and not taken yet. */
unsigned uring_in_flight (const struct uring *r);
unsigned uring_room (const struct uring *r); /* how many more can be added */

/* Add one operation each for the next uring_submit; there must be room.
 * uring_take returns the operation's tag.  At most 1 GiB is read or written.
 */
void uring_read (struct uring *r, int fd, void *buffer, uint64_t length,
                 uint64_t offset, void *tag);
void uring_write (struct uring *r, int fd, const void *buffer, uint64_t length,
                  uint64_t offset, void *tag);
void uring_fallocate (struct uring *r, int fd, int mode, uint64_t offset,
                      uint64_t length, void *tag);
void uring_fsync (struct uring *r, int fd, void *tag);

/* Makes the next operation wait until this range of a file is on the disk and
 * dropped from the page cache, or until that has failed.  Takes up
 * URING_SETTLE_PLACES operations of the ring, which uring_take does not return.
 */
#define URING_SETTLE_PLACES 2
void uring_settle (struct uring *r, int fd, uint64_t offset, uint64_t length);

/* Returns the errno of the first range that did not reach the disk; 0 for none.
 * The kernel reports it only once for each descriptor, so no fsync would report
 * it.
 */
int uring_settle_error (const struct uring *r);

/* Submits the added operations.  Returns 0, or an errno: operations that were
 * not submitted stay added.  EAGAIN: the caller has to take completed ones, and
 * try again.
 */
int uring_submit (struct uring *r);

/* Takes a completed operation: its tag, and the result of the system call or
 * minus its errno.  Returns false if there is none.  Never waits.
 */
bool uring_take (struct uring *r, void **tag, int *result);

#endif /* URING_H */
