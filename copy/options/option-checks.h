/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Checks whether the options that were given can be used together. */

#ifndef OPTION_CHECKS_H
#define OPTION_CHECKS_H

#include <stdbool.h>

#include "error.h"
#include "options/option-fields.h"

/* Checks what the rows say: --manifest and the options of one copy, and what an
 * option requires and excludes.  @given has an element for each row.  Returns
 * 0, or -1 with the error set.
 */
int option_check_rows (const bool given[], struct error *e);

/* Checks what no row can say about --changed.  Returns 0, or -1 with the error
 * set.
 */
int option_check_changed (const struct options *o, struct error *e);

/* A copy without a map would be lost when it is stopped. */
int option_check_stop_after (const struct options *o, struct error *e);

/* The digest of shards is computed from the files beside the maps of all. */
int option_check_blkhash (const struct options *o, struct error *e);

/* Checks what no row can say of --differences, which needs a comparison and
 * standard output for itself.  Returns 0, or -1 with the error set.
 */
int option_check_differences (const struct options *o, struct error *e);

/* Checks the name of the file of --metrics-file.  A file that has a wrong name
 * is removed from the options, so that nothing is written to it.
 */
int option_check_metrics_file (struct options *o, struct error *e);

/* Checks what no row can say, because it depends on the destination.  If the
 * data goes to standard output, refuses options that write there, too, and
 * removes a report among them from the options, so that the refusal is not
 * written between the data.  Returns 0, or -1 with the error set.
 */
int option_check_destination (struct options *o, struct error *e);

#endif /* OPTION_CHECKS_H */
