/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stripecopy-bench: measures stripecopy and other programs in turn. */

#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic-file.h"
#include "base/exit-status.h"
#include "base/log.h"
#include "bench/bench.h"
#include "bench/files.h"
#include "bench/guard.h"
#include "bench/page.h"
#include "bench/results.h"
#include "bench/rounds.h"
#include "bench/table.h"
#include "secrets.h"

#define PROGRAM PACKAGE_NAME "-bench"

static bool
is_ignored (int signal_number)
{
  struct sigaction old;

  return sigaction (signal_number, NULL, &old) == 0
    && old.sa_handler == SIG_IGN;
}

/* Blocks the signals that end a program, but for those that the parent ignores,
 * as nohup does.  Returns a descriptor that is readable once one of them has
 * come; -1 with errno.
 */
static int
catch_signals (void)
{
  static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
  sigset_t set;

  sigemptyset (&set);
  for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
    if (!is_ignored (ending[i]))
      sigaddset (&set, ending[i]);
  signal (SIGPIPE, SIG_IGN);
  return sigprocmask (SIG_BLOCK, &set, NULL) == -1
    ? -1
    : signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Ends by the signal that came, so that a shell sees it. */
static void
end_by_signal (int fd)
{
  struct signalfd_siginfo info;
  sigset_t set;

  if (read (fd, &info, sizeof info) != sizeof info)
    return;
  sigemptyset (&set);
  sigaddset (&set, (int) info.ssi_signo);
  raise ((int) info.ssi_signo);
  sigprocmask (SIG_UNBLOCK, &set, NULL);
}

static int
report (const struct error *e, const char *hint)
{
  char *text = secrets_mask_line (e->text);

  log_error ("%s", text ? text : "out of memory");
  free (text);
  if (hint)
    log_error ("%s", hint);
  return e->kind == ERROR_REFUSED ? REFUSED : FAILED;
}

/* Returns whether a name leads to the file that our standard output goes to. */
static bool
is_standard_output (const char *name)
{
  struct stat st, out;

  return stat (name, &st) == 0 && fstat (STDOUT_FILENO, &out) == 0
    && st.st_dev == out.st_dev && st.st_ino == out.st_ino;
}

/* Checks that the results can be written, before anything is measured. */
static int
check_file (const char *option, const char *name, struct error *e)
{
  if (name == NULL || strcmp (name, "-") == 0)
    return 0;
  if (is_standard_output (name)) {
    error_set_kind (e, ERROR_REFUSED, 0,
                    "%s: %s: standard output goes to the same file", option,
                    name);
    return -1;
  }
  if (atomic_file_check (name) == 0)
    return 0;
  error_set_kind (e, ERROR_REFUSED, errno, "%s: %s: %s", option, name,
                  errno == EINVAL ? "not a regular file" : strerror (errno));
  return -1;
}

static int
write_file (const char *option, const char *name, const char *text)
{
  struct error e = { 0 };

  if (name == NULL)
    return DONE;
  if (text == NULL)
    errno = ENOMEM;
  else if (strcmp (name, "-") == 0
             ? fputs (text, stdout) != EOF && fflush (stdout) == 0
             : atomic_file_write (name, atomic_file_new_mode (), text,
                                  strlen (text))
               == 0)
    return DONE;
  error_set (&e, errno, "%s: %s: %s", option, name, strerror (errno));
  return report (&e, NULL);
}

/* Says what will be overwritten.  The program asks no question, so this line is
 * the only warning.
 */
static void
announce (const struct bench *b)
{
  static const char *const what[] = {
    [TARGET_OTHER] = "is written to by each copy",
    [TARGET_NEW] = "is a new file, removed after each copy",
    [TARGET_FILE] = "is a file that each copy overwrites",
    [TARGET_DEVICE] = "is a device that each copy overwrites",
  };
  char *name = bench_side_text (&b->arguments->destination);
  size_t n = 0;

  for (size_t i = 0; i < b->n_programs; i++)
    n += b->programs[i].left_out == NULL;
  log_say ("%" PRIu64 " round%s with %zu program%s; destination %s %s",
           b->arguments->rounds, b->arguments->rounds == 1 ? "" : "s", n,
           n == 1 ? "" : "s", name ? name : "?", what[b->target]);
  free (name);
}

static int
print_tables (const struct bench *b)
{
  struct error e = { 0 };

  table_print_machine (stdout, b);
  fputs ("\n\n", stdout);
  table_print (stdout, b);
  if (fflush (stdout) == 0)
    return DONE;
  error_set (&e, errno, "standard output: %s", strerror (errno));
  return report (&e, NULL);
}

/* Prints and writes all results.  Returns an exit status. */
static int
tell (struct bench *b)
{
  const struct arguments *a = b->arguments;
  const bool json_only = a->json && strcmp (a->json, "-") == 0;
  char *json, *page = NULL;
  int status = DONE, r;

  if (bench_summarise (b) == -1) {
    log_error ("%s", strerror (ENOMEM));
    return FAILED;
  }
  json = results_json (b);
  if (a->html && json)
    page = page_html (b, json);
  if (!json_only)
    status = print_tables (b);
  if ((r = write_file ("--json", a->json, json)) != DONE)
    status = r;
  if ((r = write_file ("--html", a->html, page)) != DONE)
    status = r;
  for (size_t i = 0; i < b->n_programs; i++)
    if (b->programs[i].left_out && !b->programs[i].not_asked)
      status = FAILED;
  free (json);
  free (page);
  return status;
}

/* Measures, and returns an exit status. */
static int
run (struct bench *b)
{
  struct error e = { 0 };

  if (files_check (b->arguments, &e) == -1
      || check_file ("--json", b->arguments->json, &e) == -1
      || check_file ("--html", b->arguments->html, &e) == -1
      || bench_prepare (b, &e) == -1)
    return report (&e, NULL);
  announce (b);
  if (rounds_run (b, &e) == -1)
    return report (&e, NULL);
  if (b->interrupted)
    return FAILED;
  return tell (b);
}

int
main (int argc, char **argv)
{
  struct arguments a;
  struct bench b = { .arguments = &a, .argv = argv };
  struct error e = { 0 };
  int status;

  log_init (PROGRAM, NULL, false, 0);
  if (arguments_parse (&a, argc, argv, &e) == -1)
    return report (&e, "try '" PROGRAM " --help'");
  if (a.help) {
    arguments_help ();
    return fflush (stdout) == 0 ? DONE : FAILED;
  }
  if (a.version) {
    printf (PROGRAM " " PACKAGE_VERSION "\n");
    return fflush (stdout) == 0 ? DONE : FAILED;
  }
  b.signal_fd = catch_signals ();
  if (b.signal_fd == -1) {
    error_set (&e, errno, "cannot set up signals: %s", strerror (errno));
    return report (&e, NULL);
  }
  status = run (&b);
  bench_free (&b);
  guard_end ();
  end_by_signal (b.signal_fd);
  log_end ();
  return status;
}
