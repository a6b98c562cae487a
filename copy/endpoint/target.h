/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A name on the command line, once it is recognised. */

#ifndef TARGET_H
#define TARGET_H

#include "endpoint/caps.h"
#include "options/types.h"

struct endpoint_kind; /* body in endpoint-private.h */

struct target {
  enum side side;
  const struct operand *operand; /* borrowed */
  struct endpoint_wants wants;
  const struct endpoint_kind *kind; /* from the table in open.c */
  char *name; /* owned: "source nbd://host/x", with secrets masked */
};

#endif /* TARGET_H */
