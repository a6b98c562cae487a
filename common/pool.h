/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed number of equal slots in one page-aligned arena.
 *
 * All memory is bought by pool_init; taking and giving back never allocate.  The
 * lowest slots are taken first: so memory that was used before, and is in the
 * processor's cache, is used again before any other.  One thread at a time.
 */

#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool {
  void *arena;       /* owned; NULL in a zeroed or freed pool */
  size_t arena_size; /* bytes */
  bool *taken;       /* owned; by slot */
  size_t n_taken, n_slots;
  size_t slot_size; /* bytes from slot to slot */
};

/* Slots of slot_size bytes, each aligned to 64 bytes, or to a page where
 * slot_size is a multiple of the page size.  The memory starts out as zeroes
 * and is only resident once touched: the first n_small slots, which are taken
 * first, page by page; the others in huge pages where the kernel has them, as
 * touching many small ones takes long.  Returns -1 with errno (ENOMEM,
 * EOVERFLOW, EINVAL for 0); the pool is then as if zeroed.
 */
int pool_init (struct pool *p, size_t n_slots, size_t slot_size,
               size_t n_small);

/* Whether n adjacent slots are idle; n > 0. */
bool pool_has (const struct pool *p, size_t n);

/* Takes them; NULL where there are none. */
void *pool_take (struct pool *p, size_t n);

/* Gives back all slots of one pool_take. */
void pool_give (struct pool *p, void *slots, size_t n);

/* Safe on a zeroed pool, and twice. */
void pool_free (struct pool *p);

#endif /* POOL_H */
