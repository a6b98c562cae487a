/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A folder of this process alone.  One that a killed process has left is found
 * by the next process that makes one, and removed.
 */

#ifndef PRIVATE_FOLDER_H
#define PRIVATE_FOLDER_H

/* The only thing that is ever kept in it, apart from its lock. */
#define PRIVATE_FOLDER_SOCKET "socket"

struct private_folder {
  char *path; /* owned; NULL: there is none */
  int lock;   /* owned; locked while we live, or -1 */
};

/* Makes one in the folder at, with a name of prefix, a dash and six characters.
 * Removes those of that kind first whose lock nobody holds.  0, or -1 with
 * errno.
 */
int private_folder_make (struct private_folder *f, const char *at,
                         const char *prefix);

/* Removes it, with the socket in it.  One that is removed or zeroed is fine. */
void private_folder_remove (struct private_folder *f);

#endif /* PRIVATE_FOLDER_H */
