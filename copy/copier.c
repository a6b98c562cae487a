/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs one copy, from opening both sides to closing them. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "atomic-file.h"
#include "base/exit-status.h"
#include "base/log.h"
#include "base/trace.h"
#include "checkpoint.h"
#include "clock.h"
#include "copier.h"
#include "endpoint/open.h"
#include "endpoint/server.h"
#include "endpoint/used-files.h"
#include "engine/ratelimit.h"
#include "engine/scan.h"
#include "engine/spot-check.h"
#include "human.h"
#include "map-digest.h"
#include "monitor.h"
#include "options/options.h"
#include "output/describe.h"
#include "output/differences-file.h"
#include "output/output-file.h"
#include "output/status.h"
#include "output/summary.h"
#include "plan/retry.h"
#include "secrets.h"
#include "selection/list-file.h"

/* How long a server may take to end after it was told to, before it is killed:
 * it may have caches to write.  After a failure it gets SERVER_GRACE, because
 * the data that counts was flushed before.
 */
#define GRACE (30 * NS_PER_S)

/* How long the extents of the whole disk are read before a copy, to estimate
 * the time that it will take.  With --plan the limit is --open-timeout.
 */
#define LOOK_PATIENCE NS_PER_S

/* How long the few reads may take that check --destination-is-zero. */
#define SPOT_CHECK_PATIENCE (2 * NS_PER_S)

/* Everything that lives as long as the copy. */
struct copier {
  const struct options *options; /* borrowed, as are these three */
  struct events *events;
  struct watch *watch;
  struct report *report;
  const struct machine *machine; /* borrowed */
  struct target targets[2];      /* by side */
  struct copy copy;
  struct atomic_file map_file; /* locked, until the map takes it over */
  struct checkpoint checkpoint;
  struct output_file digest_file, trace_file;
  struct scan *scan;             /* NULL: no scan was made */
  struct extent_list list;       /* empty where nothing is selected */
  struct spot_check *spot_check; /* NULL: nothing was promised */
  char digest[BLKHASH_TEXT];
  struct differences_file differences_file;
  struct range_collector differences; /* v is NULL: not complete, or not kept */
  struct error unreadable;            /* the copy is complete but for this */
};

static struct endpoint *
source (const struct copier *c)
{
  return c->copy.endpoints[SOURCE];
}

static struct endpoint *
destination (const struct copier *c)
{
  return c->copy.endpoints[DESTINATION];
}

/* Reports an error.  Returns the exit status that it means. */
static int
give_up (struct copier *c, const struct error *e, enum stage stage)
{
  report_failure (c->report, e);
  return exit_status_of (e, stage, false);
}

static int
give_up_for_signal (struct copier *c, int signal_number)
{
  struct error e = { 0 };

  error_set (&e, 0, "ended by signal %d (%s)", signal_number,
             strsignal (signal_number));
  report_note_error (c->report, &e);
  return SIGNAL_BASE + signal_number;
}

/* -- opening -------------------------------------------------------------- */

static struct endpoint *
open_side (struct copier *c, enum side side, struct error *e)
{
  return target_open (&c->targets[side], c->options,
                      stop_signal_fd (c->copy.stop), e);
}

static int
make_plan (struct copier *c, struct error *e)
{
  const struct plan_side sides[2] = {
    { endpoint_name (source (c)), endpoint_caps (source (c)) },
    { endpoint_name (destination (c)), endpoint_caps (destination (c)) },
  };

  return plan_make (&c->copy.plan, c->options, sides, c->machine, e);
}

/* Warns of what can be done, but perhaps not as the user meant it. */
static void
warn_of_plan (const struct copier *c)
{
  const struct caps *there = endpoint_caps (destination (c));

  if (c->copy.plan.copies && !c->copy.plan.flush && !c->options->no_flush
      && !there->stream)
    log_warning_as ("destination-no-flush",
                    "%s: cannot flush: nothing says when the data is stored",
                    endpoint_name (destination (c)));
  if (!c->copy.plan.copies && there->size > c->copy.plan.size)
    log_warning_as ("destination-larger",
                    "%s: its size is %" PRIu64 ": data after the source's"
                    " size (%" PRIu64 ") is not compared",
                    endpoint_name (destination (c)), there->size,
                    c->copy.plan.size);
}

/* Reports that a side cannot be opened.  If it may come back, the copy can be
 * resumed from an existing map.
 */
static int
give_up_opening (struct copier *c, const struct error *e)
{
  const int signal_number = stop_take_signal (c->copy.stop);
  const bool later = !c->options->plan && retry_helps (e->number)
    && c->targets[SOURCE].wants.resumes;
  int status;

  c->report->may_pass = retry_helps (e->number);
  report_failure (c->report, e);
  if (e->kind == ERROR_INTERRUPTED && signal_number > 0)
    return SIGNAL_BASE + signal_number;
  status = exit_status_of (e, STAGE_OPENING, later);
  if (status == INCOMPLETE)
    log_say ("--map=%s: run the same command again to resume", c->options->map);
  return status;
}

/* Refuses a destination that is the source, unless --allow-same-disk allows it.
 * Files were compared before they were opened; only if other files have taken
 * their names since is there anything left to find.
 */
static int
check_different (struct copier *c, struct error *e)
{
  const bool same = endpoint_same (source (c), destination (c));
  const bool in_place = c->targets[DESTINATION].wants.in_place;
  const bool is_path = c->targets[DESTINATION].operand->kind == OPERAND_PATH;

  if (in_place && !same)
    endpoint_error (destination (c), e, ERROR_REFUSED, ESTALE,
                    "another file took its place");
  else if (same && (is_path ? !in_place : !c->options->allow_same_disk))
    endpoint_error (destination (c), e, ERROR_REFUSED, EINVAL,
                    "is the same disk as the source%s",
                    is_path ? "" : " (allowed with --allow-same-disk)");
  return error_is_set (e) ? -1 : 0;
}

static int
open_both (struct copier *c)
{
  const uint64_t since = clock_now ();
  struct error e = { 0 };

  c->copy.ratelimit = ratelimit_new (&c->options->bwlimit,
                                     c->options->shared_limit, since, &e);
  if (c->copy.ratelimit == NULL)
    return give_up (c, &e, STAGE_CHECKING);
  if ((c->copy.endpoints[SOURCE] = open_side (c, SOURCE, &e)) == NULL
      || (c->copy.endpoints[DESTINATION] = open_side (c, DESTINATION, &e))
        == NULL)
    return give_up_opening (c, &e);
  c->copy.opening_time = clock_now () - since;
  if (check_different (c, &e) == -1)
    return give_up (c, &e, STAGE_OPENING);
  if (used_files_check_again (c->options,
                              endpoint_caps (destination (c))->grows, &e)
      == -1)
    return give_up (c, &e, STAGE_OPENING);
  if (make_plan (c, &e) == -1)
    return give_up (c, &e, STAGE_CHECKING);
  warn_of_plan (c);
  return DONE;
}

/* -- the selection -------------------------------------------------------- */

/* Refuses sides of which no part can be copied alone. */
static int
check_selection (const struct copier *c, struct error *e)
{
  const struct caps *to = endpoint_caps (destination (c));
  const uint64_t has = to->backed ? to->backing_size : to->size;
  const bool is_missing = (to->missing && !to->backed)
    || (to->grows && has != c->copy.plan.size);
  const char *option = c->options->changed ? "changed" : "extents";

  if (endpoint_caps (source (c))->stream || to->stream) {
    error_set (e, EINVAL, "--%s cannot be used with a stream", option);
    return -1;
  }
  if (c->copy.plan.copies && is_missing) {
    endpoint_error (destination (c), e, ERROR_REFUSED, EINVAL,
                    "%s the size of the source (%" PRIu64 ") with --%s",
                    to->backed ? "its backing file must have"
                               : "must exist and have",
                    c->copy.plan.size, option);
    return -1;
  }
  return 0;
}

static int
read_list (struct copier *c, struct error *e)
{
  const char *name = c->options->extents;
  FILE *f = list_file_open (name, stop_signal_fd (c->copy.stop));
  struct error why = { 0 };
  int r = -1;

  if (f == NULL)
    error_set (&why, errno, "%s", strerror (errno));
  else
    r = extent_list_read (f, c->copy.plan.size, &c->list, &why);
  if (f)
    fclose (f);
  if (r == -1)
    error_set (e, why.number, "--extents=%s: %s", name, why.text);
  return r;
}

static int
read_selection (struct copier *c)
{
  const struct plan *plan = &c->copy.plan;
  struct error e = { 0 };

  if (c->options->extents == NULL && c->options->changed == NULL)
    return DONE;
  if (check_selection (c, &e) == -1)
    return give_up (c, &e, STAGE_CHECKING);
  c->copy.changed = c->options->changed;
  if (c->copy.changed)
    return DONE;
  if (read_list (c, &e) == -1) {
    const int signal_number = stop_take_signal (c->copy.stop);

    return signal_number > 0 ? give_up_for_signal (c, signal_number)
                             : give_up (c, &e, STAGE_CHECKING);
  }
  if (extent_list_cut (&c->list, plan->start, plan->end, plan->align) == -1) {
    error_set (&e, errno, "--extents: %s", strerror (errno));
    return give_up (c, &e, STAGE_CHECKING);
  }
  c->copy.selection = &c->list;
  return DONE;
}

/* -- the map -------------------------------------------------------------- */

static int
give_up_map (struct copier *c, const struct error *e)
{
  c->report->map_in_use = e->kind == ERROR_IN_USE;
  return give_up (c, e, STAGE_CHECKING);
}

/* Keeps other runs of this copy away from the disks. */
static int
lock_map (struct copier *c)
{
  struct error e = { 0 };

  if (c->options->map && !c->options->plan
      && map_lock (c->options, &c->map_file, &e) == -1)
    return give_up_map (c, &e);
  return DONE;
}

/* Ends a copy whose time is over before it began to write. */
static int
check_time (struct copier *c)
{
  struct error e = { 0 };

  if (c->options->plan || !stop_is_due (c->copy.stop, clock_now (), &e))
    return DONE;
  report_failure (c->report, &e);
  return exit_status_of (&e, STAGE_OPENING, true);
}

static int
open_map (struct copier *c)
{
  char file[FILE_TEXT];
  const struct map_pair pair = {
    .options = c->options,
    .source = endpoint_name (source (c)),
    .destination = endpoint_name (destination (c)),
    .version = endpoint_version (source (c)),
    .size = c->copy.plan.size,
    .start = c->copy.plan.start,
    .end = c->copy.plan.end,
    .selected = copy_selected (&c->copy),
    .selection = c->copy.selection ? c->list.digest : c->copy.changed,
    .destination_size = endpoint_caps (destination (c))->size,
    .destination_file = endpoint_describe_file (destination (c), file),
    .locked = &c->map_file,
  };
  struct error e = { 0 };

  if (c->options->map
      && ((c->copy.map = map_open (&pair, c->options->plan, &e)) == NULL
          || map_digest_open (&c->copy, c->options, &e) == -1))
    return give_up_map (c, &e);
  c->checkpoint = (struct checkpoint) { .map = c->copy.map,
                                        .events = c->events };
  return DONE;
}

static void
warn_of_no_data (const char *source)
{
  log_warning_as ("source-no-data",
                  "%s: no data found: the source reports only zeroes", source);
}

/* -- looking -------------------------------------------------------------- */

static const struct scan_result *
found (const struct copier *c)
{
  return c->scan ? scan_result (c->scan) : NULL;
}

/* Returns whether an estimate of the time left is shown anywhere. */
static bool
wants_time_left (const struct copier *c)
{
  return events_wanted (c->events) || watch_wanted (c->watch)
    || (c->options->progress && !c->options->progress_fd_given
        && !c->options->quiet);
}

/* Returns how many bytes the destination has for the rest of the copy.  Blocks
 * that an earlier run has stored stay in use; other old blocks of the file are
 * freed.
 */
static uint64_t
room_left (const struct copier *c)
{
  const struct caps *to = endpoint_caps (destination (c));
  const uint64_t stored = c->copy.map ? map_resumed (c->copy.map) : 0;

  return add_saturated (to->free,
                        to->occupied > stored ? to->occupied - stored : 0);
}

/* Returns whether the file system may lack room for the file if all of it is
 * data.
 */
static bool
may_lack_room (const struct copier *c)
{
  return c->copy.plan.copies && !c->copy.plan.open_ended
    && endpoint_caps (destination (c))->free_known
    && room_left (c) < copy_length (&c->copy);
}

/* Warns when the file system lacks room for the data of the source.  Unless all
 * blocks are allocated, only extents that are known to be data count: unknown
 * ones may be zeroes.
 */
static void
warn_of_file_system (const struct copier *c)
{
  const struct scan_result *f = found (c);
  const uint64_t stored = c->copy.map ? map_resumed (c->copy.map) : 0;
  const uint64_t room = room_left (c);
  const uint64_t needed = c->options->allocated
    ? copy_length (&c->copy) - stored
    : f && c->copy.plan.source_extents ? f->data
                                       : 0;
  char there[HUMAN_MAX], wanted[HUMAN_MAX];

  if (may_lack_room (c) && room < needed)
    log_warning_as ("destination-no-room",
                    "%s: %s will be written, but its file system has room for"
                    " %s (%" PRIu64 " and %" PRIu64 " bytes)",
                    endpoint_name (destination (c)),
                    human_size (wanted, needed), human_size (there, room),
                    needed, room);
}

static int
look (struct copier *c)
{
  const bool whole = c->options->plan;
  struct error e = { 0 };

  if (!whole && !wants_time_left (c) && !may_lack_room (c))
    return DONE;
  c->scan = scan_run (&c->copy, whole,
                      whole ? c->options->open_timeout : LOOK_PATIENCE,
                      stop_signal_fd (c->copy.stop), &e);
  return c->scan || !whole ? DONE : give_up (c, &e, STAGE_OPENING);
}

/* Warns when there is no room for an image, whose metadata takes room, too. */
static void
warn_of_image (const struct copier *c)
{
  const struct scan_result *f = found (c);
  uint64_t there, besides, needed;
  char of_there[HUMAN_MAX], of_needed[HUMAN_MAX];

  if (f == NULL || !c->copy.plan.copies
      || !endpoint_room (destination (c), c->copy.plan.size, &there, &besides))
    return;
  needed = add_saturated (f->data, besides);
  if (needed > there)
    log_warning_as ("destination-no-room",
                    "%s: has room for %s (%" PRIu64 " bytes), but the copy"
                    " may need %s (%" PRIu64 " bytes)",
                    endpoint_name (destination (c)),
                    human_size (of_there, there), there,
                    human_size (of_needed, needed), needed);
}

/* Warns when the destination may lack room.  The data can be less than the
 * extents say: zeroes that are stored as data are only found when they are
 * read.
 */
static void
warn_of_room (const struct copier *c)
{
  warn_of_file_system (c);
  warn_of_image (c);
}

/* Returns whether the destination is created, or truncated first. */
static bool
makes_destination (const struct copier *c)
{
  const struct caps *to = endpoint_caps (destination (c));

  if (c->copy.plan.updates && to->size == c->copy.plan.size)
    return false;
  return to->grows && (to->backed || !copy_is_partial (&c->copy))
    && !(c->copy.map && map_is_resumed (c->copy.map));
}

static void
tell_plan (struct copier *c)
{
  report_note_plan (c->report, &c->copy, found (c));
  events_plan (c->events, c->report->plan, c->report->source,
               c->report->destination);
}

/* Warns when --destination-is-zero is plainly wrong; it is relied on all the
 * same.  A resumed copy is not checked: the promise was about the first run.
 */
static void
check_promise (struct copier *c)
{
  const struct caps *there = endpoint_caps (destination (c));
  const uint64_t end = min_u64 (c->copy.plan.end, there->size);
  uint64_t offset, length;

  if (!c->copy.plan.copies || c->copy.plan.zero.known != IS_ZERO_YES
      || (there->grows && !there->backed) || c->copy.plan.start >= end
      || (c->copy.map && map_is_resumed (c->copy.map)))
    return;
  c->spot_check = spot_check_new (destination (c), c->copy.plan.start, end,
                                  SPOT_CHECK_PATIENCE,
                                  stop_signal_fd (c->copy.stop));
  if (c->spot_check && spot_check_found (c->spot_check, &offset, &length))
    log_warning_as (
      "destination-not-zero",
      "%s: does not read as zeroes, although --destination-is-zero says so:"
      " there is data at offset %" PRIu64 " length %" PRIu64
      ": stale data remains where the source has zeroes",
      endpoint_name (destination (c)), offset, length);
}

/* --plan: says what would be done, which is all that is done. */
static void
tell_findings (struct copier *c)
{
  const struct scan_result *f = found (c);

  summary_scan (&c->copy.plan, f);
  if (c->copy.plan.copies && !c->copy.plan.open_ended && c->copy.plan.size > 0
      && !copy_is_partial (&c->copy) && f->data == 0 && f->unknown == 0
      && f->resumed == 0)
    warn_of_no_data (endpoint_name (source (c)));
  c->report->changed = c->copy.plan.copies
    && (c->copy.plan.open_ended || f->data > 0 || f->zero > 0 || f->unknown > 0
        || makes_destination (c));
  tell_plan (c);
}

/* -- copying -------------------------------------------------------------- */

static bool
is_of_side (const struct error *e, const struct endpoint *ep)
{
  return e->place.side
    && strcmp (e->place.side, side_name (endpoint_side (ep))) == 0;
}

/* Makes an error say more about a lost connection: a connection is lost before
 * its server is seen to exit, but the exit explains why.  Other errors are
 * complete.
 */
static void
explain (struct copier *c, struct error *e)
{
  struct endpoint *const *sides = c->copy.endpoints;

  for (unsigned i = 0; i < 2; i++) {
    const bool can_say = !error_is_set (e)
      || (e->kind == ERROR_CONNECTION_LOST && is_of_side (e, sides[i]));

    if (can_say && endpoint_server_ended (sides[i], WATCH_DEATH_MS, e))
      return;
  }
  for (unsigned i = 0; i < 2; i++)
    if ((e->place.op || e->kind == ERROR_CONNECTION_LOST)
        && is_of_side (e, sides[i]))
      endpoint_explain (sides[i], e);
}

static int
start_trace (struct copier *c, struct error *e)
{
  if (c->options->trace_file == NULL)
    return 0;
  c->copy.trace = trace_new (c->copy.plan.workers_max);
  if (c->copy.trace)
    return 0;
  error_set (e, errno, "--trace: %s", strerror (errno));
  return -1;
}

/* Writes the trace, however the copy ended.  A failure is only a warning. */
static void
end_trace (struct copier *c)
{
  struct error e = { 0 };

  if (c->copy.trace
      && output_file_close (&c->trace_file,
                            trace_write (c->copy.trace, c->trace_file.fd), &e)
        == -1)
    log_warning ("%s", e.text);
  trace_free (c->copy.trace);
}

/* Reports a copy that did all of its work.  Returns its exit status. */
static int
tell_success (struct copier *c, const struct workers *workers)
{
  const struct report *r = c->report;
  const struct totals *t = &r->totals;
  struct error e = { 0 };

  if (c->copy.plan.copies && t->total > 0 && t->data == 0 && t->resumed == 0
      && t->unreadable == 0 && t->same == t->same_unread
      && !copy_is_partial (&c->copy))
    warn_of_no_data (endpoint_name (source (c)));
  if (c->copy.unreadable && unreadable_bytes (c->copy.unreadable) > 0) {
    summary_unreadable (&c->copy, source (c));
    describe_unreadable_error (&c->copy, source (c), t, &c->unreadable);
  }
  if (t->differing > 0) {
    summary_differences (workers_differences (workers), t, destination (c));
    describe_difference (workers_differences (workers), t, destination (c), &e);
    report_note_error (c->report, &e);
  }
  if (c->options->progress || c->options->verbose) {
    if (c->copy.plan.copies)
      summary_copied (t, r->working - r->verifying, r->changed);
    if (c->copy.plan.compares)
      summary_compared (t, r->verifying);
  }
  return t->differing == 0 ? DONE : DIFFERENT;
}

static int
prepare (struct copier *c, struct error *e)
{
  const struct plan *plan = &c->copy.plan;
  const bool known = !plan->open_ended;
  const struct preparation p = {
    .size = known ? plan->size : 0,
    .start = plan->start,
    .end = known ? plan->end : 0,
    .keep = c->copy.map && map_is_resumed (c->copy.map),
    .update = plan->updates,
    .shared = c->targets[DESTINATION].wants.part,
    .allocate = plan->zero.allocate,
  };

  return endpoint_prepare (destination (c), &p, e);
}

/* Returns what the map is aligned to: the blocks around unreadable ones are not
 * copied again.
 */
static uint64_t
resume_unit (const struct plan *p)
{
  return p->salvage == SALVAGE_NO ? p->unit : p->salvage_block;
}

/* Makes the set of unreadable ranges, where that is wanted. */
static bool
prepare_salvage (struct copier *c)
{
  if (c->copy.plan.salvage == SALVAGE_NO)
    return true;
  c->copy.unreadable = unreadable_new (c->copy.map);
  return c->copy.unreadable != NULL;
}

static int
refuse_digest_file (const char *name, struct error *e)
{
  char *shown = secrets_mask (name);

  error_set (e, errno, "--blkhash-file=%s: %s", shown ? shown : "",
             errno == EINVAL ? "not a regular file" : strerror (errno));
  free (shown);
  return -1;
}

/* Makes sure that the digest can be written.  With a map, the file is replaced
 * at the end, because only the last shard has the digest: until then, the file
 * may be that of another shard.
 */
static int
check_digest_file (struct copier *c, struct error *e)
{
  const char *name = c->options->blkhash_file;

  if (c->copy.map == NULL)
    return output_file_open (&c->digest_file, "--blkhash-file", name, e);
  return atomic_file_check (name) == 0 ? 0 : refuse_digest_file (name, e);
}

/* Makes the destination ready.  From here on its old content may be lost. */
static int
make_ready (struct copier *c)
{
  struct error e = { 0 };
  char file[FILE_TEXT];

  if (c->options->digest != DIGEST_NONE && c->options->blkhash_file
      && check_digest_file (c, &e) == -1)
    return give_up (c, &e, STAGE_CHECKING);
  if (c->options->trace_file
      && output_file_open (&c->trace_file, "--trace", c->options->trace_file,
                           &e)
        == -1)
    return give_up (c, &e, STAGE_CHECKING);
  if (c->options->differences
      && differences_file_check (&c->differences_file, c->options->differences,
                                 &e)
        == -1)
    return give_up (c, &e, STAGE_CHECKING);
  if (c->copy.map && map_digest_claim (&c->copy, c->options, &e) == -1)
    return give_up (c, &e, STAGE_CHECKING);
  c->report->changed = c->copy.plan.copies && makes_destination (c);
  if (c->copy.plan.copies && prepare (c, &e) == -1) {
    c->report->changed = endpoint_was_changed (destination (c));
    return give_up (c, &e, STAGE_PREPARING);
  }
  if (make_plan (c, &e) == -1) /* its caps can have changed */
    return give_up (c, &e, STAGE_CHECKING);
  if (c->report->changed) /* its new size has to be stored */
    c->copy.plan.flush_always = true;
  check_promise (c);
  if ((c->copy.map
       && map_begin (c->copy.map, resume_unit (&c->copy.plan),
                     endpoint_caps (destination (c))->size,
                     endpoint_describe_file (destination (c), file))
         == -1)
      || !prepare_salvage (c)) {
    error_set (&e, ENOMEM, "%s", strerror (ENOMEM));
    return give_up (c, &e, STAGE_PREPARING);
  }
  tell_plan (c);
  return start_trace (c, &e) == 0 ? DONE : give_up (c, &e, STAGE_PREPARING);
}

/* Returns the totals before the first byte: the work to do, and what earlier
 * runs have done of it.
 */
static struct totals
begin_totals (const struct copier *c)
{
  return (struct totals) {
    .total = copy_length (&c->copy),
    .unselected = copy_unselected (&c->copy),
    .compared_besides = copy_compared_besides (&c->copy),
    .open_ended = c->copy.plan.open_ended,
    .updates = c->copy.plan.updates,
    .phases = c->copy.plan.copies + c->copy.plan.compares,
    .phase = c->copy.plan.copies ? PHASE_COPY : PHASE_COMPARE,
    .resumed = c->copy.map ? map_resumed (c->copy.map) : 0,
    .total_falls = c->copy.changed != NULL,
  };
}

static bool
is_done_already (const struct copier *c)
{
  const uint64_t length = copy_length (&c->copy);

  /* An overlay has to be created even if nothing is copied to it. */
  if (c->copy.plan.compares || endpoint_caps (destination (c))->backed)
    return false;
  return length == 0 ? c->copy.selection != NULL
                     : c->copy.map && map_resumed (c->copy.map) == length;
}

static struct status
start_status (const struct copier *c, uint64_t now)
{
  const struct totals begun = begin_totals (c);
  struct status t = {
    .options = c->options,
    .plan = &c->copy.plan,
    .events = c->events,
    .watch = c->watch,
    .unreadable = c->copy.unreadable,
    .sides = { source (c), destination (c) },
  };

  status_start (&t, &begun, found (c), now);
  return t;
}

/* Ends a copy for which nothing is left to do: nothing is read or prepared. */
static int
end_unchanged (struct copier *c)
{
  const struct totals t = begin_totals (c);
  struct status shown;

  tell_plan (c);
  shown = start_status (c, clock_now ());
  status_end (&shown, &t, true);
  report_note_unchanged (c->report, &t);
  return DONE;
}

/* Reports how far a copy came that could not finish, and why. */
static int
end_incomplete (struct copier *c)
{
  const int signal_number = stop_signal (c->copy.stop);
  struct error *e = stop_error (c->copy.stop);
  int status;

  if (!error_is_set (e) && signal_number) {
    summary_interrupted (&c->report->totals, signal_number, c->report->working);
    status = give_up_for_signal (c, signal_number);
  }
  else {
    explain (c, e);
    if (!error_is_set (e))
      error_set (e, ENOTRECOVERABLE,
                 "this is a bug: the sums of the workers do not add up to the"
                 " size of the copy");
    c->report->may_pass = retry_helps (e->number);
    report_failure (c->report, e);
    status = exit_status_of (e, STAGE_COPYING,
                             c->copy.map && retry_helps (e->number));
  }
  if (c->copy.map)
    summary_incomplete (c->copy.map, copy_length (&c->copy), e->number);
  return status;
}

/* Does the work that is left once all workers have ended.  False when that
 * fails.
 */
static bool
finish (struct copier *c, struct workers *workers)
{
  const struct totals t = workers_totals (workers);
  struct error e = { 0 };

  if (endpoint_unchanged (source (c), &e) == -1) {
    if (c->copy.map) /* the copy is a mixture of two states */
      map_unmark (c->copy.map, NULL);
    stop_fail (c->copy.stop, &e);
    return false;
  }
  if ((c->copy.plan.open_ended
       && endpoint_finish (destination (c), t.total, c->copy.plan.flush, &e)
         == -1)
      || (c->options->digest != DIGEST_NONE && c->copy.map == NULL
          && workers_digest (workers, c->digest, &e) == -1)) {
    stop_fail (c->copy.stop, &e);
    return false;
  }
  return true;
}

/* Checks, however the copy ended, that the destination's name still leads to
 * the file that was written.  If not, the map must not claim any of it.
 */
static bool
is_still_there (struct copier *c)
{
  struct error e = { 0 };

  if (!c->copy.plan.copies || endpoint_recheck (destination (c), &e) == 0)
    return true;
  stop_fail (c->copy.stop, &e);
  if (c->copy.map)
    map_unmark (c->copy.map, NULL);
  return false;
}

/* Marks all of the disk as finished, except the ranges that differ: running the
 * same command again copies those again.
 */
static void
mark_complete (struct copier *c, const struct workers *workers)
{
  const struct differences *d = workers_differences (workers);
  bool all;

  map_mark_all (c->copy.map);
  if (d) {
    const struct ranges *found = differences_found (d, &all);

    map_unmark (c->copy.map, all ? found : NULL);
  }
}

/* Reports the end.  A copy that differs is complete, but not shown as 100 %. */
static void
tell_end (struct copier *c, struct status *shown, const struct workers *workers,
          bool complete)
{
  const struct totals t = workers_totals (workers);

  status_end (shown, &t, complete && t.differing == 0);
  if (complete && c->copy.plan.compares)
    events_verify (c->events,
                   describe_verify (workers_differences (workers), &t));
}

/* Copies. @start is when the preparations began, whose time counts, too. */
static int
copy (struct copier *c, uint64_t start)
{
  struct error e = { 0 };
  struct workers *workers;
  struct status shown;
  bool complete;
  int status = DONE;

  if (c->copy.map)
    stop_fail_in_order (c->copy.stop);
  workers = workers_start (&c->copy, &e);
  if (workers == NULL)
    return give_up (c, &e, STAGE_COPYING);
  if (c->copy.map) /* it says which data the destination holds */
    endpoint_keep (destination (c));
  shown = start_status (c, start);
  checkpoint_save (&c->checkpoint);
  stop_want_usr1 (c->copy.stop, true);
  monitor_run (&c->copy, workers, &shown, &c->checkpoint);
  stop_want_usr1 (c->copy.stop, false);
  complete = workers_join (workers) && finish (c, workers);
  complete = is_still_there (c) && complete;
  tell_end (c, &shown, workers, complete);
  report_note_copy (c->report, &c->copy.plan, workers, start, complete);
  report_note_unreadable (c->report, c->copy.unreadable);
  if (complete)
    status = tell_success (c, workers);
  if (complete && c->copy.map)
    mark_complete (c, workers);
  if (complete && c->copy.plan.lists_all)
    c->differences = workers_take_differences (workers);
  workers_free (workers);

  checkpoint_save (&c->checkpoint);
  if (!complete)
    return end_incomplete (c);
  endpoint_keep (destination (c));
  return status;
}

/* -- closing -------------------------------------------------------------- */

/* Closes both sides, unless a signal interrupts the wait.  A failure of the
 * source's server does not change the data that was read; a failure of the
 * destination's server means that some data may not be stored.
 */
static int
close_both (struct copier *c, int status)
{
  const uint64_t grace = status == DONE ? GRACE : SERVER_GRACE;
  const int interrupt_fd = stop_signal_fd (c->copy.stop);
  struct error of_source = { 0 }, of_destination = { 0 };
  int signal_number;

  if (!endpoint_close (source (c), grace, interrupt_fd, &of_source)
      && status == DONE)
    log_warning_as ("source-shutdown-failed", "%s", of_source.text);
  if (!endpoint_close (destination (c), grace, interrupt_fd, &of_destination)
      && status == DONE) {
    c->report->flushed = false; /* some data may not be stored */
    c->report->may_pass = true;
    status = give_up (c, &of_destination, STAGE_COPYING);
    if (c->copy.map) {
      map_unmark (c->copy.map, map_todo (c->copy.map));
      checkpoint_save (&c->checkpoint);
    }
  }
  signal_number = stop_take_signal (c->copy.stop);
  return signal_number > 0 && status < SIGNAL_BASE
    ? give_up_for_signal (c, signal_number)
    : status;
}

/* Computes the digest from those that are kept beside the maps.  Returns the
 * exit status.
 */
static int
complete_digest (struct copier *c)
{
  const int interrupt_fd = stop_signal_fd (c->copy.stop);
  struct error e = { 0 };
  int signal_number;

  switch (map_digest_end (&c->copy, c->options, interrupt_fd, c->digest, &e)) {
  case MAP_DIGEST_THERE:
    return DONE;
  case MAP_DIGEST_LATER:
    if (e.kind == ERROR_OTHER_COPY)
      log_warning_as ("digest-impossible", "--blkhash: no digest: %s", e.text);
    else
      log_say ("--blkhash: no digest yet: %s", e.text);
    return DONE;
  case MAP_DIGEST_LACKS_BLOCKS:
    checkpoint_save (&c->checkpoint);
    break;
  case MAP_DIGEST_FAILED:
    signal_number = stop_take_signal (c->copy.stop);
    if (signal_number > 0)
      return give_up_for_signal (c, signal_number);
  }
  c->report->may_pass = true;
  report_failure (c->report, &e);
  return exit_status_of (&e, STAGE_COPYING, true);
}

/* Writes the digest of a copy that has a map to its file. */
static int
replace_digest_file (const struct copier *c, struct error *e)
{
  char line[BLKHASH_TEXT + 1];
  const int n = snprintf (line, sizeof line, "%s\n", c->digest);

  return atomic_file_write (c->options->blkhash_file, atomic_file_new_mode (),
                            line, n)
      == 0
    ? 0
    : refuse_digest_file (c->options->blkhash_file, e);
}

/* Prints the digest.  It comes last, so that a digest always means a complete
 * copy.  If the data goes to standard output, the digest goes to standard
 * error.
 */
static int
tell_digest (struct copier *c)
{
  const bool is_stream = c->options->destination.kind == OPERAND_STANDARD;
  FILE *f = is_stream ? stderr : stdout;
  struct error e = { 0 };

  if (c->digest_file.name) {
    if (output_file_end (&c->digest_file, c->digest, &e) == 0)
      return DONE;
  }
  else if (c->options->blkhash_file && !c->options->plan) {
    if (replace_digest_file (c, &e) == 0)
      return DONE;
  }
  else {
    if (fprintf (f, "%s\n", c->digest) > 0 && fflush (f) == 0)
      return DONE;
    error_set (&e, errno, "cannot write the digest: %s", strerror (errno));
  }
  return give_up (c, &e, STAGE_COPYING);
}

/* Writes the list of --differences.  Like the digest it comes last, so that it
 * is always the list of a complete comparison.  Returns the exit status.
 */
static int
list_differences (struct copier *c, int status)
{
  struct error e = { 0 };

  if (c->differences.v == NULL || (status != DONE && status != DIFFERENT)) {
    differences_file_omit (&c->differences_file);
    return status;
  }
  return differences_file_write (&c->differences_file, &c->differences,
                                 c->copy.plan.size, &e)
      == 0
    ? status
    : give_up (c, &e, STAGE_COPYING);
}

/* Checks the descriptors that the command line names.  Our own descriptors must
 * not take over 0 to 2, or a number given by --progress: progress would be
 * written into a server's socket.
 */
static int
check_descriptors (const struct options *o, struct error *e)
{
  int fd;

  while ((fd = open ("/dev/null", O_RDWR)) != -1 && fd <= STDERR_FILENO)
    ;
  if (fd > STDERR_FILENO)
    close (fd);
  if (o->progress_fd_given && fcntl (o->progress_fd, F_GETFD) == -1) {
    error_set (e, errno, "--progress=%d: %s", (int) o->progress_fd,
               strerror (errno));
    return -1;
  }
  return 0;
}

static int
recognise (struct copier *c, enum side side, struct error *e)
{
  const struct options *o = c->options;
  struct endpoint_wants wants = plan_wants (side, o);

  wants.resumes = map_exists (o);
  return target_recognise (&c->targets[side], side,
                           side == SOURCE ? &o->source : &o->destination, wants,
                           e);
}

/* Checks everything that the command line alone can tell. */
static int
check_words (struct copier *c, struct error *e)
{
  if (recognise (c, SOURCE, e) == -1 || recognise (c, DESTINATION, e) == -1
      || targets_check (c->targets, e) == -1
      || check_descriptors (c->options, e) == -1)
    return -1;
  if (c->options->allow_same_disk && targets_are_one (c->targets))
    for (enum side side = SOURCE; side <= DESTINATION; side++)
      c->targets[side].wants.in_place = true;
  return 0;
}

/* Prints the plan, if the user wants it. */
static void
announce (const struct copier *c)
{
  const bool wanted = c->options->plan || c->options->verbose;

  if (wanted)
    summary_plan (&c->copy, source (c), destination (c));
  if (c->copy.map && (wanted || map_is_resumed (c->copy.map)))
    summary_map (c->copy.map);
}

/* Does everything up to closing both sides. */
static int
go (struct copier *c)
{
  uint64_t start;
  int status = lock_map (c);

  if (status == DONE)
    status = open_both (c);
  report_note_sides (c->report, source (c), destination (c));
  if (status != DONE)
    return status;
  watch_ready (c->watch, c->options);
  if ((status = read_selection (c)) != DONE || (status = open_map (c)) != DONE)
    return status;
  announce (c);
  if (!c->options->plan && is_done_already (c))
    return end_unchanged (c);
  if ((status = look (c)) != DONE)
    return status;
  warn_of_room (c);
  if ((status = check_time (c)) != DONE)
    return status;
  if (c->options->plan) {
    check_promise (c);
    tell_findings (c);
    return DONE;
  }
  start = clock_now ();
  status = make_ready (c);
  return status == DONE ? copy (c, start) : status;
}

/* Frees all resources, however the copy ended. */
static void
free_all (struct copier *c)
{
  output_file_drop (&c->digest_file);
  output_file_drop (&c->trace_file);
  if (c->copy.map)
    report_note_map (c->report, c->copy.map);
  unreadable_free (c->copy.unreadable);
  if (c->copy.map && map_has_begun (c->copy.map))
    kept_digests_close (c->copy.kept_digests);
  else
    kept_digests_drop (c->copy.kept_digests);
  map_close (c->copy.map);
  atomic_file_close (&c->map_file, c->map_file.made);
  ratelimit_free (c->copy.ratelimit);
  scan_free (c->scan);
  spot_check_free (c->spot_check);
  extent_list_free (&c->list);
  range_collector_free (&c->differences);
  for (enum side side = SOURCE; side <= DESTINATION; side++)
    target_free (&c->targets[side]);
}

int
copier_run (const struct options *o, const struct machine *machine,
            struct events *events, struct watch *watch, struct report *report,
            struct stop *stop)
{
  struct options limited = *o;
  struct copier c = {
    .options = &limited,
    .machine = machine,
    .events = events,
    .watch = watch,
    .report = report,
    .copy = { .stop = stop },
  };
  struct error e = { 0 };
  int status;

  if (o->stop_after) {
    stop_set_deadline (stop, report->started + o->stop_after);
    limited.connect_wait = min_u64 (o->connect_wait, o->stop_after);
  }
  if (check_words (&c, &e) == -1)
    status = give_up (&c, &e, STAGE_CHECKING);
  else {
    status = go (&c);
    watch_stopping (watch);
    end_trace (&c);
    status = close_both (&c, status);
  }
  if (report->copied && o->differences)
    status = list_differences (&c, status);
  if (status == DONE && error_is_set (&c.unreadable)) /* the rest is stored */
    status = give_up (&c, &c.unreadable, STAGE_COPYING);
  if (status == DONE && c.copy.kept_digests)
    status = complete_digest (&c);
  if (status == DONE && c.digest[0]) {
    report_note_digest (report, c.digest);
    status = tell_digest (&c);
  }
  free_all (&c);
  return status;
}
