/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the copies: see rounds.h. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "bench/calls.h"
#include "bench/output.h"
#include "bench/rounds.h"
#include "bench/servers.h"
#include "clock.h"

#define FEW_RUNS 3     /* the budget leaves at least these */
#define SHORT_WALL 0.2 /* seconds: too short to say what others did */

/* -- around a copy -------------------------------------------------------- */

/* Removes a destination that did not exist before: each copy makes a new file,
 * and nothing is left in the end.
 */
static void
remove_target (const struct bench *b)
{
  const char *name = arguments_name (&b->arguments->destination);
  struct stat st;

  if (b->target == TARGET_NEW && lstat (name, &st) == 0 && S_ISREG (st.st_mode))
    unlink (name);
}

/* Sets the environment of --before and --check. */
static void
set_environment (const struct bench *b, const struct program *p, unsigned round)
{
  char number[16];

  snprintf (number, sizeof number, "%u", round);
  setenv ("STRIPECOPY_BENCH_PROGRAM", p->name, 1);
  setenv ("STRIPECOPY_BENCH_ROUND", number, 1);
  if (arguments_name (&b->arguments->source))
    setenv ("STRIPECOPY_BENCH_SOURCE", b->arguments->source.at[0], 1);
  if (arguments_name (&b->arguments->destination))
    setenv ("STRIPECOPY_BENCH_DESTINATION", b->arguments->destination.at[0], 1);
}

/* Returns why a command of the shell failed: a line that it printed, or else its
 * exit status; allocated.
 */
static char *
describe_failure (int fd, int status)
{
  char *said = output_read (fd);

  if (said && *output_reason (said, "sh") == '\0') {
    free (said);
    said = asprintf (&said, "exit status %d", status) == -1 ? NULL : said;
  }
  return said;
}

/* Runs a command by a shell, without a limit: --limit is one for copies, and a
 * check may take longer.  Returns NULL if it succeeded, else why not;
 * allocated.
 */
static char *
run_hook (struct bench *b, const char *command)
{
  char shell[] = "/bin/sh", option[] = "-c", *text = strdup (command);
  char *argv[] = { shell, option, text, NULL };
  const int fd = output_open (false);
  const struct measured_command c = { .argv = argv,
                                      .output = fd,
                                      .limit = UINT64_MAX,
                                      .interrupt_fd = b->signal_fd };
  struct costs costs;
  char *said = NULL;

  if (text == NULL || fd == -1 || measure_command (&c, &costs) == -1)
    said = strdup (strerror (errno));
  else if (costs.ending == ENDING_SIGNAL)
    b->interrupted = true;
  else if (costs.status != 0)
    said = describe_failure (fd, costs.status);
  if (fd != -1)
    close (fd);
  free (text);
  return said;
}

/* Returns 0, or -1 with the error set. */
static int
prepare_copy (struct bench *b, const struct program *p, unsigned round,
              struct error *e)
{
  char *said;

  remove_target (b);
  set_environment (b, p, round);
  if (b->arguments->before == NULL)
    return 0;
  said = run_hook (b, b->arguments->before);
  if (said == NULL)
    return 0;
  error_set (e, 0, "--before: %s", said);
  free (said);
  return -1;
}

static void
check_copy (struct bench *b, struct program *p)
{
  char *said = b->arguments->check ? run_hook (b, b->arguments->check) : NULL;

  if (said)
    bench_leave_out (p, "its copy is wrong: %s", said);
  free (said);
}

/* -- one copy ------------------------------------------------------------- */

/* Returns the use of the machine by others, in percent, or UNKNOWN. */
static double
use_by_others (const struct costs *c, const struct servers *s, double servers)
{
  const double all = c->wall * (double) sysconf (_SC_NPROCESSORS_ONLN);
  const double others = c->busy - c->cpu - c->children_cpu - servers;

  if (!s->all_known || c->wall < SHORT_WALL)
    return UNKNOWN;
  return others > 0 ? others / all * 100 : 0;
}

static void
leave_out_failed (const struct bench *b, struct program *p,
                  const struct costs *c, char *output)
{
  const char *why = output ? output_reason (output, p->path) : "";

  if (c->ending == ENDING_LATE)
    bench_leave_out (p, "not done after %g s",
                     (double) b->arguments->limit / 1e9);
  else if (c->status > 128)
    bench_leave_out (p, "killed by signal %d%s%.200s", c->status - 128,
                     *why ? ": " : "", why);
  else
    bench_leave_out (p, "exit status %d%s%.200s", c->status, *why ? ": " : "",
                     why);
}

static int
add_run (struct program *p, const struct bench_run *r)
{
  struct bench_run *runs = reallocarray (p->runs, p->n_runs + 1, sizeof *runs);

  if (runs == NULL)
    return -1;
  p->runs = runs;
  runs[p->n_runs++] = *r;
  return 0;
}

/* Makes one copy and keeps its costs, or leaves the program out. */
static int
copy_once (struct bench *b, struct program *p, struct bench_run *r)
{
  const char *const sides[] = { arguments_name (&b->arguments->source),
                                arguments_name (&b->arguments->destination) };
  const int fd = output_open (false);
  const struct measured_command c = { .argv = p->command,
                                      .output = fd,
                                      .limit = b->arguments->limit,
                                      .interrupt_fd = b->signal_fd };
  struct servers servers;
  double before, used;
  char *output;
  int status;

  if (fd == -1)
    return -1;
  servers_find (&servers, sides);
  before = servers_time (&servers);
  status = measure_command (&c, &r->costs);
  used = servers_time (&servers) - before;
  output = output_read (fd);
  close (fd);

  r->servers_cpu = servers.n > 0 ? used : UNKNOWN;
  r->others = use_by_others (&r->costs, &servers, used);
  if (status == 0 && r->costs.ending == ENDING_SIGNAL)
    b->interrupted = true;
  else if (status == 0 && r->costs.ending == ENDING_EXIT
           && r->costs.status == 0)
    status = add_run (p, r);
  else if (status == 0)
    leave_out_failed (b, p, &r->costs, output);
  free (output);
  return status;
}

/* -- all copies ----------------------------------------------------------- */

/* Returns whether a program has used its budget.  It gets at least three runs,
 * or one if that takes longer than the budget.
 */
static bool
has_had_its_part (const struct bench *b, const struct program *p)
{
  const double budget = (double) b->arguments->budget / 1e9;
  double sum = 0, last = 0;

  for (size_t i = 0; i < p->n_runs; i++)
    sum += last = p->runs[i].costs.wall;
  return budget > 0 && p->n_runs > 0
    && (last > budget || (p->n_runs >= FEW_RUNS && sum + last > budget));
}

/* Says how it goes, on a terminal. */
static void
tell (const struct bench *b, const struct program *p, unsigned round)
{
  if (!isatty (STDERR_FILENO))
    return;
  if (p->left_out)
    log_say ("round %u of %" PRIu64 ": %s: %s", round, b->arguments->rounds,
             p->name, p->left_out);
  else if (p->n_runs > 0)
    log_say ("round %u of %" PRIu64 ": %s: %.2f s", round, b->arguments->rounds,
             p->name, p->runs[p->n_runs - 1].costs.wall);
}

/* Makes a program's copy in a round, as the @place-th one. */
static int
take_turn (struct bench *b, struct program *p, unsigned round, unsigned place,
           struct error *e)
{
  struct bench_run r = { .round = round, .place = place };

  if (prepare_copy (b, p, round, e) == -1)
    return -1;
  if (!b->interrupted && copy_once (b, p, &r) == -1) {
    error_set (e, errno, "cannot measure: %s", strerror (errno));
    return -1;
  }
  if (round == 1 && !p->left_out && !b->interrupted)
    check_copy (b, p);
  if (!b->interrupted)
    tell (b, p, round);
  return 0;
}

/* Only the programs that make a copy in this round take turns: those that are
 * left out must not decide which of the others is the first.
 */
static int
run_round (struct bench *b, unsigned round, struct error *e)
{
  struct program **all = calloc (b->n_programs, sizeof *all);
  size_t n = 0;
  int r = 0;

  if (all == NULL) {
    error_set (e, errno, "%s", strerror (errno));
    return -1;
  }
  for (size_t i = 0; i < b->n_programs; i++)
    if (!b->programs[i].left_out && !has_had_its_part (b, &b->programs[i]))
      all[n++] = &b->programs[i];
  for (size_t i = 0; r == 0 && i < n && !b->interrupted; i++)
    r = take_turn (b, all[(round - 1 + i) % n], round, (unsigned) i + 1, e);
  free (all);
  return r;
}

static int
count_all_calls (struct bench *b, struct error *e)
{
  for (size_t i = 0; i < b->n_programs && !b->interrupted; i++) {
    struct program *p = &b->programs[i];

    if (p->left_out)
      continue;
    if (prepare_copy (b, p, 0, e) == -1)
      return -1;
    if (!b->interrupted)
      calls_count (b, p);
  }
  return 0;
}

int
rounds_run (struct bench *b, struct error *e)
{
  const uint64_t begin = clock_now ();
  int r = 0;

  for (unsigned round = 1;
       r == 0 && !b->interrupted && round <= b->arguments->rounds; round++)
    r = run_round (b, round, e);
  if (r == 0 && b->arguments->calls)
    r = count_all_calls (b, e);
  remove_target (b);
  b->elapsed = (double) (clock_now () - begin) / 1e9;
  return r;
}
