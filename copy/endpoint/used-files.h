/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every file that one run reads or writes, and whether those uses can live
 * together.
 *
 * The files are: both sides, the backing files and data files of images, and
 * those that options name; for a manifest those of all its copies, and the
 * manifest.  A file is known by its device and inode, a block device by its
 * number (a loop device also by what it shows), a file that does not exist yet
 * by its folder and last name.  How a name is spelled never matters.
 *
 * Nothing is opened for writing here, and nothing is made.
 */

#ifndef USED_FILES_H
#define USED_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct options;

struct used_files; /* body in used-files.c */

/* NULL where memory is out. */
struct used_files *used_files_new (void);

/* Adds what these options name.  They are borrowed.  copy is the number of the
 * copy in a manifest, from 1 on, or 0.  0, or -1 with the error set, which is
 * memory that ran out.
 */
int used_files_add (struct used_files *u, const struct options *o,
                    unsigned copy, struct error *e);

/* Adds the words of a command line that could not be understood: any of them
 * may be a disk.
 */
int used_files_add_words (struct used_files *u, const struct options *o,
                          char *const *words, struct error *e);

/* 0 where all uses can live together; else -1, with the error set to the first
 * two that cannot.
 */
int used_files_check (const struct used_files *u, struct error *e);

/* Takes out of the options the files for telling (--events, --report and
 * --status-file) that must not be written, because another use has them.  With
 * NULL nothing is known, and all of them are taken out.
 */
void used_files_spare (const struct used_files *u, struct options *o);

/* The image of which qemu-img could not say what files it is made of: -1, with
 * the error set to the reason; 0 where there is none.
 */
int used_files_all_known (const struct used_files *u, struct error *e);

void used_files_free (struct used_files *u); /* NULL is fine */

/* All of this for the two sides and the files of one copy, once both sides are
 * open: now an image of which the files are not known is an error, too.  Where
 * the destination is made by the copy, an empty file or half an image that is
 * in its place has no other files.
 */
int used_files_check_again (const struct options *o, bool destination_is_made,
                            struct error *e);

#endif /* USED_FILES_H */
