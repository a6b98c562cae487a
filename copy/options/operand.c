/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of the two sides on the command line: see operand.h. */

#include <config.h>

#include <string.h>

#include "options/operand.h"
#include "secrets.h"
#include "url.h"

void
operand_recognise (struct operand *operand, bool is_destination)
{
  const char *name = operand->name;

  operand->kind = operand->command              ? OPERAND_COMMAND
    : url_is_nbd (name)                         ? OPERAND_NBD
    : url_is_web (name)                         ? OPERAND_WEB
    : strcmp (name, "-") == 0                   ? OPERAND_STANDARD
    : is_destination && !strcmp (name, "null:") ? OPERAND_NULL
                                                : OPERAND_PATH;
}

bool
operand_is_image (const struct operand *operand)
{
  return operand->kind == OPERAND_WEB
    || (operand->kind == OPERAND_PATH && operand->format
        && strcmp (operand->format, "raw") != 0);
}

char *
operand_masked_name (const struct operand *operand)
{
  return operand->command ? secrets_mask_command (operand->command)
                          : secrets_mask (operand->name);
}
