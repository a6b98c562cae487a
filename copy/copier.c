/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One copy, from opening both sides to closing them. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "base/exit-status.h"
#include "base/log.h"
#include "base/trace.h"
#include "checkpoint.h"
#include "clock.h"
#include "copier.h"
#include "endpoint/used-files.h"
#include "engine/ratelimit.h"
#include "engine/scan.h"
#include "engine/spot-check.h"
#include "human.h"
#include "monitor.h"
#include "output/describe.h"
#include "output/output-file.h"
#include "output/status.h"
#include "plan/retry.h"

/* A server that is told to end may have caches to write, and is killed if it
 * takes longer.  All that counts was flushed before, and less is owed to it
 * after a failure.
 */
#define GRACE (30 * NS_PER_S)
#define GRACE_AFTER_FAILURE (2 * NS_PER_S)

/* How long the disk is looked at as a whole, only to say how long a copy takes;
 * for --plan it is as long as opening may take.
 */
#define LOOK_PATIENCE NS_PER_S

/* How long a few reads may take that check a promise. */
#define SPOT_CHECK_PATIENCE (2 * NS_PER_S)

/* All that lives as long as the copy. */
struct copier {
  const struct options *options; /* borrowed, as are these two */
  struct events *events;
  struct report *report;
  const struct machine *machine; /* borrowed */
  struct stop *stop;
  struct endpoint *source, *destination;
  struct plan plan;
  struct map *map; /* NULL: none is kept */
  struct checkpoint checkpoint;
  struct ratelimit *ratelimit;
  struct output_file digest_file, trace_file;
  struct trace *trace;           /* NULL: none is wanted */
  struct scan *scan;             /* NULL: nobody looked */
  struct spot_check *spot_check; /* NULL: nothing was promised */
  char digest[BLKHASH_TEXT];
};

static int
give_up (struct copier *c, const struct error *e, int status)
{
  report_failure (c->report, e);
  return status;
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
  const struct operand *name = side == SOURCE ? &c->options->source
                                              : &c->options->destination;
  struct endpoint_wants wants = plan_wants (side, c->options);

  wants.resumes = map_stands (c->options);
  return endpoint_open (side, name, c->options, wants, stop_signal_fd (c->stop),
                        e);
}

static int
make_plan (struct copier *c, struct error *e)
{
  return plan_make (&c->plan, c->options, endpoint_name (c->source),
                    endpoint_caps (c->source), endpoint_name (c->destination),
                    endpoint_caps (c->destination), c->machine, e);
}

/* What can be done, but perhaps not as it was meant. */
static void
warn_of_plan (const struct copier *c)
{
  const struct caps *there = endpoint_caps (c->destination);

  if (c->plan.copies && !c->plan.flush && !c->options->no_flush
      && !there->stream)
    log_warning_as ("no-flush",
                    "%s: it cannot flush: nothing says when the"
                    " data is stored",
                    endpoint_name (c->destination));
  if (!c->plan.copies && there->size > c->plan.size)
    log_warning_as ("larger",
                    "%s: its size is %" PRIu64 ": what lies behind"
                    " the source's (%" PRIu64 ") is not compared",
                    endpoint_name (c->destination), there->size, c->plan.size);
}

/* A side is not there.  Where it may come back, a map that stands is as good as
 * before, whatever it says.
 */
static int
give_up_opening (struct copier *c, const struct error *e)
{
  const int signal_number = stop_take_signal (c->stop);
  const bool later = !c->options->plan && retry_helps (e->number)
    && map_stands (c->options);
  int status;

  if (e->number == EINTR && signal_number > 0)
    return give_up (c, e, SIGNAL_BASE + signal_number);
  status = give_up (c, e,
                    e->refused             ? REFUSED
                      : e->number == EBUSY ? IN_USE
                      : later              ? INCOMPLETE
                                           : FAILED);
  if (later && status == INCOMPLETE)
    log_say ("--map=%s: the same command goes on from there", c->options->map);
  return status;
}

static int
open_both (struct copier *c)
{
  struct error e = { 0 };

  if ((c->ratelimit = ratelimit_new (c->options, clock_now (), &e)) == NULL)
    return give_up (c, &e, REFUSED);
  if ((c->source = open_side (c, SOURCE, &e)) == NULL
      || (c->destination = open_side (c, DESTINATION, &e)) == NULL)
    return give_up_opening (c, &e);
  if (endpoint_same (c->source, c->destination)) {
    error_set (&e, EINVAL, "%s: it is the same disk as the source",
               endpoint_name (c->destination));
    return give_up (c, &e, REFUSED);
  }
  if (used_files_check_again (c->options, endpoint_caps (c->destination)->grows,
                              &e)
      == -1)
    return give_up (c, &e, e.number == EINVAL ? REFUSED : FAILED);
  if (make_plan (c, &e) == -1)
    return give_up (c, &e, e.number == EBUSY ? IN_USE : REFUSED);
  warn_of_plan (c);
  return DONE;
}

/* -- the map -------------------------------------------------------------- */

static int
open_map (struct copier *c)
{
  char file[FILE_TEXT];
  const struct map_pair pair = {
    .options = c->options,
    .source = endpoint_name (c->source),
    .destination = endpoint_name (c->destination),
    .source_is_path = endpoint_is_path (SOURCE, &c->options->source),
    .destination_is_path = endpoint_is_path (DESTINATION,
                                             &c->options->destination),
    .version = endpoint_version (c->source),
    .size = c->plan.size,
    .start = c->plan.start,
    .end = c->plan.end,
    .destination_size = endpoint_caps (c->destination)->size,
    .destination_file = endpoint_describe_file (c->destination, file),
  };
  struct error e = { 0 };

  if (c->options->map
      && (c->map = map_open (&pair, c->options->plan, &e)) == NULL)
    return give_up (c, &e,
                    e.number == EBUSY      ? IN_USE
                      : e.number == ESTALE ? MAP_MISMATCH
                                           : REFUSED);
  c->checkpoint = (struct checkpoint) { .map = c->map, .events = c->events };
  return DONE;
}

static void
warn_of_no_data (const char *source)
{
  log_warning_as ("no-data", "%s: it is not empty, but no byte of it is data",
                  source);
}

/* -- looking -------------------------------------------------------------- */

static const struct scan_result *
found (const struct copier *c)
{
  return c->scan ? scan_result (c->scan) : NULL;
}

/* Only who shows the time that is left has a use for it. */
static bool
wants_time_left (const struct copier *c)
{
  return events_wanted (c->events)
    || (c->options->progress && !c->options->progress_fd_given
        && !c->options->quiet);
}

/* Bytes that the destination has for what is left to copy.  What an earlier run
 * has stored is in the way of it; what was there before is not.
 */
static uint64_t
room_left (const struct copier *c)
{
  const struct caps *to = endpoint_caps (c->destination);
  const uint64_t stored = c->map ? map_resumed (c->map) : 0;

  return add_saturated (to->free,
                        to->occupied > stored ? to->occupied - stored : 0);
}

/* Whether a file might find no room on its file system, were all of it data. */
static bool
may_lack_room (const struct copier *c)
{
  return c->plan.copies && !c->plan.open_ended
    && endpoint_caps (c->destination)->free_known
    && room_left (c) < plan_length (&c->plan);
}

/* Only what the source's extents say to be data counts, unless all of it is
 * allocated: what nobody knows may be zeroes.
 */
static void
warn_of_file_system (const struct copier *c)
{
  const struct scan_result *f = found (c);
  const uint64_t stored = c->map ? map_resumed (c->map) : 0;
  const uint64_t room = room_left (c);
  const uint64_t needed = c->options->allocated
    ? plan_length (&c->plan) - stored
    : f && c->plan.source_extents ? f->data
                                  : 0;
  char there[HUMAN_MAX], wanted[HUMAN_MAX];

  if (may_lack_room (c) && room < needed)
    log_warning_as ("no-room",
                    "%s: %s are to be written, and its file system"
                    " has room for %s (%" PRIu64 " and %" PRIu64 " bytes)",
                    endpoint_name (c->destination), human_size (wanted, needed),
                    human_size (there, room), needed, room);
}

static int
look (struct copier *c)
{
  const bool whole = c->options->plan;
  struct error e = { 0 };

  if (!whole && !wants_time_left (c) && !may_lack_room (c))
    return DONE;
  c->scan = scan_run (&c->plan, c->map ? map_todo (c->map) : NULL, c->source,
                      whole ? c->destination : NULL,
                      whole ? c->options->open_timeout * NS_PER_S
                            : LOOK_PATIENCE,
                      stop_signal_fd (c->stop), &e);
  return c->scan || !whole ? DONE : give_up (c, &e, FAILED);
}

/* An image needs room for more than the data of the source. */
static void
warn_of_image (const struct copier *c)
{
  const struct scan_result *f = found (c);
  uint64_t there, besides, needed;
  char of_there[HUMAN_MAX], of_needed[HUMAN_MAX];

  if (f == NULL || !c->plan.copies
      || !endpoint_room (c->destination, c->plan.size, &there, &besides))
    return;
  needed = add_saturated (f->data, besides);
  if (needed > there)
    log_warning_as ("no-room",
                    "%s: it has room for %s (%" PRIu64 " bytes), and"
                    " the copy can need %s (%" PRIu64 " bytes)",
                    endpoint_name (c->destination),
                    human_size (of_there, there), there,
                    human_size (of_needed, needed), needed);
}

/* The data of the source may be more than there is room for: zeroes that are
 * stored as data are seen only when they are read.
 */
static void
warn_of_room (const struct copier *c)
{
  warn_of_file_system (c);
  warn_of_image (c);
}

/* Whether it is made, or cut to nothing first. */
static bool
makes_destination (const struct copier *c)
{
  return endpoint_caps (c->destination)->grows
    && !(c->map && map_stood (c->map));
}

static void
tell_plan (struct copier *c)
{
  report_note_plan (c->report, &c->plan, found (c));
  events_plan (c->events, c->report->plan, c->report->source,
               c->report->destination);
}

/* The promise that the destination reads as zeroes is kept to, but where it is
 * plainly wrong there is a warning.  It was about the first run of a map.
 */
static void
check_promise (struct copier *c)
{
  const struct caps *there = endpoint_caps (c->destination);
  const uint64_t end = min_u64 (c->plan.end, there->size);
  uint64_t offset, length;

  if (!c->plan.copies || c->plan.zero.known != IS_ZERO_YES || there->grows
      || c->plan.start >= end || (c->map && map_stood (c->map)))
    return;
  c->spot_check = spot_check_new (c->destination, c->plan.start, end,
                                  SPOT_CHECK_PATIENCE,
                                  stop_signal_fd (c->stop));
  if (c->spot_check && spot_check_found (c->spot_check, &offset, &length))
    log_warning_as (
      "not-zero",
      "%s: it does not read as zeroes, which"
      " --destination-is-zero promises: there is data at offset %" PRIu64
      " length %" PRIu64 ": old data stays where the"
      " source has zeroes",
      endpoint_name (c->destination), offset, length);
}

/* --plan: says what would be done, which is all that is done. */
static void
tell_findings (struct copier *c)
{
  const struct scan_result *f = found (c);

  report_findings (&c->plan, f);
  if (c->plan.copies && !c->plan.open_ended && c->plan.size > 0 && f->data == 0
      && f->unknown == 0 && f->resumed == 0)
    warn_of_no_data (endpoint_name (c->source));
  c->report->changed = c->plan.copies
    && (c->plan.open_ended || f->data > 0 || f->zero > 0 || f->unknown > 0
        || makes_destination (c));
  tell_plan (c);
}

/* -- copying -------------------------------------------------------------- */

/* A lost connection is seen sooner than the death of the server behind it, but
 * the death says more.  Other failures stand for themselves.
 */
static void
explain (struct copier *c, struct error *e)
{
  struct endpoint *sides[] = { c->source, c->destination };

  for (unsigned i = 0; i < 2; i++) {
    const char *name = endpoint_name (sides[i]);

    if ((!error_is_set (e)
         || (e->number == ENOTCONN
             && strncmp (e->text, name, strlen (name)) == 0))
        && endpoint_server_ended (sides[i], WATCH_DEATH_MS, e))
      return;
  }
  for (unsigned i = 0; i < 2; i++) {
    const char *name = endpoint_name (sides[i]);

    if ((e->place.op || e->number == ENOTCONN)
        && strncmp (e->text, name, strlen (name)) == 0)
      endpoint_explain (sides[i], e);
  }
}

static int
start_trace (struct copier *c, struct error *e)
{
  if (c->options->trace_file == NULL)
    return 0;
  c->trace = trace_new (c->plan.workers_max);
  if (c->trace)
    return 0;
  error_set (e, errno, "--trace: %s", strerror (errno));
  return -1;
}

/* However the copy ended.  It is worth no failure of its own. */
static void
end_trace (struct copier *c)
{
  struct error e = { 0 };

  if (c->trace
      && output_file_close (&c->trace_file,
                            trace_write (c->trace, c->trace_file.fd), &e)
        == -1)
    log_warning ("%s", e.text);
  trace_free (c->trace);
}

/* All was done. */
static int
tell_success (struct copier *c, const struct workers *workers)
{
  const struct report *r = c->report;
  const struct totals *t = &r->totals;
  struct error e = { 0 };

  if (c->plan.copies && t->total > 0 && t->data == 0 && t->resumed == 0)
    warn_of_no_data (endpoint_name (c->source));
  if (t->differing > 0) {
    report_differences (workers_differences (workers), t, c->destination);
    describe_difference (workers_differences (workers), t, c->destination, &e);
    report_note_error (c->report, &e);
  }
  if (c->options->progress || c->options->verbose) {
    if (c->plan.copies)
      report_copied (t, r->working - r->verifying);
    if (c->plan.compares)
      report_compared (t, r->verifying);
  }
  return t->differing == 0 ? DONE : DIFFERENT;
}

static int
prepare (struct copier *c, struct error *e)
{
  const struct plan *plan = &c->plan;
  const bool known = !plan->open_ended;
  const struct preparation p = {
    .size = known ? plan->size : 0,
    .start = plan->start,
    .end = known ? plan->end : 0,
    .keep = c->map && map_stood (c->map),
    .shared = plan->shard.count > 0,
    .allocate = plan->zero.allocate,
  };

  return endpoint_prepare (c->destination, &p, e);
}

/* From here on, what is there may be lost. */
static int
make_ready (struct copier *c)
{
  struct error e = { 0 };
  char file[FILE_TEXT];

  if (c->options->digest != DIGEST_NONE && c->options->blkhash_file
      && output_file_open (&c->digest_file, "--blkhash-file",
                           c->options->blkhash_file, &e)
        == -1)
    return give_up (c, &e, REFUSED);
  if (c->options->trace_file
      && output_file_open (&c->trace_file, "--trace", c->options->trace_file,
                           &e)
        == -1)
    return give_up (c, &e, REFUSED);
  if (c->map && map_claim (c->map, &e) == -1)
    return give_up (c, &e, REFUSED);
  c->report->changed = c->plan.copies && makes_destination (c);
  if (c->plan.copies && prepare (c, &e) == -1) {
    c->report->changed = endpoint_was_changed (c->destination);
    return give_up (c, &e,
                    e.number == EBUSY                            ? IN_USE
                      : e.number == EFBIG && !c->report->changed ? REFUSED
                                                                 : FAILED);
  }
  if (make_plan (c, &e) == -1) /* what was made ready can be less able */
    return give_up (c, &e, REFUSED);
  check_promise (c);
  if (c->map
      && map_begin (c->map, c->plan.unit, endpoint_caps (c->destination)->size,
                    endpoint_describe_file (c->destination, file))
        == -1) {
    error_set (&e, ENOMEM, "%s", strerror (ENOMEM));
    return give_up (c, &e, FAILED);
  }
  tell_plan (c);
  return start_trace (c, &e) == 0 ? DONE : give_up (c, &e, FAILED);
}

/* What there is to do, and what earlier runs have done of it. */
static struct totals
begin_totals (const struct copier *c)
{
  return (struct totals) {
    .total = plan_length (&c->plan),
    .open_ended = c->plan.open_ended,
    .phases = c->plan.copies + c->plan.compares,
    .phase = c->plan.copies ? PHASE_COPY : PHASE_COMPARE,
    .resumed = c->map ? map_resumed (c->map) : 0,
  };
}

static bool
is_done_already (const struct copier *c)
{
  const uint64_t length = plan_length (&c->plan);

  return c->map && !c->plan.compares && length > 0
    && map_resumed (c->map) == length;
}

static struct status
start_status (const struct copier *c, uint64_t now)
{
  const struct totals begun = begin_totals (c);
  struct status t = {
    .options = c->options,
    .plan = &c->plan,
    .events = c->events,
    .sides = { c->source, c->destination },
  };

  status_start (&t, &begun, found (c), now);
  return t;
}

/* Nothing is read, and nothing is made ready. */
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

/* The copy did not come to its end: says how far it came, and why. */
static int
end_incomplete (struct copier *c)
{
  const int signal_number = stop_signal (c->stop);
  struct error *e = stop_error (c->stop);
  int status;

  if (!error_is_set (e) && signal_number) {
    report_interrupted (&c->report->totals, signal_number, c->report->working);
    status = give_up_for_signal (c, signal_number);
  }
  else {
    explain (c, e);
    status = give_up (c, e,
                      c->map && retry_helps (e->number) ? INCOMPLETE : FAILED);
  }
  if (c->map)
    report_incomplete (c->map, plan_length (&c->plan), e->number);
  return status;
}

/* What is left to do once all workers have ended.  False when that fails. */
static bool
finish (struct copier *c, struct workers *workers)
{
  const struct totals t = workers_totals (workers);
  struct error e = { 0 };

  if (endpoint_unchanged (c->source, &e) == -1) {
    if (c->map) /* what was copied is a mixture */
      map_unmark (c->map, NULL);
    stop_fail (c->stop, &e);
    return false;
  }
  if ((c->plan.open_ended
       && endpoint_finish (c->destination, t.total, c->plan.flush, &e) == -1)
      || (c->options->digest != DIGEST_NONE
          && workers_digest (workers, c->digest, &e) == -1)) {
    stop_fail (c->stop, &e);
    return false;
  }
  return true;
}

/* However the copy ended: what was written has to be where the name leads, or a
 * map must not speak of it any more.
 */
static bool
is_still_there (struct copier *c)
{
  struct error e = { 0 };

  if (!c->plan.copies || endpoint_recheck (c->destination, &e) == 0)
    return true;
  stop_fail (c->stop, &e);
  if (c->map)
    map_unmark (c->map, NULL);
  return false;
}

/* What differs was not copied well, whatever has changed it since: the same
 * command copies it again.
 */
static void
mark_complete (struct copier *c, const struct workers *workers)
{
  const struct differences *d = workers_differences (workers);
  bool all;

  map_mark_all (c->map);
  if (d) {
    const struct ranges *found = differences_found (d, &all);

    map_unmark (c->map, all ? found : NULL);
  }
}

/* What differs is complete, but nothing to say 100 % of. */
static void
tell_end (struct copier *c, struct status *shown, const struct workers *workers,
          bool complete)
{
  const struct totals t = workers_totals (workers);

  status_end (shown, &t, complete && t.differing == 0);
  if (complete && c->plan.compares)
    events_verify (c->events,
                   describe_verify (workers_differences (workers), &t));
}

/* start is when making ready began, which belongs to the time it took. */
static int
copy (struct copier *c, uint64_t start)
{
  const struct gear gear = {
    .plan = &c->plan,
    .source = c->source,
    .destination = c->destination,
    .map = c->map,
    .ratelimit = c->ratelimit,
    .stop = c->stop,
    .trace = c->trace,
  };
  struct error e = { 0 };
  struct workers *workers;
  struct status shown;
  bool complete;
  int status = DONE;

  if (c->map)
    stop_fail_in_order (c->stop);
  workers = workers_start (&gear, &e);
  if (workers == NULL)
    return give_up (c, &e, FAILED);
  if (c->map) /* which says what a destination is good for */
    endpoint_keep (c->destination);
  shown = start_status (c, start);
  checkpoint_save (&c->checkpoint);
  stop_want_usr1 (c->stop, true);
  monitor_run (&gear, workers, &shown, &c->checkpoint);
  stop_want_usr1 (c->stop, false);
  complete = workers_join (workers) && finish (c, workers);
  complete = is_still_there (c) && complete;
  tell_end (c, &shown, workers, complete);
  report_note_copy (c->report, &c->plan, workers, start, complete);
  if (complete)
    status = tell_success (c, workers);
  if (complete && c->map)
    mark_complete (c, workers);
  workers_free (workers);

  checkpoint_save (&c->checkpoint);
  if (!complete)
    return end_incomplete (c);
  endpoint_keep (c->destination);
  return status;
}

/* -- closing -------------------------------------------------------------- */

/* The source's failure at its end changes nothing about what was read; the
 * destination's means that something may not be stored.  A signal ends the wait
 * for both.
 */
static int
close_both (struct copier *c, int status)
{
  const uint64_t grace = status == DONE ? GRACE : GRACE_AFTER_FAILURE;
  const int interrupt_fd = stop_signal_fd (c->stop);
  struct error of_source = { 0 }, of_destination = { 0 };
  int signal_number;

  if (!endpoint_close (c->source, grace, interrupt_fd, &of_source)
      && status == DONE)
    log_warning_as ("source-ended-badly", "%s", of_source.text);
  if (!endpoint_close (c->destination, grace, interrupt_fd, &of_destination)
      && status == DONE) {
    c->report->flushed = false; /* what it had may not be stored */
    status = give_up (c, &of_destination, FAILED);
    if (c->map) {
      map_unmark (c->map, map_todo (c->map));
      checkpoint_save (&c->checkpoint);
    }
  }
  signal_number = stop_take_signal (c->stop);
  return signal_number > 0 && status < SIGNAL_BASE
    ? give_up_for_signal (c, signal_number)
    : status;
}

/* The last thing of all: whoever sees a digest knows that the copy is complete.
 * On the way of the data it would become a part of it.
 */
static int
tell_digest (struct copier *c)
{
  const struct operand *to = &c->options->destination;
  FILE *f = to->command == NULL && strcmp (to->name, "-") == 0 ? stderr
                                                               : stdout;
  struct error e = { 0 };

  if (c->digest_file.name) {
    if (output_file_end (&c->digest_file, c->digest, &e) == 0)
      return DONE;
  }
  else {
    if (fprintf (f, "%s\n", c->digest) > 0 && fflush (f) == 0)
      return DONE;
    error_set (&e, errno, "the digest cannot be written: %s", strerror (errno));
  }
  return give_up (c, &e, FAILED);
}

/* What we open must not get a number that the command line, or others' habits,
 * mean something else by: progress would be written into a server's socket.
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

/* All that the command line alone can tell. */
static int
check_words (const struct options *o, struct error *e)
{
  return endpoint_check_name (SOURCE, &o->source, plan_wants (SOURCE, o), e)
        == -1
      || endpoint_check_name (DESTINATION, &o->destination,
                              plan_wants (DESTINATION, o), e)
        == -1
      || endpoint_check_pair (&o->source, &o->destination, e) == -1
      || check_descriptors (o, e) == -1
    ? -1
    : 0;
}

/* Says to people what is about to be done, where they want to know. */
static void
announce (const struct copier *c)
{
  const bool wanted = c->options->plan || c->options->verbose;

  if (wanted)
    report_plan (&c->plan, c->source, c->destination);
  if (c->map && (wanted || map_stood (c->map)))
    report_map (c->map);
}

/* From both sides being opened to all being done. */
static int
go (struct copier *c)
{
  uint64_t start;
  int status = open_both (c);

  report_note_sides (c->report, c->source, c->destination);
  if (status != DONE || (status = open_map (c)) != DONE)
    return status;
  announce (c);
  if (!c->options->plan && is_done_already (c))
    return end_unchanged (c);
  if ((status = look (c)) != DONE)
    return status;
  warn_of_room (c);
  if (c->options->plan) {
    check_promise (c);
    tell_findings (c);
    return DONE;
  }
  start = clock_now ();
  status = make_ready (c);
  return status == DONE ? copy (c, start) : status;
}

/* All that go has left, whatever came of it. */
static void
free_all (struct copier *c)
{
  output_file_drop (&c->digest_file);
  output_file_drop (&c->trace_file);
  if (c->map)
    report_note_map (c->report, c->map);
  map_close (c->map);
  ratelimit_free (c->ratelimit);
  scan_free (c->scan);
  spot_check_free (c->spot_check);
}

int
copier_run (const struct options *o, const struct machine *machine,
            struct events *events, struct report *report, struct stop *stop)
{
  struct copier c = {
    .options = o,
    .machine = machine,
    .events = events,
    .report = report,
    .stop = stop,
  };
  struct error e = { 0 };
  int status;

  if (check_words (o, &e) == -1)
    return give_up (&c, &e, REFUSED);
  status = go (&c);
  end_trace (&c);
  status = close_both (&c, status);
  if (status == DONE && c.digest[0]) {
    report_note_digest (report, c.digest);
    status = tell_digest (&c);
  }
  free_all (&c);
  return status;
}
