/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of --differences: a mapfile of ddrescue that covers the whole disk.
 * The ranges that differ are its '+' blocks, as --extents takes them.
 */

#ifndef DIFFERENCES_FILE_H
#define DIFFERENCES_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "range-collector.h"

struct differences_file { /* starts out zeroed */
  const char *name;       /* borrowed; "-": standard output */
  mode_t mode;
};

/* Checks that the file can be written, and changes nothing.  The caller has
 * checked with used-files that it has no other use.  -1 with the error set.
 */
int differences_file_check (struct differences_file *f, const char *name,
                            struct error *e);

/* Writes the file, as a whole or not at all, for a disk of @size bytes, and warns
 * if it lists more than what differs.  The ranges are sorted.  -1 with the error
 * set: then a file has its old content.
 */
int differences_file_write (const struct differences_file *f,
                            const struct range_collector *found, uint64_t size,
                            struct error *e);

/* Warns that the file is not written: a list of a part would be taken for the
 * list of the disk.
 */
void differences_file_omit (const struct differences_file *f);

#endif /* DIFFERENCES_FILE_H */
