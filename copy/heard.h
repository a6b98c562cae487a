/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program that we started prints: passed on to our standard error, line
 * by line, and its last line kept as the reason of a failure.
 *
 * A thread of its own reads the pipe, so the program never waits for us.
 */

#ifndef HEARD_H
#define HEARD_H

#include <stdbool.h>
#include <stddef.h>

struct heard;

/* Starts to listen.  The program's end of the pipe becomes *write_fd, which is
 * the caller's to close.  Without relay, the lines are only kept.  NULL with
 * errno.
 */
struct heard *heard_start (bool relay, int *write_fd);

/* From now on, lines are passed on no longer, and are no reason for what failed
 * before: we have said goodbye, and the program complains of that.  Or again
 * they are.  Any thread.
 */
void heard_hush (struct heard *h, bool hush);

/* What was printed by now is no reason for what fails later. */
void heard_forget (struct heard *h);

/* The last line that was printed before the goodbye, or with parting after it,
 * with secrets masked; false where there is none.  All that the program printed
 * before this call counts.
 */
bool heard_reason (struct heard *h, bool parting, char *line, size_t size);

/* Whether a line said that an image is in use, or that its file ends too soon.
 */
bool heard_of_lock (struct heard *h);
bool heard_of_cut (struct heard *h);

/* Reads what is left, without waiting for more, and frees it.  NULL is fine. */
void heard_end (struct heard *h);

#endif /* HEARD_H */
