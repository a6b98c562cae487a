/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A fixed number of equal slots in one page-aligned arena. */

#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arith.h"
#include "pool.h"

/* A cache line; neighbouring slots never share one. */
#define SLOT_ALIGN 64

int
pool_init (struct pool *p, size_t n_slots, size_t slot_size, size_t n_small)
{
  size_t stride, arena_size, small;
  void *arena;

  *p = (struct pool) { .arena = NULL };

  if (n_slots == 0 || slot_size == 0) {
    errno = EINVAL;
    return -1;
  }
  /* the arena starts on a page, so a multiple of the page size stays
   * page-aligned
   */
  if (__builtin_add_overflow (slot_size, SLOT_ALIGN - 1, &stride)
      || __builtin_mul_overflow (stride & ~(size_t) (SLOT_ALIGN - 1), n_slots,
                                 &arena_size)) {
    errno = EOVERFLOW;
    return -1;
  }
  stride &= ~(size_t) (SLOT_ALIGN - 1);

  p->taken = calloc (n_slots, sizeof *p->taken);
  if (p->taken == NULL)
    return -1;

  /* directly from the kernel: zeroed, and not resident until touched, which no
   * allocator promises for every size
   */
  arena = mmap (NULL, arena_size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (arena == MAP_FAILED) {
    pool_free (p);
    errno = ENOMEM;
    return -1;
  }
  /* only advice: a kernel without huge pages refuses it.  Only whole huge pages
   * within the range become huge.
   */
  small = align_up (n_small * stride, sysconf (_SC_PAGESIZE));
  if (small < arena_size)
    madvise ((char *) arena + small, arena_size - small, MADV_HUGEPAGE);

  p->arena = arena;
  p->arena_size = arena_size;
  p->n_slots = n_slots;
  p->slot_size = stride;
  return 0;
}

static bool
are_idle (const struct pool *p, size_t first, size_t n)
{
  while (n > 0 && !p->taken[first + n - 1])
    n--;
  return n == 0;
}

/* Returns the number of the first of n adjacent idle slots, or n_slots. */
static size_t
find (const struct pool *p, size_t n)
{
  if (n <= p->n_slots - p->n_taken)
    for (size_t i = 0; i + n <= p->n_slots; i++)
      if (are_idle (p, i, n))
        return i;
  return p->n_slots;
}

bool
pool_has (const struct pool *p, size_t n)
{
  return find (p, n) < p->n_slots;
}

void *
pool_take (struct pool *p, size_t n)
{
  const size_t first = find (p, n);

  if (first == p->n_slots)
    return NULL;
  memset (p->taken + first, true, n);
  p->n_taken += n;
  return (char *) p->arena + first * p->slot_size;
}

void
pool_give (struct pool *p, void *slots, size_t n)
{
  const size_t offset = (size_t) ((char *) slots - (char *) p->arena);
  const size_t first = offset / p->slot_size;

  /* slots of another pool, a pointer into the middle of a slot, and slots that
   * are not taken would be bugs of the caller
   */
  assert (offset % p->slot_size == 0 && first + n <= p->n_slots);
  for (size_t i = first; i < first + n; i++) {
    assert (p->taken[i]);
    p->taken[i] = false;
  }
  p->n_taken -= n;
}

void
pool_free (struct pool *p)
{
  if (p->arena != NULL)
    munmap (p->arena, p->arena_size);
  free (p->taken);
  *p = (struct pool) { .arena = NULL };
}
