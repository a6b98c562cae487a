/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed number of equal slots in one page-aligned arena.
 *
 * pool_init allocates all memory; taking and giving back never allocate.  The
 * lowest slots are taken first, so that memory which is in the processor's
 * cache is reused first.  One thread at a time.
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

/* Allocates slots of @slot_size bytes, each aligned to 64 bytes, or to a page
 * if @slot_size is a multiple of the page size.  The memory is zeroed at first
 * and only resident once touched: the first @n_small slots, which are taken
 * first, page by page; the others in huge pages where the kernel has them,
 * because touching many small pages takes long.  Returns -1 with errno (ENOMEM,
 * EOVERFLOW, EINVAL for 0); the pool is then as if zeroed.
 */
int pool_init (struct pool *p, size_t n_slots, size_t slot_size,
               size_t n_small);

/* Returns whether @n adjacent slots are idle; @n > 0. */
bool pool_has (const struct pool *p, size_t n);

/* Takes @n adjacent slots; NULL if there are none. */
void *pool_take (struct pool *p, size_t n);

/* Gives back all slots of one pool_take. */
void pool_give (struct pool *p, void *slots, size_t n);

/* Frees the memory.  Safe on a zeroed pool, and twice. */
void pool_free (struct pool *p);

#endif /* POOL_H */
