/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which errors are retried, when, and how often: see retry.h. */

#include <config.h>

#include <errno.h>

#include "backoff.h"
#include "clock.h"
#include "plan/retry.h"

#define WAIT_MAX (60 * NS_PER_S)

bool
retry_helps (int err)
{
  switch (err) {
  case EACCES:
  case EBADF:
  case EDQUOT:
  case EFBIG:
  case EINVAL:
  case ENODATA:
  case ENODEV:
  case ENOSPC:
  case ENOSYS:
  case ENOTSUP:
  case ENXIO:
  case EOVERFLOW:
  case EPERM:
  case EPIPE:
  case EROFS:
    return false;
  }
  return true;
}

bool
retry_may (const struct retry_plan *p, unsigned failures, uint64_t dice,
           uint64_t *wait)
{
  if (failures > p->tries)
    return false;
  *wait = backoff_wait (failures, p->wait, WAIT_MAX, dice);
  return true;
}
