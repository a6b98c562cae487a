/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the command line, runs the copy, and turns the outcome into an exit
 * status.  Only this file ends the program.
 */

#include <config.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit-status.h"
#include "base/log.h"
#include "batch/batch.h"
#include "copier.h"
#include "endpoint/nbd.h"
#include "endpoint/used-files.h"
#include "memory-limit.h"
#include "options/options.h"
#include "options/stdin-arguments.h"
#include "output/describe.h"
#include "output/events.h"
#include "output/report.h"
#include "output/watch.h"
#include "secrets.h"

/* One run, and everything that reports about it. */
struct run {
  struct options options;
  struct events events;
  struct watch watch;
  struct report report;
  struct stop *stop; /* owned; NULL: no_stop says why */
  int no_stop;       /* errno of stop_new */
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

static struct machine
look_at_machine (void)
{
  return (struct machine) {
    .processors = count_processors (),
    .memory = memory_limit (),
  };
}

/* -- telling -------------------------------------------------------------- */

/* Opens the event stream, the metrics and the report.  All are tried, so that
 * one can report the failure of another.
 */
static int
start_telling (struct run *r)
{
  struct error e = { 0 };
  bool good;

  good = events_open (&r->events, &r->options, &e) == 0;
  if (watch_open (&r->watch, &r->options, &e) == -1)
    good = false;
  if (report_open (&r->report, &r->options, &e) == -1)
    good = false;
  report_note_sides (&r->report, NULL, NULL);
  events_start (&r->events, &r->options);
  if (good && r->stop)
    return DONE;
  if (good)
    error_set (&e, r->no_stop, "cannot set up signals: %s",
               strerror (r->no_stop));
  report_failure (&r->report, &e);
  return good ? FAILED : REFUSED;
}

/* Writes the report, and then the last event.  Every way out leads through
 * here, so a program that reads the last event finds the report complete.
 */
static int
end_telling (struct run *r, int status)
{
  struct report *report = &r->report;
  struct error e = { 0 };

  log_tell_dropped ();
  if (report_write (report, status, &e) == -1) {
    report_failure (report, &e);
    if (status == DONE)
      status = FAILED;
  }
  watch_end (&r->watch, status, &report->totals, report->error.text);
  watch_close (&r->watch);
  events_end (&r->events, report_status (report, status), status,
              describe_error (&report->error),
              describe_bytes (&report->totals));
  events_close (&r->events);
  report_free (report);
  log_end ();
  return status;
}

/* Checks that no file is used twice, before any file is opened for writing.
 * Removes from the options the files that must not be written, so that the
 * error can be reported to the others.  @words is the command line if it could
 * not be parsed; else NULL.
 */
static int
check_files (struct options *o, char *const *words, struct error *e)
{
  struct used_files *u = used_files_new ();
  int r = -1;

  if (u == NULL)
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  else if (words)
    r = used_files_add_words (u, o, words, e);
  else if ((r = used_files_add (u, o, 0, e)) == 0)
    r = used_files_check (u, e);
  if (words || r == -1)
    used_files_spare (u, o);
  used_files_free (u);
  return r;
}

/* Reports a command line that could not be parsed.  A misplaced word may be a
 * secret, so the text is masked.
 */
static int
refuse_words (struct run *r, struct error *e)
{
  char *text = secrets_mask (e->text);

  snprintf (e->text, sizeof e->text, "%s", text ? text : "out of memory");
  free (text);
  report_failure (&r->report, e);
  log_error ("try '%s --help'", r->options.program);
  return REFUSED;
}

/* Runs one copy.  @words is the command line, and @e the error, if it could not
 * be parsed; else @words is NULL.
 */
static int
copy_and_tell (struct run *r, const struct machine *machine, char *const *words,
               struct error *e)
{
  bool good;
  int status;

  /* Before any file is created, so that a signal cannot leave half of one. */
  if ((r->stop = stop_new (COPIER_PATIENCE, false)) == NULL)
    r->no_stop = errno;
  good = check_files (&r->options, words, e) == 0;
  if (words && batch_refused (&r->options))
    r->options.metrics_file = NULL; /* a single copy has other metrics */
  status = start_telling (r);

  if (words)
    status = refuse_words (r, e);
  else if (!good) {
    report_failure (&r->report, e);
    status = REFUSED;
  }
  else if (status == DONE)
    status = copier_run (&r->options, machine, &r->events, &r->watch,
                         &r->report, r->stop);
  status = end_telling (r, status);
  stop_free (r->stop);
  return status;
}

/* Ends by the signal itself, so that the parent sees it: a shell then ends its
 * loop.  Returns only where the signal cannot kill us; then the status tells.
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

/* Copies the arguments without the program's name.  NULL when out of memory. */
static char **
copy_words (int argc, char **argv)
{
  char **words = calloc (argc + 1, sizeof *words);

  for (int i = 1; words && i < argc; i++)
    words[i - 1] = argv[i];
  return words;
}

/* @limit is the descriptor of a limit that was inherited; -1: none. */
static int
run (int argc, char **argv, int limit)
{
  struct run r = { 0 };
  struct error e = { 0 };
  char **words = copy_words (argc, argv); /* getopt reorders them */
  const bool parsed = words != NULL
    && options_parse (&r.options, argc, argv, &e) == 0;
  int status;

  r.options.shared_limit = limit;
  if (words == NULL)
    error_set (&e, ENOMEM, "%s", strerror (ENOMEM));
  service_init (&r.watch.service); /* before any child can inherit it */

  if (parsed && r.options.help)
    status = print_text (options_help (r.options.program));
  else if (parsed && r.options.version)
    status = print_version ();
  else if (parsed && (r.options.long_options || r.options.short_options))
    status = print_text (options_list (r.options.long_options));
  else {
    const struct machine machine = look_at_machine ();

    log_init (r.options.program, r.options.disk, parsed && r.options.quiet,
              parsed ? r.options.verbose : 0);
    status = parsed && r.options.manifest
      ? batch_run (&r.options, &machine, &r.watch.service)
      : copy_and_tell (&r, &machine,
                       parsed    ? NULL
                         : words ? words
                                 : argv,
                       &e);
  }
  options_free (&r.options);
  free (words);
  return status;
}

/* Runs one copy of a manifest, with the arguments that batch.c sent. */
static int
run_stdin_arguments (char *program, int limit)
{
  struct stdin_arguments w;
  int status;

  if (stdin_arguments_read (&w, program) == -1) {
    log_init ("stripecopy", NULL, false, 0);
    log_error (STDIN_ARGUMENTS ": %s", strerror (errno));
    return REFUSED;
  }
  status = run (w.argc, w.argv, limit);
  stdin_arguments_free (&w);
  return status;
}

int
main (int argc, char **argv)
{
  const int status = stdin_arguments_expected (argc, argv)
    ? run_stdin_arguments (argv[0], stdin_arguments_limit (argc, argv))
    : run (argc, argv, -1);

  if (status > SIGNAL_BASE)
    end_by_signal (status - SIGNAL_BASE);
  return status;
}
