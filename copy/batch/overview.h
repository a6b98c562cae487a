/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The progress of each copy of a batch, from its events, and of all of them
 * together.  Pure: the caller passes events, states and times (of clock_now).
 */

#ifndef OVERVIEW_H
#define OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

/* A copy that is not started when the batch ends has neither failed nor waits. */
enum progress_state { WAITS, RUNS, IS_DONE, HAS_FAILED, NOT_STARTED };

#define PROGRESS_STATES 5

/* The progress of one copy. */
struct copy_progress {
  const char *disk; /* borrowed */
  enum progress_state state;
  uint64_t attempts;    /* that have begun */
  char phase[16];       /* of the latest event; "": none yet */
  int percent;          /* -1: unknown */
  uint64_t done, total; /* bytes; done counts earlier runs, too */
  uint64_t data;        /* bytes that this attempt has written so far */
  bool total_known;     /* the total is not unknown */
  double rate;          /* bytes of data, or of zeroes, per second */
  double left;          /* seconds; -1: unknown */
  double stalled;       /* seconds without progress */
  bool counted;         /* it has begun to copy, so these are set: */
  uint64_t zero, skipped, same, resumed, unreadable, compared; /* bytes */
  double data_rate;                    /* bytes of data per second */
  uint64_t retries[2], connections[2]; /* by side */
  uint64_t next_told;  /* clock_now time of the next progress event */
  char told_phase[16]; /* of the last progress event that was passed on */
};

/* The time left and the rate are computed from samples. */
#define OVERVIEW_SAMPLES 32
#define RATE_SAMPLES 11

struct overview {
  struct copy_progress *copies; /* owned; in the order of the manifest */
  size_t n;
  int percent;    /* never decreases */
  uint64_t moved; /* when a copy last moved, was flushed, began or ended */
  struct {
    uint64_t when; /* clock_now time */
    double fraction;
  } samples[OVERVIEW_SAMPLES];
  unsigned n_samples;
  uint64_t data; /* bytes of data that copies have written in this run */
  struct {
    uint64_t when, data;
  } rates[RATE_SAMPLES]; /* of the last 10 s */
  unsigned n_rates;
};

/* All copies together. */
struct overview_sums {
  size_t n, by_state[PROGRESS_STATES];
  size_t again;         /* of those that wait: for another attempt */
  int percent;          /* 100 only once all are done */
  uint64_t done, total; /* bytes of those that have begun */
  bool all_known;       /* total is that of all copies */
  double rate;          /* bytes per second */
  double left;          /* seconds; -1: unknown */
};

/* All copies wait; the caller sets their names.  Returns -1 when memory runs
 * out.
 */
int overview_init (struct overview *o, size_t n, uint64_t now);

void overview_free (struct overview *o);

/* Sets the state of a copy, and how many attempts have begun.  A copy that
 * starts has no progress yet.
 */
void overview_set_state (struct overview *o, size_t i,
                         enum progress_state state, uint64_t attempts,
                         uint64_t now);

/* Takes an event of a copy. */
void overview_take_event (struct overview *o, size_t i, const json_t *event,
                          uint64_t now);

/* Returns whether an event is due to be passed on, if progress of a copy is
 * passed on every @interval ns.
 */
bool overview_passes_on (struct overview *o, size_t i, const json_t *event,
                         uint64_t interval, uint64_t now);

/* Passes the next progress event of each copy on, as the user asked for it. */
void overview_pass_next (struct overview *o);

/* Returns the sums, and takes a sample for the time left. */
struct overview_sums overview_sum (struct overview *o, uint64_t now);

/* Returns the fields of the event "batch". */
json_t *overview_describe (const struct overview *o,
                           const struct overview_sums *s);

#endif /* OVERVIEW_H */
