/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Notices from the workers to the main thread: see mailbox.h. */

#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "engine/mailbox.h"
#include "notifier.h"

/* The main thread looks up at once; more than this come only in a storm. */
#define ROOM 64

struct mailbox {
  int notifier;         /* borrowed */
  pthread_mutex_t lock; /* all below */
  struct notice ring[ROOM];
  unsigned first, n;
};

struct mailbox *
mailbox_new (int notifier)
{
  struct mailbox *n = calloc (1, sizeof *n);

  if (n == NULL)
    return NULL;
  n->notifier = notifier;
  if ((errno = pthread_mutex_init (&n->lock, NULL)) == 0)
    return n;
  free (n);
  return NULL;
}

void
mailbox_free (struct mailbox *n)
{
  if (n == NULL)
    return;
  pthread_mutex_destroy (&n->lock);
  free (n);
}

void
mailbox_post (struct mailbox *n, const struct notice *notice)
{
  pthread_mutex_lock (&n->lock);
  if (n->n < ROOM)
    n->ring[(n->first + n->n++) % ROOM] = *notice;
  pthread_mutex_unlock (&n->lock);
  notifier_signal (n->notifier);
}

bool
mailbox_take (struct mailbox *n, struct notice *out)
{
  bool got;

  notifier_take (n->notifier);
  pthread_mutex_lock (&n->lock);
  got = n->n > 0;
  if (got) {
    *out = n->ring[n->first];
    n->first = (n->first + 1) % ROOM;
    n->n--;
  }
  pthread_mutex_unlock (&n->lock);
  return got;
}
