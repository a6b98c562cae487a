/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arithmetic on byte counts: limits, alignment, sums that cannot wrap. */

#ifndef ARITH_H
#define ARITH_H

#include <stdbool.h>
#include <stdint.h>

#define KiB (UINT64_C (1) << 10)
#define MiB (UINT64_C (1) << 20)
#define GiB (UINT64_C (1) << 30)
#define TiB (UINT64_C (1) << 40)

static inline uint64_t
min_u64 (uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

static inline uint64_t
max_u64 (uint64_t a, uint64_t b)
{
  return a > b ? a : b;
}

static inline bool
is_power_of_2 (uint64_t n)
{
  return n != 0 && (n & (n - 1)) == 0;
}

/* Rounds @n down to a multiple of @align, a power of two. */
static inline uint64_t
align_down (uint64_t n, uint64_t align)
{
  return n & ~(align - 1);
}

/* Rounds @n up to a multiple of @align, a power of two.  If the next multiple
 * does not fit, returns the largest that does.
 */
static inline uint64_t
align_up (uint64_t n, uint64_t align)
{
  return n > align_down (UINT64_MAX, align)
    ? align_down (UINT64_MAX, align)
    : align_down (n + (align - 1), align);
}

/* Returns a + b, or UINT64_MAX if that overflows. */
static inline uint64_t
add_saturated (uint64_t a, uint64_t b)
{
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Returns a * b, or UINT64_MAX if that overflows. */
static inline uint64_t
mul_saturated (uint64_t a, uint64_t b)
{
  return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

#endif /* ARITH_H */
