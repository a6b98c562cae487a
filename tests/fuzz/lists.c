/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A list of extents, in any of the formats. */

#include <config.h>

#include <stdio.h>

#include "fuzz.h"
#include "selection/extent-list.h"

#define DISK 1048576

static void
check (const struct extent_list *l)
{
  uint64_t end = 0;

  MUST (l->format != NULL && l->digest[0] != '\0');
  for (size_t i = 0; i < ranges_count (&l->selected); i++) {
    const struct ranges_entry *r = ranges_at (&l->selected, i);

    MUST (r->start < r->end && r->end <= DISK);
    MUST (i == 0 || r->start > end); /* else they would be one */
    end = r->end;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct extent_list l;
  struct error e = { 0 };
  FILE *f = size ? fmemopen ((void *) data, size, "r") : NULL;

  if (f == NULL)
    return 0;
  if (extent_list_read (f, DISK, &l, &e) == 0) {
    MUST (!error_is_set (&e));
    check (&l);
    extent_list_free (&l);
  }
  else
    MUST (error_is_set (&e) && l.selected.v == NULL);
  fclose (f);
  return 0;
}
