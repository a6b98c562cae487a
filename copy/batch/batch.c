/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A batch of copies: see batch.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arith.h"
#include "base/exit-status.h"
#include "base/log.h"
#include "base/stop.h"
#include "batch/batch-metrics.h"
#include "batch/batch-report.h"
#include "batch/batch-service.h"
#include "batch/batch.h"
#include "batch/manifest.h"
#include "batch/schedule.h"
#include "batch/follower.h"
#include "child.h"
#include "clock.h"
#include "endpoint/used-files.h"
#include "engine/shared-limit.h"
#include "human.h"
#include "line-reader.h"
#include "options/stdin-arguments.h"
#include "resume/map.h"

/* This program, even if its file has been replaced since it was started. */
#define OURSELVES "/proc/self/exe"

/* Limits for the bytes that one worker of a copy may have in flight. */
#define QUEUE_SIZE_MAX (64 * MiB)
#define QUEUE_SIZE_MIN MiB

/* Longest lines of a copy's output.  A report is one line with all its
 * warnings.
 */
#define EVENT_MAX (64 * KiB)
#define REPORT_MAX (4 * MiB)

/* How often to check for ended copies if the kernel has no pidfd_open. */
#define LOOK_AGAIN (50 * NS_PER_MS)

/* The most files that this process has open besides those for its copies. */
#define OWN_FILES 64

/* The least time of --stop-after. */
#define STOP_AFTER_MIN (100 * NS_PER_MS)

/* How long to wait after a second signal.  The copies received it, too, and end
 * earlier.
 */
#define STOP_PATIENCE (15 * NS_PER_S)

/* One copy of the batch. */
struct run {
  const struct manifest_copy *copy; /* borrowed */
  struct child child;
  struct line_reader events, output, errors; /* of its output; fd -1: none */
  char *report;   /* owned; of the last attempt; NULL: not received */
  int status;     /* exit status of the last attempt; -1: none has ended */
  bool changed;   /* the destination, by an earlier attempt */
  bool told_wait; /* that it waits for another run */
};

struct batch {
  const struct options *options; /* borrowed */
  struct manifest manifest;
  struct batch_report report;
  struct service *service; /* borrowed */
  struct stop *stop;
  struct run *runs; /* owned; one for each copy */
  struct schedule schedule;
  struct shared_limit limit; /* of all copies together */
  struct follower follower;
  struct batch_metrics metrics;
  struct pollfd *fds; /* owned; four for each job, and one for signals */
  size_t n_done;
  char **inherited;                 /* owned: options of all copies */
  char threads[32], queue_size[40]; /* options that set the share of each
                                       copy */
  int signal_number;                /* that ends the batch; 0: none */
  char stop_after[40]; /* the option for the copy that is started; "": none */
};

/* -- shares --------------------------------------------------------------- */

/* Divides the machine among @jobs copies. */
static void
compute_shares (struct batch *b, const struct machine *machine, uint64_t jobs)
{
  const uint64_t threads = max_u64 (1, machine->processors / jobs);
  const uint64_t queue_size = min_u64 (
    QUEUE_SIZE_MAX, plan_in_flight (machine) / jobs / threads);

  snprintf (b->threads, sizeof b->threads, "--threads=%" PRIu64, threads);
  snprintf (b->queue_size, sizeof b->queue_size, "--queue-size=%" PRIu64,
            max_u64 (QUEUE_SIZE_MIN, queue_size));
}

/* -- statuses ------------------------------------------------------------- */

/* Ranks exit statuses from good to bad: failures that another try may fix,
 * failures that it will not fix, wrong data.  A status that is not listed is
 * the worst.
 */
static int
severity (int status)
{
  static const int severities[] = {
    [DONE] = 1,   [IN_USE] = 2,       [INCOMPLETE] = 3, [REFUSED] = 4,
    [FAILED] = 6, [MAP_MISMATCH] = 5, [DIFFERENT] = 7,
  };
  const int n = sizeof severities / sizeof severities[0];

  return status >= 0 && status < n ? severities[status] : n + 1;
}

static int
worst_status (const struct batch *b)
{
  int worst = DONE;

  if (b->signal_number)
    return SIGNAL_BASE + b->signal_number;
  for (size_t i = 0; i < b->manifest.n_copies; i++)
    if (b->runs[i].status != -1
        && severity (b->runs[i].status) > severity (worst))
      worst = b->runs[i].status;
  if (b->report.stopped && b->n_done < b->manifest.n_copies
      && severity (INCOMPLETE) > severity (worst))
    worst = INCOMPLETE;
  return worst;
}

/* Returns the exit status of a copy.  A signal that we did not send means that
 * the copy failed.
 */
static int
status_of (const struct batch *b, const struct child *child)
{
  if (WIFEXITED (child->status))
    return WEXITSTATUS (child->status);
  return b->signal_number && WIFSIGNALED (child->status)
    ? SIGNAL_BASE + WTERMSIG (child->status)
    : FAILED;
}

/* Returns whether another attempt may succeed, as the report of the last one
 * says.  A copy that was killed could not write a report.
 */
static enum again
again_of (const struct run *r)
{
  return r->report || WIFEXITED (r->child.status)
    ? batch_report_again (r->report)
    : AGAIN_RETRY;
}

/* -- the copies ----------------------------------------------------------- */

/* Returns whether the copies have to write reports: only a report says whether
 * another attempt may help.
 */
static bool
wants_report (const struct batch *b)
{
  return batch_report_wants_report (&b->report)
    || batch_report_wants_events (&b->report) || b->schedule.attempts_max > 1;
}

/* Returns whether the copies have to write events. */
static bool
wants_events (const struct batch *b)
{
  return follower_wants_events (&b->follower) || service_wanted (b->service)
    || batch_metrics_wanted (&b->metrics);
}

static size_t
count_words (char *const *words)
{
  size_t n = 0;

  while (words[n])
    n++;
  return n;
}

/* Returns the arguments of a copy.  Later options win, so the shares come first
 * and the copy can override them.
 */
static char **
make_argv (const struct batch *b, const struct manifest_copy *c)
{
  static char events[] = "--events=3", report[] = "--report=-";
  const size_t n_inherited = count_words (b->inherited);
  const char *interval = follower_option (&b->follower);
  char **argv = calloc (n_inherited + c->n_words + 8, sizeof *argv);
  size_t n = 0;

  if (argv == NULL)
    return NULL;
  argv[n++] = (char *) b->options->program;
  argv[n++] = (char *) b->threads;
  argv[n++] = (char *) b->queue_size;
  if (wants_events (b))
    argv[n++] = events;
  if (wants_report (b))
    argv[n++] = report;
  if (b->stop_after[0])
    argv[n++] = (char *) b->stop_after;
  memcpy (argv + n, b->inherited, n_inherited * sizeof *argv);
  n += n_inherited;
  if (interval)
    argv[n++] = (char *) interval;
  memcpy (argv + n, c->words, c->n_words * sizeof *argv);
  return argv;
}

/* Starts the copy.  Its arguments are passed on standard input, because they
 * may contain secrets and the command line is visible to other users.
 */
static int
start_with (const struct batch *b, struct run *r, struct child_io io,
            int events)
{
  static char handed[] = STDIN_ARGUMENTS, limited[] = SHARED_LIMIT_ARGUMENT;
  const int fds[2] = { events, shared_limit_fd (&b->limit) };
  char *disk = r->copy->words[0];
  char *argv[] = { (char *) b->options->program, handed,
                   fds[1] == -1 ? disk : limited, fds[1] == -1 ? NULL : disk,
                   NULL };

  return child_start_as (&r->child, OURSELVES, argv, fds, io);
}

/* Opens a pipe for lines of a copy if they are wanted. */
static int
open_reader (struct line_reader *l, bool wanted, size_t longest, int *write_fd)
{
  return wanted ? line_reader_open (l, longest, write_fd) : 0;
}

static void
close_if_open (int fd)
{
  if (fd != -1)
    close (fd);
}

/* Starts the copy.  Its events arrive on descriptor 3 and its report on
 * standard output.
 */
static int
start (struct batch *b, struct run *r, char **argv)
{
  const int words = stdin_arguments_write (argv + 1);
  struct child_io io = { words, -1, -1 };
  int events = -1, status = -1, err;

  if (words == -1)
    return -1;
  if (open_reader (&r->events, wants_events (b), EVENT_MAX, &events) == 0
      && open_reader (&r->output, wants_report (b), REPORT_MAX, &io.output) == 0
      && open_reader (&r->errors, follower_wants_errors (&b->follower),
                      EVENT_MAX, &io.error)
        == 0)
    status = start_with (b, r, io, events);
  err = errno;
  close (words);
  close_if_open (events);
  close_if_open (io.output);
  close_if_open (io.error);
  errno = err;
  return status;
}

/* Prints how an attempt failed, and whether there is another one. */
static void
tell_failure (const struct batch *b, size_t i, const char *how,
              bool comes_again)
{
  const char *disk = b->runs[i].copy->disk;
  char wait[HUMAN_MAX];

  if (comes_again)
    log_error (
      "disk %s: %s; attempt %" PRIu64 " of %" PRIu64 " begins in %s or later",
      disk, how, b->schedule.entries[i].attempts + 1, b->options->attempts,
      human_duration (wait, b->options->attempt_wait));
  else
    log_error ("disk %s: %s", disk, how);
}

/* Prints once that a copy waits for another run. */
static void
tell_wait (struct run *r)
{
  if (!r->told_wait)
    log_warning ("disk %s: waiting for another run, which copies it and has"
                 " locked its map",
                 r->copy->disk);
  r->told_wait = true;
}

static void
note_not_started (struct batch *b, size_t i, int err)
{
  char how[200];

  b->runs[i].status = FAILED;
  batch_metrics_ended (&b->metrics, i, FAILED);
  snprintf (how, sizeof how, "cannot start the copy: %s", strerror (err));
  tell_failure (b, i, how,
                schedule_end (&b->schedule, i, AGAIN_RETRY, clock_now ()));
}

/* Forgets an earlier attempt. */
static void
clear_run (struct run *r)
{
  r->changed |= batch_report_changed (r->report);
  free (r->report);
  r->report = NULL;
  r->status = -1;
}

/* Limits the next copy to the time that is left of --stop-after. */
static void
limit_time (struct batch *b)
{
  const uint64_t end = stop_deadline (b->stop), now = clock_now ();
  const uint64_t left = max_u64 (end > now ? end - now : 0, STOP_AFTER_MIN);

  if (end)
    snprintf (b->stop_after, sizeof b->stop_after, "--stop-after=%.9f",
              (double) left / NS_PER_S);
}

static void
start_copy (struct batch *b, size_t i)
{
  struct run *r = &b->runs[i];
  char **argv;

  if (b->schedule.attempts_max > 1 && map_is_in_use (&r->copy->options)) {
    schedule_end (&b->schedule, i, AGAIN_WAIT, clock_now ());
    tell_wait (r);
    return;
  }
  clear_run (r);
  batch_metrics_started (&b->metrics, i);
  limit_time (b);
  argv = make_argv (b, r->copy);
  if (argv == NULL || start (b, r, argv) == -1)
    note_not_started (b, i, errno);
  free (argv);
}

/* Reads the events and the report that a copy has written so far.  A digest can
 * precede the report.
 */
static void
read_output (struct batch *b, size_t i)
{
  struct run *r = &b->runs[i];
  size_t length;
  const char *line;

  line_reader_read (&r->events);
  while ((line = line_reader_next (&r->events, &length)) != NULL) {
    follower_take_event (&b->follower, i, line, length);
    line_reader_read (&r->events);
  }
  line_reader_read (&r->output);
  while ((line = line_reader_next (&r->output, &length)) != NULL) {
    if (line[0] == '{' && r->report == NULL)
      r->report = strdup (line);
    else if (!batch_report_wants_report (&b->report))
      log_relay (line);
    line_reader_read (&r->output);
  }
  line_reader_read (&r->errors);
  while ((line = line_reader_next (&r->errors, &length)) != NULL) {
    log_relay (line);
    line_reader_read (&r->errors);
  }
}

static void
finish_copy (struct batch *b, size_t i)
{
  struct run *r = &b->runs[i];
  char how[80], text[100];
  bool comes_again;

  read_output (b, i);
  line_reader_close (&r->events);
  line_reader_close (&r->output);
  line_reader_close (&r->errors);
  r->status = status_of (b, &r->child);
  b->n_done += r->status == DONE;
  batch_metrics_ended (&b->metrics, i, r->status);
  comes_again = schedule_end (&b->schedule, i, again_of (r), clock_now ());
  snprintf (text, sizeof text, "the copy %s",
            child_describe (&r->child, how, sizeof how));
  if (comes_again && again_of (r) == AGAIN_WAIT)
    tell_wait (r);
  else if (r->status != DONE)
    tell_failure (b, i, text, comes_again);
}

static bool
is_running (const struct batch *b, size_t i)
{
  return b->schedule.entries[i].state == RUN_RUNNING;
}

static void
signal_copies (struct batch *b, int signal_number)
{
  for (size_t i = 0; i < b->manifest.n_copies; i++)
    if (is_running (b, i))
      child_signal (&b->runs[i].child, signal_number);
}

/* Stops the copies and this process until it is continued.  Ctrl-Z reaches only
 * this process, because each copy has a process group of its own.
 */
static void
pause_all (struct batch *b)
{
  signal_copies (b, SIGSTOP);
  stop_here (b->stop);
  signal_copies (b, SIGCONT);
  follower_continue (&b->follower);
}

/* Passes a signal on to all running copies, which handle it themselves.  After
 * the first terminating signal no new copy is started.
 */
static void
take_signal (struct batch *b)
{
  const int n = stop_take_signal (b->stop);

  if (n == SIGTSTP)
    pause_all (b);
  if (n == 0 || n == SIGTSTP)
    return;
  if (n != SIGUSR1 && b->signal_number == 0) {
    b->signal_number = n;
    schedule_close (&b->schedule);
    service_stopping (b->service, clock_now ());
  }
  if (n == SIGUSR1)
    follower_at_once (&b->follower);
  signal_copies (b, n);
}

/* Starts no further copies when the time of --stop-after is over. */
static void
stop_in_time (struct batch *b)
{
  struct error e = { 0 };

  if (b->report.stopped || !stop_is_due (b->stop, clock_now (), &e))
    return;
  b->report.stopped = true;
  schedule_close (&b->schedule);
  log_error ("%s", e.text);
}

/* Returns when something has to be done next; 0: only after an event. */
static uint64_t
next_due (const struct batch *b, uint64_t now)
{
  const uint64_t end = b->report.stopped ? 0 : stop_deadline (b->stop);

  return clock_earlier (
    clock_earlier (schedule_due (&b->schedule, now), end),
    clock_earlier (
      shared_limit_deadline (&b->limit),
      clock_earlier (service_deadline (b->service),
                     clock_earlier (follower_deadline (&b->follower),
                                    batch_metrics_deadline (&b->metrics)))));
}

/* Returns the state to show.  Once no further copy is started, a waiting copy
 * has failed before, or is not started.
 */
static enum progress_state
progress_state_of (const struct batch *b, size_t i)
{
  const int status = b->runs[i].status;

  switch (b->schedule.entries[i].state) {
  case RUN_RUNNING:
    return RUNS;
  case RUN_WAITING:
    return !b->schedule.closed ? WAITS
      : status != -1           ? HAS_FAILED
                               : NOT_STARTED;
  case RUN_ENDED:
    break;
  }
  return status == DONE ? IS_DONE : HAS_FAILED;
}

/* Reports the states of all copies to the follower. */
static void
note_states (struct batch *b)
{
  const uint64_t now = clock_now ();

  for (size_t i = 0; i < b->manifest.n_copies; i++)
    overview_set_state (&b->follower.overview, i, progress_state_of (b, i),
                        b->schedule.entries[i].attempts, now);
}

/* Waits for output, an end or a signal, and handles it. */
static void
wait_for_any (struct batch *b)
{
  const uint64_t now = clock_now ();
  uint64_t due = next_due (b, now);
  nfds_t n = 0;

  b->fds[n++] = (struct pollfd) { .fd = stop_signal_fd (b->stop),
                                  .events = POLLIN };
  for (size_t i = 0; i < b->manifest.n_copies; i++)
    if (is_running (b, i)) {
      const struct run *r = &b->runs[i];
      const int fds[] = { r->child.pidfd, r->events.fd, r->output.fd,
                          r->errors.fd };

      for (unsigned j = 0; j < 4; j++)
        b->fds[n++] = (struct pollfd) { .fd = fds[j], .events = POLLIN };
      if (r->child.pidfd == -1)
        due = clock_earlier (due, now + LOOK_AGAIN);
    }
  poll (b->fds, n, clock_poll_timeout (due, now));
  take_signal (b);
  stop_in_time (b);
  shared_limit_tick (&b->limit, clock_now ());
  batch_service_tick (b->service, &b->follower.overview, clock_now ());
  for (size_t i = 0; i < b->manifest.n_copies; i++)
    if (is_running (b, i)) {
      read_output (b, i);
      if (child_has_ended (&b->runs[i].child))
        finish_copy (b, i);
    }
}

/* Starts all copies that are due.  A copy that has to wait for another run is
 * not tried again before the next call: all of a long list may have to wait.
 */
static void
start_copies (struct batch *b)
{
  const uint64_t now = clock_now ();
  size_t i;

  while (schedule_start (&b->schedule, now, &i)) {
    start_copy (b, i);
    take_signal (b);
  }
}

static void
run_all (struct batch *b)
{
  stop_want_usr1 (b->stop, true);
  for (;;) {
    start_copies (b);
    if (schedule_is_over (&b->schedule))
      break;
    note_states (b);
    follower_tick (&b->follower, clock_now ());
    batch_metrics_tick (&b->metrics, &b->follower.overview, clock_now ());
    wait_for_any (b);
  }
  stop_want_usr1 (b->stop, false);
}

/* -- all of it ------------------------------------------------------------ */

/* A plan says how things are now, so it is made once. */
static void
prepare_schedule (struct batch *b)
{
  const struct options *o = b->options;

  schedule_set_attempts (&b->schedule, o->plan ? 1 : o->attempts,
                         o->attempt_wait);
  schedule_limit_groups (&b->schedule, o->jobs_per_group);
  for (size_t i = 0; i < b->manifest.n_copies; i++)
    schedule_set_group (&b->schedule, i, manifest_group (&b->manifest, i));
}

static int
prepare (struct batch *b, const struct machine *machine, struct error *e)
{
  const size_t n = b->manifest.n_copies;
  const size_t jobs = min_u64 (b->options->jobs, max_u64 (1, n));

  b->inherited = options_inherited (b->options);
  b->runs = calloc (n + 1, sizeof *b->runs);
  b->fds = calloc (4 * jobs + 1, sizeof *b->fds);
  if (b->inherited == NULL || b->runs == NULL || b->fds == NULL
      || schedule_init (&b->schedule, n, jobs) == -1
      || (b->stop = stop_new (STOP_PATIENCE, true)) == NULL) {
    error_set (e, errno, "cannot start the copies: %s", strerror (errno));
    return -1;
  }
  if (b->options->stop_after && !b->options->plan)
    stop_set_deadline (b->stop, b->report.started + b->options->stop_after);
  prepare_schedule (b);
  compute_shares (b, machine, max_u64 (1, schedule_width (&b->schedule)));
  for (size_t i = 0; i < n; i++)
    b->runs[i] = (struct run) {
      .copy = &b->manifest.copies[i],
      .status = -1,
      .events.fd = -1,
      .output.fd = -1,
      .errors.fd = -1,
    };
  return 0;
}

/* Returns why a copy has no report. */
static const char *
describe_silence (const struct run *r, char *text, size_t size)
{
  return r->status != -1 ? child_describe (&r->child, text, size)
    : r->told_wait       ? "another run has the map"
                         : "the copy was not started";
}

/* Adds the reports in the order of the manifest. */
static void
take_reports (struct batch *b)
{
  for (size_t i = 0; i < b->manifest.n_copies; i++) {
    const struct run *r = &b->runs[i];
    char how[80];
    const struct batch_result result = {
      .disk = r->copy->disk,
      .report = r->report,
      .exit_status = r->status,
      .how = describe_silence (r, how, sizeof how),
      .attempts = b->schedule.entries[i].attempts,
      .changed = r->changed,
    };

    batch_report_take_result (&b->report, &result);
  }
}

/* Checks that no file of the batch is used in two ways that conflict.  Removes
 * from the options the output files that must not be written.
 */
static int
check_files (struct batch *b, struct options *o, struct error *e)
{
  struct used_files *u = used_files_new ();
  struct error why = { 0 };
  int r = u ? used_files_add (u, o, 0, &why) : -1;

  for (size_t i = 0; r == 0 && i < b->manifest.n_copies; i++)
    r = used_files_add (u, &b->manifest.copies[i].options, i + 1, &why);
  if (r == 0)
    r = used_files_check (u, &why);
  if (r == -1) {
    error_set (e, why.number, "%s: %s", o->manifest,
               u ? why.text : strerror (ENOMEM));
    used_files_spare (u, o);
  }
  used_files_free (u);
  return r;
}

/* Raises the limit of open files to what the copies that run at a time need: it
 * is often as low as 1024, for the sake of programs that call select(2).
 */
static int
allow_open_files (const struct batch *b, struct error *e)
{
  const rlim_t for_each = 1 + wants_events (b) + wants_report (b)
    + follower_wants_errors (&b->follower);
  const rlim_t needed = OWN_FILES + for_each * b->schedule.jobs;
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) == -1 || limit.rlim_cur >= needed)
    return 0;
  if (limit.rlim_max < needed) {
    error_set (e, EMFILE,
               "--jobs=%zu needs %ju open files, and this process can have %ju"
               " (ulimit -n)",
               b->schedule.jobs, (uintmax_t) needed,
               (uintmax_t) limit.rlim_max);
    return -1;
  }
  limit.rlim_cur = needed;
  setrlimit (RLIMIT_NOFILE, &limit);
  return 0;
}

static int
run_manifest (struct batch *b, const struct machine *machine, struct error *e)
{
  if (prepare (b, machine, e) == -1)
    return FAILED;
  if (allow_open_files (b, e) == -1)
    return REFUSED;
  service_ready (b->service, b->options->interval);
  run_all (b);
  service_stopping (b->service, clock_now ());
  note_states (b);
  follower_end (&b->follower);
  take_reports (b);
  log_say ("%zu of %zu disks %s", b->n_done, b->manifest.n_copies,
           b->options->plan ? "can be done" : "are done");
  return worst_status (b);
}

/* Checks that each copy that --stop-after may stop has a map. */
static int
check_maps (const struct batch *b, struct error *e)
{
  const struct manifest *m = &b->manifest;

  for (size_t i = 0; b->options->stop_after && i < m->n_copies; i++)
    if (m->copies[i].options.map == NULL) {
      error_set (e, EINVAL, "%s: copy %zu: --stop-after requires a 'map'",
                 b->options->manifest, i + 1);
      return -1;
    }
  return 0;
}

/* Drops the copies that are for other hosts. */
static int
take_part (struct batch *b, struct error *e)
{
  const struct shard *part = &b->options->part;

  if (part->count == 0
      || manifest_keep_part (&b->manifest, part->number, part->count) == 0)
    return 0;
  error_set (e, ENOMEM, "--part: %s", strerror (ENOMEM));
  return -1;
}

static void
free_batch (struct batch *b)
{
  for (size_t i = 0; b->runs && i < b->manifest.n_copies; i++)
    free (b->runs[i].report);
  stop_free (b->stop);
  schedule_free (&b->schedule);
  shared_limit_close (&b->limit);
  follower_close (&b->follower);
  batch_metrics_close (&b->metrics);
  options_free_words (b->inherited);
  free (b->runs);
  free (b->fds);
  manifest_free (&b->manifest);
}

bool
batch_refused (const struct options *o)
{
  struct batch_metrics m;
  struct error e = { 0 }; /* the run is refused for another reason */

  const bool opened = batch_metrics_open (&m, o, &e) == 0;
  const bool is_batch = o->manifest || batch_metrics_were_there (&m);

  if (opened && is_batch)
    batch_metrics_end (&m, NULL, REFUSED);
  batch_metrics_close (&m);
  return is_batch;
}

int
batch_run (const struct options *o, const struct machine *machine,
           struct service *service)
{
  struct options checked =
    *o; /* without output files that must not be written */
  struct batch b = { .options = &checked, .service = service };
  struct error e = { 0 };
  bool good;
  int status;

  good = manifest_load (&b.manifest, o->manifest, &e) == 0;
  good = check_files (&b, &checked, &e) == 0 && good;
  good = good && check_maps (&b, &e) == 0;
  good = good && take_part (&b, &e) == 0;
  good = batch_report_open (&b.report, &checked, &e) == 0 && good;
  good = batch_metrics_open (&b.metrics, &checked, &e) == 0 && good;
  good = good
    && shared_limit_open (&b.limit, &o->bwlimit, clock_now (), &e) == 0;
  good = good
    && follower_open (&b.follower, o, &b.manifest, &b.report, &e) == 0;
  good = good
    && batch_metrics_begin (&b.metrics, &b.follower.overview, &e) == 0;
  status = good ? run_manifest (&b, machine, &e) : REFUSED;
  if (error_is_set (&e))
    log_error ("%s", e.text);
  status = batch_report_end (&b.report, status, &e);
  batch_metrics_end (&b.metrics, &b.follower.overview, status);
  batch_service_end (service, b.n_done, b.manifest.n_copies, &e);
  free_batch (&b);
  return status;
}
