/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Follows the copies of a batch by their events, and shows their progress: to
 * people by the view, to programs by the event "batch" and the status file.
 */

#ifndef FOLLOWER_H
#define FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch/batch-report.h"
#include "batch/manifest.h"
#include "batch/overview.h"
#include "batch/view.h"
#include "error.h"

struct options;

struct follower { /* closing a zeroed one is safe */
  struct overview overview;
  struct view view;
  struct batch_report *report; /* borrowed */
  uint64_t interval;           /* ns between two events "batch" */
  uint64_t next;               /* clock_now time of the next one; 0: never */
  bool often;                  /* copies send progress each second */
};

/* Starts to follow copies that all wait.  @report is open.  0, or -1 with the
 * error set.
 */
int follower_open (struct follower *w, const struct options *o,
                   const struct manifest *m, struct batch_report *report,
                   struct error *e);

void follower_close (struct follower *w);

/* Return whether the copies have to send events, and whether their standard
 * error has to come through this process.
 */
bool follower_wants_events (const struct follower *w);
bool follower_wants_errors (const struct follower *w);

/* Returns an option that makes the copies send progress often enough; NULL:
 * they need none.
 */
const char *follower_option (const struct follower *w);

/* Takes an event of a copy, and passes it on. */
void follower_take_event (struct follower *w, size_t i, const char *line,
                          size_t length);

/* Prints how many copies wait, run and have ended, and passes the next progress
 * event of each copy on: a signal (SIGUSR1) has requested it.
 */
void follower_at_once (struct follower *w);

/* Reports that this process was stopped and has been continued. */
void follower_continue (struct follower *w);

/* Returns when follower_tick must be called next; clock_now time, 0: never. */
uint64_t follower_deadline (const struct follower *w);

/* Draws the view, and writes events and files, if it is time for that.  Before,
 * the caller sets the states in w->overview.
 */
void follower_tick (struct follower *w, uint64_t now);

/* Shows how the batch ended. */
void follower_end (struct follower *w);

#endif /* FOLLOWER_H */
