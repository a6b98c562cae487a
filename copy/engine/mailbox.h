/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What workers tell the main thread while they work: what was tried again, what
 * was lost, and what came back.  Telling never waits for whoever reads; what
 * there is no room for is dropped: the workers' counters have it all the same.
 */

#ifndef MAILBOX_H
#define MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "endpoint/endpoint.h"

struct notice {
  enum {
    NOTICE_RETRY, /* a request failed and is tried again */
    NOTICE_LOST,  /* a connection is lost, and made anew */
    NOTICE_BACK,  /* it is back */
  } kind;
  enum side side;
  unsigned worker;
  enum io_verb verb; /* RETRY: these three */
  uint64_t offset, length;
  int err;          /* errno; RETRY */
  unsigned attempt; /* RETRY, LOST: 1 after the first failure */
  uint64_t wait;    /* RETRY, LOST: ns until then */
  struct error why; /* LOST; it names the side */
};

struct mailbox; /* body in mailbox.c */

/* notifier is borrowed, and rung for each notice.  NULL with errno. */
struct mailbox *mailbox_new (int notifier);
void mailbox_free (struct mailbox *n); /* NULL is fine */

/* Any thread.  Copies it. */
void mailbox_post (struct mailbox *n, const struct notice *notice);

/* Takes the oldest one.  False when there is none; the notifier is then silent.
 * One thread.
 */
bool mailbox_take (struct mailbox *n, struct notice *out);

#endif /* MAILBOX_H */
