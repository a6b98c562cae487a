/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What events and the report both tell, as JSON: sides, plans, errors, numbers.
 * docs/events.schema.json and docs/report.schema.json say what each part means.
 *
 * Unknown is null, never 0.  All functions give NULL where memory is out.
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

/* The version of all these formats, which a change of meaning raises. */
#define FORMAT_VERSION 1

/* Longer names are cut, so that an event stays one short line. */
#define NAME_MAX_BYTES 500

/* ep is NULL where the side was not opened, the operand has no name where none
 * was given, and id is what the caller calls its state, or NULL.
 */
json_t *describe_side (const struct operand *operand, const char *id,
                       const struct endpoint *ep);

/* found is NULL where nobody looked. */
json_t *describe_plan (const struct plan *p, const struct scan_result *found);

/* NULL for no error, which is null. */
json_t *describe_error (const struct error *e);

/* {total data zero skipped resumed recopied} */
json_t *describe_bytes (const struct totals *t);

/* How a comparison went, and the first of the places that differ. */
json_t *describe_verify (const struct differences *d, const struct totals *t);

/* The same as an error: the first place, and how much differs. */
void describe_difference (const struct differences *d, const struct totals *t,
                          const struct endpoint *destination, struct error *e);

/* A number that may be unknown. */
json_t *describe_if (bool known, json_t *value);

#endif /* DESCRIBE_H */
