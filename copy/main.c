/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs the steps in order, owns every lifetime, turns the outcome into an exit
 * status.  Only this file ends the program.
 */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arith.h"
#include "clock.h"
#include "crew.h"
#include "describe.h"
#include "endpoint-nbd.h"
#include "endpoint.h"
#include "events.h"
#include "exit-status.h"
#include "fleet.h"
#include "human.h"
#include "limit.h"
#include "log.h"
#include "map.h"
#include "notices.h"
#include "options.h"
#include "outlook.h"
#include "output-file.h"
#include "plan.h"
#include "progress.h"
#include "report.h"
#include "request.h"
#include "retry.h"
#include "secrets.h"
#include "stop.h"
#include "survey.h"
#include "trace.h"
#include "tuner.h"

/* A server that is told to end may have caches to write, and is killed if it
 * takes longer.  All that counts was flushed before, and less is owed to it
 * after a failure.
 */
#define GRACE (30 * NS_PER_S)
#define GRACE_AFTER_FAILURE (2 * NS_PER_S)

/* Workers flush in turn, and the map is saved after each of them, but not more
 * often than this.
 */
#define MAP_PAUSE NS_PER_S

/* How long the disk is looked at as a whole, only to say how long a copy takes;
 * for --plan it is as long as opening may take.
 */
#define LOOK_PATIENCE NS_PER_S

/* A server can be a moment later to die than its connections. */
#define DEATH_NOTICE_MS 200

/* All that lives as long as the copy. */
struct copy {
  struct options options;
  struct stop *stop;
  struct endpoint *source, *destination;
  struct plan plan;
  bool warned_of_retries[2];    /* by side */
  struct map *map;              /* NULL: none is kept */
  uint64_t map_due;             /* clock_now time: when to save it */
  bool map_warned;              /* that it cannot be saved */
  uint64_t map_told;            /* bytes that the last checkpoint was told of */
  struct limit *limit;
  struct output_file digest_file, trace_file;
  struct trace *trace;          /* NULL: none is wanted */
  struct survey *survey;        /* NULL: nobody looked */
  struct outlook outlook;
  struct progress progress;
  struct events events;
  struct report report;
  char digest[BLKHASH_TEXT];
};

static int
print_text (char *text)
{
  const bool good = text && fputs (text, stdout) != EOF && fflush (stdout) == 0;

  free (text);
  return good ? DONE : FAILED;
}

static int
print_version (void)
{
  printf ("%s %s\n%s\n", PACKAGE_NAME, PACKAGE_VERSION,
          endpoint_nbd_library ());
  return fflush (stdout) == 0 ? DONE : FAILED;
}

static unsigned
count_processors (void)
{
  cpu_set_t set;

  return sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : 1;
}

static int
make_plan (struct copy *c, struct error *e)
{
  return plan_make (&c->plan, &c->options,
                    endpoint_name (c->source), endpoint_caps (c->source),
                    endpoint_name (c->destination),
                    endpoint_caps (c->destination), count_processors (), e);
}

/* -- opening -------------------------------------------------------------- */

/* Says to people and programs why it ends here. */
static int
give_up (struct copy *c, const struct error *e, int status)
{
  log_error ("%s", e->text);
  report_note_error (&c->report, e);
  return status;
}

static int
give_up_for_signal (struct copy *c, int signal_number)
{
  struct error e = { 0 };

  error_set (&e, 0, "ended by signal %d (%s)", signal_number,
             strsignal (signal_number));
  report_note_error (&c->report, &e);
  return BY_SIGNAL + signal_number;
}

static struct endpoint *
open_side (struct copy *c, enum side side, struct error *e)
{
  const struct operand *name = side == SOURCE ? &c->options.source
    : &c->options.destination;

  return endpoint_open (side, name, &c->options,
                        plan_wants (side, &c->options),
                        stop_signal_fd (c->stop), e);
}

/* What can be done, but perhaps not as it was meant. */
static void
warn_of_plan (const struct copy *c)
{
  const struct caps *there = endpoint_caps (c->destination);

  if (c->plan.copies && !c->plan.flush && !c->options.no_flush
      && !there->stream)
    log_warning_as ("no-flush", "%s: it cannot flush: nothing says when the data"
                    " is stored", endpoint_name (c->destination));
  if (!c->plan.copies && there->size > c->plan.size)
    log_warning_as ("larger", "%s: its size is %" PRIu64 ": what lies behind the"
                    " source's (%" PRIu64 ") is not compared",
                    endpoint_name (c->destination), there->size,
                    c->plan.size);
}

/* A side is not there.  Where it may come back, a map that stands is as good as
 * before, whatever it says.
 */
static int
give_up_opening (struct copy *c, const struct error *e)
{
  const int signal_number = stop_take_signal (c->stop);
  const bool later = !c->options.plan && retry_helps (e->number)
    && map_stands (&c->options);
  int status;

  if (e->number == EINTR && signal_number > 0)
    return give_up (c, e, BY_SIGNAL + signal_number);
  status = give_up (c, e, later ? INCOMPLETE : FAILED);
  if (later)
    log_say ("--map=%s: the same command goes on from there",
             c->options.map);
  return status;
}

static int
open_both (struct copy *c)
{
  struct error e = { 0 };

  if ((c->limit = limit_new (&c->options, clock_now (), &e)) == NULL)
    return give_up (c, &e, REFUSED);
  if ((c->source = open_side (c, SOURCE, &e)) == NULL
      || (c->destination = open_side (c, DESTINATION, &e)) == NULL)
    return give_up_opening (c, &e);
  if (endpoint_same (c->source, c->destination)) {
    error_set (&e, EINVAL, "%s: it is the same disk as the source",
               endpoint_name (c->destination));
    return give_up (c, &e, REFUSED);
  }
  if (make_plan (c, &e) == -1)
    return give_up (c, &e, e.number == EBUSY ? IN_USE : REFUSED);
  warn_of_plan (c);
  return DONE;
}

/* -- the map -------------------------------------------------------------- */

static int
open_map (struct copy *c)
{
  const struct map_pair pair = {
    .options = &c->options,
    .source = endpoint_name (c->source),
    .destination = endpoint_name (c->destination),
    .size = c->plan.size, .start = c->plan.start, .end = c->plan.end,
    .destination_size = endpoint_caps (c->destination)->size,
  };
  struct error e = { 0 };

  if (c->options.map == NULL
      || (c->map = map_open (&pair, c->options.plan, &e)) != NULL)
    return DONE;
  return give_up (c, &e, e.number == EBUSY ? IN_USE
                  : e.number == ESTALE ? OTHERS_MAP : REFUSED);
}

/* The copy goes on without: the map that stands is only older. */
static void
save_map (struct copy *c)
{
  struct error e = { 0 };

  if (c->map == NULL)
    return;
  if (map_save (c->map, &e) == -1 && !c->map_warned)
    log_warning_as ("no-map", "%s", e.text);
  if (!error_is_set (&e) && map_finished (c->map) != c->map_told) {
    c->map_told = map_finished (c->map);
    events_checkpoint (&c->events, c->map_told);
  }
  c->map_warned = error_is_set (&e);
  c->map_due = clock_now () + MAP_PAUSE;
}

static void
warn_of_no_data (const char *source)
{
  log_warning_as ("no-data", "%s: it is not empty, but no byte of it is data",
                  source);
}

/* -- looking -------------------------------------------------------------- */

static const struct findings *
findings (const struct copy *c)
{
  return c->survey ? survey_findings (c->survey) : NULL;
}

/* Only who shows the time that is left has a use for it. */
static bool
wants_time_left (const struct copy *c)
{
  return events_wanted (&c->events)
    || (c->options.progress && !c->options.progress_fd_given
        && !c->options.quiet);
}

static int
look (struct copy *c)
{
  const bool whole = c->options.plan;
  struct error e = { 0 };

  if (!whole && !wants_time_left (c))
    return DONE;
  c->survey = survey_new (&c->plan, c->map ? map_todo (c->map) : NULL,
                          c->source, whole ? c->destination : NULL,
                          whole ? c->options.open_timeout * NS_PER_S
                          : LOOK_PATIENCE,
                          stop_signal_fd (c->stop), &e);
  return c->survey || !whole ? DONE : give_up (c, &e, FAILED);
}

/* Whether it is made, or cut to nothing first. */
static bool
makes_destination (const struct copy *c)
{
  return endpoint_caps (c->destination)->grows
    && !(c->map && map_stood (c->map));
}

static void
tell_plan (struct copy *c)
{
  report_note_plan (&c->report, &c->plan, findings (c));
  events_plan (&c->events, c->report.plan, c->report.source,
               c->report.destination);
}

/* --plan: says what would be done, which is all that is done. */
static void
tell_findings (struct copy *c)
{
  const struct findings *f = findings (c);

  report_findings (&c->plan, f);
  if (c->plan.copies && !c->plan.open_ended && c->plan.size > 0
      && f->data == 0 && f->unknown == 0 && f->resumed == 0)
    warn_of_no_data (endpoint_name (c->source));
  c->report.changed = c->plan.copies
    && (c->plan.open_ended || f->data > 0 || f->zero > 0 || f->unknown > 0
        || makes_destination (c));
  tell_plan (c);
}

/* -- copying -------------------------------------------------------------- */

/* What the workers do now, in a word for programs. */
static const char *
phase_of (const struct copy *c, const struct totals *t)
{
  return t->phase == PHASE_COMPARE ? c->plan.copies ? "verify" : "compare"
    : totals_done (t) == t->total && c->plan.flush ? "flush" : "copy";
}

/* All that has to be said now of how the copy goes, or all that can be. */
static void
tell_progress (struct copy *c, struct crew *crew, bool at_once)
{
  const uint64_t now = clock_now ();
  const struct totals t = crew_totals (crew);
  struct view v;

  outlook_note (&c->outlook, &t, now);
  v = outlook_view (&c->outlook, false, now);
  if (at_once)
    progress_say (&c->progress, &v);
  else
    progress_show (&c->progress, &v, now);
  events_look (&c->events, &v, phase_of (c, &t), at_once, now);
}

/* What differs is complete, but nothing to say 100 % of. */
static void
tell_end (struct copy *c, struct crew *crew, bool complete)
{
  const uint64_t now = clock_now ();
  const struct totals t = crew_totals (crew);
  const bool good = complete && t.differing == 0;
  struct view v;

  outlook_note (&c->outlook, &t, now);
  v = outlook_view (&c->outlook, good, now);
  progress_end (&c->progress, good ? &v : NULL);
  events_look (&c->events, &v, good ? "done" : phase_of (c, &t), true, now);
  if (complete && c->plan.compares)
    events_verify (&c->events, describe_verify (crew_differences (crew), &t));
}

/* The first signal ends the copy in order, the second one at once. */
static void
heed_signal (struct copy *c, struct crew *crew)
{
  const int n = stop_take_signal (c->stop);

  if (n == SIGUSR1)
    tell_progress (c, crew, true);
  else if (n > 0 && stop_is_winding_down (c->stop))
    stop_now (c->stop);
  else if (n > 0)
    stop_wind_down (c->stop, n);
}

/* A server that we started has ended, and so does the copy: it says why, before
 * others die of that.
 */
static void
heed_death (struct copy *c, struct endpoint *ep)
{
  struct error e = { 0 };

  if (endpoint_server_ended (ep, DEATH_NOTICE_MS, &e))
    stop_fail (c->stop, &e);
  else
    stop_now (c->stop);
}

/* A request that is tried again is worth a line only once for each side: with
 * many of them, their number says more.
 */
static void
tell_notices (struct copy *c, struct notices *notices)
{
  struct endpoint *sides[] = { c->source, c->destination };
  struct notice n;

  while (notices_take (notices, &n)) {
    const char *name = endpoint_name (sides[n.side]);
    char wait[HUMAN_MAX];

    human_duration (wait, n.wait);
    switch (n.kind) {
    case NOTICE_RETRY:
      events_retry (&c->events, &n);
      if (c->warned_of_retries[n.side])
        break;
      c->warned_of_retries[n.side] = true;
      log_warning_as ("retry", "%s: %s failed at offset %" PRIu64
                      " length %" PRIu64 ": %s: trying again in %s", name,
                      io_verb_name (n.verb), n.offset, n.length,
                      request_strerror (n.err), wait);
      break;
    case NOTICE_LOST:
      events_retry (&c->events, &n);
      log_warning_as ("connection-lost", "%s: worker %u connects again in %s,"
                      " try %u of %" PRIu64, n.why.text, n.worker, wait,
                      n.attempt, c->plan.retry.tries);
      break;
    case NOTICE_BACK:
      log_warning_as ("connection-back", "%s: worker %u is connected again",
                      name, n.worker);
      break;
    }
  }
}

static void
trace_pace (struct copy *c, unsigned pace)
{
  struct track *k = trace_main (c->trace);

  track_level (k, "request size", c->plan.paces[pace].request_size);
  track_level (k, "window of a worker", c->plan.paces[pace].queue_size);
}

static void
set_pace (struct copy *c, struct crew *crew, struct tuner *tuner)
{
  const struct totals t = crew_totals (crew);
  const struct delivered d = {
    .moved = t.moved, .refused = t.refused, .limited = t.limited,
    .trip = t.trip,
  };
  const uint64_t now = clock_now ();
  const unsigned before = tuner->pace;
  const unsigned pace = tuner_look (tuner, &d, now);

  if (tuner->far && tuner->workers < c->plan.workers_max) {
    crew_grow (crew);
    tuner_grow (tuner, c->plan.workers_max, now);
    report_growth (c->plan.workers_max, t.trip);
    track_mark (trace_main (c->trace), "more workers", 0, 0);
  }
  if (pace == before)
    return;
  crew_set_pace (crew, pace);
  report_pace (&c->plan.paces[pace]);
  trace_pace (c, pace);
}

/* The earliest time that anything has to be done at. */
static uint64_t
next_due (const struct copy *c, const struct tuner *tuner)
{
  const uint64_t due[] = {
    outlook_due (&c->outlook), progress_due (&c->progress),
    events_due (&c->events), tuner_due (tuner), c->map_due,
    limit_due (c->limit),
  };
  uint64_t first = 0;

  for (unsigned i = 0; i < sizeof due / sizeof due[0]; i++)
    first = clock_earlier (first, due[i]);
  return first;
}

/* Shows progress, heeds signals and seeks the best pace until all workers have
 * ended.
 */
static void
watch (struct copy *c, struct crew *crew)
{
  struct tuner tuner;
  struct pollfd fds[] = {
    { .fd = crew_fd (crew), .events = POLLIN },
    { .fd = stop_signal_fd (c->stop), .events = POLLIN },
    { .fd = endpoint_server_fd (c->source), .events = POLLIN },
    { .fd = endpoint_server_fd (c->destination), .events = POLLIN },
    { .fd = notices_fd (crew_notices (crew)), .events = POLLIN },
  };

  tuner_init (&tuner, &c->plan, clock_now ());
  trace_pace (c, tuner.pace);
  tell_progress (c, crew, false);
  while (!crew_has_ended (crew)) {
    if (poll (fds, 5, clock_poll_timeout (next_due (c, &tuner), clock_now ()))
        == -1)
      continue;                 /* EINTR: nothing was said of any of them */
    if (fds[1].revents)
      heed_signal (c, crew);
    for (unsigned i = 2; i < 4; i++)
      if (fds[i].revents) {
        heed_death (c, i == 2 ? c->source : c->destination);
        fds[i].fd = -1;
      }
    if (fds[4].revents)
      tell_notices (c, crew_notices (crew));
    limit_look (c->limit, clock_now ());
    set_pace (c, crew, &tuner);
    tell_progress (c, crew, false);
    if (c->map && clock_now () >= c->map_due)
      save_map (c);
  }
}

/* A lost connection is seen sooner than the death of the server behind it, but
 * the death says more.  Other failures stand for themselves.
 */
static void
explain (struct copy *c, struct error *e)
{
  struct endpoint *sides[] = { c->source, c->destination };

  for (unsigned i = 0; i < 2; i++) {
    const char *name = endpoint_name (sides[i]);

    if (!error_is_set (e)
        || (e->number == ENOTCONN
            && strncmp (e->text, name, strlen (name)) == 0))
      endpoint_server_ended (sides[i], DEATH_NOTICE_MS, e);
  }
}

static int
start_trace (struct copy *c, struct error *e)
{
  if (c->options.trace_file == NULL)
    return 0;
  c->trace = trace_new (c->plan.workers_max);
  if (c->trace)
    return 0;
  error_set (e, errno, "--trace: %s", strerror (errno));
  return -1;
}

/* However the copy ended.  It is worth no failure of its own. */
static void
end_trace (struct copy *c)
{
  struct error e = { 0 };

  if (c->trace
      && output_file_close (&c->trace_file,
                            trace_write (c->trace, c->trace_file.fd), &e) == -1)
    log_warning ("%s", e.text);
  trace_free (c->trace);
}

/* All was done. */
static int
tell_success (struct copy *c, const struct crew *crew)
{
  const struct report *r = &c->report;
  const struct totals *t = &r->totals;
  struct error e = { 0 };

  if (c->plan.copies && t->total > 0 && t->data == 0 && t->resumed == 0)
    warn_of_no_data (endpoint_name (c->source));
  if (t->differing > 0) {
    report_differences (crew_differences (crew), t, c->destination);
    describe_difference (crew_differences (crew), t, c->destination, &e);
    report_note_error (&c->report, &e);
  }
  if (c->options.progress || c->options.verbose) {
    if (c->plan.copies)
      report_copied (t, r->working - r->verifying);
    if (c->plan.compares)
      report_compared (t, r->verifying);
  }
  return t->differing == 0 ? DONE : DIFFERENT;
}

static int
prepare (struct copy *c, struct error *e)
{
  const struct plan *plan = &c->plan;
  const bool known = !plan->open_ended;
  const struct preparation p = {
    .size = known ? plan->size : 0,
    .start = plan->start, .end = known ? plan->end : 0,
    .keep = c->map && map_stood (c->map),
    .shared = plan->shard.count > 0,
    .allocate = plan->zero.allocate,
  };

  return endpoint_prepare (c->destination, &p, e);
}

/* From here on, what is there may be lost. */
static int
make_ready (struct copy *c)
{
  struct error e = { 0 };

  if (c->options.digest != DIGEST_NONE && c->options.blkhash_file
      && output_file_open (&c->digest_file, "--blkhash-file",
                           c->options.blkhash_file, &c->options, &e) == -1)
    return give_up (c, &e, REFUSED);
  if (c->options.trace_file
      && output_file_open (&c->trace_file, "--trace", c->options.trace_file,
                           &c->options, &e) == -1)
    return give_up (c, &e, REFUSED);
  if (c->map && map_claim (c->map, &e) == -1)
    return give_up (c, &e, REFUSED);
  c->report.changed = c->plan.copies && makes_destination (c);
  if (c->plan.copies && prepare (c, &e) == -1) {
    c->report.changed = false;  /* it was put back as it had been */
    return give_up (c, &e, FAILED);
  }
  if (make_plan (c, &e) == -1)  /* what was made ready can be less able */
    return give_up (c, &e, REFUSED);
  if (c->map)
    map_begin (c->map, c->plan.unit, endpoint_caps (c->destination)->size);
  tell_plan (c);
  return start_trace (c, &e) == 0 ? DONE : give_up (c, &e, FAILED);
}

/* What there is to do, and what earlier runs have done of it. */
static struct totals
begin_totals (const struct copy *c)
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
is_done_already (const struct copy *c)
{
  const uint64_t length = plan_length (&c->plan);

  return c->map && !c->plan.compares && length > 0
    && map_resumed (c->map) == length;
}

static void
start_outlook (struct copy *c, uint64_t now)
{
  const struct totals begun = begin_totals (c);
  const struct findings *f = findings (c);
  struct view v;

  outlook_init (&c->outlook, &begun, now);
  if (f && f->unknown == 0)
    outlook_know (&c->outlook, f->data);
  v = outlook_view (&c->outlook, false, now);
  progress_init (&c->progress, &c->options, &v, now);
}

/* Nothing is read, and nothing is made ready. */
static int
end_unchanged (struct copy *c)
{
  const struct totals t = begin_totals (c);
  const uint64_t now = clock_now ();
  struct view v;

  tell_plan (c);
  start_outlook (c, now);
  v = outlook_view (&c->outlook, true, now);
  progress_end (&c->progress, &v);
  events_look (&c->events, &v, "done", true, now);
  report_note_unchanged (&c->report, &t);
  return DONE;
}

/* The copy did not come to its end: says how far it came, and why. */
static int
end_incomplete (struct copy *c)
{
  const int signal_number = stop_signal (c->stop);
  struct error *e = stop_error (c->stop);
  int status;

  if (!error_is_set (e) && signal_number) {
    report_interrupted (&c->report.totals, signal_number, c->report.working);
    status = give_up_for_signal (c, signal_number);
  }
  else {
    explain (c, e);
    status = give_up (c, e, c->map && retry_helps (e->number) ? INCOMPLETE
                      : FAILED);
  }
  if (c->map)
    report_incomplete (c->map, plan_length (&c->plan));
  return status;
}

/* What is left to do once all workers have ended.  False when that fails. */
static bool
finish (struct copy *c, struct crew *crew)
{
  const struct totals t = crew_totals (crew);
  struct error e = { 0 };

  if ((c->plan.open_ended
       && endpoint_finish (c->destination, t.total, c->plan.flush, &e) == -1)
      || (c->options.digest != DIGEST_NONE
          && crew_digest (crew, c->digest, &e) == -1)) {
    stop_fail (c->stop, &e);
    return false;
  }
  return true;
}

/* What differs was not copied well, whatever has changed it since: the same
 * command copies it again.
 */
static void
mark_complete (struct copy *c, const struct crew *crew)
{
  const struct differences *d = crew_differences (crew);
  bool all;

  map_mark_all (c->map);
  if (d) {
    const struct ranges *found = differences_found (d, &all);

    map_unmark (c->map, all ? found : NULL);
  }
}

static int
copy (struct copy *c)
{
  const uint64_t start = clock_now ();
  struct error e = { 0 };
  struct crew *crew;
  bool complete;
  int status;

  if (is_done_already (c))
    return end_unchanged (c);
  if ((status = make_ready (c)) != DONE)
    return status;
  crew = crew_start (&(struct gear) {
      .plan = &c->plan, .source = c->source, .destination = c->destination,
      .map = c->map, .limit = c->limit, .stop = c->stop, .trace = c->trace }, &e);
  if (crew == NULL)
    return give_up (c, &e, FAILED);
  if (c->map)                   /* which says what a destination is good for */
    endpoint_keep (c->destination);
  start_outlook (c, start);
  save_map (c);
  stop_want_usr1 (c->stop, true);
  watch (c, crew);
  stop_want_usr1 (c->stop, false);
  complete = crew_join (crew) && finish (c, crew);
  tell_notices (c, crew_notices (crew));
  tell_end (c, crew, complete);
  report_note_copy (&c->report, &c->plan, crew, start, complete);
  if (complete)
    status = tell_success (c, crew);
  if (complete && c->map)
    mark_complete (c, crew);
  crew_free (crew);

  save_map (c);
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
close_both (struct copy *c, int status)
{
  const uint64_t grace = status == DONE ? GRACE : GRACE_AFTER_FAILURE;
  const int hurry_fd = stop_signal_fd (c->stop);
  struct error of_source = { 0 }, of_destination = { 0 };
  int signal_number;

  if (!endpoint_close (c->source, grace, hurry_fd, &of_source)
      && status == DONE)
    log_warning_as ("source-ended-badly", "%s", of_source.text);
  if (!endpoint_close (c->destination, grace, hurry_fd, &of_destination)
      && status == DONE) {
    c->report.flushed = false;  /* what it had may not be stored */
    status = give_up (c, &of_destination, FAILED);
    if (c->map) {
      map_unmark (c->map, map_todo (c->map));
      save_map (c);
    }
  }
  signal_number = stop_take_signal (c->stop);
  return signal_number > 0 && status < BY_SIGNAL
    ? give_up_for_signal (c, signal_number) : status;
}

/* The last thing of all: whoever sees a digest knows that the copy is complete.
 * On the way of the data it would become a part of it.
 */
static int
tell_digest (struct copy *c)
{
  const struct operand *to = &c->options.destination;
  FILE *f = to->command == NULL && strcmp (to->name, "-") == 0
    ? stderr : stdout;
  struct error e = { 0 };

  if (c->digest_file.name) {
    if (output_file_end (&c->digest_file, c->digest, &e) == 0)
      return DONE;
  }
  else {
    if (fprintf (f, "%s\n", c->digest) > 0 && fflush (f) == 0)
      return DONE;
    error_set (&e, errno, "the digest cannot be written: %s",
               strerror (errno));
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

static int
run (struct copy *c)
{
  struct error e = { 0 };
  int status;

  if (endpoint_check_name (SOURCE, &c->options.source,
                           plan_wants (SOURCE, &c->options), &e) == -1
      || endpoint_check_name (DESTINATION, &c->options.destination,
                              plan_wants (DESTINATION, &c->options), &e) == -1
      || endpoint_check_pair (&c->options.source, &c->options.destination,
                              &e) == -1
      || check_descriptors (&c->options, &e) == -1)
    return give_up (c, &e, REFUSED);
  if ((c->stop = stop_new ()) == NULL) {
    error_set (&e, errno, "cannot take over signals: %s", strerror (errno));
    return give_up (c, &e, FAILED);
  }
  status = open_both (c);
  report_note_sides (&c->report, c->source, c->destination);
  if (status == DONE)
    status = open_map (c);
  if (status == DONE && (c->options.plan || c->options.verbose))
    report_plan (&c->plan, c->source, c->destination);
  if (status == DONE && c->map && (c->options.plan || c->options.verbose
                                   || map_stood (c->map)))
    report_map (c->map);
  if (status == DONE && (c->options.plan || !is_done_already (c)))
    status = look (c);
  if (status == DONE && c->options.plan)
    tell_findings (c);
  else if (status == DONE)
    status = copy (c);
  end_trace (c);
  status = close_both (c, status);
  if (status == DONE && c->digest[0]) {
    c->report.digest = c->digest;
    status = tell_digest (c);
  }
  output_file_drop (&c->digest_file);
  output_file_drop (&c->trace_file);
  if (c->map)
    report_note_map (&c->report, c->map);
  map_close (c->map);
  limit_free (c->limit);
  survey_free (c->survey);
  stop_free (c->stop);
  return status;
}

/* -- telling -------------------------------------------------------------- */

/* Both are tried, so that the one can tell of the other's failure. */
static int
start_telling (struct copy *c)
{
  struct error e = { 0 };
  int r;

  signal (SIGPIPE, SIG_IGN);    /* who does not listen does not end us */
  r = events_open (&c->events, &c->options, &e);
  if (report_open (&c->report, &c->options, &e) == -1)
    r = -1;
  report_note_sides (&c->report, NULL, NULL);
  events_start (&c->events, &c->options);
  return r == 0 ? DONE : give_up (c, &e, REFUSED);
}

/* Every way out leads through here.  Who sees the last event finds the report
 * written.
 */
static int
end_telling (struct copy *c, int status)
{
  struct report *r = &c->report;
  struct error e = { 0 };

  if (report_write (r, status, &e) == -1)
    status = give_up (c, &e, status == DONE ? FAILED : status);
  events_end (&c->events, report_status (r, status), status,
              describe_error (&r->error), describe_bytes (&r->totals));
  events_close (&c->events);
  report_free (r);
  log_end ();
  return status;
}

/* A word that stands on the wrong place can be a secret all the same. */
static int
refuse_words (struct copy *c, struct error *e)
{
  char *text = secrets_mask (e->text);

  snprintf (e->text, sizeof e->text, "%s", text ? text : "out of memory");
  free (text);
  give_up (c, e, REFUSED);
  log_error ("try '%s --help'", c->options.program);
  return REFUSED;
}

/* e is why the command line could not be understood, where it could not be. */
static int
run_and_tell (struct copy *c, bool parsed, struct error *e)
{
  int status = start_telling (c);

  if (!parsed)
    status = refuse_words (c, e);
  else if (status == DONE)
    status = run (c);
  return end_telling (c, status);
}

/* Whoever waits for us, a shell in a loop for one, is to see the signal itself.
 * Comes back only where that signal cannot kill us: then the status tells.
 */
static void
end_by_signal (int signal_number)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, signal_number);
  signal (signal_number, SIG_DFL);
  raise (signal_number);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
}

int
main (int argc, char **argv)
{
  struct copy c = { 0 };
  struct error e = { 0 };
  const bool parsed = options_parse (&c.options, argc, argv, &e) == 0;
  int status;

  if (parsed && c.options.help)
    status = print_text (options_help (c.options.program));
  else if (parsed && c.options.version)
    status = print_version ();
  else if (parsed && (c.options.long_options || c.options.short_options))
    status = print_text (options_list (c.options.long_options));
  else {
    log_init (c.options.program, c.options.disk, parsed && c.options.quiet,
              parsed ? c.options.verbose : 0);
    status = parsed && c.options.manifest
      ? fleet_run (&c.options, count_processors ())
      : run_and_tell (&c, parsed, &e);
  }
  options_free (&c.options);
  if (status > BY_SIGNAL)
    end_by_signal (status - BY_SIGNAL);
  return status;
}
