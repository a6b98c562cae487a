/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages of a program that we started: each line goes to our standard
 * error, and the last one is kept as the reason of a failure.
 *
 * A thread of its own reads the pipe, so the program never waits for us.
 */

#ifndef CHILD_LOG_H
#define CHILD_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct child_log;

/* Starts to read.  The program's end of the pipe is *write_fd, which the caller
 * closes.  Without @relay, lines are only kept.  NULL with errno.
 */
struct child_log *child_log_start (bool relay, int *write_fd);

/* Sets whether lines are hidden.  After we have ended the NBD session the
 * program may complain about that; such lines are neither passed on nor reasons
 * for an earlier failure.  Any thread.
 */
void child_log_hush (struct child_log *h, bool hush);

/* Forgets the lines so far: they are not the reason of later failures. */
void child_log_forget (struct child_log *h);

/* Writes the last line that was printed while lines were not hidden or, with
 * @parting, while they were, with secrets masked.  False if there is none.
 * Everything counts that the program printed before this call.
 */
bool child_log_reason (struct child_log *h, bool parting, char *line,
                       size_t size);

/* Return whether a line said that an image is in use, or that its file ends too
 * soon.
 */
bool child_log_of_lock (struct child_log *h);
bool child_log_of_cut (struct child_log *h);

/* Reads the rest, without waiting for more, and frees it.  NULL is fine. */
void child_log_end (struct child_log *h);

#endif /* CHILD_LOG_H */
