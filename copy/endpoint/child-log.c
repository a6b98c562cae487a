/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the messages of a program that we started: see child-log.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "endpoint/child-log.h"
#include "notifier.h"
#include "secrets.h"

/* A longer line is passed on in pieces. */
#define LINE_BYTES 4096

/* The length of a line that is kept: an error has no room for more. */
#define REASON_BYTES 512

/* How many reads are made at a time, so that a program that prints without end
 * does not delay a caller who asks for the reason.
 */
#define READS_MAX 64

struct child_log {
  pthread_t thread;
  int fd;     /* the read end of the pipe */
  int ending; /* a notifier */
  bool relay;

  pthread_mutex_t lock;  /* for the rest */
  char text[LINE_BYTES]; /* the line that is not complete yet */
  size_t used;
  bool hushed, closed;
  bool lock_failed, cut;
  char before[REASON_BYTES],
    after[REASON_BYTES]; /* the last lines before and after the goodbye */
};

/* -- lines ---------------------------------------------------------------- */

/* QEMU: 'Failed to get shared "write" lock', 'Failed to get "write" lock'. */
static bool
says_lock (const char *line)
{
  const char *get = strstr (line, "Failed to get ");

  return get && strstr (get, " lock");
}

/* Returns whether QEMU says that an image's file ends before its last cluster:
 * its messages for qcow2, vmdk and vhdx.
 */
static bool
says_cut (const char *line)
{
  return strstr (line, "exceeding the end of the file")
    || strstr (line, "points after EOF")
    || strstr (line, "points after end of file");
}

/* Returns whether a line only adds a hint to the line before: QEMU and curl do.
 */
static bool
is_hint (const char *before, const char *line)
{
  return strncmp (line, "Is another process using", 24) == 0
    || strncmp (line, "Optional suffix k, M", 20) == 0
    || strstr (line, "exabytes, respectively")
    || strncmp (before, "curl: (", 7) == 0;
}

/* Returns whether a server complains about a client that went away: after a
 * failure or the goodbye, that client is us.
 */
static bool
is_about_client (const char *line)
{
  return strstr (line, "Connection reset by peer")
    || strstr (line, "Broken pipe") || strstr (line, "Disconnect client");
}

/* Returns whether a line replaces the reason that was kept. */
static bool
is_reason (const struct child_log *h, const char *line)
{
  const bool may_be_noise = h->hushed || h->before[0] != '\0';

  return line[0] != '\0' && !is_hint (h->before, line)
    && !(may_be_noise && is_about_client (line));
}

static void
take_line (struct child_log *h)
{
  char *masked;

  h->text[h->used] = '\0';
  h->used = 0;
  masked = secrets_mask_line (h->text);
  if (masked && is_reason (h, masked))
    snprintf (h->hushed ? h->after : h->before, REASON_BYTES, "%s", masked);
  if (masked && !h->hushed) {
    h->lock_failed = h->lock_failed || says_lock (masked);
    h->cut = h->cut || says_cut (masked);
  }
  if (masked && h->relay && !h->hushed)
    log_relay (masked);
  free (masked);
}

static void
take_bytes (struct child_log *h, const char *bytes, size_t n)
{
  for (; n > 0; bytes++, n--) {
    if (*bytes != '\n')
      h->text[h->used++] = *bytes;
    if (*bytes == '\n' || h->used == LINE_BYTES - 1)
      take_line (h);
  }
}

/* Reads what has arrived; the lock is held. */
static void
read_some (struct child_log *h)
{
  char bytes[LINE_BYTES];
  ssize_t n = 0;

  for (unsigned i = 0; i < READS_MAX && !h->closed; i++) {
    n = read (h->fd, bytes, sizeof bytes);
    if (n > 0)
      take_bytes (h, bytes, n);
    else if (n == -1 && errno == EINTR)
      continue;
    else if (n == -1 && errno == EAGAIN)
      return;
    else
      h->closed = true;
  }
}

/* -- the thread ----------------------------------------------------------- */

static void *
listen_to (void *opaque)
{
  struct child_log *h = opaque;
  struct pollfd fds[] = {
    { .fd = h->fd, .events = POLLIN },
    { .fd = h->ending, .events = POLLIN },
  };
  bool closed = false;

  while (!closed && !notifier_is_set (h->ending)) {
    if (poll (fds, 2, -1) == -1)
      continue;
    pthread_mutex_lock (&h->lock);
    read_some (h);
    closed = h->closed;
    pthread_mutex_unlock (&h->lock);
  }
  return NULL;
}

/* Starts the thread, with all signals blocked. */
static int
start_thread (struct child_log *h)
{
  sigset_t all, before;
  int err;

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  err = pthread_create (&h->thread, NULL, listen_to, h);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return err;
}

struct child_log *
child_log_start (bool relay, int *write_fd)
{
  struct child_log *h = calloc (1, sizeof *h);
  int fds[2], err;

  if (h == NULL)
    return NULL;
  h->relay = relay;
  if (pipe2 (fds, O_CLOEXEC) == -1) {
    err = errno;
    goto no_pipe;
  }
  fcntl (fds[0], F_SETFL, O_NONBLOCK); /* only our end */
  h->fd = fds[0];
  h->ending = notifier_new ();
  if (h->ending == -1) {
    err = errno;
    goto no_bell;
  }
  pthread_mutex_init (&h->lock, NULL);
  if ((err = start_thread (h)) == 0) {
    *write_fd = fds[1];
    return h;
  }
  pthread_mutex_destroy (&h->lock);
  close (h->ending);
no_bell:
  close (fds[0]);
  close (fds[1]);
no_pipe:
  free (h);
  errno = err;
  return NULL;
}

/* -- lines of the server -------------------------------------------------- */

void
child_log_hush (struct child_log *h, bool hush)
{
  pthread_mutex_lock (&h->lock);
  read_some (h); /* printed before the call */
  h->hushed = hush;
  pthread_mutex_unlock (&h->lock);
}

void
child_log_forget (struct child_log *h)
{
  pthread_mutex_lock (&h->lock);
  read_some (h);
  h->before[0] = '\0';
  h->lock_failed = false;
  pthread_mutex_unlock (&h->lock);
}

bool
child_log_reason (struct child_log *h, bool parting, char *line, size_t size)
{

  pthread_mutex_lock (&h->lock);
  read_some (h);
  if (h->used > 0) /* a last line without a line end */
    take_line (h);
  snprintf (line, size, "%s", parting ? h->after : h->before);
  pthread_mutex_unlock (&h->lock);
  return line[0] != '\0';
}

static bool
look (struct child_log *h, const bool *what)
{
  bool said;

  pthread_mutex_lock (&h->lock);
  read_some (h);
  said = *what;
  pthread_mutex_unlock (&h->lock);
  return said;
}

bool
child_log_of_lock (struct child_log *h)
{
  return look (h, &h->lock_failed);
}

bool
child_log_of_cut (struct child_log *h)
{
  return look (h, &h->cut);
}

void
child_log_end (struct child_log *h)
{
  if (h == NULL)
    return;
  notifier_signal (h->ending);
  pthread_join (h->thread, NULL);
  read_some (h);
  if (h->used > 0) /* a last line without a line end */
    take_line (h);
  pthread_mutex_destroy (&h->lock);
  close (h->ending);
  close (h->fd);
  free (h);
}
