/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limit of all copies of a manifest together: see shared-limit.h. */

#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "clock.h"
#include "engine/shared-limit.h"
#include "human.h"

/* No process can make the memory smaller while others use it. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Returns NULL with errno. */
static struct shared_bucket *
map (int fd)
{
  void *memory = mmap (NULL, sizeof (struct shared_bucket),
                       PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

  return memory == MAP_FAILED ? NULL : memory;
}

/* -- the batch ------------------------------------------------------------ */

int
shared_limit_open (struct shared_limit *l, const struct bwlimit *limit,
                   uint64_t now, struct error *e)
{
  uint64_t rate;

  *l = (struct shared_limit) { .fd = -1 };
  if (limit->rate == 0 && limit->file == NULL)
    return 0;
  if (rate_file_open (&l->file, limit, now, &rate, e) == -1)
    return -1;
  l->fd = memfd_create ("limit", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (l->fd == -1 || ftruncate (l->fd, sizeof *l->bucket) == -1
      || fcntl (l->fd, F_ADD_SEALS, SEALS) == -1
      || (l->bucket = map (l->fd)) == NULL) {
    error_set (e, errno, "cannot share the limit: %s", strerror (errno));
    shared_limit_close (l);
    return -1;
  }
  shared_bucket_init (l->bucket, rate, now);
  return 0;
}

int
shared_limit_fd (const struct shared_limit *l)
{
  return l->bucket ? l->fd : -1;
}

uint64_t
shared_limit_deadline (const struct shared_limit *l)
{
  return l->file.next_look;
}

void
shared_limit_tick (struct shared_limit *l, uint64_t now)
{
  char text[HUMAN_MAX];
  uint64_t rate;

  if (!rate_file_tick (&l->file, now, &rate)
      || rate == shared_bucket_rate (l->bucket))
    return;
  /* reading the file can take long */
  shared_bucket_set_rate (l->bucket, rate, clock_now ());
  log_detail ("limit of all copies: %s%s",
              rate ? human_size (text, rate) : "none", rate ? "/s" : "");
}

void
shared_limit_close (struct shared_limit *l)
{
  shared_limit_leave (l->bucket);
  if (l->fd > 0)
    close (l->fd);
  *l = (struct shared_limit) { .fd = -1 };
}

/* -- a copy --------------------------------------------------------------- */

struct shared_bucket *
shared_limit_join (int fd)
{
  struct shared_bucket *b = NULL;
  struct stat st;
  int err;

  errno = EINVAL;
  if (fstat (fd, &st) == 0 && st.st_size == sizeof *b
      && fcntl (fd, F_GET_SEALS) == SEALS)
    b = map (fd);
  err = errno;
  if (b)
    close (fd);
  errno = err;
  return b;
}

void
shared_limit_leave (struct shared_bucket *b)
{
  if (b)
    munmap (b, sizeof *b);
}
