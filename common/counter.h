/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A counter with one writer and any number of readers, without a lock. */

#ifndef COUNTER_H
#define COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t counter;

/* Adds to the counter.  Only the thread that owns it may call this, so no
 * locked instruction is needed; readers only need to see whole values.
 */
static inline void
counter_add (counter *c, uint64_t n)
{
  atomic_store_explicit (c, atomic_load_explicit (c, memory_order_relaxed) + n,
                         memory_order_relaxed);
}

static inline void
counter_set (counter *c, uint64_t n)
{
  atomic_store_explicit (c, n, memory_order_relaxed);
}

static inline uint64_t
counter_get (const counter *c)
{
  return atomic_load_explicit (c, memory_order_relaxed);
}

#endif /* COUNTER_H */
