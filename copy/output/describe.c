/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON that events and the report share: see describe.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "options/operand.h"
#include "options/options.h"
#include "output/describe.h"

/* Bytes per second for which the time to copy is estimated. */
static const uint64_t rates[] = { 100 << 20, 1 << 30 };

json_t *
describe_if (bool known, json_t *value)
{
  if (known)
    return value;
  json_decref (value);
  return json_null ();
}

json_t *
describe_rounded (double value)
{
  return json_real ((double) (uint64_t) (value + 0.5));
}

/* -- sides ---------------------------------------------------------------- */

static json_t *
describe_name (const struct operand *operand)
{
  char *name = operand->name ? operand_masked_name (operand) : NULL;
  json_t *value = operand->name && name == NULL
    ? NULL
    : json_of_text (name, NAME_MAX_BYTES);

  free (name);
  return value;
}

json_t *
describe_side (const struct operand *operand, const char *id,
               const struct endpoint *ep)
{
  const struct caps *c = ep ? endpoint_caps (ep) : NULL;

  if (c == NULL)
    return json_pack ("{s:o, s:o, s:n, s:n, s:n}", "name",
                      describe_name (operand), "id",
                      json_of_text (id, NAME_MAX_BYTES), "size", "can_extents",
                      "can_multi_conn");
  return json_pack (
    "{s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b,"
    " s:b, s:{s:o, s:o, s:o}}",
    "name", describe_name (operand), "id", json_of_text (id, NAME_MAX_BYTES),
    "size", describe_if (!c->stream && !c->grows, json_of_number (c->size)),
    "can_extents", c->extents_max > 0, "can_multi_conn", c->can_multi_conn,
    "stream", c->stream, "resizable", c->grows, "exists", !c->missing,
    "read_only", c->read_only, "can_zero", c->zero_max > 0, "can_fast_zero",
    c->can_fast_zero, "can_flush", c->can_flush, "block", "min",
    json_of_number (c->block_min), "preferred",
    json_of_number (c->block_preferred), "max", json_of_number (c->block_max));
}

/* -- the plan ------------------------------------------------------------- */

static json_t *
describe_digest (const struct digest_plan *d)
{
  if (d->kind == DIGEST_NONE)
    return json_null ();
  return json_pack ("{s:s, s:o}", "algorithm", digest_name (d->kind), "block",
                    json_of_number (d->block));
}

/* Returns the least time that reading the data takes at each rate.  Zeroing is
 * not included.
 */
static json_t *
describe_estimate (const struct scan_result *found)
{
  json_t *list = json_array ();

  for (unsigned i = 0; list && i < sizeof rates / sizeof rates[0]; i++)
    if (json_array_append_new (list,
                               json_pack ("{s:o, s:f}", "rate",
                                          json_of_number (rates[i]), "seconds",
                                          (double) found->data / rates[i]))
        == -1) {
      json_decref (list);
      return NULL;
    }
  return list;
}

/* Describes what the scan found.  If it ran out of time, the rest of the disk
 * is in "unknown".
 */
static json_t *
describe_findings (const struct scan_result *f)
{
  if (f == NULL)
    return json_null ();
  return json_pack (
    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "data", json_of_number (f->data),
    "unselected", json_of_number (f->unselected), "zero",
    describe_if (f->told_apart, json_of_number (f->zero)), "skipped",
    describe_if (f->told_apart, json_of_number (f->skipped)), "resumed",
    json_of_number (f->resumed), "unknown", json_of_number (f->unknown),
    "estimate", describe_estimate (f));
}

const char *
describe_zero (const struct zero_plan *z)
{
  static const char *const words[] = {
    [IS_ZERO_AUTO] = "unknown",
    [IS_ZERO_YES] = "yes",
    [IS_ZERO_NO] = "no",
  };

  return z->ask_destination ? "ask" : words[z->known];
}

/* Describes what selects the ranges to copy. */
static json_t *
describe_selection (const struct copy *c, const struct scan_result *found)
{
  if (c->changed)
    return json_pack (
      "{s:s, s:n, s:n, s:n, s:o, s:n}", "context", c->changed, "format",
      "extents", "ranges", "unselected",
      describe_if (found && found->unknown == 0,
                   json_of_number (found ? found->unselected : 0)),
      "digest");
  if (c->selection == NULL)
    return json_null ();
  return json_pack (
    "{s:n, s:s, s:o, s:o, s:o, s:s}", "context", "format", c->selection->format,
    "extents", json_of_number (c->selection->extents), "ranges",
    json_of_number (ranges_count (copy_selected (c))), "unselected",
    json_of_number (copy_unselected (c)), "digest", c->selection->digest);
}

/* Describes how many bytes will be copied: unknown for a stream, and for
 * changes until all of the source has been asked about them.
 */
static json_t *
describe_total (const struct copy *c, const struct scan_result *found)
{
  if (c->plan.open_ended || (c->changed && (!found || found->unknown > 0)))
    return json_null ();
  return json_of_number (c->changed ? plan_length (&c->plan) - found->unselected
                                    : copy_length (c));
}

json_t *
describe_plan (const struct copy *c, const struct scan_result *found)
{
  const struct plan *p = &c->plan;

  return json_pack (
    "{s:b, s:b, s:b, s:o, s:o, s:i, s:i, s:o, s:o, s:o, s:o, s:b, s:s,"
    " s:b, s:b, s:o, s:o}",
    "copy", p->copies, "compare", p->compares, "update", p->updates, "total",
    describe_total (c, found), "selection", describe_selection (c, found),
    "workers", (int) p->workers, "requests", (int) p->requests, "request_size",
    json_of_number (p->request_size), "queue_size",
    json_of_number (p->queue_size), "align", json_of_number (p->align),
    "sparse", json_of_number (p->zero.scan), "source_extents",
    p->source_extents, "destination_is_zero", describe_zero (&p->zero),
    "allocated", p->zero.allocate, "flush", p->flush, "digest",
    describe_digest (&p->digest), "found", describe_findings (found));
}

/* -- errors and numbers --------------------------------------------------- */

json_t *
describe_error (const struct error *e)
{
  const struct error_place *p = &e->place;

  if (e == NULL || !error_is_set (e))
    return json_null ();
  return json_pack (
    "{s:s?, s:s?, s:o, s:o, s:o, s:o}", "side", p->side, "op", p->op, "offset",
    describe_if (p->has_range, json_of_number (p->offset)), "length",
    describe_if (p->has_range, json_of_number (p->length)), "errno",
    describe_if (e->number != 0, json_integer (e->number)), "message",
    json_of_text (e->text, SIZE_MAX));
}

json_t *
describe_bytes (const struct totals *t)
{
  return json_pack (
    "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "unselected",
    json_of_number (t->unselected), "unreadable",
    json_of_number (t->unreadable), "total",
    describe_if (!t->open_ended || t->total > 0, json_of_number (t->total)),
    "data", json_of_number (t->data), "zero", json_of_number (t->zero),
    "skipped", json_of_number (t->skipped), "same", json_of_number (t->same),
    "resumed", json_of_number (t->resumed), "recopied",
    json_of_number (t->again));
}

/* -- what cannot be read -------------------------------------------------- */

json_t *
describe_unreadable (struct unreadable *u)
{
  struct range first[UNREADABLE_SHOWN];
  const size_t n = unreadable_first (u, first, UNREADABLE_SHOWN);
  json_t *list = json_array ();

  for (size_t i = 0; i < n && i < UNREADABLE_SHOWN; i++)
    json_array_append_new (
      list,
      json_pack ("{s:o, s:o}", "offset", json_of_number (first[i].start),
                 "length", json_of_number (range_length (first[i]))));
  return json_pack ("{s:o, s:o, s:o, s:b}", "bytes",
                    json_of_number (unreadable_bytes (u)), "count",
                    json_of_number (n), "ranges", list, "ranges_complete",
                    n <= UNREADABLE_SHOWN);
}

/* Returns what another run of the same command does about them. */
static const char *
next_try (const struct copy *c)
{
  return c->map ? "run the same command again to try only these"
                : "with --map, another run would try only these";
}

/* Returns what the destination has where the source is unreadable. */
static const char *
what_is_there (const struct copy *c)
{
  const bool was_emptied = c->plan.zero.known == IS_ZERO_YES
    && endpoint_caps (c->endpoints[DESTINATION])->grows;

  return c->plan.salvage == SALVAGE_ZERO ? "zeroed"
    : was_emptied                        ? "zeroes"
                                         : "left as they were";
}

void
describe_unreadable_error (const struct copy *c, const struct endpoint *source,
                           const struct totals *t, struct error *e)
{
  struct range first;
  const size_t n = unreadable_first (c->unreadable, &first, 1);
  const struct error_place place = { "source", "read", true, first.start,
                                     range_length (first) };

  error_set_at (e, EIO, &place,
                "%s: %" PRIu64 " of %" PRIu64 " bytes cannot be read, in %zu"
                " place%s; the rest is copied, and these bytes are %s at the"
                " destination: %s",
                endpoint_name (source), unreadable_bytes (c->unreadable),
                t->total, n, n == 1 ? "" : "s", what_is_there (c),
                next_try (c));
}

/* -- comparing ------------------------------------------------------------ */

static json_t *
describe_ranges (const struct ranges *found)
{
  json_t *list = json_array ();

  for (size_t i = 0; i < ranges_count (found) && i < DIFFERENCES_SHOWN; i++) {
    const struct ranges_entry *r = ranges_at (found, i);

    json_array_append_new (list,
                           json_pack ("{s:o, s:o}", "offset",
                                      json_of_number (r->start), "length",
                                      json_of_number (r->end - r->start)));
  }
  return list;
}

json_t *
describe_verify (const struct differences *d, const struct totals *t)
{
  bool all;
  const struct ranges *found = differences_found (d, &all);

  return json_pack ("{s:s, s:o, s:o, s:o, s:o, s:b}", "scope",
                    t->unselected == t->compared_besides ? "all" : "selected",
                    "compared", json_of_number (t->compared), "holes",
                    json_of_number (t->holes), "differing",
                    json_of_number (t->differing), "ranges",
                    describe_ranges (found), "ranges_complete",
                    all && ranges_count (found) <= DIFFERENCES_SHOWN);
}

void
describe_difference (const struct differences *d, const struct totals *t,
                     const struct endpoint *destination, struct error *e)
{
  bool all;
  const struct ranges_entry *first = ranges_at (differences_found (d, &all), 0);
  const struct error_place place = { "destination", "compare", true,
                                     first->start, first->end - first->start };

  error_set_at (e, 0, &place, "%s: %" PRIu64 " bytes of %" PRIu64 " differ",
                endpoint_name (destination), t->differing, totals_to_do (t));
}
