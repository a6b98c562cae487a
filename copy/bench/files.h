/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Refuses files that would be used for two things. */

#ifndef FILES_H
#define FILES_H

#include "bench/arguments.h"
#include "error.h"

/* Checks that the results do not replace a file that is copied, or each other,
 * and that source and destination differ: not every program refuses to copy a
 * file onto itself.  Returns 0, or -1 with the error set.
 */
int files_check (const struct arguments *a, struct error *e);

/* Returns the part of a name after its folders. */
const char *files_base_name (const char *path);

#endif /* FILES_H */
