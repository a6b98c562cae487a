/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copies of a manifest, so many at a time: see batch.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arith.h"
#include "base/exit-status.h"
#include "base/log.h"
#include "base/stop.h"
#include "batch/batch-report.h"
#include "batch/batch.h"
#include "batch/manifest.h"
#include "child.h"
#include "clock.h"
#include "endpoint/used-files.h"
#include "line-reader.h"
#include "options/stdin-arguments.h"

/* This program, even if its file was replaced meanwhile. */
#define OURSELVES "/proc/self/exe"

/* What a worker of a copy may have in flight. */
#define QUEUE_SIZE_MAX (64 * MiB)
#define QUEUE_SIZE_MIN MiB

/* A report is one line, and has what was warned of. */
#define EVENT_MAX (64 * KiB)
#define REPORT_MAX (4 * MiB)

/* How soon an end is seen where the system cannot tell of it. */
#define LOOK_AGAIN (50 * NS_PER_MS)

/* After a second signal.  Each copy has it, too, and is sooner to end. */
#define STOP_PATIENCE (15 * NS_PER_S)

/* One copy on its way. */
struct run {
  const struct manifest_copy *copy; /* borrowed */
  enum { WAITING, RUNNING, ENDED } state;
  struct child child;
  struct line_reader events, output; /* what it tells; fd -1: nothing */
  char *report;                      /* owned; NULL: it has not come */
  int status;                        /* as an exit status, once it has ended */
};

struct batch {
  const struct options *options; /* borrowed */
  struct manifest manifest;
  struct batch_report report;
  struct stop *stop;
  struct run *runs;   /* owned; as many as the manifest has copies */
  struct pollfd *fds; /* owned; for each job three, and one */
  size_t n_begun, n_running, n_done;
  unsigned jobs;
  char threads[32], queue_size[40]; /* the options that are the shares */
  char interval[40]; /* as an option; "" where it was not given */
  int signal_number; /* that ends all; 0: none */
};

/* -- shares --------------------------------------------------------------- */

static void
share_out (struct batch *b, const struct machine *machine)
{
  uint64_t threads, queue_size;

  b->jobs = min_u64 (b->options->jobs, max_u64 (1, b->manifest.n_copies));
  threads = max_u64 (1, machine->processors / b->jobs);
  queue_size = min_u64 (QUEUE_SIZE_MAX,
                        plan_in_flight (machine) / b->jobs / threads);
  snprintf (b->threads, sizeof b->threads, "--threads=%" PRIu64, threads);
  snprintf (b->queue_size, sizeof b->queue_size, "--queue-size=%" PRIu64,
            max_u64 (QUEUE_SIZE_MIN, queue_size));
}

/* -- statuses ------------------------------------------------------------- */

/* How bad an exit status is: first the failures that another try may mend, then
 * those that it will not, then wrong data.  A status that is not listed is worse
 * than all of them.
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
  for (size_t i = 0; i < b->n_begun; i++)
    if (severity (b->runs[i].status) > severity (worst))
      worst = b->runs[i].status;
  return worst;
}

/* One that a signal has ended for which we did not send it has failed. */
static int
status_of (const struct batch *b, const struct child *child)
{
  if (WIFEXITED (child->status))
    return WEXITSTATUS (child->status);
  return b->signal_number && WIFSIGNALED (child->status)
    ? SIGNAL_BASE + WTERMSIG (child->status)
    : FAILED;
}

/* -- the copies ----------------------------------------------------------- */

/* Later options win: so the shares come first, and the copy's own can be
 * others.
 */
static char **
make_argv (const struct batch *b, const struct manifest_copy *c)
{
  static char quiet[] = "--quiet", verbose[] = "--verbose", plan[] = "--plan";
  static char events[] = "--events=3", report[] = "--report=-";
  const struct options *o = b->options;
  char **argv = calloc (o->verbose + c->n_words + 9, sizeof *argv);
  size_t n = 0;

  if (argv == NULL)
    return NULL;
  argv[n++] = (char *) o->program;
  argv[n++] = (char *) b->threads;
  argv[n++] = (char *) b->queue_size;
  if (batch_report_wants_events (&b->report))
    argv[n++] = events;
  if (batch_report_wants_report (&b->report))
    argv[n++] = report;
  if (b->interval[0])
    argv[n++] = (char *) b->interval;
  if (o->plan)
    argv[n++] = plan;
  if (o->quiet)
    argv[n++] = quiet;
  for (unsigned i = 0; i < o->verbose; i++)
    argv[n++] = verbose;
  memcpy (argv + n, c->words, c->n_words * sizeof *argv);
  return argv;
}

/* What others see of it: the words themselves can have secrets in them. */
static int
start_with (struct run *r, char *program, int words, int events, int output)
{
  static char handed[] = STDIN_ARGUMENTS;
  char *argv[] = { program, handed, r->copy->words[0], NULL };
  const struct child_io io = { words, output, -1 };

  return child_start_as (&r->child, OURSELVES, argv, events, io);
}

/* Its words go to its standard input, its events come through descriptor 3, its
 * report through standard output.
 */
static int
start (struct batch *b, struct run *r, char **argv)
{
  const int words = stdin_arguments_write (argv + 1);
  int events = -1, output = -1, status = -1, err;

  if (words == -1)
    return -1;
  if ((!batch_report_wants_events (&b->report)
       || line_reader_open (&r->events, EVENT_MAX, &events) == 0)
      && (!batch_report_wants_report (&b->report)
          || line_reader_open (&r->output, REPORT_MAX, &output) == 0))
    status = start_with (r, argv[0], words, events, output);
  err = errno;
  close (words);
  if (events != -1)
    close (events);
  if (output != -1)
    close (output);
  errno = err;
  return status;
}

static void
begin_next (struct batch *b)
{
  struct run *r = &b->runs[b->n_begun];
  char **argv = make_argv (b, r->copy);

  b->n_begun++;
  if (argv && start (b, r, argv) == 0) {
    r->state = RUNNING;
    b->n_running++;
  }
  else {
    r->state = ENDED;
    r->status = FAILED;
    log_error ("disk %s: cannot start the copy: %s", r->copy->disk,
               strerror (errno));
  }
  free (argv);
}

/* Takes what a copy has told by now.  A digest can stand before its report. */
static void
listen_to (struct batch *b, struct run *r)
{
  size_t length;
  const char *line;

  line_reader_read (&r->events);
  while ((line = line_reader_next (&r->events, &length)) != NULL) {
    batch_report_take_event (&b->report, r->copy->disk, line, length);
    line_reader_read (&r->events);
  }
  line_reader_read (&r->output);
  while ((line = line_reader_next (&r->output, &length)) != NULL) {
    if (line[0] == '{' && r->report == NULL)
      r->report = strdup (line);
    line_reader_read (&r->output);
  }
}

static void
take_end (struct batch *b, struct run *r)
{
  char how[80];

  listen_to (b, r);
  line_reader_close (&r->events);
  line_reader_close (&r->output);
  r->state = ENDED;
  r->status = status_of (b, &r->child);
  b->n_running--;
  b->n_done += r->status == DONE;
  if (r->status != DONE)
    log_error ("disk %s: the copy %s", r->copy->disk,
               child_describe (&r->child, how, sizeof how));
}

/* The first signal that ends us lets nothing else begin; how each copy ends at
 * it, and at a second one, it knows itself.
 */
static void
take_signal (struct batch *b)
{
  const int n = stop_take_signal (b->stop);

  if (n == 0)
    return;
  if (n != SIGUSR1 && b->signal_number == 0)
    b->signal_number = n;
  for (size_t i = 0; i < b->n_begun; i++)
    if (b->runs[i].state == RUNNING)
      child_signal (&b->runs[i].child, n);
}

/* Waits until something has happened, and takes it in. */
static void
wait_for_any (struct batch *b)
{
  uint64_t look_again = 0;
  nfds_t n = 0;

  b->fds[n++] = (struct pollfd) { .fd = stop_signal_fd (b->stop),
                                  .events = POLLIN };
  for (size_t i = 0; i < b->n_begun; i++)
    if (b->runs[i].state == RUNNING) {
      const struct run *r = &b->runs[i];
      const int fds[] = { r->child.pidfd, r->events.fd, r->output.fd };

      for (unsigned j = 0; j < 3; j++)
        b->fds[n++] = (struct pollfd) { .fd = fds[j], .events = POLLIN };
      if (r->child.pidfd == -1)
        look_again = LOOK_AGAIN;
    }
  poll (b->fds, n, clock_poll_timeout (look_again, 0));
  take_signal (b);
  for (size_t i = 0; i < b->n_begun; i++)
    if (b->runs[i].state == RUNNING) {
      listen_to (b, &b->runs[i]);
      if (child_has_ended (&b->runs[i].child))
        take_end (b, &b->runs[i]);
    }
}

static void
run_all (struct batch *b)
{
  stop_want_usr1 (b->stop, true);
  for (;;) {
    while (b->n_running < b->jobs && b->n_begun < b->manifest.n_copies
           && b->signal_number == 0)
      begin_next (b);
    if (b->n_running == 0)
      break;
    wait_for_any (b);
  }
  stop_want_usr1 (b->stop, false);
}

/* -- all of it ------------------------------------------------------------ */

static int
get_ready (struct batch *b, const struct machine *machine, struct error *e)
{
  const size_t n = b->manifest.n_copies;

  share_out (b, machine);
  b->runs = calloc (n + 1, sizeof *b->runs);
  b->fds = calloc (3 * b->jobs + 1, sizeof *b->fds);
  if (b->runs == NULL || b->fds == NULL
      || (b->stop = stop_new (STOP_PATIENCE)) == NULL) {
    error_set (e, errno, "cannot start the copies: %s", strerror (errno));
    return -1;
  }
  for (size_t i = 0; i < n; i++)
    b->runs[i] = (struct run) {
      .copy = &b->manifest.copies[i],
      .events.fd = -1,
      .output.fd = -1,
    };
  return 0;
}

/* In the order of the manifest, whichever ended first. */
static void
take_reports (struct batch *b)
{
  for (size_t i = 0; i < b->manifest.n_copies; i++) {
    const struct run *r = &b->runs[i];
    char how[80];

    batch_report_take_report (
      &b->report, r->copy->disk, r->report, r->report ? strlen (r->report) : 0,
      i < b->n_begun ? r->status : -1,
      i < b->n_begun ? child_describe (&r->child, how, sizeof how)
                     : "the copy was not started");
  }
}

/* Nothing of a manifest is begun unless all of its copies can live together,
 * and with what is told of them.  Takes out of the options what must not be
 * written.
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

static int
run_manifest (struct batch *b, const struct machine *machine, struct error *e)
{
  if (get_ready (b, machine, e) == -1)
    return FAILED;
  run_all (b);
  take_reports (b);
  log_say ("%zu of %zu disks %s", b->n_done, b->manifest.n_copies,
           b->options->plan ? "can be done" : "are done");
  return worst_status (b);
}

static void
free_batch (struct batch *b)
{
  for (size_t i = 0; b->runs && i < b->manifest.n_copies; i++)
    free (b->runs[i].report);
  stop_free (b->stop);
  free (b->runs);
  free (b->fds);
  manifest_free (&b->manifest);
}

int
batch_run (const struct options *o, const struct machine *machine)
{
  struct options told = *o; /* with the files that may be written */
  struct batch b = { .options = &told };
  struct error e = { 0 };
  bool good;
  int status;

  if (o->interval)
    snprintf (b.interval, sizeof b.interval, "--interval=%.9g",
              (double) o->interval / NS_PER_S);
  good = manifest_load (&b.manifest, o->manifest, &e) == 0;
  good = check_files (&b, &told, &e) == 0 && good;
  good = batch_report_open (&b.report, &told, &e) == 0 && good;
  status = good ? run_manifest (&b, machine, &e) : REFUSED;
  if (error_is_set (&e))
    log_error ("%s", e.text);
  status = batch_report_end (&b.report, status, &e);
  free_batch (&b);
  return status;
}
