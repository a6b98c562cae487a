/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of this process alone.  A folder that a killed process has left is
 * found and removed by the next process that makes one.
 */

#ifndef PRIVATE_FOLDER_H
#define PRIVATE_FOLDER_H

/* The only file in it apart from its lock. */
#define PRIVATE_FOLDER_SOCKET "socket"

struct private_folder {
  char *path; /* owned; NULL: none */
  int lock;   /* owned; locked as long as we run, or -1 */
};

/* Makes a folder in @at, named @prefix, a dash and six characters.  First
 * removes folders with such a name whose lock no process holds.  Returns 0, or
 * -1 with errno.
 */
int private_folder_make (struct private_folder *f, const char *at,
                         const char *prefix);

/* Removes the folder and the socket in it.  A removed or zeroed one is fine. */
void private_folder_remove (struct private_folder *f);

#endif /* PRIVATE_FOLDER_H */
