/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The measured programs and their results: see bench.h. */

#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/files.h"
#include "bench/output.h"
#include "child.h"
#include "clock.h"
#include "secrets.h"
#include "url.h"

#define DEFAULT_PEERS "nbdcopy,qemu-img"
#define ASK_LIMIT (60 * NS_PER_S) /* for --version and --plan */

/* -- the destination ------------------------------------------------------ */

static int
look_at_target (struct bench *b, struct error *e)
{
  const char *name = arguments_name (&b->arguments->destination);
  struct stat st;

  if (name == NULL || strcmp (name, "null:") == 0 || url_is_nbd (name)
      || url_is_web (name))
    return 0;
  if (stat (name, &st) == -1 && lstat (name, &st) == 0) {
    error_set_kind (e, ERROR_REFUSED, 0,
                    "destination %s: is a symbolic link that leads nowhere",
                    name);
    return -1;
  }
  if (stat (name, &st) == -1)
    b->target = TARGET_NEW;
  else if (S_ISBLK (st.st_mode))
    b->target = TARGET_DEVICE;
  else if (S_ISREG (st.st_mode))
    b->target = TARGET_FILE;
  if (b->arguments->overwrite || b->target == TARGET_NEW
      || b->target == TARGET_OTHER
      || (b->target == TARGET_FILE && st.st_size == 0))
    return 0;
  error_set_kind (
    e, ERROR_REFUSED, 0,
    "destination %s: cannot be overwritten without --overwrite,"
    " because it is a %s",
    name, b->target == TARGET_DEVICE ? "block device" : "file with content");
  return -1;
}

/* -- programs ------------------------------------------------------------- */

static bool
is_known_name (const struct bench *b, const char *name)
{
  for (size_t i = 0; i < b->n_programs; i++)
    if (strcmp (b->programs[i].name, name) == 0)
      return true;
  return false;
}

/* Returns a name for a program that no other one has: without folders, or else
 * with them, or else with a number.  Allocated, without control characters;
 * NULL when memory runs out.
 */
static char *
name_program (const struct bench *b, const char *path)
{
  char *name = secrets_mask (files_base_name (path)), *more;

  if (name && is_known_name (b, name)) {
    free (name);
    name = secrets_mask (path);
  }
  for (unsigned n = 2; name && is_known_name (b, name); n++) {
    more = asprintf (&more, "%s (%u)", path, n) == -1 ? NULL : more;
    free (name);
    name = more ? secrets_mask (more) : NULL;
    free (more);
  }
  return name;
}

static struct program *
add_program (struct bench *b, const char *path)
{
  struct program *all = reallocarray (b->programs, b->n_programs + 1,
                                      sizeof *all);
  struct program *p;

  if (all == NULL)
    return NULL;
  b->programs = all;
  p = &all[b->n_programs];
  *p = (struct program) { .name = name_program (b, path),
                          .path = strdup (path) };
  if (p->name == NULL || p->path == NULL)
    return NULL;
  b->n_programs++;
  return p;
}

static size_t
put_words (char **to, const struct words *w)
{
  if (w->n > 0)
    memcpy (to, w->at, w->n * sizeof *to);
  return w->n;
}

/* Sets the command: the program, these words, and then both sides. */
static int
set_command (struct bench *b, struct program *p, const struct words *options)
{
  const struct arguments *a = b->arguments;
  size_t n = 0;

  p->command = calloc (options->n + a->source.n + a->destination.n + 2,
                       sizeof *p->command);
  if (p->command == NULL)
    return -1;
  p->command[n++] = p->path;
  n += put_words (p->command + n, options);
  n += put_words (p->command + n, &a->source);
  put_words (p->command + n, &a->destination);
  return 0;
}

/* Returns why qemu-img cannot make this copy, or NULL. */
static const char *
why_not_qemu_img (const struct arguments *a)
{
  const char *destination = arguments_name (&a->destination);

  if (arguments_name (&a->source) == NULL || destination == NULL)
    return "it cannot start servers in brackets";
  return strcmp (destination, "null:") == 0 ? "it cannot copy to null:" : NULL;
}

static int
set_qemu_img (struct bench *b, struct program *p)
{
  static char convert[] = "convert", no_target[] = "-n", t[] = "-t",
              writeback[] = "writeback", f[] = "-f", O[] = "-O", raw[] = "raw";
  static char *to_server[] = { convert, no_target, f, raw, O, raw };
  static char *to_file[] = { convert, t, writeback, f, raw, O, raw };
  const bool file = b->target == TARGET_NEW || b->target == TARGET_FILE;
  const struct words words = file ? (struct words) { to_file, 7 }
                                  : (struct words) { to_server, 6 };
  const char *why = why_not_qemu_img (b->arguments);

  if (why)
    bench_leave_out (p, "%s", why);
  return set_command (b, p, &words);
}

/* All programs end with the data on stable storage: by default nbdcopy does
 * not.  It takes options in brackets for its own unless "--" ends those.
 */
static int
set_nbdcopy (struct bench *b, struct program *p)
{
  static char flush[] = "--flush", end[] = "--";
  static char *words[] = { flush, end };

  return set_command (b, p, &(struct words) { words, 2 });
}

static int
add_peer (struct bench *b, const char *name, bool asked)
{
  struct program *p = add_program (b, name);
  int r;

  if (p == NULL)
    return -1;
  if (!child_exists (name))
    bench_leave_out (p,
                     strchr (name, '/') ? "it is not an executable file"
                                        : "it is not installed");
  if (strcmp (files_base_name (name), "qemu-img") == 0)
    r = set_qemu_img (b, p);
  else if (strcmp (files_base_name (name), "nbdcopy") == 0)
    r = set_nbdcopy (b, p);
  else
    r = set_command (b, p, &(struct words) { NULL, 0 });
  p->not_asked = !asked && p->left_out;
  return r;
}

/* Returns the stripecopy beside this program, or else that in PATH. */
static const char *
own_stripecopy (char path[4096])
{
  const ssize_t n = readlink ("/proc/self/exe", path, 4000);
  char *slash;

  if (n > 0) {
    path[n] = '\0';
    slash = strrchr (path, '/');
    strcpy (slash + 1, PACKAGE_NAME);
    if (access (path, X_OK) == 0)
      return path;
  }
  return PACKAGE_NAME;
}

static int
add_programs (struct bench *b)
{
  const char *asked = b->arguments->against;
  char *names = strdup (asked ? asked : DEFAULT_PEERS), *rest = names, *name;
  char path[4096];
  struct program *p;
  int r = 0;

  p = add_program (b,
                   b->arguments->stripecopy ? b->arguments->stripecopy
                                            : own_stripecopy (path));
  if (names == NULL || p == NULL
      || set_command (b, p, &b->arguments->options) == -1)
    r = -1;
  while (r == 0 && (name = strsep (&rest, ",")) != NULL)
    if (*name != '\0')
      r = add_peer (b, name, asked != NULL);
  free (names);
  return r;
}

/* -- asking programs ------------------------------------------------------ */

/* Runs a command and returns its output.  NULL if it failed. */
static char *
ask (const struct bench *b, char *const argv[])
{
  const int fd = output_open (false);
  const struct measured_command c = {
    .argv = argv, .output = fd, .limit = ASK_LIMIT, .interrupt_fd = b->signal_fd
  };
  struct costs costs;
  char *text = NULL;

  if (fd == -1)
    return NULL;
  if (measure_command (&c, &costs) == 0 && costs.ending == ENDING_EXIT
      && costs.status == 0)
    text = output_read (fd);
  close (fd);
  return text;
}

/* Only programs that are known to have this option: another one might take it
 * for the name of a file.
 */
static void
ask_version (const struct bench *b, struct program *p)
{
  static char option[] = "--version";
  char *argv[] = { p->path, option, NULL };

  if (p != b->programs && strcmp (p->path, "nbdcopy") != 0
      && strcmp (p->path, "qemu-img") != 0)
    return;
  if (!p->left_out && (p->version = ask (b, argv)) != NULL)
    p->version[strcspn (p->version, "\n")] = '\0';
}

/* Returns the number after the first "name": in a report. */
static uint64_t
find_number (const char *report, const char *object, const char *name)
{
  const char *p = strstr (report, object);

  p = p ? strstr (p, name) : NULL;
  return p ? strtoull (p + strlen (name), NULL, 10) : 0;
}

/* Finds how much is to be copied; leaves it at 0 if stripecopy cannot tell. */
static int
ask_plan (struct bench *b)
{
  static char plan[] = "--plan", quiet[] = "--quiet", report[] = "--report=-";
  const struct arguments *a = b->arguments;
  char **argv = calloc (a->options.n + a->source.n + a->destination.n + 5,
                        sizeof *argv);
  size_t n = 0;
  char *text;

  if (argv == NULL)
    return -1;
  argv[n++] = b->programs[0].path;
  argv[n++] = plan;
  argv[n++] = quiet;
  argv[n++] = report;
  n += put_words (argv + n, &a->options);
  n += put_words (argv + n, &a->source);
  put_words (argv + n, &a->destination);
  text = ask (b, argv);
  if (text) {
    b->size = find_number (text, "\"bytes\":{", "\"total\":");
    b->data = find_number (text, "\"bytes\":{", "\"data\":");
  }
  free (text);
  free (argv);
  return 0;
}

int
bench_prepare (struct bench *b, struct error *e)
{
  int r = look_at_target (b, e);

  if (r == -1)
    return -1;
  clock_gettime (CLOCK_REALTIME, &b->start);
  machine_look (&b->machine);
  r = add_programs (b);
  for (size_t i = 0; r == 0 && i < b->n_programs; i++)
    ask_version (b, &b->programs[i]);
  b->data = b->arguments->bytes;
  if (r == 0 && b->data == 0)
    r = ask_plan (b);
  if (r == -1)
    error_set (e, errno, "%s", strerror (errno));
  return r;
}

/* -- the summary ---------------------------------------------------------- */

enum number { WALL, CPU, CHILDREN_CPU, SERVERS_CPU, PEAK, OTHERS };

static double
number_of (const struct bench_run *r, enum number what)
{
  switch (what) {
  case WALL:
    return r->costs.wall;
  case CPU:
    return r->costs.cpu;
  case CHILDREN_CPU:
    return r->costs.children_cpu;
  case SERVERS_CPU:
    return r->servers_cpu;
  case PEAK:
    return (double) r->costs.peak;
  case OTHERS:
    return r->others;
  }
  return 0;
}

/* Summarises one number over all runs that have it. */
static int
summarise (const struct program *p, enum number what, double *values,
           struct summary *s)
{
  size_t n = 0;

  for (size_t i = 0; i < p->n_runs; i++)
    if (number_of (&p->runs[i], what) != UNKNOWN)
      values[n++] = number_of (&p->runs[i], what);
  return statistics_summarise (values, n, s);
}

static int
summarise_program (struct program *p, double *values)
{
  p->threads = 0;
  for (size_t i = 0; i < p->n_runs; i++)
    if (p->runs[i].costs.threads > p->threads)
      p->threads = p->runs[i].costs.threads;
  return summarise (p, WALL, values, &p->wall)
    | summarise (p, CPU, values, &p->cpu)
    | summarise (p, CHILDREN_CPU, values, &p->children_cpu)
    | summarise (p, SERVERS_CPU, values, &p->servers_cpu)
    | summarise (p, PEAK, values, &p->peak)
    | summarise (p, OTHERS, values, &p->others);
}

/* Ratios are to nbdcopy, or else to the second program that was measured. */
static struct program *
choose_baseline (const struct bench *b)
{
  struct program *first = NULL, *second = NULL;

  for (size_t i = 0; i < b->n_programs; i++) {
    struct program *p = &b->programs[i];

    if (p->left_out)
      continue;
    if (strcmp (p->name, "nbdcopy") == 0)
      return p;
    if (first == NULL)
      first = p;
    else if (second == NULL)
      second = p;
  }
  return second ? second : first;
}

int
bench_summarise (struct bench *b)
{
  struct summary others;
  size_t runs = 0, n = 0;
  double *values;
  int r = 0;

  for (size_t i = 0; i < b->n_programs; i++)
    runs += b->programs[i].n_runs;
  values = calloc (runs + 1, sizeof *values);
  if (values == NULL)
    return -1;
  for (size_t i = 0; i < b->n_programs; i++)
    r |= summarise_program (&b->programs[i], values);
  for (size_t i = 0; i < b->n_programs; i++)
    for (size_t j = 0; j < b->programs[i].n_runs; j++)
      if (b->programs[i].runs[j].others != UNKNOWN)
        values[n++] = b->programs[i].runs[j].others;
  r |= statistics_summarise (values, n, &others);
  free (values);
  b->baseline = choose_baseline (b);
  b->others = n > 0 ? others.median : UNKNOWN;
  b->busy = b->others > (double) b->arguments->others;
  return r;
}

struct comparison
bench_compare (const struct bench *b, const struct program *p)
{
  return statistics_compare (&b->programs[0].wall, &p->wall,
                             (double) b->arguments->noise);
}

double
bench_ratio (const struct bench *b, const struct program *p,
             const struct summary *of)
{
  const size_t offset = (size_t) ((const char *) of - (const char *) p);
  const struct summary *base;

  if (b->baseline == NULL)
    return 0;
  base = (const void *) ((const char *) b->baseline + offset);
  return base->median > 0 && of->n > 0 ? of->median / base->median : 0;
}

/* -- text ----------------------------------------------------------------- */

void
bench_leave_out (struct program *p, const char *fs, ...)
{
  char *text = NULL;
  va_list args;

  va_start (args, fs);
  if (!p->left_out && vasprintf (&text, fs, args) != -1)
    p->left_out = secrets_mask_line (text);
  va_end (args);
  free (text);
}

static bool
is_plain (const char *word)
{
  static const char plain[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    "%+,-./:=@_[]";

  return *word != '\0' && word[strspn (word, plain)] == '\0';
}

/* Appends a word as a shell reads it. */
static void
print_word (FILE *f, const char *word)
{
  if (is_plain (word)) {
    fputs (word, f);
    return;
  }
  putc ('\'', f);
  for (; *word != '\0'; word++)
    if (*word == '\'')
      fputs ("'\\''", f);
    else
      putc (*word, f);
  putc ('\'', f);
}

/* Returns the number of words of a command in brackets at @words, or 0. */
static size_t
bracketed (char *const words[])
{
  size_t n = 0;

  if (strcmp (words[0], "[") != 0)
    return 0;
  while (words[n] && strcmp (words[n], "]") != 0)
    n++;
  return words[n] ? n + 1 : 0;
}

/* Returns a command in brackets, masked. */
static char *
mask_bracketed (char *const words[], size_t n)
{
  char **inner = calloc (n, sizeof *inner), *text;

  if (inner == NULL)
    return NULL;
  memcpy (inner, words + 1, (n - 2) * sizeof *inner);
  text = secrets_mask_command (inner);
  free (inner);
  return text;
}

char *
bench_command_text (char *const words[])
{
  char *text = NULL;
  size_t length;
  FILE *f = open_memstream (&text, &length);
  bool good = f != NULL;

  for (size_t i = 0; good && words[i];) {
    const size_t n = bracketed (words + i);
    char *masked = n > 0 ? mask_bracketed (words + i, n)
                         : secrets_mask (words[i]);

    good = masked != NULL;
    if (i > 0)
      putc (' ', f);
    if (good && n > 0)
      fputs (masked, f);
    else if (good)
      print_word (f, masked);
    free (masked);
    i += n > 0 ? n : 1;
  }
  if (f)
    good = fclose (f) == 0 && good;
  if (!good) {
    free (text);
    return NULL;
  }
  return text;
}

char *
bench_side_text (const struct words *w)
{
  return w->n == 1 ? secrets_mask (w->at[0]) : mask_bracketed (w->at, w->n);
}

void
bench_free (struct bench *b)
{
  for (size_t i = 0; i < b->n_programs; i++) {
    struct program *p = &b->programs[i];

    free (p->name);
    free (p->path);
    free (p->version);
    free (p->command);
    free (p->left_out);
    free (p->runs);
  }
  free (b->programs);
}
