/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The metrics of copies for Prometheus: see metrics.h. */

#include <config.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "output/metrics.h"

/* From here on a double has no fraction. */
#define WHOLE_MAX 0x1p53

#define PREFIX "stripecopy_"
#define SUCCESS "last_success_time_seconds"
#define DISK_SUCCESS PREFIX SUCCESS "{disk=\""
#define MANIFEST_SUCCESS PREFIX "manifest_" SUCCESS "{manifest=\""

/* -- samples -------------------------------------------------------------- */

/* The metric that is being printed: its description comes before its first
 * sample.
 */
struct printing {
  FILE *f;
  const char *metric; /* without PREFIX */
  const char *type, *help;
  bool described;
};

static void
print_label (FILE *f, const char *name, const char *value)
{
  fprintf (f, "%s=\"", name);
  for (; *value; value++)
    if (*value == '\n')
      fputs ("\\n", f);
    else {
      if (*value == '\\' || *value == '"')
        fputc ('\\', f);
      fputc (*value, f);
    }
  fputc ('"', f);
}

/* Begins a sample: all but its value. */
static void
print_name (struct printing *p)
{
  if (!p->described)
    fprintf (p->f, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n",
             p->metric, p->help, p->metric, p->type);
  p->described = true;
  fprintf (p->f, PREFIX "%s{", p->metric);
}

/* Ends it. */
static void
print_value (struct printing *p, double value)
{
  const bool is_whole = value >= WHOLE_MAX || value == (uint64_t) value;

  fprintf (p->f, is_whole ? "} %.0f\n" : "} %.3f\n", value);
}

/* A sample of a disk. */
static void
print_of (struct printing *p, const struct metrics_disk *d, double value)
{
  print_name (p);
  print_label (p->f, "disk", d->disk);
  print_value (p, value);
}

/* Does the same with a second label. */
static void
print_as (struct printing *p, const struct metrics_disk *d, const char *label,
          const char *word, double value)
{
  print_name (p);
  print_label (p->f, "disk", d->disk);
  fputc (',', p->f);
  print_label (p->f, label, word);
  print_value (p, value);
}

static void
print_sides (struct printing *p, const struct metrics_disk *d,
             const double values[2])
{
  print_as (p, d, "side", "source", values[0]);
  print_as (p, d, "side", "destination", values[1]);
}

/* The only sample of a metric, of a manifest. */
static void
print_of_manifest (const struct metrics *m, struct printing p, double value)
{
  print_name (&p);
  print_label (p.f, "manifest", m->manifest);
  print_value (&p, value);
}

/* -- metrics of a disk ---------------------------------------------------- */

static void
print_phase (struct printing *p, const struct metrics_disk *d)
{
  static const char *const phases[] = {
    "waiting", "opening", "copy", "flush", "verify", "compare", "ended",
  };

  for (size_t i = 0; d->phase && i < sizeof phases / sizeof phases[0]; i++)
    print_as (p, d, "phase", phases[i], strcmp (d->phase, phases[i]) == 0);
}

static void
print_attempts (struct printing *p, const struct metrics_disk *d)
{
  if (d->phase)
    print_of (p, d, d->attempts);
}

static void
print_size (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted && d->size >= 0)
    print_of (p, d, d->size);
}

static void
print_done (struct printing *p, const struct metrics_disk *d)
{
  if (!d->counted)
    return;
  print_as (p, d, "kind", "data", d->data);
  print_as (p, d, "kind", "zero", d->zero);
  print_as (p, d, "kind", "skipped", d->skipped);
  print_as (p, d, "kind", "same", d->same);
  print_as (p, d, "kind", "resumed", d->resumed);
  print_as (p, d, "kind", "unreadable", d->unreadable);
}

static void
print_compared (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted)
    print_of (p, d, d->compared);
}

static void
print_progress (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted && d->progress >= 0)
    print_of (p, d, d->progress);
}

static void
print_rate (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted)
    print_of (p, d, d->rate);
}

static void
print_left (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted && d->left >= 0)
    print_of (p, d, d->left);
}

static void
print_stalled (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted)
    print_of (p, d, d->stalled);
}

static void
print_retries (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted)
    print_sides (p, d, d->retries);
}

static void
print_connections (struct printing *p, const struct metrics_disk *d)
{
  if (d->counted)
    print_sides (p, d, d->connections);
}

/* -- metrics of a run ----------------------------------------------------- */

static bool
start_of (const struct metrics_run *r, double *value)
{
  *value = r->start;
  return r->start > 0;
}

static bool
end_of (const struct metrics_run *r, double *value)
{
  *value = r->end;
  return r->end > 0;
}

static bool
success_of (const struct metrics_run *r, double *value)
{
  *value = r->success;
  return r->success > 0;
}

static bool
status_of (const struct metrics_run *r, double *value)
{
  *value = r->exit_status;
  return r->exit_status != -1;
}

/* -- the tables ----------------------------------------------------------- */

/* Metrics that only a disk has. */
static const struct {
  const char *name, *type;
  void (*print) (struct printing *p, const struct metrics_disk *d);
  const char *help;
} of_disks[] = {
  { "phase", "gauge", print_phase,
    "Whether the copy of the disk is in this phase: 1 or 0." },
  { "attempts_total", "counter", print_attempts,
    "Attempts to copy the disk that this run has begun." },
  { "size_bytes", "gauge", print_size, "Bytes to copy, or to compare." },
  { "done_bytes", "gauge", print_done, "Bytes that are done, in which way." },
  { "compared_bytes", "gauge", print_compared,
    "Bytes that are compared, or are zero on both sides." },
  { "progress_ratio", "gauge", print_progress,
    "The part of the work that is done, from 0 to 1." },
  { "rate_bytes_per_second", "gauge", print_rate,
    "Bytes of data copied or compared per second, over the last 10 seconds." },
  { "left_seconds", "gauge", print_left,
    "Estimate of the time until this phase is complete." },
  { "stalled_seconds", "gauge", print_stalled,
    "Time since anything moved; 0 below one second." },
  { "retries_total", "counter", print_retries,
    "Requests and connections that this run tried again." },
  { "connections", "gauge", print_connections, "Connections that are open." },
};

/* Metrics that a disk and a manifest have. */
static const struct {
  const char *name, *of_manifest;
  bool (*value) (const struct metrics_run *r, double *value);
  const char *help;
} of_runs[] = {
  { "start_time_seconds", "manifest_start_time_seconds", start_of,
    "When the run began, since 1970." },
  { "end_time_seconds", "manifest_end_time_seconds", end_of,
    "When the run ended, since 1970; none while it lasts." },
  { SUCCESS, "manifest_" SUCCESS, success_of,
    "When a run last ended with exit status 0, since 1970." },
  { "exit_status", "manifest_exit_status", status_of,
    "How the run ended, 0: all is done; none while it lasts." },
};

static void
print_runs_of_disks (FILE *f, const struct metrics *m, size_t i)
{
  struct printing p = { f, of_runs[i].name, "gauge", of_runs[i].help, false };
  double value;

  for (size_t j = 0; j < m->n_disks; j++)
    if (of_runs[i].value (&m->disks[j].run, &value))
      print_of (&p, &m->disks[j], value);
}

static void
print_run_of_manifest (FILE *f, const struct metrics *m, size_t i)
{
  struct printing p = { f, of_runs[i].of_manifest, "gauge", of_runs[i].help,
                        false };
  double value;

  if (of_runs[i].value (&m->run, &value))
    print_of_manifest (m, p, value);
}

/* Prints how many disks of a manifest are in each state. */
static void
print_states (FILE *f, const struct metrics *m)
{
  static const char *const states[METRICS_STATES] = {
    "waiting", "running", "done", "failed", "not_started",
  };
  struct printing p = { f, "manifest_disks", "gauge",
                        "Disks of the manifest that are in this state.",
                        false };

  for (unsigned i = 0; i < METRICS_STATES; i++) {
    print_name (&p);
    print_label (f, "manifest", m->manifest);
    fputc (',', f);
    print_label (f, "state", states[i]);
    print_value (&p, m->by_state[i]);
  }
}

/* Sums up the disks of a manifest. */
static void
print_sums (FILE *f, const struct metrics *m)
{
  double attempts = 0;

  for (size_t i = 0; i < m->n_disks; i++)
    attempts += m->disks[i].attempts;
  print_of_manifest (
    m,
    (struct printing) { f, "manifest_attempts_total", "counter",
                        "Attempts to copy its disks that this run has begun.",
                        false },
    attempts);
  print_of_manifest (
    m,
    (struct printing) { f, "manifest_progress_ratio", "gauge",
                        "The part of all disks that is done, from 0 to 1.",
                        false },
    m->progress);
  if (m->left >= 0)
    print_of_manifest (
      m,
      (struct printing) { f, "manifest_left_seconds", "gauge",
                          "Estimate of the time until all disks are done.",
                          false },
      m->left);
}

/* The file's name joins these metrics with the age of the file, which the
 * collector measures.
 */
static void
print_info (FILE *f, const struct metrics *m)
{
  struct printing p = { f, "info", "gauge",
                        "Which file has the metrics of this run; always 1.",
                        false };

  for (size_t i = 0; i < m->n_disks; i++)
    if (m->disks[i].phase)
      print_as (&p, &m->disks[i], "metrics_file", m->file, 1);
}

void
metrics_print (FILE *f, const struct metrics *m)
{
  print_info (f, m);
  for (size_t i = 0; i < sizeof of_disks / sizeof of_disks[0]; i++) {
    struct printing p = { f, of_disks[i].name, of_disks[i].type,
                          of_disks[i].help, false };

    for (size_t j = 0; j < m->n_disks; j++)
      of_disks[i].print (&p, &m->disks[j]);
  }
  if (m->manifest && m->listed) {
    print_states (f, m);
    print_sums (f, m);
  }
  for (size_t i = 0; i < sizeof of_runs / sizeof of_runs[0]; i++) {
    print_runs_of_disks (f, m, i);
    if (m->manifest)
      print_run_of_manifest (f, m, i);
  }
}

/* -- reading -------------------------------------------------------------- */

/* Reads the value of a label up to its closing quote.  Returns the text after
 * that, or NULL if the value does not end on this line or is too long.
 */
static const char *
read_label (const char *text, char *value, size_t size)
{
  size_t n = 0;

  for (; *text != '"'; text++) {
    const bool is_escaped = *text == '\\';

    text += is_escaped;
    if (*text == '\0' || *text == '\n' || n + 1 == size)
      return NULL;
    value[n++] = is_escaped && *text == 'n' ? '\n' : *text;
  }
  value[n] = '\0';
  return text + 1;
}

static bool
begins_with (const char **text, const char *word)
{
  const size_t n = strlen (word);

  if (strncmp (*text, word, n) != 0)
    return false;
  *text += n;
  return true;
}

/* Reads one line, which must be as we print it. */
static bool
read_success (const char *line, struct metrics_success *s)
{
  char *end;

  s->of_manifest = begins_with (&line, MANIFEST_SUCCESS);
  if (!s->of_manifest && !begins_with (&line, DISK_SUCCESS))
    return false;
  line = read_label (line, s->name, sizeof s->name);
  if (line == NULL || !begins_with (&line, "} "))
    return false;
  s->when = strtod (line, &end);
  return end > line && *end == '\n' && isfinite (s->when) && s->when > 0;
}

bool
metrics_next_success (const char **at, struct metrics_success *s)
{
  while (**at) {
    const char *line = *at;

    *at += strcspn (line, "\n");
    *at += **at == '\n';
    if (read_success (line, s))
      return true;
  }
  return false;
}
