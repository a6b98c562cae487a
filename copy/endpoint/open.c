/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides which kind of endpoint a name stands for: see open.h. */

#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arith.h"
#include "clock.h"
#include "device.h"
#include "endpoint/endpoint-private.h"
#include "endpoint/file.h"
#include "endpoint/image.h"
#include "endpoint/nbd.h"
#include "endpoint/null.h"
#include "endpoint/open.h"
#include "endpoint/pipe.h"
#include "options/operand.h"
#include "options/options.h"

/* The table of kinds.  Only a path has to be looked up in the file system. */
static const struct endpoint_kind *
find_kind (const struct operand *operand)
{
  switch (operand->kind) {
  case OPERAND_COMMAND:
  case OPERAND_NBD:
    return &endpoint_nbd_kind;
  case OPERAND_WEB:
    return &endpoint_image_kind;
  case OPERAND_STANDARD:
    return &endpoint_pipe_kind;
  case OPERAND_NULL:
    return &endpoint_null_kind;
  case OPERAND_PATH:
    break;
  }
  return operand_is_image (operand)      ? &endpoint_image_kind
    : device_is_possible (operand->name) ? &endpoint_file_kind
                                         : &endpoint_pipe_kind;
}

/* Returns "source nbd://host/x", with secrets masked. */
static char *
make_name (enum side side, const struct operand *operand)
{
  char *word = operand_masked_name (operand), *name = NULL;

  if (word == NULL || asprintf (&name, "%s %s", side_name (side), word) == -1)
    name = NULL;
  free (word);
  return name;
}

/* Checks that a side that is compared can be read at any place, and as often as
 * need be.
 */
static int
check_comparable (const struct target *t, struct error *e)
{
  if (!t->wants.compare || t->kind->not_comparable == NULL)
    return 0;
  error_set (e, ENOTSUP, "%s: cannot be compared: %s", t->name,
             t->kind->not_comparable);
  return -1;
}

/* Only NBD has meta contexts, and qemu-nbd, which serves images. */
static int
check_contexts (const struct target *t, struct error *e)
{
  if (t->wants.changed == NULL || t->kind == &endpoint_nbd_kind
      || t->kind == &endpoint_image_kind)
    return 0;
  error_set (e, ENOTSUP,
             "%s: has no meta contexts: --changed needs an NBD server, or an"
             " image (see --source-format)",
             t->name);
  return -1;
}

static int
check_format (const struct target *t, struct error *e)
{
  const enum operand_kind kind = t->operand->kind;

  if (t->operand->image_options && kind == OPERAND_PATH
      && !operand_is_image (t->operand)) {
    error_set (e, EINVAL,
               "%s: --destination-options are for images, and a raw disk is"
               " none",
               t->name);
    return -1;
  }
  if (t->operand->format == NULL || kind == OPERAND_PATH || kind == OPERAND_WEB)
    return 0;
  error_set (e, EINVAL, "%s: --%s-format is for files and devices%s", t->name,
             side_name (t->side),
             t->side == SOURCE ? ", and for http and https addresses" : "");
  return -1;
}

int
target_recognise (struct target *t, enum side side,
                  const struct operand *operand, struct endpoint_wants wants,
                  struct error *e)
{
  int r = -1;

  *t = (struct target) {
    .side = side,
    .operand = operand,
    .wants = wants,
    .kind = find_kind (operand),
    .name = make_name (side, operand),
  };
  if (t->name == NULL)
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  else if (check_comparable (t, e) == 0 && check_contexts (t, e) == 0
           && check_format (t, e) == 0)
    r = t->kind->check ? t->kind->check (t, e) : 0;
  error_set_side (e, side_name (side));
  return r;
}

void
target_free (struct target *t)
{
  free (t->name);
  *t = (struct target) { 0 };
}

int
targets_check (const struct target targets[2], struct error *e)
{
  if (targets[SOURCE].kind != &endpoint_pipe_kind
      || targets[DESTINATION].kind != &endpoint_image_kind
      || !endpoint_image_is_new (targets[DESTINATION].operand))
    return 0;
  error_set (e, EINVAL,
             "%s: a new image needs a size, and the size of a stream is"
             " unknown",
             targets[DESTINATION].name);
  error_set_side (e, side_name (DESTINATION));
  return -1;
}

bool
targets_are_one (const struct target targets[2])
{
  struct device d[2];

  for (enum side side = SOURCE; side <= DESTINATION; side++)
    if (targets[side].kind != &endpoint_file_kind
        || device_find (targets[side].operand->name, &d[side]) == -1)
      return false;
  return device_is_one (&d[SOURCE], &d[DESTINATION]);
}

struct endpoint *
target_open (const struct target *t, const struct options *o, int interrupt_fd,
             struct error *e)
{
  const struct endpoint_request q = {
    .side = t->side,
    .name = strdup (t->name),
    .operand = t->operand,
    .wants = t->wants,
    .program = o->program,
    .libnbd_debug = o->verbose > 1,
    .server_kind = o->source.kind == OPERAND_STANDARD
      ? SERVER_USERS_WITHOUT_INPUT
      : SERVER_USERS,
    .external_files = o->external_files,
    .connections = min_u64 (o->connections, WORKERS_MAX),
    .deadline = clock_now () + o->open_timeout,
    .connect_wait = o->connect_wait,
    .interrupt_fd = interrupt_fd,
  };
  struct endpoint *ep = NULL;

  if (q.name)
    ep = t->kind->open (&q, e);
  else
    error_set (e, ENOMEM, "%s", strerror (ENOMEM));
  error_set_side (e, side_name (t->side));
  return ep;
}
