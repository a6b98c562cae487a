/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed number of equal slots in one page-aligned arena. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "pool.h"

/* A cache line: neighbouring slots never share one. */
#define SLOT_ALIGN 64

int
pool_init (struct pool *p, size_t n_slots, size_t slot_size)
{
  size_t stride, arena_size, idle_size;
  void *arena;
  void **idle;
  size_t i;

  *p = (struct pool) { .arena = NULL };

  if (n_slots == 0 || slot_size == 0) {
    errno = EINVAL;
    return -1;
  }
  /* The arena starts on a page, so rounding to a line keeps a multiple of the
   * page size page-aligned.
   */
  if (__builtin_add_overflow (slot_size, SLOT_ALIGN - 1, &stride) ||
      __builtin_mul_overflow (stride & ~(size_t) (SLOT_ALIGN - 1), n_slots,
                              &arena_size) ||
      __builtin_mul_overflow (n_slots, sizeof *idle, &idle_size)) {
    errno = EOVERFLOW;
    return -1;
  }
  stride &= ~(size_t) (SLOT_ALIGN - 1);

  idle = malloc (idle_size);
  if (idle == NULL)
    return -1;

  /* Straight from the kernel: zeroes, and not resident until touched, which no
   * allocator promises for every size.
   */
  arena = mmap (NULL, arena_size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (arena == MAP_FAILED) {
    free (idle);
    errno = ENOMEM;
    return -1;
  }

  /* The lowest slot on top, so that a pool of which little is ever in use
   * stays at the front of its arena.
   */
  for (i = 0; i < n_slots; ++i)
    idle[i] = (char *) arena + (n_slots - 1 - i) * stride;

  *p = (struct pool) {
    .arena = arena,
    .arena_size = arena_size,
    .idle = idle,
    .n_idle = n_slots,
    .n_slots = n_slots,
  };
  return 0;
}

void *
pool_take (struct pool *p)
{
  return p->n_idle == 0 ? NULL : p->idle[--p->n_idle];
}

void
pool_give (struct pool *p, void *slot)
{
  size_t offset = (size_t) ((char *) slot - (char *) p->arena);

  /* A slot of another pool, a pointer into the middle of one, or a slot given
   * back twice in a row: all are ours to get right.
   */
  assert (p->n_idle < p->n_slots);
  assert (offset < p->arena_size);
  assert (offset % (p->arena_size / p->n_slots) == 0);
  assert (p->n_idle == 0 || p->idle[p->n_idle - 1] != slot);
  (void) offset;

  p->idle[p->n_idle++] = slot;
}

void
pool_free (struct pool *p)
{
  if (p->arena != NULL)
    munmap (p->arena, p->arena_size);
  free (p->idle);
  *p = (struct pool) { .arena = NULL };
}
