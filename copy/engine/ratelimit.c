/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes a second that all workers together may move: see ratelimit.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arith.h"
#include "base/log.h"
#include "bucket.h"
#include "clock.h"
#include "engine/ratelimit.h"
#include "human.h"
#include "secrets.h"

/* The least number of requests in a second, and the time that can be saved up
 * for a worker that is woken late: together, less than 5 % of a second.
 */
#define REQUESTS_A_SECOND 64
#define SLACK (25 * NS_PER_MS)

/* Below that, requests cost more than they are worth. */
#define REQUEST_MIN (4 * KiB)

/* How soon a new rate is seen: by us in the file, by workers from us. */
#define LOOK_EVERY (500 * NS_PER_MS)
#define WAIT_MAX (250 * NS_PER_MS)

/* No rate is longer. */
#define TEXT_MAX 64

struct ratelimit {
  pthread_mutex_t lock; /* bucket */
  struct bucket bucket;
  _Atomic uint64_t rate; /* bytes a second; 0: no limit */
  const char *file;      /* borrowed; NULL: the rate never changes */
  uint64_t next_look;
  unsigned bad_looks; /* in a row */
};

/* -- the file ------------------------------------------------------------- */

static void
set_error (struct error *e, const char *file, const char *why)
{
  char *shown = secrets_mask (file);

  error_set (e, EINVAL, "--bwlimit=@%s: %s", shown ? shown : "", why);
  free (shown);
}

static ssize_t
read_start (const char *file, char *text, size_t size)
{
  /* O_NONBLOCK: do not wait for a writer of a FIFO. */
  const int fd = open (file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat st;
  ssize_t n = -1;
  int err;

  if (fd == -1)
    return -1;
  if (fstat (fd, &st) == 0) {
    if (S_ISREG (st.st_mode))
      n = read (fd, text, size);
    else
      errno = EINVAL;
  }
  err = errno;
  close (fd);
  errno = err;
  return n;
}

/* The file has a rate and nothing else but blanks.  NULL, or why not. */
static const char *
read_rate (const char *file, uint64_t *rate)
{
  char buffer[TEXT_MAX + 1], *text = buffer;
  ssize_t n = read_start (file, buffer, TEXT_MAX);

  if (n == -1)
    return strerror (errno);
  while (n > 0 && strchr (" \t\r\n", buffer[n - 1]))
    n--;
  buffer[n] = '\0';
  text += strspn (text, " \t\r\n");
  return text[0] == '\0' ? "it is empty" : human_parse_rate (text, rate);
}

static void
set_rate (struct ratelimit *l, uint64_t rate, uint64_t now)
{
  char text[HUMAN_MAX];

  if (rate == atomic_load_explicit (&l->rate, memory_order_relaxed))
    return;
  atomic_store_explicit (&l->rate, rate, memory_order_relaxed);
  pthread_mutex_lock (&l->lock);
  bucket_set_rate (&l->bucket, rate, now);
  pthread_mutex_unlock (&l->lock);
  log_detail ("limit: %s%s", rate ? human_size (text, rate) : "none",
              rate ? "/s" : "");
}

uint64_t
ratelimit_deadline (const struct ratelimit *l)
{
  return l->next_look;
}

/* A program that writes the file may truncate it first.  So there is a warning
 * only when the file is wrong for longer, and only one.
 */
void
ratelimit_tick (struct ratelimit *l, uint64_t now)
{
  struct error e = { 0 };
  const char *why;
  uint64_t rate;

  if (l->file == NULL || now < l->next_look)
    return;
  l->next_look = now + LOOK_EVERY;
  why = read_rate (l->file, &rate);
  if (why == NULL) {
    l->bad_looks = 0;
    set_rate (l, rate, now);
  }
  else if (++l->bad_looks == 2) {
    set_error (&e, l->file, why);
    log_warning_as ("bwlimit-not-read", "%s: the rate stays as it was", e.text);
  }
}

/* -- what workers ask ----------------------------------------------------- */

static uint64_t
rate_of (const struct ratelimit *l)
{
  return l ? atomic_load_explicit (&l->rate, memory_order_relaxed) : 0;
}

uint64_t
ratelimit_request (const struct ratelimit *l, uint64_t least)
{
  const uint64_t rate = rate_of (l);
  const uint64_t most = rate / REQUESTS_A_SECOND;
  uint64_t size = max_u64 (least, REQUEST_MIN);

  if (rate == 0)
    return UINT64_C (1) << 63;
  while (size <= most / 2)
    size *= 2;
  return size;
}

uint64_t
ratelimit_take (struct ratelimit *l, uint64_t bytes, uint64_t now)
{
  uint64_t due = 0;

  if (rate_of (l) == 0)
    return 0;
  pthread_mutex_lock (&l->lock);
  if (!bucket_take (&l->bucket, bytes, now))
    due = min_u64 (bucket_deadline (&l->bucket), now + WAIT_MAX);
  pthread_mutex_unlock (&l->lock);
  return due;
}

/* -- its life ------------------------------------------------------------- */

struct ratelimit *
ratelimit_new (const struct bwlimit *limit, uint64_t now, struct error *e)
{
  uint64_t rate = limit->rate;
  struct ratelimit *l;
  const char *why;
  int err;

  if (limit->file && (why = read_rate (limit->file, &rate)) != NULL) {
    set_error (e, limit->file, why);
    return NULL;
  }
  l = calloc (1, sizeof *l);
  err = l ? pthread_mutex_init (&l->lock, NULL) : errno;
  if (err) {
    error_set (e, err, "%s", strerror (err));
    free (l);
    return NULL;
  }
  bucket_init (&l->bucket, rate, SLACK, now);
  atomic_init (&l->rate, rate);
  l->file = limit->file;
  l->next_look = l->file ? now + LOOK_EVERY : 0;
  return l;
}

void
ratelimit_free (struct ratelimit *l)
{
  if (l == NULL)
    return;
  pthread_mutex_destroy (&l->lock);
  free (l);
}
