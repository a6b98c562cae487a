/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table from errors to exit statuses. */

#include <config.h>

#include <stddef.h>

#include "base/exit-status.h"

const char *
again_word (enum again again)
{
  static const char *const words[] = {
    [AGAIN_NO] = NULL,
    [AGAIN_RETRY] = "retry",
    [AGAIN_WAIT] = "wait",
  };

  return words[again];
}

/* A copy that has begun writes data, so it never ends with a status that says
 * that nothing was written.
 */
enum exit_status
exit_status_of (const struct error *e, enum stage stage, bool resumable)
{
  static const enum exit_status table[ERROR_KINDS][STAGES] = {
    /* CHECKING, OPENING, PREPARING, COPYING */
    [ERROR_PLAIN] = { REFUSED, FAILED, FAILED, FAILED },
    [ERROR_REFUSED] = { REFUSED, REFUSED, REFUSED, FAILED },
    [ERROR_IN_USE] = { IN_USE, IN_USE, IN_USE, FAILED },
    [ERROR_OTHER_COPY] = { MAP_MISMATCH, FAILED, FAILED, FAILED },
    [ERROR_CONNECTION_LOST] = { REFUSED, FAILED, FAILED, FAILED },
    [ERROR_INTERRUPTED] = { REFUSED, FAILED, FAILED, FAILED },
    [ERROR_STOPPED] = { REFUSED, FAILED, FAILED, FAILED },
  };
  const enum exit_status status = table[e->kind][stage];

  return status == FAILED && resumable ? INCOMPLETE : status;
}
