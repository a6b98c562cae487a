/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program that we started prints: passed on to our standard error, line
 * by line, and its last line kept as the reason of a failure.
 *
 * A thread of its own reads the pipe, so the program never waits for us.
 */

#ifndef CHILD_LOG_H
#define CHILD_LOG_H

#include <stdbool.h>
#include <stddef.h>

struct child_log;

/* Starts to listen.  The program's end of the pipe becomes *write_fd, which is
 * the caller's to close.  Without relay, the lines are only kept.  NULL with
 * errno.
 */
struct child_log *child_log_start (bool relay, int *write_fd);

/* From now on, lines are passed on no longer, and are no reason for what failed
 * before: we have said goodbye, and the program complains of that.  Or again
 * they are.  Any thread.
 */
void child_log_hush (struct child_log *h, bool hush);

/* What was printed by now is no reason for what fails later. */
void child_log_forget (struct child_log *h);

/* The last line that was printed before the goodbye, or with parting after it,
 * with secrets masked; false where there is none.  All that the program printed
 * before this call counts.
 */
bool child_log_reason (struct child_log *h, bool parting, char *line,
                       size_t size);

/* Whether a line said that an image is in use, or that its file ends too soon.
 */
bool child_log_of_lock (struct child_log *h);
bool child_log_of_cut (struct child_log *h);

/* Reads what is left, without waiting for more, and frees it.  NULL is fine. */
void child_log_end (struct child_log *h);

#endif /* CHILD_LOG_H */
