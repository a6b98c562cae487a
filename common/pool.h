/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed number of equal slots in one page-aligned arena.
 *
 * All memory is bought by pool_init; taking and giving back never allocate.
 * The slot given back last is the next one taken, because it is the one that
 * is still in the processor's cache.  One thread at a time.
 */

#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool {
  void *arena;                  /* owned; NULL in a zeroed or freed pool */
  size_t arena_size;            /* bytes */
  void **idle;                  /* owned; a stack of the slots not taken */
  size_t n_idle, n_slots;
};

/* Slots of slot_size bytes, each aligned to 64 bytes, or to a page where
 * slot_size is a multiple of the page size.  The memory starts out as zeroes
 * and is only resident once touched.  Returns -1 with errno (ENOMEM,
 * EOVERFLOW, EINVAL for 0); the pool is then as if zeroed.
 */
int pool_init (struct pool *p, size_t n_slots, size_t slot_size);

/* NULL when all are taken. */
void *pool_take (struct pool *p);

void pool_give (struct pool *p, void *slot);

/* Safe on a zeroed pool, and twice. */
void pool_free (struct pool *p);

#endif /* POOL_H */
