/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks that the files that one run reads and writes do not conflict.
 *
 * The files are: both sides, the backing files and data files of images, and
 * the files that options name; with a manifest those of all copies, and the
 * manifest.  A file is known by its device and inode, a block device by its
 * number (a loop device also by the file that it shows), a file that does not
 * exist yet by its folder and last name.  The spelling of a name never matters.
 *
 * Nothing is opened for writing here, and nothing is created.
 */

#ifndef USED_FILES_H
#define USED_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct options;

struct used_files; /* body in used-files.c */

/* NULL when out of memory. */
struct used_files *used_files_new (void);

/* Adds the files of these options, which are borrowed.  @copy is the number of
 * the copy in a manifest, from 1 on, or 0.  0, or -1 with the error set when
 * out of memory.
 */
int used_files_add (struct used_files *u, const struct options *o,
                    unsigned copy, struct error *e);

/* Adds the words of a command line that could not be parsed: any of them may be
 * a disk.
 */
int used_files_add_words (struct used_files *u, const struct options *o,
                          char *const *words, struct error *e);

/* Returns 0 if no uses conflict; else -1, with the error set to the first two
 * that do.
 */
int used_files_check (const struct used_files *u, struct error *e);

/* Removes from the options the files that report (--events, --report and
 * --status-file) if another use has them, so that they are not written.  With
 * NULL, when nothing is known, all of them are removed.
 */
void used_files_spare (const struct used_files *u, struct options *o);

/* Returns -1, with the error set to the reason, if qemu-img could not say which
 * files an image is made of; else 0.
 */
int used_files_all_known (const struct used_files *u, struct error *e);

void used_files_free (struct used_files *u); /* NULL is fine */

/* Checks the sides and the files of one copy again, once both sides are open.
 * Now an image whose files are unknown is an error, too.  If the copy creates
 * the destination, an empty file or half an image in its place has no other
 * files.
 */
int used_files_check_again (const struct options *o, bool destination_is_made,
                            struct error *e);

#endif /* USED_FILES_H */
