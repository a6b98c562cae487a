/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notices from the workers to the main thread: retries, lost connections, and
 * connections that are back.  Posting never waits.  A notice that finds no room
 * is dropped; the workers' counters still include what it reports.
 */

#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

struct notice {
  enum {
    NOTICE_RETRY, /* a request failed and will be tried again */
    NOTICE_LOST,  /* a connection is lost and will be replaced */
    NOTICE_BACK,  /* it is up again */
  } kind;
  enum side side;
  unsigned worker;
  enum io_verb verb; /* RETRY: these three */
  uint64_t offset, length;
  int err;          /* errno; RETRY */
  unsigned attempt; /* RETRY, LOST: 1 after the first failure */
  uint64_t wait;    /* RETRY, LOST: ns until the next try */
  struct error why; /* LOST; it names the side */
};

struct mailbox; /* body in mailbox.c */

/* Makes a mailbox.  @notifier is borrowed, and signalled for each notice.
 * Returns NULL with errno.
 */
struct mailbox *mailbox_new (int notifier);
void mailbox_free (struct mailbox *n); /* NULL is fine */

/* Posts a copy of the notice.  Any thread. */
void mailbox_post (struct mailbox *n, const struct notice *notice);

/* Takes the oldest notice.  Returns false when there is none, and then the
 * notifier is not set any more.  Called by one thread only.
 */
bool mailbox_take (struct mailbox *n, struct notice *out);

#endif /* MAILBOX_H */
