/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON that events and the report share: sides, plans, errors and numbers.
 * docs/events.schema.json and docs/report.schema.json define each field.
 *
 * An unknown value is null, never 0.  All functions return NULL when memory
 * runs out.
 */

#ifndef DESCRIBE_H
#define DESCRIBE_H

#include "endpoint/endpoint.h"
#include "engine/scan.h"
#include "engine/workers.h"
#include "error.h"
#include "json.h"
#include "options/types.h"
#include "plan/plan.h"

/* The version of the report and event formats.  It is raised when a field is
 * removed or changes its meaning.
 */
#define FORMAT_VERSION 1

/* Longer names are cut, so that an event stays one short line. */
#define NAME_MAX_BYTES 500

/* Messages and reports list at most this many ranges that differ. */
#define DIFFERENCES_SHOWN 10

/* Describes one side.  @ep is NULL if the side was not opened, @operand has no
 * name if none was given, and @id is the value of --source-id, or NULL.
 */
json_t *describe_side (const struct operand *operand, const char *id,
                       const struct endpoint *ep);

/* Describes the plan.  @found is NULL if there was no scan. */
json_t *describe_plan (const struct copy *c, const struct scan_result *found);

/* Returns whether the destination is known to read as zeroes: yes, no, unknown,
 * or ask.
 */
const char *describe_zero (const struct zero_plan *z);

/* Describes an error; null if @e is NULL or not set. */
json_t *describe_error (const struct error *e);

/* Describes byte counts: {total data zero skipped resumed recopied}. */
json_t *describe_bytes (const struct totals *t);

/* Messages and reports list at most this many ranges that cannot be read. */
#define UNREADABLE_SHOWN 10

/* Describes what could not be read, with the first ranges. */
json_t *describe_unreadable (struct unreadable *u);

/* Sets the error to what could not be read, and how to try it again. */
void describe_unreadable_error (const struct copy *c,
                                const struct endpoint *source,
                                const struct totals *t, struct error *e);

/* Describes the result of a comparison, with the first ranges that differ. */
json_t *describe_verify (const struct differences *d, const struct totals *t);

/* Sets the error to the first range that differs and the number of bytes that
 * do.
 */
void describe_difference (const struct differences *d, const struct totals *t,
                          const struct endpoint *destination, struct error *e);

/* Returns the value if it is known, else null. */
json_t *describe_if (bool known, json_t *value);

/* Rounds an estimate, at least 0, to a whole number. */
json_t *describe_rounded (double value);

#endif /* DESCRIBE_H */
