/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The copies of a manifest, so many at a time: see fleet.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "arith.h"
#include "child.h"
#include "clock.h"
#include "exit-status.h"
#include "fleet.h"
#include "log.h"
#include "manifest.h"
#include "stop.h"

/* This program, even if its file was replaced meanwhile. */
#define OURSELVES "/proc/self/exe"

/* What one copy alone may have in flight: see plan.c. */
#define IN_FLIGHT_MAX (128 * MiB)
#define QUEUE_SIZE_MAX (64 * MiB)
#define QUEUE_SIZE_MIN MiB

/* How soon an end is seen where the system cannot tell of it. */
#define LOOK_AGAIN (50 * NS_PER_MS)

/* One copy on its way. */
struct run {
  const struct manifest_copy *copy;     /* borrowed */
  enum { WAITING, RUNNING, ENDED } state;
  struct child child;
  int status;                   /* as an exit status, once it has ended */
};

struct fleet {
  const struct options *options;        /* borrowed */
  struct manifest manifest;
  struct stop *stop;
  struct run *runs;             /* owned; as many as the manifest has copies */
  struct pollfd *fds;           /* owned; one more than that */
  size_t n_begun, n_running, n_done;
  unsigned jobs;
  char threads[32], queue_size[40];     /* the options that are the shares */
  int signal_number;            /* that ends all; 0: none */
};

/* -- shares --------------------------------------------------------------- */

static void
share_out (struct fleet *f, unsigned processors)
{
  uint64_t threads, queue_size;

  f->jobs = min_u64 (f->options->jobs, max_u64 (1, f->manifest.n_copies));
  threads = max_u64 (1, processors / f->jobs);
  queue_size = min_u64 (QUEUE_SIZE_MAX, IN_FLIGHT_MAX / f->jobs / threads);
  snprintf (f->threads, sizeof f->threads, "--threads=%" PRIu64, threads);
  snprintf (f->queue_size, sizeof f->queue_size, "--queue-size=%" PRIu64,
            max_u64 (QUEUE_SIZE_MIN, queue_size));
}

/* -- statuses ------------------------------------------------------------- */

/* From good to bad: what may go away by trying again, then what will not, then
 * data that is wrong.  What is not among them is worse than all.
 */
static int
badness (int status)
{
  static const int order[] = { 0, 5, 3, 2, 6, 1, 4 };
  int i = 0;

  while (i < (int) (sizeof order / sizeof order[0]) && order[i] != status)
    i++;
  return i;
}

static int
worst_status (const struct fleet *f)
{
  int worst = DONE;

  if (f->signal_number)
    return BY_SIGNAL + f->signal_number;
  for (size_t i = 0; i < f->n_begun; i++)
    if (badness (f->runs[i].status) > badness (worst))
      worst = f->runs[i].status;
  return worst;
}

/* One that a signal has ended for which we did not send it has failed. */
static int
status_of (const struct fleet *f, const struct child *child)
{
  if (WIFEXITED (child->status))
    return WEXITSTATUS (child->status);
  return f->signal_number && WIFSIGNALED (child->status)
    ? BY_SIGNAL + WTERMSIG (child->status) : FAILED;
}

/* -- the copies ----------------------------------------------------------- */

/* Later options win: so the shares come first, and the copy's own can be
 * others.
 */
static char **
make_argv (const struct fleet *f, const struct manifest_copy *c)
{
  static char quiet[] = "--quiet", verbose[] = "--verbose", plan[] = "--plan";
  const struct options *o = f->options;
  char **argv = calloc (o->verbose + c->n_words + 6, sizeof *argv);
  size_t n = 0;

  if (argv == NULL)
    return NULL;
  argv[n++] = (char *) o->program;
  argv[n++] = (char *) f->threads;
  argv[n++] = (char *) f->queue_size;
  if (o->plan)
    argv[n++] = plan;
  if (o->quiet)
    argv[n++] = quiet;
  for (unsigned i = 0; i < o->verbose; i++)
    argv[n++] = verbose;
  memcpy (argv + n, c->words, c->n_words * sizeof *argv);
  return argv;
}

static void
begin_next (struct fleet *f)
{
  struct run *r = &f->runs[f->n_begun];
  char **argv = make_argv (f, r->copy);

  f->n_begun++;
  if (argv && child_start_as (&r->child, OURSELVES, argv, -1, -1) == 0) {
    r->state = RUNNING;
    f->n_running++;
  }
  else {
    r->state = ENDED;
    r->status = FAILED;
    log_error ("disk %s: cannot be started: %s", r->copy->disk,
               strerror (errno));
  }
  free (argv);
}

static void
take_end (struct fleet *f, struct run *r)
{
  char how[80];

  r->state = ENDED;
  r->status = status_of (f, &r->child);
  f->n_running--;
  f->n_done += r->status == DONE;
  if (r->status != DONE)
    log_error ("disk %s: the copy %s", r->copy->disk,
               child_describe (&r->child, how, sizeof how));
}

/* The first signal that ends us lets nothing else begin; how each copy ends at
 * it, and at a second one, it knows itself.
 */
static void
heed_signal (struct fleet *f)
{
  const int n = stop_take_signal (f->stop);

  if (n == 0)
    return;
  if (n != SIGUSR1 && f->signal_number == 0)
    f->signal_number = n;
  for (size_t i = 0; i < f->n_begun; i++)
    if (f->runs[i].state == RUNNING)
      child_signal (&f->runs[i].child, n);
}

/* Waits until something has happened, and takes it in. */
static void
wait_for_any (struct fleet *f)
{
  uint64_t look_again = 0;
  nfds_t n = 0;

  f->fds[n++] = (struct pollfd) {
    .fd = stop_signal_fd (f->stop), .events = POLLIN
  };
  for (size_t i = 0; i < f->n_begun; i++)
    if (f->runs[i].state == RUNNING) {
      const int fd = f->runs[i].child.pidfd;

      f->fds[n++] = (struct pollfd) { .fd = fd, .events = POLLIN };
      if (fd == -1)
        look_again = LOOK_AGAIN;
    }
  poll (f->fds, n, clock_poll_timeout (look_again, 0));
  heed_signal (f);
  for (size_t i = 0; i < f->n_begun; i++)
    if (f->runs[i].state == RUNNING && child_has_ended (&f->runs[i].child))
      take_end (f, &f->runs[i]);
}

static void
run_all (struct fleet *f)
{
  stop_want_usr1 (f->stop, true);
  for (;;) {
    while (f->n_running < f->jobs && f->n_begun < f->manifest.n_copies
           && f->signal_number == 0)
      begin_next (f);
    if (f->n_running == 0)
      break;
    wait_for_any (f);
  }
  stop_want_usr1 (f->stop, false);
}

/* -- all of it ------------------------------------------------------------ */

static int
get_ready (struct fleet *f, unsigned processors, struct error *e)
{
  const size_t n = f->manifest.n_copies;

  f->runs = calloc (n + 1, sizeof *f->runs);
  f->fds = calloc (n + 1, sizeof *f->fds);
  if (f->runs == NULL || f->fds == NULL || (f->stop = stop_new ()) == NULL) {
    error_set (e, errno, "cannot start the copies: %s", strerror (errno));
    return -1;
  }
  for (size_t i = 0; i < n; i++)
    f->runs[i].copy = &f->manifest.copies[i];
  share_out (f, processors);
  return 0;
}

int
fleet_run (const struct options *o, unsigned processors)
{
  struct fleet f = { .options = o };
  struct error e = { 0 };
  int status;

  if (manifest_load (&f.manifest, o->manifest, &e) == -1) {
    log_error ("%s", e.text);
    return REFUSED;
  }
  if (get_ready (&f, processors, &e) == -1) {
    log_error ("%s", e.text);
    status = FAILED;
  }
  else {
    run_all (&f);
    status = worst_status (&f);
    log_say ("%zu of %zu disks are done", f.n_done, f.manifest.n_copies);
  }
  stop_free (f.stop);
  free (f.runs);
  free (f.fds);
  manifest_free (&f.manifest);
  return status;
}
