/* SPDX-License-Identifier: MIT
 *
 * bits.h - bit vectors of registers: bit n is bit (n & 63) of word (n >> 6).
 */
#ifndef PFM_BITS_H
#define PFM_BITS_H

#include <stdbool.h>
#include <stdint.h>

static inline bool bv_test(const uint64_t *bv, unsigned n)
{
	return bv[n >> 6] >> (n & 63) & 1;
}

static inline void bv_set(uint64_t *bv, unsigned n)
{
	bv[n >> 6] |= UINT64_C(1) << (n & 63);
}

static inline void bv_clear(uint64_t *bv, unsigned n)
{
	bv[n >> 6] &= ~(UINT64_C(1) << (n & 63));
}

static inline void bv_or(uint64_t *dst, const uint64_t *src, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		dst[i] |= src[i];
}

static inline bool bv_subset(const uint64_t *a, const uint64_t *b,
			     unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (a[i] & ~b[i])
			return false;
	return true;
}

/* For each register n set in bv, in ascending order. */
#define BV_FOREACH(n, bv, words)                                               \
	for (unsigned bv_w_ = 0; bv_w_ < (words); bv_w_++)                     \
		for (uint64_t bv_b_ = (bv)[bv_w_];                             \
		     bv_b_ &&                                                  \
		     ((n) = bv_w_ * 64 + (unsigned)__builtin_ctzll(bv_b_), 1); \
		     bv_b_ &= bv_b_ - 1)

#endif /* PFM_BITS_H */
